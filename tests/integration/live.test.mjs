// Live transfers without a browser: the API and the signaling socket.
import assert from 'node:assert/strict';
import test from 'node:test';

import { SignalClient, makeShare, request } from '../support/api.mjs';
import { Server } from '../support/server.mjs';

const post = (server, route, body, token) => server.json(`/api/transfer/${route}`, { method: 'POST', body, token });

async function pair(server) {
  const sender = (await post(server, 'create', {})).body;
  const receiver = (await post(server, 'join', { code: sender.code })).body;
  return { sender, receiver };
}

test('create and join', async (t) => {
  const server = await Server.start(t);
  const created = await post(server, 'create', {});
  assert.equal(created.status, 201);
  assert.match(created.body.code, /^[0-9A-HJKMNP-TV-Z]{4}-[0-9A-HJKMNP-TV-Z]{4}$/);
  assert.match(created.body.transfer_id, /^[0-9a-f]{32}$/);
  assert.equal(created.body.token.length, 123);
  assert.equal(created.body.role, 'sender');

  for (const code of ['', 'ABC', 'U2345678', '23456789X', 'ab!d-efgh']) {
    const res = await post(server, 'join', { code });
    assert.equal(res.status, 400, code);
    assert.equal(res.body.type, 'urn:ferry:problem:malformed-code');
  }
  const unknown = await post(server, 'join', { code: '00000000' });
  assert.equal(unknown.status, 404);
  assert.equal(unknown.body.type, 'urn:ferry:problem:unknown-code');
  assert.equal(unknown.headers.get('content-type'), 'application/problem+json');

  // Read as people type it: lower case, no hyphen, O for 0 and l for 1.
  const typed = created.body.code.toLowerCase().replace('-', ' ').replaceAll('0', 'o').replaceAll('1', 'l');
  const joined = await post(server, 'join', { code: typed });
  assert.equal(joined.status, 200, JSON.stringify(joined.body));
  assert.equal(joined.body.role, 'receiver');
  assert.equal(joined.body.transfer_id, created.body.transfer_id);
  assert.equal(joined.body.share, null);
  const taken = await post(server, 'join', { code: created.body.code });
  assert.equal(taken.status, 409);
  assert.equal(taken.body.type, 'urn:ferry:problem:taken');

  for (const body of ['{"code":"x","code":"y"}', '[', '{"code":7}', '"x"']) {
    const res = await request(`${server.url}/api/transfer/join`, { method: 'POST', body,
      headers: { 'Content-Type': 'application/json', 'Content-Length': String(body.length) } });
    assert.equal(res.status, 400, body);
    assert.equal(res.headers['content-type'], 'application/problem+json');
  }
});

test('two hundred concurrent joins have one winner', async (t) => {
  const server = await Server.start(t);
  const { body } = await post(server, 'create', {});
  const results = await Promise.all(Array.from({ length: 200 }, () => post(server, 'join', { code: body.code })));
  assert.equal(results.filter((r) => r.status === 200).length, 1);
  assert.equal(results.filter((r) => r.status === 409).length, 199);
});

test('an expired code says so', async (t) => {
  const server = await Server.start(t, { overrides: { live: { code_ttl: '1s' } } });
  const { body } = await post(server, 'create', {});
  await new Promise((r) => { setTimeout(r, 1300); });
  const res = await post(server, 'join', { code: body.code });
  assert.equal(res.status, 410);
  assert.equal(res.body.type, 'urn:ferry:problem:expired');
});

test('signaling relays between the two roles only', async (t) => {
  const server = await Server.start(t);
  const { sender, receiver } = await pair(server);
  const other = await pair(server);
  const a = await SignalClient.join(server, sender.token);
  assert.equal(a.welcome.role, 'sender');
  const b = await SignalClient.join(server, receiver.token);
  const c = await SignalClient.join(server, other.receiver.token);
  await a.next('peer-joined');
  const offer = { type: 'offer', seq: 1, ack: 0, payload: { description: { type: 'offer', sdp: 'v=0 ünï' } } };
  a.send(offer);
  assert.deepEqual(await b.next('offer'), offer);
  const answer = { type: 'answer', seq: 1, ack: 1, payload: { description: { type: 'answer', sdp: 'v=0' } } };
  b.send(answer);
  assert.deepEqual(await a.next('answer'), answer);
  for (let i = 2; i < 102; i += 1) a.send({ type: 'candidate', seq: i, ack: 1, payload: { candidate: { candidate: `c${i}` } } });
  for (let i = 2; i < 102; i += 1) assert.equal((await b.next('candidate')).seq, i, 'in order');
  b.send({ type: 'ping' });
  await b.next('pong');
  b.close();
  await a.next('peer-left');
  assert.deepEqual(c.messages.filter((m) => ['offer', 'candidate', 'answer'].includes(m.type)), []);
  a.close();
  c.close();
});

test('signaling refuses what is not its protocol', async (t) => {
  const server = await Server.start(t);
  const { sender } = await pair(server);
  const closeCode = async (...frames) => {
    const client = new SignalClient(server.ws);
    await client.opened;
    for (const frame of frames) client.socket.send(frame, { binary: Buffer.isBuffer(frame) });
    return (await client.closed).code;
  };
  const hello = JSON.stringify({ type: 'hello', token: sender.token });
  const flipped = sender.token.slice(0, -1) + (sender.token.endsWith('A') ? 'B' : 'A');
  assert.equal(await closeCode(JSON.stringify({ type: 'hello', token: 'st1.x.y' })), 4401);
  assert.equal(await closeCode(JSON.stringify({ type: 'hello', token: flipped })), 4401);
  assert.equal(await closeCode('{"type":"offer","seq":1,"ack":0,"payload":{}}'), 4400, 'hello comes first');
  assert.equal(await closeCode(hello, 'nonsense'), 4400);
  assert.equal(await closeCode(hello, '{"type":"offer","seq":1,"ack":0,"payload":{}'), 4400);
  assert.equal(await closeCode(hello, '{"type":"evil","seq":1,"ack":0,"payload":{}}'), 4400);
  assert.equal(await closeCode(hello, '{"type":"offer","seq":"1","ack":0,"payload":{}}'), 4400);
  assert.equal(await closeCode(hello, '{"type":"offer","seq":1,"ack":0,"payload":[]}'), 4400);
  assert.equal(await closeCode(hello, Buffer.from('binary')), 1003);
  assert.equal(await closeCode(hello, JSON.stringify({ type: 'offer', seq: 1, ack: 0, payload: { x: 'y'.repeat(70_000) } })), 1009);
  assert.equal(await closeCode(hello, '{"type":"bye"}'), 1000);

  const noProtocol = new SignalClient(server.ws, { protocols: [] });
  assert.ok([1006].includes((await noProtocol.closed).code));
  const foreign = new SignalClient(server.ws, { ws: { headers: { Origin: 'https://evil.example' } } });
  assert.equal((await foreign.closed).code, 1006);
  const own = new SignalClient(server.ws, { ws: { headers: { Origin: server.url } } });
  await own.opened;
  own.close();
});

test('the same role from elsewhere replaces the older socket', async (t) => {
  const server = await Server.start(t);
  const { sender } = await pair(server);
  const first = await SignalClient.join(server, sender.token);
  const second = await SignalClient.join(server, sender.token);
  assert.equal((await first.closed).code, 4409);
  second.send({ type: 'ping' });
  await second.next('pong');
  second.close();
});

test('limits: flood, idle and silent sockets are closed', async (t) => {
  const server = await Server.start(t, { overrides: {
    live: { messages_per_second: 10, burst: 20, idle_timeout: '1s' } } });
  const { sender, receiver } = await pair(server);
  const idle = await SignalClient.join(server, receiver.token);
  const started = Date.now();
  const flood = await SignalClient.join(server, sender.token);
  for (let i = 1; i <= 200; i += 1) flood.send({ type: 'candidate', seq: i, ack: 0, payload: {} });
  assert.equal((await flood.closed).code, 4429);
  assert.equal((await idle.closed).code, 4408);
  assert.ok(Date.now() - started < 5000);
});

test('closing a transfer ends its code and its sockets', async (t) => {
  const server = await Server.start(t);
  const { sender, receiver } = await pair(server);
  const a = await SignalClient.join(server, sender.token);
  const b = await SignalClient.join(server, receiver.token);
  assert.equal((await post(server, 'close', {}, sender.token)).status, 204);
  assert.equal((await a.closed).code, 4410);
  assert.equal((await b.closed).code, 4410);
  const again = await post(server, 'join', { code: sender.code });
  assert.ok([404, 410].includes(again.status));
  assert.equal((await post(server, 'close', {}, 'st1.bad')).status, 401);
});

test('hand-off: whoever joins later gets the share', async (t) => {
  const server = await Server.start(t);
  const { body: sender } = await post(server, 'create', {});
  const share = await makeShare(server, [{ name: 'x', bytes: Buffer.from('stored') }]);
  const handoff = await post(server, 'handoff', { share: share.body.id }, sender.token);
  assert.equal(handoff.status, 204);
  for (let i = 0; i < 2; i += 1) {
    const joined = await post(server, 'join', { code: sender.code });
    assert.equal(joined.status, 200);
    assert.equal(joined.body.share.id, share.body.id);
  }
});

test('joins are rate limited, with RateLimit fields', async (t) => {
  const server = await Server.start(t, { overrides: { rate_limits: {
    transfer_join: { limit: 5, per: '1m', burst: 5 } } } });
  const statuses = [];
  let last;
  for (let i = 0; i < 8; i += 1) {
    last = await post(server, 'join', { code: '00000000' });
    statuses.push(last.status);
  }
  assert.ok(statuses.includes(404));
  assert.equal(last.status, 429);
  assert.equal(last.body.type, 'urn:ferry:problem:rate-limited');
  assert.ok(Number(last.headers.get('retry-after')) >= 1);
  assert.match(last.headers.get('ratelimit-policy'), /^"transfer_join";q=5;w=60$/);
  assert.match(last.headers.get('ratelimit'), /^"transfer_join";r=0;t=\d+$/);
});

test('configuration for the page: ICE servers from the environment\'s JSON', async (t) => {
  const ice = [{ urls: ['stun:stun.example.org'] }, { urls: ['turn:turn.example.org'], username: 'u', credential: 'top' }];
  const server = await Server.start(t, { overrides: { live: { ice_servers_json: JSON.stringify(ice) } } });
  const anonymous = await server.json('/api/transfer/config');
  assert.equal(anonymous.status, 200);
  assert.deepEqual(anonymous.body.ice_servers, [ice[0]]);
  const { body: sender } = await post(server, 'create', {});
  const known = await server.json('/api/transfer/config', { token: sender.token });
  assert.deepEqual(known.body.ice_servers, ice);
});
