// The memory bar, presets, and pasted command lines.
import { look, openModel, type View } from './looks';

const views: View[] = [
  { name: 'memory-placed', scenario: 'placed', go: page => openModel(page, 'gemma-3-270m') },
  { name: 'memory-fits', scenario: 'stopped', go: page => openModel(page, 'gemma-3-270m') },
  { name: 'memory-too-big', scenario: 'stopped', go: page => openModel(page, 'gemma-3-27b') },
  {
    name: 'memory-parts',
    scenario: 'stopped',
    go: async page => {
      await openModel(page, 'qwen3-8b');
      await page.getByRole('button', { name: /^RAM:/ }).click();
      await page.getByRole('dialog').waitFor();
    },
  },
  {
    name: 'paste',
    scenario: 'stopped',
    go: async page => {
      await openModel(page, 'gemma-3-270m');
      await page.getByRole('button', { name: 'More about these parameters' }).click();
      await page.getByRole('menuitem', { name: /^Paste/ }).click();
      await page
        .getByRole('textbox', { name: 'Command line or JSON' })
        .fill('llama-server -m x.gguf -c 16384 -t 6 --port 8080 --flash');
      await page.getByText('did you mean').waitFor();
    },
  },
  {
    name: 'parameters-typed',
    scenario: 'stopped',
    go: async page => {
      await openModel(page, 'gemma-3-270m');
      await page.getByRole('button', { name: /^Advanced/ }).click();
      await page.getByRole('textbox', { name: 'Tensor split' }).fill('3,x');
      await page.getByRole('textbox', { name: 'Tensor split' }).scrollIntoViewIfNeeded();
    },
  },
];

look(views);
