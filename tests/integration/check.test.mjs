// `ferry check`, `schema` and `plugins`: every mistake is named before anything starts.
import assert from 'node:assert/strict';
import { copyFileSync, chmodSync, existsSync, mkdirSync, readFileSync, truncateSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import test from 'node:test';

import { ferryBin, root, runFerry, tempDir, writeConfig } from '../support/server.mjs';

const good = (dir) => `listeners:
  - plugin: tcp
    options: {address: "127.0.0.1:0"}
storage:
  plugin: sqlite
  options:
    path: ${dir}/ferry.db
blob_store:
  plugin: filesystem
  options:
    path: ${dir}/blobs
rate_limiter: {plugin: memory}
signaling: {plugin: memory}
live:
  code_ttl: 10m
`;

async function check(t, change) {
  const dir = tempDir(t);
  const file = writeConfig(dir, change(good(dir)));
  const result = await runFerry(['check', '--config', file]);
  return { ...result, text: (result.stdout + result.stderr).replaceAll(file, 'ferry.yaml'), dir };
}

test('a good file passes and starts nothing', async (t) => {
  const { code, text, dir } = await check(t, (y) => y);
  assert.equal(code, 0, text);
  assert.ok(!existsSync(`${dir}/ferry.db`));
});

test('the shipped configuration passes', async () => {
  const result = await runFerry(['check', '--config', 'config/single.yaml']);
  assert.equal(result.code, 0, result.stderr + result.stdout);
});

const cases = [
  ['a misspelt key', (y) => y.replace('code_ttl', 'code_tll'), /ferry\.yaml:15:3: .*code_tll.*did you mean 'code_ttl'/],
  ['a misspelt plugin option', (y) => y.replace('    path: /', '    pth: /'), /ferry\.yaml:7:5: .*pth.*did you mean 'path'/],
  ['a wrong type', (y) => y.replace('code_ttl: 10m', 'code_ttl: soon'), /ferry\.yaml:15:13: .*duration/],
  ['a quoted number where a number belongs', (y) => `${y}  messages_per_second: "50"\n`, /ferry\.yaml:16:\d+: .*whole number/],
  ['a duplicate key', (y) => `${y}  code_ttl: 5m\n`, /ferry\.yaml:16:3: .*duplicate key 'code_ttl'/],
  ['a missing plugin', (y) => y.replace('plugin: sqlite', 'plugin: sqlit'), /ferry\.yaml:5:\d+: .*sqlit.*did you mean 'sqlite'/],
  ['a plugin of another kind', (y) => y.replace('rate_limiter: {plugin: memory}', 'rate_limiter: {plugin: filesystem}'), /ferry\.yaml:1\d:\d+: .*filesystem.*rate_limiter/],
  ['a missing section', (y) => y.replace(/signaling:.*\n/, ''), /signaling/],
  ['an unset variable', (y) => y.replace('10m', '${env:FERRY_TEST_UNSET}'), /ferry\.yaml:15:13: .*FERRY_TEST_UNSET/],
  ['broken YAML', (y) => y.replace('signaling: {plugin: memory}', 'signaling: {plugin: memory'), /ferry\.yaml:1\d:\d+: /],
];
for (const [name, change, expected] of cases) {
  test(`${name} is named with its place, exit code 78`, async (t) => {
    const { code, text, dir } = await check(t, change);
    assert.match(text, expected);
    assert.equal(code, 78);
    assert.ok(!existsSync(`${dir}/ferry.db`), 'nothing was started');
    const serve = await runFerry(['serve', '--config', path.join(dir, 'ferry.yaml')]);
    assert.equal(serve.code, 78);
  });
}

test('all mistakes of a file are reported at once, in order', async (t) => {
  const { text } = await check(t, (y) => y.replace('code_ttl', 'code_tll').replace('plugin: sqlite', 'plugin: sqlit'));
  const lines = [...text.matchAll(/ferry\.yaml:(\d+):/g)].map((m) => Number(m[1]));
  assert.ok(lines.includes(5) && lines.includes(15), text);
  assert.deepEqual(lines, [...lines].sort((a, b) => a - b));
});

test('a plugin with another stamp, a damaged one and a writable one are refused in words', async (t) => {
  const dir = tempDir(t);
  const plugins = path.join(dir, 'plugins');
  mkdirSync(plugins, { mode: 0o755 });
  const from = path.join(path.dirname(ferryBin), 'plugins');
  for (const name of ['sqlite', 'filesystem', 'tcp', 'memory']) copyFileSync(`${from}/${name}.so`, `${plugins}/${name}.so`);
  const yaml = `plugin_dirs: ["${plugins}"]\n${good(dir)}`;
  const file = writeConfig(dir, yaml);
  const text = async () => {
    const r = await runFerry(['check', '--config', file]);
    return { code: r.code, text: r.stdout + r.stderr };
  };
  assert.equal((await text()).code, 0, (await text()).text);

  const original = readFileSync(`${from}/memory.so`);
  const at = original.indexOf('stl=release');
  assert.ok(at > 0, 'the stamp is readable in the file');
  const changed = Buffer.from(original);
  changed.write('stl=debugxx', at);
  writeFileSync(`${plugins}/memory.so`, changed);
  let r = await text();
  assert.notEqual(r.code, 0);
  assert.match(r.text, /memory/);
  assert.match(r.text, /stl.*debugxx.*release/s);

  writeFileSync(`${plugins}/memory.so`, original);
  truncateSync(`${plugins}/memory.so`, Math.floor(original.length / 2));
  r = await text();
  assert.notEqual(r.code, 0);
  assert.match(r.text, /memory\.so.*(truncated|damaged|short)/s);

  writeFileSync(`${plugins}/memory.so`, 'not a library');
  r = await text();
  assert.match(r.text, /memory\.so/);

  writeFileSync(`${plugins}/memory.so`, original);
  chmodSync(`${plugins}/memory.so`, 0o666);
  r = await text();
  assert.match(r.text, /writable/);
});

test('schema and plugins print what there is', async () => {
  const schema = await runFerry(['schema']);
  assert.equal(schema.code, 0);
  for (const key of ['listeners', 'storage', 'code_ttl', 'max_bytes', 'path']) assert.match(schema.stdout, new RegExp(key));
  const plugins = await runFerry(['plugins']);
  assert.equal(plugins.code, 0);
  for (const name of ['memory', 'sqlite', 'filesystem', 'tcp']) assert.match(plugins.stdout, new RegExp(name));
  const version = await runFerry(['--version']);
  assert.match(version.stdout, /^ferry \d+\.\d+\.\d+/);
  const unknown = await runFerry(['serv']);
  assert.equal(unknown.code, 64);
  assert.match(unknown.stderr, /serve/);
  assert.ok(root);
});
