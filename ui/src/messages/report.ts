// Words of a problem's report, and of what is saved as a file.

export const reportWords = {
  open: 'Report a problem…',
  title: 'Report a problem',
  body: 'This is what Paddock knows of itself and of this computer. Paths, keys and passwords are left out. Read it, then take it to whoever helps you; Paddock sends nothing.',
  label: 'Report',
  looking: 'Looking at engines, models and settings',
  failed: (clause: string) => `The report could not be made: ${clause}.`,
  copy: 'Copy report',
  save: 'Save as a file…',
  saved: 'Saved.',
  file: 'paddock-report.txt',
  doing: { save: 'save the file' },
  log: {
    save: 'Save the log…',
    search: 'Search the log',
    clear: 'Clear search',
    level: 'Which lines',
    levels: { all: 'All', warning: 'Warnings', error: 'Errors' },
    noneTitle: 'No such line',
    none: 'Nothing in the log matches so far. New lines are looked at as they come.',
    some: (shown: string, all: string) => `${shown} of ${all} lines`,
  },
} as const;
