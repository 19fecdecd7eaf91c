// The fake's answers to the first steps and to a report.
import type { Recommendation } from '../bindings';
import { hubRepos } from './hub-data';
import type { Scenario } from './scenarios';

const PACES = ['quick', 'balanced', 'thorough'] as const;
const MACHINE = 'Linux (glibc 2.36) on AMD Ryzen 7 7700X 8-Core Processor, 31.2 GB of memory, no GPU.';

/** What a doctor would say. */
export const someReport = `version     Paddock 0.1.0
machine     ${MACHINE}
memory      17.4 GB free of 23.4 GB
data        212.4 GB free on its disk
endpoint    http://127.0.0.1:8421 (listening)
engine      b11434-vulkan, b11434 vulkan, current, proved, NVIDIA GeForce RTX 4060 Ti
models in   a folder with 212.4 GB free on its disk
models      6
API keys    0
variable    HF_HOME=…/huggingface

warning: models: phi-4 is not there
  Connect the drive it was on, or remove it from the list.
`;

export class FakeFirstRun {
  private readonly scenario: Scenario;

  constructor(scenario: Scenario) {
    this.scenario = scenario;
  }

  readonly commands = {
    machineSentence: () => MACHINE,
    recommendModels: (): Recommendation[] =>
      this.scenario.recommendations ??
      PACES.flatMap((pace, index) => {
        const repo = hubRepos.filter(one => one.variants.length > 0)[index];
        const variant = repo?.variants.find(one => one.recommended) ?? repo?.variants[0];
        if (!repo || !variant) return [];
        return [
          {
            repo: repo.id,
            variant: variant.name,
            sizeBytes: variant.sizeBytes,
            parameters: [1_700_000_000, 4_000_000_000, 8_200_000_000][index] ?? null,
            pace,
            skills: index === 1 ? ['images'] : [],
            fitSentence: variant.fitSentence,
            recommended: pace === 'balanced',
            localKey: null,
          },
        ];
      }),
    finishFirstRun: () => null,
    report: () => someReport,
    saveText: () => true,
  };
}
