// kill -9 at any moment loses nothing that was acknowledged.
import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import http from 'node:http';
import test from 'node:test';

import { createUpload, makeShare, patchUpload, request, tusHeaders } from '../support/api.mjs';
import { sha256 } from '../support/files.mjs';
import { Server } from '../support/server.mjs';

/** Streams `bytes` by PATCH and kills the server once `killAt` bytes were written to the socket. */
function patchAndKill(server, location, offset, bytes, killAt) {
  return new Promise((resolve) => {
    const req = http.request(server.url + location, { method: 'PATCH', agent: false,
      headers: { ...tusHeaders, 'Upload-Offset': String(offset),
        'Content-Type': 'application/offset+octet-stream', 'Content-Length': String(bytes.length) } });
    req.on('error', () => resolve());
    req.on('response', (res) => { res.resume(); res.on('end', resolve); });
    let sent = 0;
    const pump = () => {
      while (sent < bytes.length) {
        const piece = bytes.subarray(sent, sent + 65536);
        sent += piece.length;
        if (sent >= killAt && !server.killed) {
          server.killed = true;
          server.kill9().then(resolve);
        }
        if (!req.write(piece)) { req.once('drain', pump); return; }
      }
      req.end();
    };
    pump();
  });
}

test('kill -9 during an upload: the client resumes at the server\'s offset and the file is identical', async (t) => {
  const server = await Server.start(t, { overrides: { uploads: { checkpoint_bytes: '1MiB' } } });
  const before = await makeShare(server, [{ name: 'kept.bin', bytes: randomBytes(300_000) }]);
  const keptUrl = `/api/shares/${before.body.id}/files/0`;
  const kept = sha256((await request(server.url + keptUrl)).body);

  const bytes = randomBytes(32 << 20);
  const upload = await createUpload(server, bytes.length, { filename: 'big.bin' });
  let acked = 0;
  let res = await patchUpload(server, upload.location, 0, bytes.subarray(0, 3 << 20));
  acked = Number(res.headers['upload-offset']);
  assert.equal(acked, 3 << 20);

  for (const share of [0.2, 0.5, 0.9]) {
    server.killed = false;
    await patchAndKill(server, upload.location, acked, bytes.subarray(acked), Math.floor((bytes.length - acked) * share));
    if (!server.killed) await server.kill9();
    await server.restart();
    const head = await request(server.url + upload.location, { method: 'HEAD', headers: tusHeaders });
    assert.equal(head.status, 200);
    const offset = Number(head.headers['upload-offset']);
    assert.ok(offset >= acked, `an acknowledged offset went back from ${acked} to ${offset}`);
    acked = offset;
    if (acked === bytes.length) break;
  }
  if (acked < bytes.length) {
    res = await patchUpload(server, upload.location, acked, bytes.subarray(acked));
    assert.equal(res.status, 204);
  }
  const share = await server.json('/api/shares', { method: 'POST', body: {
    files: [{ upload: upload.id, token: upload.token, name: 'big.bin', type: 'application/octet-stream' }] } });
  assert.equal(share.status, 201, JSON.stringify(share.body));
  const got = await request(`${server.url}/api/shares/${share.body.id}/files/0`);
  assert.equal(sha256(got.body), sha256(bytes));

  const again = await request(server.url + keptUrl);
  assert.equal(again.status, 200, 'a share made before the kill still downloads');
  assert.equal(sha256(again.body), kept);
});

test('kill -9 right after each acknowledgement, twenty times', async (t) => {
  const server = await Server.start(t);
  const bytes = randomBytes(20 * 40_000);
  const upload = await createUpload(server, bytes.length);
  for (let i = 0; i < 20; i += 1) {
    const res = await patchUpload(server, upload.location, i * 40_000, bytes.subarray(i * 40_000, (i + 1) * 40_000));
    assert.equal(res.headers['upload-offset'], String((i + 1) * 40_000));
    await server.kill9();
    await server.restart();
  }
  const head = await request(server.url + upload.location, { method: 'HEAD', headers: tusHeaders });
  assert.equal(head.headers['upload-offset'], String(bytes.length));
  const share = await server.json('/api/shares', { method: 'POST', body: {
    files: [{ upload: upload.id, token: upload.token, name: 'x', type: 'text/plain' }] } });
  assert.equal(sha256((await request(`${server.url}/api/shares/${share.body.id}/files/0`)).body), sha256(bytes));
});
