// The server as an operator and a hostile client see it: gate, health, metrics, logs, drain.
import assert from 'node:assert/strict';
import net from 'node:net';
import { once } from 'node:events';
import test from 'node:test';

import { SignalClient, createUpload, raw, request } from '../support/api.mjs';
import { Server, singleConfig, tempDir, writeConfig, runFerry } from '../support/server.mjs';

test('malformed requests are refused and the connection closed', async (t) => {
  const server = await Server.start(t);
  const bad = {
    'no Host': 'GET / HTTP/1.1\r\n\r\n',
    'two Hosts': 'GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n',
    'both lengths': 'POST /api/transfer/create HTTP/1.1\r\nHost: a\r\nContent-Length: 0\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n',
    'two Content-Lengths': 'POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nx',
    'odd coding': 'POST /api/transfer/create HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: xchunked\r\n\r\nGET /x HTTP/1.1\r\n\r\n',
    'folded line': 'GET / HTTP/1.1\r\nHost: a\r\nX: 1\r\n 2\r\n\r\n',
    'space before colon': 'GET / HTTP/1.1\r\nHost : a\r\n\r\n',
    'bare CR': 'GET / HTTP/1.1\r\nHost: a\rb\r\n\r\n',
    'chunked on 1.0': 'POST / HTTP/1.0\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n',
    'GET with a body': 'GET / HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\n\r\nx',
    'bad escape': 'GET /%zz HTTP/1.1\r\nHost: a\r\n\r\n',
    'NUL': 'GET /%00 HTTP/1.1\r\nHost: a\r\n\r\n',
    'no version': 'GET /\r\nHost: a\r\n\r\n',
  };
  for (const [name, bytes] of Object.entries(bad)) {
    const { text, closed } = await raw(server.port, bytes);
    assert.match(text, /^HTTP\/1\.1 4\d\d /, name);
    assert.match(text, /application\/problem\+json/, name);
    assert.equal(text.match(/HTTP\/1\.1 \d{3}/g).length, 1, `${name}: one answer`);
    assert.ok(closed, `${name}: closed`);
  }
  const many = `GET / HTTP/1.1\r\nHost: a\r\n${'X: y\r\n'.repeat(200)}\r\n`;
  assert.match((await raw(server.port, many)).text, /^HTTP\/1\.1 4(00|31) /);
  const long = `GET / HTTP/1.1\r\nHost: a\r\nX: ${'y'.repeat(20_000)}\r\n\r\n`;
  assert.match((await raw(server.port, long)).text, /^HTTP\/1\.1 431 /);
  assert.match((await raw(server.port, 'BREW / HTTP/1.1\r\nHost: a\r\n\r\n')).text, /^HTTP\/1\.1 501 /);
  assert.match((await raw(server.port, 'DELETE /livez HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n')).text, /^HTTP\/1\.1 405 [\s\S]*\r\nAllow: /i);
});

test('pipelined requests are answered in order on one connection', async (t) => {
  const server = await Server.start(t);
  const one = 'GET /livez HTTP/1.1\r\nHost: a\r\n\r\n';
  const last = 'GET /nothing-here-at-all/x/y HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n';
  const { text } = await raw(server.port, one.repeat(5) + last);
  assert.deepEqual(text.match(/HTTP\/1\.1 \d{3}/g).map((s) => s.slice(-3)), ['200', '200', '200', '200', '200', '404']);
});

test('a slow header is cut off', async (t) => {
  const server = await Server.start(t, { overrides: { limits: { header: '1s' } } });
  const socket = net.connect(server.port, '127.0.0.1');
  await once(socket, 'connect');
  const started = Date.now();
  const drip = setInterval(() => socket.write('G'), 200);
  let text = '';
  socket.on('data', (d) => { text += d; });
  socket.on('error', () => {});
  await once(socket, 'close');
  clearInterval(drip);
  assert.ok(Date.now() - started < 5000);
  assert.match(text, /^(HTTP\/1\.1 408 [\s\S]*)?$/);
});

test('health, readiness and metrics', async (t) => {
  const server = await Server.start(t);
  assert.equal((await server.fetch('/livez')).status, 200);
  const ready = await server.json('/readyz');
  assert.equal(ready.status, 200);
  assert.equal(ready.body.status, 'ready');
  assert.equal(ready.body.checks.storage, 'ok');
  await server.json('/api/transfer/create', { method: 'POST', body: {} });
  await createUpload(server, 5);
  const metrics = await (await server.fetch('/metrics')).text();
  for (const name of ['ferry_build_info', 'ferry_http_requests_total', 'ferry_transfers_total', 'ferry_uploads_total', 'process_resident_memory_bytes']) {
    assert.match(metrics, new RegExp(`^# TYPE ${name} `, 'm'), name);
  }
  assert.match(metrics, /^ferry_http_requests_total\{[^}]*route="\/api\/transfer\/create"[^}]*\} 1$/m);
});

test('the web app is served with a strict policy and precompressed', async (t) => {
  const server = await Server.start(t);
  const home = await request(`${server.url}/`);
  assert.equal(home.status, 200);
  const csp = home.headers['content-security-policy'];
  assert.match(csp, /default-src 'none'/);
  assert.match(csp, /script-src 'self'/);
  assert.doesNotMatch(csp, /unsafe-inline|unsafe-eval(?!')/);
  for (const page of ['/r', '/r/ABCD-EFGH', '/s/0123456789abcdef0123456789abcdef']) {
    assert.equal((await request(server.url + page)).status, 200, page);
  }
  const script = /src="([^"]+\.js)"/.exec(home.body.toString())[1].replace(/^\.?\//, '/');
  const compressed = await request(server.url + script, { headers: { 'Accept-Encoding': 'br' } });
  assert.equal(compressed.headers['content-encoding'], 'br');
  assert.match(compressed.headers['cache-control'], /immutable/);
  const plain = await request(server.url + script);
  assert.equal(plain.headers['content-encoding'], undefined);
  assert.equal((await request(server.url + script, { headers: { 'If-None-Match': plain.headers.etag } })).status, 304);
});

test('no secret, code or file name reaches the log', async (t) => {
  const server = await Server.start(t, { overrides: { log: { level: 'trace', format: 'json' } } });
  const { body } = await server.json('/api/transfer/create', { method: 'POST', body: {} });
  const joined = await server.json('/api/transfer/join', { method: 'POST', body: { code: body.code } });
  const client = await SignalClient.join(server, body.token);
  client.close();
  const upload = await createUpload(server, 3, { filename: 'very-secret-name.txt' });
  await request(`${server.url}/secret-put-name.txt`, { method: 'PUT', headers: { 'Content-Length': '1' }, body: 'x' });
  await server.stop();
  for (const secret of [body.code, body.code.replace('-', ''), body.token, joined.body.token, upload.token, upload.id,
    'very-secret-name', 'secret-put-name']) {
    assert.ok(!server.output.includes(secret), `the log contains ${secret}`);
  }
  const lines = server.output.split('\n').filter((l) => l.startsWith('{'));
  assert.ok(lines.length > 0, 'JSON log lines');
  for (const line of lines) JSON.parse(line);
});

test('SIGTERM drains: sockets are told, the exit is clean', async (t) => {
  const server = await Server.start(t);
  const { body } = await server.json('/api/transfer/create', { method: 'POST', body: {} });
  const client = await SignalClient.join(server, body.token);
  const draining = client.next('draining');
  const result = server.stop();
  assert.ok((await draining).reconnect_in_ms >= 0);
  assert.equal((await client.closed).code, 1012);
  assert.equal((await result).code, 0);
});

test('a second server on the same data or port is refused in words', async (t) => {
  const server = await Server.start(t);
  const other = tempDir(t);
  const samePort = writeConfig(other, { ...singleConfig(other), listeners: [{ plugin: 'tcp', options: { address: `127.0.0.1:${server.port}` } }] });
  const a = await runFerry(['serve', '--config', samePort]);
  assert.notEqual(a.code, 0);
  assert.match(a.stderr + a.stdout, /in use/);
  const sameData = writeConfig(other, singleConfig(server.dir), 'same.yaml');
  const b = await runFerry(['serve', '--config', sameData]);
  assert.notEqual(b.code, 0);
  assert.match(b.stderr + b.stdout, /another|in use|locked/);
});
