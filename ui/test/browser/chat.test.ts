// The chat: streaming, stop, regenerate, edit, thinking, what Markdown may not do, errors in the middle, kept chats.
import type { Page } from 'playwright-core';
import { describe, expect, test } from 'vitest';
import { openPage, withBrowser } from './page';

withBrowser();

async function openChat(scenario: Parameters<typeof openPage>[0] = 'chats') {
  const page = await openPage(scenario);
  await page.keyboard.press('Control+5');
  await page.getByRole('main', { name: 'Chat' }).getByLabel('Message', { exact: true }).waitFor();
  return page;
}

const box = (page: Page) => page.getByLabel('Message', { exact: true });
const answer = (page: Page) => page.getByRole('article', { name: 'gemma-3-270m' }).last();
const asked = (page: Page) =>
  page.evaluate(() => structuredClone(window.paddockFakeBackEnd?.host.chat.lastRequest ?? null));
const calls = (page: Page) => page.evaluate(() => window.paddockFakeBackEnd?.calls ?? []);

async function say(page: Page, text: string) {
  await box(page).fill(text);
  await box(page).press('Enter');
}
const whole = (page: Page) => answer(page).getByText('tokens/s').waitFor();

describe('an answer', () => {
  test('comes word by word, with its figures and the room it takes', async () => {
    const page = await openChat();
    await box(page).fill('Hello');
    await box(page).press('Shift+Enter');
    await box(page).pressSequentially('there');
    await box(page).press('Enter');
    expect(await box(page).inputValue()).toBe('');
    await answer(page)
      .getByText(/You said: Hello\s+there\. Here is some more of it\./)
      .waitFor();
    await answer(page).getByText('41.7 tokens/s · first token after 318 ms').waitFor();
    await page.getByRole('img', { name: /^Context: \d+ of 2,048 tokens$/ }).waitFor();
    expect((await asked(page))?.messages).toEqual([{ role: 'user', content: 'Hello\nthere', images: [] }]);
    // It is kept under its first words, and said to screen readers as a whole.
    await page.getByRole('button', { name: /^Hello there/ }).waitFor();
    await page
      .locator('[aria-live="polite"]')
      .getByText(/^Answer: You said/)
      .waitFor({ state: 'attached' });
  });

  test('can be stopped; what came stays, and the next message goes on', async () => {
    const page = await openChat();
    await say(page, 'slow please');
    await answer(page).getByText('You said').waitFor();
    expect(await answer(page).getAttribute('aria-busy')).toBe('true');
    // While it comes, the next message can be written, and Enter does not send it.
    await say(page, 'next');
    await page.getByRole('button', { name: 'Stop', exact: true }).click();
    await answer(page)
      .getByText(/^Stopped · /)
      .waitFor();
    await answer(page).getByText('You said').waitFor();
    expect(await box(page).inputValue()).toBe('next');
    await box(page).press('Enter');
    await answer(page).getByText('You said: next.').waitFor();
    expect((await asked(page))?.messages.map(one => one.role)).toEqual(['user', 'assistant', 'user']);

    await say(page, 'slow again');
    await answer(page).getByText('You said').waitFor();
    await box(page).press('Escape');
    await answer(page)
      .getByText(/^Stopped · /)
      .waitFor();
  });

  test('goes on while another page or chat is shown', async () => {
    const page = await openChat();
    await say(page, 'slow one');
    await answer(page).getByText('You said').waitFor();
    await page.keyboard.press('Control+1');
    await page.keyboard.press('Control+5');
    await page.getByRole('button', { name: /^Names for a boat/ }).click();
    await page.getByText('Petrel, Halcyon, and').waitFor();
    await page.getByRole('button', { name: /^slow one/ }).click();
    await whole(page);
    await answer(page).getByText('Here is some more of it. Here is').waitFor();
  });

  test('again: the last one is taken back', async () => {
    const page = await openChat();
    await say(page, 'First');
    await whole(page);
    await page.getByRole('button', { name: 'Answer again' }).click();
    await whole(page);
    expect(await page.getByRole('article').count()).toBe(2);
    expect((await asked(page))?.messages).toHaveLength(1);
  });

  test('to an edited message: what followed it goes', async () => {
    const page = await openChat();
    await say(page, 'First');
    await whole(page);
    await say(page, 'Second');
    await answer(page).getByText('You said: Second.').waitFor();
    await whole(page);
    const first = page.getByRole('article', { name: 'You' }).first();
    await first.hover();
    await first.getByRole('button', { name: 'Edit' }).click();
    const edit = page.getByLabel('Edit message');
    expect(await edit.inputValue()).toBe('First');
    await edit.press('Escape');
    await first.getByRole('button', { name: 'Edit' }).click();
    await edit.fill('Other');
    await edit.press('Enter');
    await answer(page).getByText('You said: Other.').waitFor();
    expect(await page.getByRole('article').count()).toBe(2);
    expect((await asked(page))?.messages).toHaveLength(1);
  });

  test('that breaks off keeps what came and can be asked for again', async () => {
    const page = await openChat();
    await say(page, 'break it');
    await answer(page).getByText('broke off: the engine ended.').waitFor();
    await answer(page).getByText('You said: break', { exact: true }).waitFor();
    await answer(page).getByText('What came until then is kept. Ask again.').waitFor();
    await answer(page).getByRole('button', { name: 'Try again' }).click();
    await answer(page).getByText('broke off: the engine ended.').waitFor();
    expect(await page.getByRole('article').count()).toBe(2);
  });

  test('that the context has no room for leads to the context size', async () => {
    const page = await openChat();
    await say(page, 'full');
    await answer(page).getByText('it has 12024 tokens, and the context holds 2048').waitFor();
    await answer(page).getByRole('button', { name: 'Change parameters' }).click();
    await page.getByRole('tab', { name: 'Parameters' }).waitFor();
  });

  test('thoughts are folded, in a field of their own or between tags', async () => {
    const page = await openChat();
    await say(page, 'think');
    await whole(page);
    const thoughts = answer(page).getByText('First, what is asked?');
    expect(await thoughts.isVisible()).toBe(false);
    await answer(page).getByText('Thoughts').click();
    await thoughts.waitFor();
    await say(page, 'tagged');
    await answer(page).getByText('You said: tagged.').waitFor();
    await whole(page);
    expect(await answer(page).getByText('Between tags.').isVisible()).toBe(false);
    expect(await answer(page).textContent()).not.toContain('<think>');
    // What it thought is none of the next question.
    await say(page, 'on');
    await answer(page).getByText('You said: on.').waitFor();
    expect(JSON.stringify(await asked(page))).not.toMatch(/First, what|Between tags/);
  });

  test('long ones are followed, and who scrolls up is left alone', async () => {
    const page = await openChat();
    await say(page, 'long');
    // Sixty paragraphs take their time where four browsers share a processor.
    await answer(page).getByText('Paragraph 60').waitFor({ timeout: 25_000 });
    await whole(page);
    const log = page.locator('div[class*="messages"]');
    const left = () => log.evaluate(one => one.scrollHeight - one.scrollTop - one.clientHeight);
    await expect.poll(left).toBeLessThan(2);
    await say(page, 'slow');
    await answer(page).getByText('You said').waitFor();
    await log.hover();
    await page.mouse.wheel(0, -700);
    await page.getByRole('button', { name: 'Go to the end' }).waitFor();
    const before = await log.evaluate(one => one.scrollTop);
    await whole(page);
    expect(await log.evaluate(one => one.scrollTop)).toBe(before);
    await page.getByRole('button', { name: 'Go to the end' }).click();
    await expect.poll(left).toBeLessThan(2);
  }, 60_000);
});

describe('Markdown', () => {
  test('has tables and coloured code, and neither HTML nor images from elsewhere', async () => {
    const page = await openChat();
    const asked: string[] = [];
    page.on('request', request => asked.push(request.url()));
    await page.getByRole('button', { name: /^What is a bloom filter/ }).click();
    await page.getByRole('cell', { name: '0.05 %' }).waitFor();
    await page.locator('.hljs-keyword', { hasText: 'fn' }).waitFor();
    await page.getByRole('button', { name: 'Copy code' }).click();
    expect(await page.evaluate(() => navigator.clipboard.readText())).toMatch(/^\/\/\/ Whether[\s\S]*\}$/);
    await page.getByText('Image not loaded: A picture').waitFor();
    await page.getByText('<script>alert(1)</script>').waitFor();
    expect(await page.locator('article img, article script').count()).toBe(0);
    await page.getByRole('link', { name: 'the article' }).click();
    expect(await page.evaluate(() => window.paddockFakeBackEnd?.host.chat.links)).toEqual([
      'https://en.wikipedia.org/wiki/Bloom_filter',
    ]);
    expect(asked.filter(url => !url.startsWith('http://127.0.0.1'))).toEqual([]);
  });
});

describe('settings and model', () => {
  test('what is set is sent, and the engine’s defaults are shown', async () => {
    const page = await openChat();
    await page.getByRole('button', { name: 'Chat settings' }).click();
    const temperature = page.getByLabel('Temperature');
    expect(await temperature.getAttribute('placeholder')).toBe('0.8');
    expect(await page.getByLabel('Top-k').getAttribute('placeholder')).toBe('40');
    await page.getByLabel('System prompt').fill('Be brief.');
    await temperature.fill('0.2');
    await page.getByLabel('Seed').fill('7');
    await page.getByText('Off', { exact: true }).click();
    await page.keyboard.press('Escape');
    await page.getByRole('button', { name: 'Chat settings, 4 set' }).waitFor();
    await say(page, 'Hello');
    await whole(page);
    expect((await asked(page))?.settings).toMatchObject({
      systemPrompt: 'Be brief.',
      temperature: 0.2,
      seed: 7,
      thinking: false,
      topP: null,
    });
    await page.getByRole('button', { name: 'Chat settings, 4 set' }).click();
    await page.getByRole('button', { name: 'Reset all' }).click();
    await page.keyboard.press('Escape');
    await page.getByRole('button', { name: 'Chat settings', exact: true }).waitFor();
  });

  test('another model answers the next message', async () => {
    const page = await openChat();
    await page.getByRole('combobox', { name: 'Model' }).click();
    await page.getByText('In the library').waitFor();
    await page.getByRole('option', { name: /^qwen3-8b/ }).click();
    await page.getByText('Try qwen3-8b').waitFor();
    await say(page, 'Hello');
    await page.getByRole('article', { name: 'qwen3-8b' }).waitFor();
    expect((await asked(page))?.key).toContain('qwen3-8b');
  });

  test('a chat that has not begun asks what runs, not what was picked once', async () => {
    // The picked one would be loaded, and might push out the one that somebody loaded to talk to.
    const page = await openChat();
    await page.evaluate(() => localStorage.setItem('paddock.chatModel', 'qwen/qwen3-8b-q5_k_m'));
    await page.reload();
    await page.locator('[data-connected]').first().waitFor({ state: 'attached' });
    await page.keyboard.press('Control+5');
    await page.getByText('Try gemma-3-270m').waitFor();
    // What is picked in a chat is asked in this one, and the next one follows what runs again.
    await page.getByRole('combobox', { name: 'Model' }).click();
    await page.getByRole('option', { name: /^qwen3-8b/ }).click();
    await page.getByText('Try qwen3-8b').waitFor();
    await say(page, 'Hello');
    await page.getByRole('article', { name: 'qwen3-8b' }).getByText('tokens/s').waitFor();
    await page.keyboard.press('Control+n');
    await page.getByText('Try gemma-3-270m').waitFor();
  });

  test('without a model, the way to one', async () => {
    const page = await openPage('empty');
    await page.keyboard.press('Control+5');
    await page.getByText('There is no model to talk to').waitFor();
    await page.getByRole('button', { name: 'Go to Models' }).click();
    await page.getByRole('main', { name: 'Models' }).waitFor();
  });
});

describe('images', () => {
  const PNG = Buffer.from(
    'iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==',
    'base64',
  );

  test('are picked, taken out again, dropped and sent', async () => {
    const page = await openChat('vision');
    await page.locator('input[type="file"]').setInputFiles([
      { name: 'a.png', mimeType: 'image/png', buffer: PNG },
      { name: 'b.png', mimeType: 'image/png', buffer: PNG },
    ]);
    await page.getByRole('img', { name: 'Image 2' }).waitFor();
    await page.getByRole('button', { name: 'Remove image 1' }).click();
    await page.getByRole('img', { name: 'Image 2' }).waitFor({ state: 'detached' });
    await page.evaluate(() => window.paddockFakeBackEnd?.drop(['/home/ada/x.jpg', '/home/ada/notes.txt']));
    await page.getByRole('img', { name: 'Image 2' }).waitFor();
    await say(page, 'What is this?');
    await whole(page);
    const images = (await asked(page))?.messages[0]?.images ?? [];
    expect(images).toHaveLength(2);
    expect(images[0]).toMatch(/^data:image\/png;base64,/);
    await page.getByRole('article', { name: 'You' }).getByRole('img', { name: 'Image 1' }).waitFor();
  });

  test('models that are dropped here are added, and images stay with the message', async () => {
    // What is dropped must never vanish without a word, whichever page is shown.
    const page = await openChat('vision');
    const drag = (paths: string[]) =>
      page.evaluate(given => window.paddockFakeBackEnd?.dragOver(given), paths);
    await drag(['/home/ada/x.jpg']);
    await page.getByText('Drop images to attach them').waitFor();
    expect(await page.getByText('Drop GGUF files or folders to add them').count()).toBe(0);
    await drag(['/home/ada/granite.gguf']);
    await page.getByText('Drop GGUF files or folders to add them').waitFor();
    await page.getByText('Drop images to attach them').waitFor({ state: 'detached' });
    await page.evaluate(() => window.paddockFakeBackEnd?.drop(['/home/ada/notes.txt']));
    await page.getByText('notes.txt is not a GGUF file').first().waitFor();
    await page.evaluate(() => window.paddockFakeBackEnd?.drop(['/home/ada/granite.gguf', '/home/ada/x.jpg']));
    await page.getByRole('main', { name: 'Models' }).waitFor();
    await page.keyboard.press('Control+5');
    await page.getByRole('img', { name: 'Image 1' }).waitFor();
  });

  test('what is no image says so, and a model that cannot see is given none', async () => {
    const page = await openChat('vision');
    await page
      .locator('input[type="file"]')
      .setInputFiles({ name: 'x.png', mimeType: 'image/png', buffer: Buffer.from('no') });
    await page.getByText('x.png is no image that can be shown').first().waitFor();
    const other = await openChat('chats');
    const attach = other.getByRole('button', { name: 'gemma-3-270m cannot see images' });
    expect(await attach.getAttribute('aria-disabled')).toBe('true');
  });
});

describe('kept chats', () => {
  test('are searched, renamed, exported, and deleted after one question', async () => {
    const page = await openChat();
    const list = page.getByRole('region', { name: 'Chats' });
    await page.keyboard.press('Control+f');
    await page.keyboard.type('halcyon');
    await list.getByText('…Petrel, Halcyon, and…').waitFor();
    expect(await list.locator('[data-row]').count()).toBe(1);
    await page.keyboard.type('x');
    await list.getByText('No chat has “halcyonx”.').waitFor();
    await page.keyboard.press('Escape');
    await list.getByRole('button', { name: /^A poem/ }).waitFor();

    await list.getByRole('button', { name: 'More for Names for a boat' }).click();
    await page.getByRole('menuitem', { name: 'Rename…' }).click();
    await page.getByRole('dialog').getByLabel('Title').fill('Boats');
    await page.getByRole('dialog').getByLabel('Title').press('Enter');
    await list.getByRole('button', { name: /^Boats/ }).click();
    await page.getByText('Petrel, Halcyon, and').waitFor();

    await list.getByRole('button', { name: 'More for Boats' }).click();
    await page.getByRole('menuitem', { name: 'Export as Markdown…' }).click();
    expect(await calls(page)).toContain('exportChat');

    await list.getByRole('button', { name: 'More for Boats' }).click();
    await page.getByRole('menuitem', { name: 'Delete…' }).click();
    await page.getByRole('dialog').getByText('Its 2 messages cannot be brought back.').waitFor();
    await page.getByRole('dialog').getByRole('button', { name: 'Delete' }).click();
    await list.getByRole('button', { name: /^Boats/ }).waitFor({ state: 'detached' });
    await page.getByText('Try gemma-3-270m').waitFor();
  });

  test('the last one is shown again when the window is', async () => {
    const page = await openChat();
    await say(page, 'Remember me');
    await whole(page);
    expect(await page.evaluate(() => localStorage.getItem('paddock.chat'))).toMatch(/^[\w-]{36}$/);
    await page.evaluate(() => localStorage.setItem('paddock.chat', 'names'));
    await page.reload();
    await page.locator('[data-connected]').first().waitFor({ state: 'attached' });
    await page.keyboard.press('Control+5');
    await page.getByText('Petrel, Halcyon, and').waitFor();
  });

  test('a new one by key; what was not sent stays with its chat', async () => {
    const page = await openChat();
    await page.getByRole('button', { name: /^Names for a boat/ }).click();
    await page.getByText('Petrel, Halcyon, and').waitFor();
    await box(page).fill('not sent');
    await page.keyboard.press('Control+n');
    await page.getByText('Try gemma-3-270m').waitFor();
    expect(await box(page).inputValue()).toBe('');
    await page.getByRole('button', { name: /^Names for a boat/ }).click();
    await expect.poll(() => box(page).inputValue()).toBe('not sent');
  });
});
