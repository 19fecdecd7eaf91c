// Mantine's styles, only those of the components that the page uses: the whole sheet is five times as big, and every
// byte of it is parsed at each start and stays in memory. A component's style sheet comes with the module that names
// its classes, so that nothing has to be listed by hand and a page that is loaded later brings its own.
import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import type { Plugin } from 'vite';

const CLASS_NAMES = /@mantine\/core\/esm\/.*\/(\w+)\.module\.mjs$/;
const STYLES = new URL('../node_modules/@mantine/core/styles/', import.meta.url);

export function mantineStyles(): Plugin {
  return {
    name: 'paddock:mantine-styles',
    transform(code, id) {
      const component = CLASS_NAMES.exec(id.split('?')[0] ?? '')?.[1];
      if (!component) return null;
      const sheet = fileURLToPath(new URL(`${component}.css`, STYLES));
      // Parts of a component share the sheet of the whole, which is there because the whole is.
      if (!existsSync(sheet)) return null;
      return { code: `import ${JSON.stringify(sheet)};\n${code}`, map: null };
    },
  };
}
