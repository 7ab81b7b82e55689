// Uploads (tus), shares and downloads against the running server, by raw requests and by foreign
// clients: tus-js-client, curl and wget.
import assert from 'node:assert/strict';
import { execFile, spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { createReadStream, readFileSync, readdirSync, statSync, truncateSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import test from 'node:test';
import { promisify } from 'node:util';

import * as tus from 'tus-js-client';

import { createUpload, makeShare, patchUpload, raw, request, tusHeaders } from '../support/api.mjs';
import { makeFile, sha256, sha256File } from '../support/files.mjs';
import { Server, tempDir } from '../support/server.mjs';

const run = promisify(execFile);

test('tus: protocol answers', async (t) => {
  const server = await Server.start(t, { overrides: { uploads: { max_bytes: '1MiB' } } });

  await t.test('OPTIONS tells version, extensions and limit', async () => {
    const res = await request(`${server.url}/api/uploads`, { method: 'OPTIONS' });
    assert.equal(res.status, 204);
    assert.equal(res.headers['tus-version'], '1.0.0');
    assert.equal(res.headers['tus-max-size'], String(1 << 20));
    const extensions = res.headers['tus-extension'].split(',').map((s) => s.trim());
    for (const name of ['creation', 'creation-with-upload', 'creation-defer-length', 'expiration', 'termination']) {
      assert.ok(extensions.includes(name), name);
    }
  });

  await t.test('another version is refused with 412', async () => {
    const res = await request(`${server.url}/api/uploads`, {
      method: 'POST', headers: { 'Tus-Resumable': '0.2.2', 'Upload-Length': '1', 'Content-Length': '0' } });
    assert.equal(res.status, 412);
    assert.equal(res.headers['tus-version'], '1.0.0');
  });

  await t.test('too large is refused at creation with 413', async () => {
    const res = await createUpload(server, (1 << 20) + 1);
    assert.equal(res.status, 413);
  });

  await t.test('offsets: HEAD, mismatch 409, wrong type 415, resume', async () => {
    const bytes = randomBytes(3000);
    const upload = await createUpload(server, bytes.length, { filename: 'x.bin' });
    assert.equal(upload.status, 201);
    assert.match(upload.location, /^\/api\/uploads\/[0-9a-f]{32}$/, 'Location is relative');
    let res = await patchUpload(server, upload.location, 0, bytes.subarray(0, 1000));
    assert.equal(res.status, 204);
    assert.equal(res.headers['upload-offset'], '1000');
    assert.ok(Date.parse(res.headers['upload-expires']) > Date.now());
    res = await request(server.url + upload.location, { method: 'HEAD', headers: tusHeaders });
    assert.equal(res.headers['upload-offset'], '1000');
    assert.equal(res.headers['upload-length'], '3000');
    assert.equal(res.headers['cache-control'], 'no-store');
    res = await patchUpload(server, upload.location, 500, bytes.subarray(500));
    assert.equal(res.status, 409);
    const problem = JSON.parse(res.body);
    assert.equal(problem.type, 'urn:ferry:problem:mismatching-upload-offset');
    assert.equal(problem.expected_offset, 1000);
    assert.equal(problem.provided_offset, 500);
    res = await request(server.url + upload.location, { method: 'PATCH',
      headers: { ...tusHeaders, 'Upload-Offset': '1000', 'Content-Type': 'text/plain', 'Content-Length': '1' }, body: 'x' });
    assert.equal(res.status, 415);
    res = await patchUpload(server, upload.location, 1000, bytes.subarray(1000));
    assert.equal(res.status, 204);
    assert.equal(res.headers['upload-offset'], '3000');
  });

  await t.test('termination: 204, then gone', async () => {
    const upload = await createUpload(server, 10);
    await patchUpload(server, upload.location, 0, Buffer.alloc(5));
    let res = await request(server.url + upload.location, { method: 'DELETE', headers: tusHeaders });
    assert.equal(res.status, 204);
    res = await request(server.url + upload.location, { method: 'HEAD', headers: tusHeaders });
    assert.ok([404, 410].includes(res.status));
  });

  await t.test('more bytes than announced are refused', async () => {
    const upload = await createUpload(server, 10);
    const res = await patchUpload(server, upload.location, 0, Buffer.alloc(11));
    assert.ok(res.status >= 400 && res.status < 500, String(res.status));
  });
});

test('tus-js-client uploads, pauses, resumes and terminates', async (t) => {
  const server = await Server.start(t);
  const dir = tempDir(t);
  const file = path.join(dir, 'big.bin');
  const size = 24 << 20;
  const digest = makeFile(file, size);

  const upload = await new Promise((resolve, reject) => {
    let paused = false;
    const up = new tus.Upload(createReadStream(file), {
      endpoint: `${server.url}/api/uploads`, uploadSize: size, chunkSize: 4 << 20, retryDelays: null,
      metadata: { filename: 'big.bin' },
      onError: reject,
      onProgress: (sent) => {
        if (!paused && sent > 9 << 20) {
          paused = true;
          up.abort().then(() => resolve(up), reject);
        }
      },
      onSuccess: () => reject(new Error('it should have been paused')),
    });
    up.start();
  });
  const at = await request(upload.url, { method: 'HEAD', headers: tusHeaders });
  const offset = Number(at.headers['upload-offset']);
  assert.ok(offset > 0 && offset < size, `paused at ${offset}`);

  let first = null;
  await new Promise((resolve, reject) => {
    const up = new tus.Upload(createReadStream(file), {
      uploadUrl: upload.url, endpoint: `${server.url}/api/uploads`, uploadSize: size, chunkSize: 4 << 20,
      retryDelays: null, onError: reject, onSuccess: resolve,
      onProgress: (sent) => { first ??= sent; },
    });
    up.start();
  });
  assert.ok(first >= offset, 'it went on where it stopped');
  const done = await request(upload.url, { method: 'HEAD', headers: tusHeaders });
  assert.equal(done.headers['upload-offset'], String(size));
  assert.ok(digest);

  const second = new tus.Upload(Buffer.alloc(1 << 20), { endpoint: `${server.url}/api/uploads`, retryDelays: null,
    metadata: { filename: 'gone' } });
  await new Promise((resolve, reject) => {
    second.options.onSuccess = resolve;
    second.options.onError = reject;
    second.start();
  });
  await tus.Upload.terminate(second.url);
  const gone = await request(second.url, { method: 'HEAD', headers: tusHeaders });
  assert.ok([404, 410].includes(gone.status));
});

test('a share of several files: manifest, ranges, conditions, names', async (t) => {
  const server = await Server.start(t);
  const bytes = randomBytes(200_000);
  const name = 'a"b\r\n名前.txt';
  const share = await makeShare(server, [
    { name, bytes, type: 'text/plain' }, { name: 'same.txt', bytes: Buffer.from('one') },
    { name: 'same.txt', bytes: Buffer.from('two') }, { name: 'empty', bytes: Buffer.alloc(0) }]);
  assert.equal(share.status, 201, JSON.stringify(share.body));
  const id = share.body.id;
  const manifest = await server.json(`/api/shares/${id}`);
  assert.equal(manifest.body.state, 'ready');
  assert.deepEqual(manifest.body.files.map((f) => f.size), [200_000, 3, 3, 0]);
  const url = server.url + manifest.body.files[0].url;

  const whole = await request(url);
  assert.equal(whole.status, 200);
  assert.equal(sha256(whole.body), sha256(bytes));
  assert.equal(whole.headers['accept-ranges'], 'bytes');
  assert.match(whole.headers.etag, /^"[^"]+"$/);
  assert.equal(whole.headers['x-content-type-options'], 'nosniff');
  const disposition = whole.headers['content-disposition'];
  assert.match(disposition, /^attachment; filename="[ -!#-~]*"; filename\*=UTF-8''/);
  const star = decodeURIComponent(/filename\*=UTF-8''(\S+)$/.exec(disposition)[1]);
  assert.equal(star, 'a"b名前.txt');

  const range = await request(url, { headers: { Range: 'bytes=100-199' } });
  assert.equal(range.status, 206);
  assert.equal(range.headers['content-range'], 'bytes 100-199/200000');
  assert.deepEqual(range.body, bytes.subarray(100, 200));
  const suffix = await request(url, { headers: { Range: 'bytes=-5' } });
  assert.deepEqual(suffix.body, bytes.subarray(-5));
  const beyond = await request(url, { headers: { Range: 'bytes=200000-' } });
  assert.equal(beyond.status, 416);
  assert.equal(beyond.headers['content-range'], 'bytes */200000');
  const matching = await request(url, { headers: { Range: 'bytes=0-9', 'If-Range': whole.headers.etag } });
  assert.equal(matching.status, 206);
  const changed = await request(url, { headers: { Range: 'bytes=0-9', 'If-Range': '"other"' } });
  assert.equal(changed.status, 200);
  const cached = await request(url, { headers: { 'If-None-Match': whole.headers.etag } });
  assert.equal(cached.status, 304);
  const head = await request(url, { method: 'HEAD' });
  assert.equal(head.headers['content-length'], '200000');
  assert.equal(head.body.length, 0);
  const empty = await request(`${server.url}/api/shares/${id}/files/3`);
  assert.equal(empty.status, 200);
  assert.equal(empty.body.length, 0);
  const none = await request(`${server.url}/api/shares/${id}/files/4`);
  assert.equal(none.status, 404);
  const byName = await request(`${server.url}/s/${id}/same.txt`);
  assert.equal(byName.body.toString(), 'one');

  const removed = await server.json(`/api/shares/${id}`, { method: 'DELETE', token: 'wrong' });
  assert.ok([401, 403, 404].includes(removed.status), String(removed.status));
  const ok = await server.json(`/api/shares/${id}`, { method: 'DELETE', token: share.body.owner_token });
  assert.equal(ok.status, 204);
  assert.ok([404, 410].includes((await request(url)).status));
});

test('an upload goes into a share only with its token, and only when complete', async (t) => {
  const server = await Server.start(t);
  const upload = await createUpload(server, 4, { filename: 'x' });
  const body = (token) => ({ files: [{ upload: upload.id, token, name: 'x', type: 'text/plain' }] });
  let res = await server.json('/api/shares', { method: 'POST', body: body(upload.token) });
  assert.equal(res.status, 409);
  assert.equal(res.body.type, 'urn:ferry:problem:upload-incomplete');
  await patchUpload(server, upload.location, 0, Buffer.from('abcd'));
  res = await server.json('/api/shares', { method: 'POST', body: body('wrong') });
  assert.equal(res.status, 404);
  res = await server.json('/api/shares', { method: 'POST', body: body(upload.token) });
  assert.equal(res.status, 201);
});

test('an open share has a link before its files', async (t) => {
  const server = await Server.start(t);
  const open = await server.json('/api/shares', { method: 'POST', body: {} });
  assert.equal(open.status, 201);
  assert.equal(open.body.state, 'open');
  assert.equal((await server.json(`/api/shares/${open.body.id}`)).body.state, 'open');
  const upload = await createUpload(server, 2, { filename: 'y' });
  await patchUpload(server, upload.location, 0, Buffer.from('hi'));
  const body = { files: [{ upload: upload.id, token: upload.token, name: 'y', type: 'text/plain' }] };
  const bad = await server.json(`/api/shares/${open.body.id}/complete`, { method: 'POST', body, token: 'nope' });
  assert.ok([401, 403, 404].includes(bad.status));
  for (let i = 0; i < 2; i += 1) {
    const done = await server.json(`/api/shares/${open.body.id}/complete`, { method: 'POST', body, token: open.body.owner_token });
    assert.equal(done.status, 200, JSON.stringify(done.body));
  }
  const manifest = await server.json(`/api/shares/${open.body.id}`);
  assert.equal(manifest.body.state, 'ready');
  assert.equal((await request(server.url + manifest.body.files[0].url)).body.toString(), 'hi');
});

test('curl -T gives a link; curl -C - and wget -c resume it', async (t) => {
  const server = await Server.start(t);
  const dir = tempDir(t);
  const file = path.join(dir, 'report 1.pdf');
  const size = 5_000_000;
  const digest = makeFile(file, size);
  const { stdout } = await run('curl', ['-sS', '--fail-with-body', '-T', file, `${server.url}/`]);
  const link = stdout.trim();
  assert.ok(link.startsWith(`${server.url}/s/`), link);

  const partial = path.join(dir, 'partial');
  await run('curl', ['-sS', '-o', partial, link]);
  assert.equal(await sha256File(partial), digest);
  truncateSync(partial, 1_234_567);
  await run('curl', ['-sS', '--fail', '-C', '-', '-o', partial, link]);
  assert.equal(await sha256File(partial), digest);

  const wget = path.join(dir, 'wget');
  writeFileSync(wget, readFileSync(file).subarray(0, 2_000_001));
  await run('wget', ['-q', '-c', '-O', wget, link]);
  assert.equal(await sha256File(wget), digest);

  const named = tempDir(t);
  await run('curl', ['-sS', '--fail', '-OJ', link], { cwd: named });
  assert.deepEqual(readdirSync(named), ['report 1.pdf']);

  const piped = spawn('sh', ['-c', `head -c 70000 "${file}" | curl -sS --fail-with-body -T - "${server.url}/from-stdin.bin"`]);
  let out = '';
  piped.stdout.on('data', (d) => { out += d; });
  await new Promise((resolve) => { piped.on('close', resolve); });
  const back = await request(out.trim());
  assert.equal(sha256(back.body), sha256(readFileSync(file).subarray(0, 70_000)));
});

test('wget and curl save a hostile name under the right name', async (t) => {
  const server = await Server.start(t);
  const share = await makeShare(server, [{ name: 'a"b\r\n名前.txt', bytes: Buffer.from('x') }]);
  const url = `${server.url}/api/shares/${share.body.id}/files/0`;
  const dir = tempDir(t);
  await run('wget', ['-q', '--content-disposition', '--restrict-file-names=nocontrol', url],
    { cwd: dir, env: { ...process.env, LC_ALL: 'C.UTF-8' } });
  assert.deepEqual(readdirSync(dir), ['a"b名前.txt']);
});

test('WEB_UPLOAD_MAX_BYTES holds for tus and for PUT', async (t) => {
  const server = await Server.start(t, { overrides: { uploads: { max_bytes: '100000' } } });
  assert.equal((await createUpload(server, 100_001)).status, 413);
  assert.equal((await createUpload(server, 100_000)).status, 201);
  const put = await request(`${server.url}/big.bin`, { method: 'PUT', headers: { 'Content-Length': '100001' }, body: Buffer.alloc(100_001) });
  assert.equal(put.status, 413);
  const chunked = await raw(server.port, Buffer.concat([
    Buffer.from('PUT /big.bin HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n186a1\r\n'),
    Buffer.alloc(100_001), Buffer.from('\r\n0\r\n\r\n')]), { ms: 5000 });
  assert.match(chunked.text, /^HTTP\/1\.1 413 /);
});

test('expired uploads and shares are swept, blobs included', async (t) => {
  const server = await Server.start(t, { overrides: {
    uploads: { expiry: '1s' }, janitor: { interval: '300ms' } } });
  const stored = () => {
    const walk = (dir) => readdirSync(dir, { withFileTypes: true }).flatMap((e) =>
      e.isDirectory() ? walk(path.join(dir, e.name)) : [path.join(dir, e.name)]);
    return walk(path.join(server.dir, 'blobs')).filter((f) => /\/(up|blob)\//.test(f));
  };
  const upload = await createUpload(server, 1000, { filename: 'half' });
  await patchUpload(server, upload.location, 0, Buffer.alloc(500));
  const share = await makeShare(server, [{ name: 'a', bytes: randomBytes(4096) }], 1);
  assert.equal(share.status, 201, JSON.stringify(share.body));
  assert.ok(stored().length >= 2);
  const deadline = Date.now() + 15_000;
  while (stored().length > 0 && Date.now() < deadline) await new Promise((r) => { setTimeout(r, 100); });
  assert.deepEqual(stored(), []);
  assert.equal((await server.json(`/api/shares/${share.body.id}`)).status, 410);
  const head = await request(server.url + upload.location, { method: 'HEAD', headers: tusHeaders });
  assert.ok([404, 410].includes(head.status));
  assert.ok(statSync(path.join(server.dir, 'ferry.db')).size > 0);
});
