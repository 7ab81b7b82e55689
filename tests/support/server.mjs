// Starts the real executable for a test, on a free port and in a folder of its own.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

export const root = path.resolve(path.dirname(fileURLToPath(import.meta.url)), '../..');
export const ferryBin = path.resolve(root, process.env.FERRY_BIN ?? 'build/release/ferry');

export function tempDir(t, label = 'ferry-test-') {
  const dir = mkdtempSync(path.join(tmpdir(), label));
  t?.after(() => rmSync(dir, { recursive: true, force: true }));
  return dir;
}

// The embedded default as an object; JSON is YAML, so it is written to the file as it is.
export function singleConfig(data, overrides = {}) {
  return {
    listeners: [{ plugin: 'tcp', options: { address: '127.0.0.1:0' } }],
    storage: { plugin: 'sqlite', options: { path: `${data}/ferry.db` } },
    blob_store: { plugin: 'filesystem', options: { path: `${data}/blobs`, min_free: '0' } },
    rate_limiter: { plugin: 'memory' },
    signaling: { plugin: 'memory' },
    rate_limits: { enabled: false },
    log: { level: 'debug' },
    ...overrides,
  };
}

export function writeConfig(dir, config, name = 'ferry.yaml') {
  const file = path.join(dir, name);
  writeFileSync(file, typeof config === 'string' ? config : JSON.stringify(config, null, 2));
  return file;
}

/** Runs the executable to its end: {code, stdout, stderr}. */
export async function runFerry(args, { env = {}, input, timeout = 20_000, bin = ferryBin, cwd = root } = {}) {
  const child = spawn(bin, args, { cwd, env: { ...process.env, ...env }, stdio: ['pipe', 'pipe', 'pipe'] });
  let stdout = '';
  let stderr = '';
  child.stdout.on('data', (d) => { stdout += d; });
  child.stderr.on('data', (d) => { stderr += d; });
  child.stdin.end(input);
  const timer = setTimeout(() => child.kill('SIGKILL'), timeout);
  const [code, signal] = await once(child, 'close');
  clearTimeout(timer);
  return { code, signal, stdout, stderr };
}

export class Server {
  static async start(t, { overrides = {}, config, env = {}, dir = tempDir(t), port } = {}) {
    const server = new Server();
    server.dir = dir;
    server.env = env;
    server.config = config ?? singleConfig(dir, overrides);
    if (port && typeof server.config === 'object') {
      server.config.listeners = [{ plugin: 'tcp', options: { address: `127.0.0.1:${port}` } }];
    }
    await server.launch();
    t?.after(() => server.stop());
    return server;
  }

  async launch() {
    const file = writeConfig(this.dir, this.config);
    this.output = '';
    this.child = spawn(ferryBin, ['serve', '--config', file], {
      cwd: root, env: { ...process.env, ...this.env }, stdio: ['ignore', 'pipe', 'pipe'],
    });
    this.exited = once(this.child, 'exit').then(([code, signal]) => ({ code, signal }));
    const collect = (d) => { this.output += d; };
    this.child.stdout.on('data', collect);
    this.child.stderr.on('data', collect);
    this.url = await new Promise((resolve, reject) => {
      const timer = setTimeout(() => reject(new Error(`not ready in 30 s:\n${this.output}`)), 30_000);
      const look = () => {
        const match = /ready at (http:\/\/\S+)/.exec(this.output);
        if (match) { clearTimeout(timer); resolve(match[1].replace(/\/$/, '')); }
      };
      this.child.stdout.on('data', look);
      this.child.stderr.on('data', look);
      this.child.once('exit', (code, signal) => {
        clearTimeout(timer);
        reject(new Error(`ferry ended (${code ?? signal}) before it was ready:\n${this.output}`));
      });
    });
    this.port = Number(new URL(this.url).port);
    this.ws = this.url.replace(/^http/, 'ws');
  }

  async kill9() {
    this.child.kill('SIGKILL');
    await this.exited;
  }

  /** Starts again on the same port and data. */
  async restart() {
    this.config.listeners = [{ plugin: 'tcp', options: { address: `127.0.0.1:${this.port}` } }];
    await this.launch();
  }

  /** SIGTERM, and SIGKILL after 20 s; fails on a bad exit, which is how sanitizer reports surface. */
  async stop() {
    if (this.child.exitCode !== null || this.child.signalCode !== null) return undefined;
    this.child.kill('SIGTERM');
    const timer = setTimeout(() => this.child.kill('SIGKILL'), 20_000);
    const result = await this.exited;
    clearTimeout(timer);
    if (result.code !== 0) {
      throw new Error(`ferry ended with ${result.code ?? result.signal}:\n${this.output.slice(-8000)}`);
    }
    return result;
  }

  fetch(pathname, options) { return fetch(this.url + pathname, options); }

  async json(pathname, { method = 'GET', body, token, headers = {} } = {}) {
    const response = await this.fetch(pathname, {
      method,
      headers: {
        ...(body === undefined ? {} : { 'Content-Type': 'application/json' }),
        ...(token ? { Authorization: `Bearer ${token}` } : {}),
        ...headers,
      },
      body: body === undefined ? undefined : JSON.stringify(body),
    });
    const text = await response.text();
    return { status: response.status, headers: response.headers, body: text ? JSON.parse(text) : null };
  }
}
