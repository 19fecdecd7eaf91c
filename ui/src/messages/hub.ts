// Words of the hub's part of the settings.

export const hubWords = {
  title: 'Model hub',
  body: 'Where models come from. It is asked when you open Discover, and by the first steps, which say so before.',
  endpoint: 'Address',
  endpointHelp: 'Leave it empty for huggingface.co, or enter the address of a mirror.',
  endpointPlaceholder: 'https://huggingface.co',
  endpointInvalid: 'Enter an address that begins with https:// or http://.',
  save: 'Save',
  token: 'Access token',
  tokenHelp:
    'Only needed for models whose authors ask for it. It is sent to the hub only and is not shown again.',
  tokenPlaceholder: 'hf_…',
  tokenSet: {
    settings: 'A token is set.',
    environment: 'A token comes from the environment (HF_TOKEN).',
    file: 'A token comes from the file of the official tools.',
  },
  tokenKept: {
    keychain: 'It is in the system’s keychain.',
    file: 'It is in a file that only you can read.',
  },
  tokenNone: 'No token is set.',
  tokenChange: 'Replace…',
  tokenAdd: 'Set a token…',
  tokenClear: 'Forget it',
  tokenSave: 'Keep token',
  connections: 'Connections per file',
  connectionsHelp: 'More can be faster on a good line; fewer are kinder to a weak router.',
  parallelFiles: 'Files at a time',
  limit: 'Speed limit',
  limitUnit: 'MB/s',
  limitPlaceholder: 'no limit',
  limitHelp: 'For all downloads together. Empty means as fast as it goes.',
  between: (low: string, high: string) => `Enter a whole number from ${low} to ${high}.`,
  limitInvalid: 'Enter a number above 0, or nothing.',
  doing: {
    setToken: 'keep the token',
    clearToken: 'forget the token',
    setEndpoint: 'save the address',
    setLimits: 'save the limits',
  },
} as const;
