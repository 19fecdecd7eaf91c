// Words of the first steps.

export const firstRunWords = {
  label: 'First steps',
  step: (number: number, count: number) => `Step ${number} of ${count}`,
  skip: 'Skip this step',
  skipAll: 'Skip all',
  next: 'Continue',

  machine: {
    title: 'What this computer can run',
    body: 'Paddock runs language models on this computer. Nothing you write leaves it.',
    reading: 'Looking at this computer',
    memory: (free: string, total: string) => `${free} of ${total} of memory are free.`,
    room: (size: string) => `Models of up to about ${size} fit beside what runs now.`,
    engineHere: (name: string) => `The engine is here: ${name}.`,
    engineMissing:
      'What runs models is llama.cpp’s llama-server, the engine. Paddock fetches the build for this computer, compares its checksum, and uses it once it has answered with a small model.',
    fetch: 'Fetch the engine',
    pick: 'Use one that I have…',
    asks: (hub: string) => `The next step asks ${hub} which models fit this computer.`,
  },

  engine: {
    label: 'Engine',
    fetching: (step: string, numbers: string) => [step, numbers].filter(Boolean).join(', '),
    ready: (name: string) => `The engine ${name} is here and has answered with a small model.`,
    found: (name: string) => `The engine ${name} is here.`,
    trying: (name: string) => `Trying ${name} with a small model`,
    notProved: (name: string, clause: string) =>
      `The engine ${name} could not answer with a small model: ${clause}.`,
    other: 'Fetch another engine',
    missing: (byItself: boolean) =>
      byItself
        ? 'There is no engine yet. It is fetched with the first model that is loaded, or now.'
        : 'There is no engine yet, and no model runs without one.',
    failed: (clause: string) => `Could not fetch the engine: ${clause}.`,
    again: 'Try again',
  },

  model: {
    title: 'A model to begin with',
    body: 'What people take most, in three sizes that fit this computer. There is more under Discover.',
    label: 'Models',
    looking: 'Asking the hub which models fit',
    failed: (clause: string) => `The hub could not be asked: ${clause}.`,
    none: 'The hub names no model that fits this computer at the moment.',
    again: 'Try again',
    recommended: 'recommended',
    pace: {
      quick: 'Quick',
      balanced: 'Balanced',
      thorough: 'Thorough',
    },
    goodAt: {
      quick:
        'Answers at once, also on a small computer. For simple questions, short texts and trying things.',
      balanced: 'Good answers at a good pace. For everyday writing, questions and translations.',
      thorough: 'The best answers that this computer can give, and slower. For long and difficult texts.',
    },
    skills: { images: 'reads images', code: 'writes code', reasoning: 'thinks before it answers' },
    parameters: (count: string) => `${count} parameters`,
    download: (size: string) => `Download ${size}`,
    use: 'Use it',
    have: 'I already have models…',
    otherApps: 'From other apps…',
    files: 'Add GGUF files…',
    doing: (name: string) => `download ${name}`,
  },

  done: {
    title: 'Ready to answer',
    titleWaiting: 'Nearly there',
    titleMissing: 'Something is still missing',
    titleWithout: 'Paddock is set up',
    body: 'Every program that speaks the OpenAI API can use your models at this address.',
    endpoint: 'Endpoint',
    down: (why: string) => `The endpoint is down: ${why}.`,
    snippet: 'From a terminal',
    model: 'Model',
    here: (name: string, size: string | null) =>
      `${[`${name} is here`, size].filter(Boolean).join(', ')}. It is loaded with the first message.`,
    progress: (name: string) => `Downloading ${name}`,
    failed: (name: string, clause: string) => `Could not download ${name}: ${clause}.`,
    again: 'Try again',
    tryIt: 'Try it',
    waitsForModel: 'The model has to be here first',
    waitsForEngine: 'The engine has to be here first',
    waitsForProof: 'The engine is being tried first',
    waitsForOther: 'The engine does not work here',
    open: 'Open Paddock',
    goesOn: 'What is being fetched goes on.',
    noModel: 'There is no model yet. Discover finds some, and the list takes files that you drop on it.',
  },

  announce: (number: number, title: string) => `Step ${number}: ${title}`,
  doing: { finish: 'keep that the first steps are done' },
} as const;
