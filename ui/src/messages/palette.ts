// Words of the command palette.

export const paletteWords = {
  label: 'Commands',
  search: 'Type a command, a place or a model',
  nothing: 'Nothing is called so',
  places: 'Go to',
  models: 'Models',
  actions: 'Do',
  show: (name: string) => `Show ${name}`,
  copyEndpoint: 'Copy the endpoint’s address',
  downloads: 'Show downloads',
  addFiles: 'Add GGUF files…',
  found: 'Add models of other apps…',
  searchModels: 'Search models',
  newChat: 'Try the chosen model in a chat',
  theme: (name: string) => `Theme: ${name}`,
  report: 'Report a problem…',
  dataFolder: 'Show the data folder',
  firstRun: 'Show the first steps',
  stopAll: 'Stop all models',
} as const;
