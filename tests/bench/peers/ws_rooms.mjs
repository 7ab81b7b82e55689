// The peer of the signaling and API benchmarks: the same contract as Ferry's, in plain Node with
// `ws`, the way one would write it in an afternoon. State is a Map; tokens are random strings that
// are looked up. What Ferry does besides (limits, expiry, signed tokens, metrics) is left out.
import { randomBytes } from 'node:crypto';
import http from 'node:http';

import { WebSocketServer } from 'ws';

const alphabet = '0123456789ABCDEFGHJKMNPQRSTVWXYZ';
const rooms = new Map(); // code → room
const members = new Map(); // token → {room, role}
const relayed = new Set(['offer', 'answer', 'candidate', 'control', 'ack']);
const lifetime = 3600_000;

function makeCode() {
  const letters = Array.from(randomBytes(8), (byte) => alphabet[byte & 31]).join('');
  return `${letters.slice(0, 4)}-${letters.slice(4)}`;
}

function admit(room, role) {
  const token = `st1.${randomBytes(32).toString('base64url')}`;
  members.set(token, { room, role });
  return token;
}

function reply(res, status, value) {
  const body = JSON.stringify(value);
  res.writeHead(status, { 'Content-Type': 'application/json', 'Content-Length': Buffer.byteLength(body) });
  res.end(body);
}

function problem(res, status, slug, title) {
  reply(res, status, { type: `urn:ferry:problem:${slug}`, title, status });
}

const routes = {
  '/api/transfer/create': (body, res) => {
    const room = { id: randomBytes(16).toString('hex'), code: makeCode(), expires: new Date(Date.now() + lifetime),
      taken: false, sender: null, receiver: null };
    rooms.set(room.code, room);
    reply(res, 201, { transfer_id: room.id, code: room.code, token: admit(room, 'sender'), role: 'sender',
      code_expires_at: room.expires.toISOString(), session_expires_at: room.expires.toISOString(),
      signaling_url: '/api/signal' });
  },
  '/api/transfer/join': (body, res) => {
    if (typeof body.code !== 'string') return problem(res, 400, 'malformed-code', 'This is not a code.');
    const room = rooms.get(body.code);
    if (!room) return problem(res, 404, 'unknown-code', 'Nobody knows this code.');
    if (room.taken) return problem(res, 409, 'taken', 'Somebody else joined.');
    room.taken = true;
    return reply(res, 200, { transfer_id: room.id, token: admit(room, 'receiver'), role: 'receiver',
      session_expires_at: room.expires.toISOString(), signaling_url: '/api/signal', share: null });
  },
};

const server = http.createServer((req, res) => {
  const route = req.method === 'POST' && routes[req.url];
  if (!route) {
    problem(res, 404, 'not-found', 'There is nothing here.');
    return;
  }
  const chunks = [];
  req.on('data', (chunk) => chunks.push(chunk));
  req.on('end', () => {
    let body;
    try {
      body = JSON.parse(Buffer.concat(chunks).toString() || '{}');
    } catch {
      problem(res, 400, 'invalid-request', 'This is not JSON.');
      return;
    }
    route(body, res);
  });
});

const sockets = new WebSocketServer({
  noServer: true,
  maxPayload: 64 * 1024,
  handleProtocols: (offered) => (offered.has('ferry.signal.v1') ? 'ferry.signal.v1' : false),
});
server.on('upgrade', (req, socket, head) => {
  if (req.url !== '/api/signal') {
    socket.destroy();
    return;
  }
  sockets.handleUpgrade(req, socket, head, join);
});

function join(socket) {
  let room = null;
  let role;
  let other;
  const hello = setTimeout(() => socket.close(4408, 'too-slow'), 5000);
  socket.on('message', (data, binary) => {
    if (binary) return socket.close(1003);
    let message;
    try {
      message = JSON.parse(data.toString());
    } catch {
      return socket.close(4400, 'malformed-message');
    }
    if (!room) {
      const member = message.type === 'hello' && members.get(message.token);
      if (!member) return socket.close(4401, 'token-invalid');
      clearTimeout(hello);
      ({ room, role } = member);
      other = role === 'sender' ? 'receiver' : 'sender';
      room[role]?.close(4409, 'replaced');
      room[role] = socket;
      socket.send(JSON.stringify({ type: 'welcome', role, peer: room[other] !== null,
        session_expires_at: room.expires.toISOString() }));
      room[other]?.send('{"type":"peer-joined"}');
      return undefined;
    }
    if (message.type === 'ping') return socket.send('{"type":"pong"}');
    if (message.type === 'bye') return socket.close(1000);
    if (!relayed.has(message.type)) return socket.close(4400, 'malformed-message');
    if (message.type !== 'ack' && !(Number.isInteger(message.seq) && message.seq >= 1
      && Number.isInteger(message.ack) && message.ack >= 0 && typeof message.payload === 'object')) {
      return socket.close(4400, 'malformed-message');
    }
    return room[other]?.send(data, { binary: false });
  });
  socket.on('close', () => {
    clearTimeout(hello);
    if (room?.[role] === socket) {
      room[role] = null;
      room[other]?.send('{"type":"peer-left"}');
    }
  });
  socket.on('error', () => {});
}

server.keepAliveTimeout = 60_000;
server.listen(Number(process.argv[2] ?? 0), '127.0.0.1', 4096, () => {
  console.log(`ready at http://127.0.0.1:${server.address().port}`);
});
process.on('SIGTERM', () => process.exit(0));
