// axe-core on every page, and the whole of a transfer by keyboard.
import assert from 'node:assert/strict';
import path from 'node:path';
import test from 'node:test';

import { axe, byId, launch, person, phone, state } from '../support/browser.mjs';
import { makeFile } from '../support/files.mjs';
import { Server, tempDir } from '../support/server.mjs';

test('no page breaks a WCAG 2.2 AA rule of axe, and nothing scrolls sideways at 360 px', async (t) => {
  const server = await Server.start(t);
  const browser = await launch(t);
  const file = path.join(tempDir(t), 'a-rather-long-file-name-that-does-not-fit-on-a-telephone-screen.tar.gz');
  makeFile(file, 100_000);
  for (const colorScheme of ['light', 'dark']) {
    const page = await person(browser, server.url, { viewport: phone, colorScheme });
    const inspect = async (name) => {
      assert.deepEqual(await axe(page), [], `${name} (${colorScheme})`);
      const overflow = await page.evaluate(() => document.documentElement.scrollWidth - window.innerWidth);
      assert.ok(overflow <= 0, `${name} is ${overflow} px too wide`);
    };
    await page.goto(`${server.url}/`);
    await state(page, 'idle');
    await inspect('home');
    await byId(page, 'mode-live').check({ force: true });
    await byId(page, 'drop-input').setInputFiles(file);
    await state(page, 'waiting');
    await inspect('live sender');
    await page.goto(`${server.url}/`);
    await byId(page, 'mode-classic').check({ force: true });
    await byId(page, 'drop-input').setInputFiles(file);
    await state(page, 'ready');
    await inspect('classic sender');
    await page.goto(await byId(page, 'share-link').getAttribute('href'));
    await state(page, 'ready');
    await inspect('share');
    await page.goto(`${server.url}/r`);
    await inspect('receive');
    await byId(page, 'receive-code').fill('ABC');
    await byId(page, 'receive-button').click();
    await byId(page, 'error').first().waitFor();
    await inspect('receive with an error');
    await page.context().close();
  }
});

test('a code is entered and accepted with the keyboard alone', async (t) => {
  const server = await Server.start(t);
  const browser = await launch(t);
  const file = path.join(tempDir(t), 'keyboard.txt');
  makeFile(file, 1000);
  const sender = await person(browser, server.url);
  await sender.goto(`${server.url}/`);
  await byId(sender, 'mode-live').check({ force: true });
  await byId(sender, 'drop-input').setInputFiles(file);
  await state(sender, 'waiting');
  const code = (await byId(sender, 'code').innerText()).trim();
  const receiver = await person(browser, server.url);
  await receiver.goto(`${server.url}/r`);
  const focus = async (id) => {
    for (let i = 0; i < 30; i += 1) {
      if (await receiver.evaluate((wanted) => document.activeElement?.dataset?.testid === wanted, id)) return;
      await receiver.keyboard.press('Tab');
    }
    assert.fail(`Tab never reaches ${id}`);
  };
  await focus('receive-code');
  await receiver.keyboard.type(code);
  await receiver.keyboard.press('Enter');
  await state(receiver, 'asking');
  await focus('accept');
  await receiver.keyboard.press('Enter');
  await state(receiver, 'done');
});
