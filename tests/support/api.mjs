// Small clients of the HTTP interface, written from docs/reference, used by several suites.
import http from 'node:http';
import net from 'node:net';
import { once } from 'node:events';

import WebSocket from 'ws';

/** One request with node:http (no pooling, any header): {status, headers, body: Buffer}. */
export function request(url, { method = 'GET', headers = {}, body, agent = false } = {}) {
  return new Promise((resolve, reject) => {
    const req = http.request(url, { method, headers, agent }, (res) => {
      const chunks = [];
      res.on('data', (c) => chunks.push(c));
      res.on('end', () => resolve({ status: res.statusCode, headers: res.headers, body: Buffer.concat(chunks) }));
      res.on('error', reject);
    });
    req.on('error', reject);
    req.end(body);
  });
}

/** Sends raw bytes on one connection and returns everything until the server closes or `ms` pass. */
export async function raw(port, bytes, { ms = 2000, end = false } = {}) {
  const socket = net.connect(port, '127.0.0.1');
  await once(socket, 'connect');
  const chunks = [];
  let closed = false;
  socket.on('data', (d) => chunks.push(d));
  socket.on('error', () => {});
  const done = new Promise((resolve) => {
    socket.once('close', () => { closed = true; resolve(); });
    setTimeout(resolve, ms).unref();
  });
  if (end) socket.end(bytes); else socket.write(bytes);
  await done;
  socket.destroy();
  return { text: Buffer.concat(chunks).toString('latin1'), closed };
}

export const tusHeaders = { 'Tus-Resumable': '1.0.0' };

export async function createUpload(server, length, metadata = {}) {
  const encoded = Object.entries(metadata).map(([k, v]) => `${k} ${Buffer.from(v).toString('base64')}`).join(',');
  const res = await request(`${server.url}/api/uploads`, {
    method: 'POST',
    headers: {
      ...tusHeaders,
      'Upload-Length': String(length),
      ...(encoded ? { 'Upload-Metadata': encoded } : {}),
      'Content-Length': '0',
    },
  });
  return { status: res.status, headers: res.headers, location: res.headers.location,
    id: res.headers.location?.split('/').pop(), token: res.headers['upload-token'] };
}

export function patchUpload(server, location, offset, bytes) {
  return request(server.url + location, {
    method: 'PATCH',
    headers: { ...tusHeaders, 'Upload-Offset': String(offset),
      'Content-Type': 'application/offset+octet-stream', 'Content-Length': String(bytes.length) },
    body: bytes,
  });
}

/** Uploads buffers and makes one share of them. */
export async function makeShare(server, files, expiresIn) {
  const entries = [];
  for (const { name, bytes, type = 'application/octet-stream' } of files) {
    const upload = await createUpload(server, bytes.length, { filename: name });
    if (bytes.length > 0) await patchUpload(server, upload.location, 0, bytes);
    entries.push({ upload: upload.id, token: upload.token, name, type });
  }
  const created = await server.json('/api/shares', {
    method: 'POST', body: { files: entries, ...(expiresIn ? { expires_in: expiresIn } : {}) },
  });
  return { ...created, entries };
}

/** A signaling socket that collects messages: next(type) waits for the next one of that type. */
export class SignalClient {
  constructor(url, options = {}) {
    this.messages = [];
    this.waiters = [];
    this.socket = new WebSocket(`${url}/api/signal`, options.protocols ?? ['ferry.signal.v1'], options.ws);
    this.opened = once(this.socket, 'open');
    this.opened.catch(() => {});
    this.closed = new Promise((resolve) => {
      this.socket.on('close', (code, reason) => resolve({ code, reason: reason.toString() }));
    });
    this.socket.on('error', () => {});
    this.socket.on('message', (data) => {
      this.messages.push(JSON.parse(data.toString()));
      this.wake();
    });
  }

  static async join(server, token) {
    const client = new SignalClient(server.ws);
    await client.opened;
    client.send({ type: 'hello', token });
    client.welcome = await client.next('welcome');
    return client;
  }

  wake() {
    this.waiters = this.waiters.filter(({ match, resolve }) => {
      const at = this.messages.findIndex(match);
      if (at < 0) return true;
      resolve(this.messages.splice(at, 1)[0]);
      return false;
    });
  }

  next(type, ms = 5000) {
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => reject(new Error(`no "${type}" in ${ms} ms`)), ms);
      this.waiters.push({
        match: (m) => m.type === type,
        resolve: (m) => { clearTimeout(timer); resolve(m); },
      });
      this.wake();
    });
  }

  send(message) { this.socket.send(typeof message === 'string' ? message : JSON.stringify(message)); }

  close() { this.socket.close(); }
}
