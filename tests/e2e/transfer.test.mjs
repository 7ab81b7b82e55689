// Two people in Chromium, the real server, real files: live, classic and fallback.
import assert from 'node:assert/strict';
import { mkdirSync } from 'node:fs';
import path from 'node:path';
import test from 'node:test';

import { byId, desktop, launch, person, phone, saved, shot, state } from '../support/browser.mjs';
import { makeFile } from '../support/files.mjs';
import { Proxy } from '../support/proxy.mjs';
import { Server, tempDir } from '../support/server.mjs';

const big = Number(process.env.FERRY_E2E_BIG_MIB ?? 256) << 20;

/** Makes files; equal names live in folders of their own. → [{name, path, sha256}] */
function makeFiles(t, list) {
  const dir = tempDir(t);
  return list.map(({ name, size }, i) => {
    mkdirSync(path.join(dir, String(i)));
    const file = path.join(dir, String(i), name);
    return { name, path: file, sha256: makeFile(file, size) };
  });
}

const sets = {
  'an empty file': [{ name: 'empty.txt', size: 0 }],
  'one byte': [{ name: 'one.bin', size: 1 }],
  'three files with the same name': [1000, 2000, 70_000].map((size) => ({ name: 'same.txt', size })),
  [`${big >> 20} MiB`]: [{ name: 'big.bin', size: big }],
};

const numbered = (names) => {
  const seen = new Map();
  return names.map((name) => {
    const n = (seen.get(name) ?? 0) + 1;
    seen.set(name, n);
    return n === 1 ? name : name.replace(/(\.[^.]*)?$/, ` (${n})$1`);
  });
};

async function expectSaved(page, files, timeout) {
  const got = await saved(page, files.length, timeout);
  assert.deepEqual(got.map((f) => f.sha256).sort(), files.map((f) => f.sha256).sort());
  assert.deepEqual(got.map((f) => f.name).sort(), numbered(files.map((f) => f.name)).sort());
}

async function choose(page, origin, mode, files) {
  await page.goto(`${origin}/`);
  await state(page, 'idle');
  await byId(page, `mode-${mode}`).check({ force: true });
  await byId(page, 'drop-input').setInputFiles(files.map((f) => f.path));
}

async function sendLive(browser, origin, files, { viewport } = {}) {
  const sender = await person(browser, origin, { viewport });
  await choose(sender, origin, 'live', files);
  await state(sender, 'waiting');
  const code = (await byId(sender, 'code').innerText()).trim();
  const receiver = await person(browser, origin, { viewport });
  return { sender, receiver, code };
}

async function receiveByCode(receiver, origin, code) {
  await receiver.goto(`${origin}/r`);
  await byId(receiver, 'receive-code').fill(code);
  await byId(receiver, 'receive-button').click();
}

async function finishLive(sender, receiver, files, timeout = 180_000) {
  await state(receiver, 'asking');
  await byId(receiver, 'accept').click();
  await state(receiver, 'done', timeout);
  await state(sender, 'done', timeout);
  await expectSaved(receiver, files, timeout);
  assert.deepEqual([...sender.problems, ...receiver.problems], []);
}

test('live', async (t) => {
  const server = await Server.start(t);
  const browser = await launch(t);
  for (const [name, list] of Object.entries(sets)) {
    await t.test(name, async (tt) => {
      const files = makeFiles(tt, list);
      const { sender, receiver, code } = await sendLive(browser, server.url, files);
      await receiveByCode(receiver, server.url, code);
      await finishLive(sender, receiver, files);
      assert.equal(await byId(receiver, 'card').getAttribute('data-path'), 'direct');
      await sender.context().close();
      await receiver.context().close();
    });
  }
  await t.test('by link', async (tt) => {
    const files = makeFiles(tt, [{ name: 'a.txt', size: 5000 }]);
    const { sender, receiver } = await sendLive(browser, server.url, files);
    await receiver.goto(await byId(sender, 'link').getAttribute('href'));
    await state(receiver, 'ready');
    await byId(receiver, 'receive-button').click();
    await finishLive(sender, receiver, files);
    await sender.context().close();
    await receiver.context().close();
  });
});

test('classic', async (t) => {
  const server = await Server.start(t);
  const browser = await launch(t);
  for (const [name, list] of Object.entries(sets)) {
    await t.test(name, async (tt) => {
      const files = makeFiles(tt, list);
      const sender = await person(browser, server.url);
      await choose(sender, server.url, 'classic', files);
      await state(sender, ['uploading', 'completing', 'ready']);
      const link = await byId(sender, 'share-link').getAttribute('href');
      await state(sender, 'ready', 120_000);
      const receiver = await person(browser, server.url);
      await receiver.goto(link);
      await state(receiver, 'ready');
      await byId(receiver, 'download-all').click();
      await state(receiver, 'done', 120_000);
      await expectSaved(receiver, files);
      assert.deepEqual([...sender.problems, ...receiver.problems], []);
      await sender.context().close();
      await receiver.context().close();
    });
  }
});

test('fallback: when ICE is impossible the server carries the files by itself', async (t) => {
  const server = await Server.start(t, { overrides: { live: { ice_transport_policy: 'relay', connect_timeout: '3s' } } });
  const browser = await launch(t);
  for (const [name, list] of Object.entries({ 'several files': [{ name: 'a.bin', size: 3_000_000 }, { name: 'empty', size: 0 }],
    '64 MiB': [{ name: 'b.bin', size: 64 << 20 }] })) {
    await t.test(name, async (tt) => {
      const files = makeFiles(tt, list);
      const { sender, receiver, code } = await sendLive(browser, server.url, files);
      await receiveByCode(receiver, server.url, code);
      await finishLive(sender, receiver, files);
      assert.equal(await byId(receiver, 'card').getAttribute('data-path'), 'server');
      await sender.context().close();
      await receiver.context().close();
    });
  }
});

test('left for them: the sender may go before the receiver comes', async (t) => {
  const server = await Server.start(t);
  const browser = await launch(t);
  const files = makeFiles(t, [{ name: 'later.bin', size: 2_000_000 }]);
  const { sender, receiver, code } = await sendLive(browser, server.url, files);
  await byId(sender, 'store-now').click();
  await state(sender, 'stored');
  await sender.context().close();
  await receiveByCode(receiver, server.url, code);
  await state(receiver, 'asking');
  await byId(receiver, 'accept').click();
  await state(receiver, 'done');
  await expectSaved(receiver, files);
});

test('signaling cut in the middle of the negotiation recovers', async (t) => {
  const server = await Server.start(t);
  const proxy = await Proxy.start(t, server.port);
  const browser = await launch(t);
  const files = makeFiles(t, [{ name: 'cut.bin', size: 1_000_000 }]);
  let cuts = 0;
  proxy.onServerData = (data) => {
    // The first offer on its way to a page dies together with both sockets.
    if (cuts === 0 && data.includes('"type":"offer"')) {
      cuts = proxy.cut();
      return false;
    }
    return true;
  };
  const { sender, receiver, code } = await sendLive(browser, proxy.url, files);
  await receiveByCode(receiver, proxy.url, code);
  await finishLive(sender, receiver, files);
  assert.ok(cuts >= 1, 'the sockets were cut');
});

test('kill -9 of the server during an upload: the page resumes by itself', async (t) => {
  const server = await Server.start(t, { overrides: { uploads: { checkpoint_bytes: '1MiB' } } });
  const browser = await launch(t);
  const files = makeFiles(t, [{ name: 'resumed.bin', size: 96 << 20 }]);
  const sender = await person(browser, server.url);
  await choose(sender, server.url, 'classic', files);
  await state(sender, 'uploading');
  await sender.waitForFunction(() => Number(document.querySelector('[data-testid=progress]')?.dataset.bytes) > 8 << 20);
  await server.kill9();
  await server.restart();
  await state(sender, 'ready', 90_000);
  const link = await byId(sender, 'share-link').getAttribute('href');
  const receiver = await person(browser, server.url);
  await receiver.goto(link);
  await byId(receiver, 'download-all').click();
  await state(receiver, 'done', 60_000);
  await expectSaved(receiver, files);
});

test('wrong, malformed, expired and taken codes say so', async (t) => {
  const server = await Server.start(t, { overrides: { live: { code_ttl: '2s' } } });
  const browser = await launch(t);
  const page = await person(browser, server.url);
  await page.goto(`${server.url}/r`);
  const problem = async (code) => {
    await byId(page, 'receive-code').fill(code);
    await byId(page, 'receive-button').click();
    await page.locator('[data-testid=error][data-problem]').waitFor();
    const slug = await byId(page, 'error').first().getAttribute('data-problem');
    await page.reload();
    return slug;
  };
  const live = (await server.json('/api/transfer/create', { method: 'POST', body: {} })).body;
  await server.json('/api/transfer/join', { method: 'POST', body: { code: live.code } });
  assert.equal(await problem(live.code), 'taken');
  assert.equal(await problem('ABC'), 'malformed-code');
  assert.equal(await problem('0000-0000'), 'unknown-code');
  const old = (await server.json('/api/transfer/create', { method: 'POST', body: {} })).body;
  await new Promise((r) => { setTimeout(r, 2500); });
  assert.equal(await problem(old.code), 'expired');
});

test('pictures of each state, desktop and phone, light and dark', async (t) => {
  const relay = await Server.start(t, { overrides: { live: { ice_transport_policy: 'relay', connect_timeout: '5s' } } });
  const server = await Server.start(t);
  const browser = await launch(t);
  for (const [size, viewport] of Object.entries({ desktop, phone })) {
    for (const colorScheme of ['light', 'dark']) {
      const tag = `${size}-${colorScheme}`;
      const open = (origin) => person(browser, origin, { viewport, colorScheme });
      const files = makeFiles(t, [{ name: 'holiday.jpg', size: 3_400_000 }, { name: 'notes from the meeting.txt', size: 2_000 }]);

      const home = await open(server.url);
      await home.goto(`${server.url}/`);
      await state(home, 'idle');
      await shot(home, `home-${tag}`);

      const sender = await open(server.url);
      await choose(sender, server.url, 'live', files);
      await state(sender, 'waiting');
      await shot(sender, `send-waiting-${tag}`);
      const receiver = await open(server.url);
      await receiver.goto(`${server.url}/r`);
      await shot(receiver, `receive-entering-${tag}`);
      await byId(receiver, 'receive-code').fill('ABC');
      await byId(receiver, 'receive-button').click();
      await byId(receiver, 'error').first().waitFor();
      await shot(receiver, `receive-malformed-${tag}`);
      await receiveByCode(receiver, server.url, (await byId(sender, 'code').innerText()).trim());
      await state(receiver, 'asking');
      await shot(receiver, `receive-asking-${tag}`);
      await shot(sender, `send-asking-${tag}`);
      await byId(receiver, 'accept').click();
      await state(receiver, 'done');
      await state(sender, 'done');
      await shot(receiver, `receive-done-${tag}`);
      await shot(sender, `send-done-${tag}`);

      const large = makeFiles(t, [{ name: 'film.mp4', size: 48 << 20 }]);
      const uploader = await open(server.url);
      await choose(uploader, server.url, 'classic', large);
      await state(uploader, 'uploading');
      await shot(uploader, `upload-uploading-${tag}`);
      await state(uploader, 'ready', 60_000);
      await shot(uploader, `upload-ready-${tag}`);
      await receiver.goto(await byId(uploader, 'share-link').getAttribute('href'));
      await state(receiver, 'ready');
      await shot(receiver, `share-ready-${tag}`);
      await receiver.goto(`${server.url}/s/${'0'.repeat(32)}`);
      await state(receiver, 'not-found');
      await shot(receiver, `share-not-found-${tag}`);

      const stuck = await open(relay.url);
      await choose(stuck, relay.url, 'live', large);
      await state(stuck, 'waiting');
      const other = await open(relay.url);
      await receiveByCode(other, relay.url, (await byId(stuck, 'code').innerText()).trim());
      await state(stuck, 'connecting');
      await shot(stuck, `send-connecting-${tag}`);
      await shot(other, `receive-connecting-${tag}`);
      await state(stuck, ['storing', 'stored']);
      await shot(stuck, `send-storing-${tag}`);
      await state(other, 'asking');
      await byId(other, 'accept').click();
      await state(other, ['receiving', 'verifying', 'done']);
      await shot(other, `receive-fallback-${tag}`);
      await state(other, 'done');
      for (const page of [home, sender, receiver, uploader, stuck, other]) {
        assert.deepEqual(page.problems, []);
        await page.context().close();
      }
    }
  }
});
