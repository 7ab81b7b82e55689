// Measures Ferry against its peers; see tools/bench --help. Each server runs pinned to core 0 and
// the load to core 1. What is compared is the CPU time that a server needs per unit of work, because
// that carries over to other machines; the peers are measured in the same run, in turns, for the
// same reason.
import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createReadStream, existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import http from 'node:http';
import net from 'node:net';
import os from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

import { createUpload } from '../support/api.mjs';
import { makeFile } from '../support/files.mjs';
import { ferryBin, root, singleConfig, writeConfig } from '../support/server.mjs';

const here = path.dirname(fileURLToPath(import.meta.url));
const build = path.dirname(ferryBin);
const work = path.join(root, 'tests/out/bench');
const GiB = 2 ** 30;

const args = process.argv.slice(2);
const quick = args.includes('--quick');
const wanted = args.filter((arg) => !arg.startsWith('--'));
const repeats = quick ? 1 : 3;
const seconds = quick ? 2 : 5;
const bigBytes = quick ? GiB / 4 : GiB;
const bigSize = quick ? '256 MiB' : '1 GiB';

// ---- servers ---------------------------------------------------------------------------------

const running = new Set();

class Contender {
  constructor(name, child, port, stopSignal = 'SIGTERM') {
    Object.assign(this, { name, child, port, stopSignal });
    this.url = `http://127.0.0.1:${port}`;
    running.add(this);
  }

  pids() {
    const found = [this.child.pid];
    for (let i = 0; i < found.length; i += 1) {
      const children = readFileSync(`/proc/${found[i]}/task/${found[i]}/children`, 'utf8');
      found.push(...children.split(' ').filter(Boolean).map(Number));
    }
    return found.join(',');
  }

  /** Resident bytes of all its processes. */
  rss() {
    return this.pids().split(',').reduce((sum, pid) => sum
      + Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))[1]) * 1024, 0);
  }

  async stop() {
    running.delete(this);
    if (this.child.exitCode !== null || this.child.signalCode !== null) return;
    const exit = once(this.child, 'exit');
    this.child.kill(this.stopSignal);
    const timer = setTimeout(() => this.child.kill('SIGKILL'), 15_000);
    await exit;
    clearTimeout(timer);
  }
}

function pinned(core, command, commandArgs, stdio) {
  // taskset (and nice) become the command, so their pid is the server's. BENCH_NICE=-10 helps on a
  // machine that others use too.
  const nice = process.env.BENCH_NICE ? ['nice', '-n', process.env.BENCH_NICE] : [];
  return spawn('taskset', ['-c', String(core), ...nice, command, ...commandArgs], { cwd: root, stdio });
}

async function startServer(name, command, commandArgs) {
  const child = pinned(0, command, commandArgs, ['ignore', 'pipe', 'pipe']);
  let output = '';
  const port = await new Promise((resolve, reject) => {
    const timer = setTimeout(() => { child.kill('SIGKILL'); reject(new Error(`${name} is not ready:\n${output}`)); }, 30_000);
    const look = (data) => {
      output = (output + data).slice(-20_000);
      const match = /ready at http:\/\/\S*?:(\d+)/.exec(output);
      if (match) { clearTimeout(timer); resolve(Number(match[1])); }
    };
    child.stdout.on('data', look);
    child.stderr.on('data', look);
    child.once('exit', (code, signal) => {
      clearTimeout(timer);
      reject(new Error(`${name} ended (${code ?? signal}):\n${output}`));
    });
  });
  const contender = new Contender(name, child, port);
  contender.output = () => output;
  return contender;
}

function freshFolder(name) {
  const folder = path.join(work, name);
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(folder, { recursive: true });
  return folder;
}

/** Ferry with one loop and without the limits that one client address would run into. */
function startFerry({ durability, storage = 'sqlite' } = {}) {
  const data = freshFolder(`ferry${durability ? `-${durability}` : ''}${storage === 'memory' ? '-memory' : ''}`);
  // The web app is not measured; its folder must be there.
  const page = freshFolder('page');
  writeFileSync(path.join(page, 'index.html'), '<!doctype html><title>bench</title>');
  const config = singleConfig(data, {
    server: { loops: 1 },
    limits: { connections: 100_000, connections_per_address: 0, requests: 1_000_000_000 },
    live: { messages_per_second: 1_000_000, burst: 10_000_000 },
    uploads: { max_bytes: '4GiB' },
    log: { level: 'info' },
    web: { root: page },
  });
  if (storage === 'memory') config.storage = { plugin: 'memory' };
  if (durability) config.blob_store.options.durability = durability;
  return startServer('Ferry', ferryBin, ['serve', '--config', writeConfig(data, config)]);
}

const startNode = (script, ...rest) => startServer('Node', process.execPath, [path.join(here, 'peers', script), ...rest]);

async function startNginx(folder) {
  const dir = freshFolder('nginx');
  const listener = net.createServer().listen(0, '127.0.0.1');
  await once(listener, 'listening');
  const { port } = listener.address();
  listener.close();
  await once(listener, 'close');
  writeFileSync(path.join(dir, 'nginx.conf'), `
    worker_processes 1; daemon off; pid ${dir}/nginx.pid; error_log ${dir}/error.log; user root;
    events { worker_connections 4096; }
    http {
      access_log off; sendfile on; sendfile_max_chunk 2m;
      keepalive_requests 1000000000; default_type application/octet-stream;
      client_body_temp_path ${dir}/body; proxy_temp_path ${dir}/proxy;
      fastcgi_temp_path ${dir}/fastcgi; uwsgi_temp_path ${dir}/uwsgi; scgi_temp_path ${dir}/scgi;
      server { listen 127.0.0.1:${port}; root ${folder}; }
    }`);
  const child = pinned(0, 'nginx', ['-c', path.join(dir, 'nginx.conf'), '-e', path.join(dir, 'error.log')], ['ignore', 'ignore', 'inherit']);
  const contender = new Contender('nginx', child, port);
  for (let attempt = 0; ; attempt += 1) {
    const socket = net.connect(port, '127.0.0.1');
    const up = await Promise.race([once(socket, 'connect').then(() => true, () => false)]);
    socket.destroy();
    if (up) return contender;
    if (attempt === 100) throw new Error('nginx does not listen');
    await new Promise((resolve) => { setTimeout(resolve, 50); });
  }
}

// ---- load ------------------------------------------------------------------------------------

function load(tool, options, { stdio = ['ignore', 'pipe', 'inherit'] } = {}) {
  const flags = Object.entries(options).flatMap(([name, value]) => (value === true ? [`--${name}`] : [`--${name}`, String(value)]));
  return pinned(1, path.join(build, tool), flags, stdio);
}

async function runLoad(server, tool, options) {
  const child = load(tool, { port: server.port, pid: server.pids(), ...options });
  let output = '';
  child.stdout.on('data', (data) => { output += data; });
  const timer = setTimeout(() => child.kill('SIGKILL'), 400_000);
  const [code, signal] = await once(child, 'close');
  clearTimeout(timer);
  if (code !== 0) throw new Error(`${tool} against ${server.name} ended with ${code ?? signal}\n${server.output?.() ?? ''}`);
  return JSON.parse(output);
}

async function uploadFile(server, file, size) {
  const upload = await createUpload(server, size, { filename: path.basename(file) });
  if (upload.status !== 201) throw new Error(`creation answered ${upload.status}`);
  const request = http.request(server.url + upload.location, {
    method: 'PATCH',
    headers: { 'Tus-Resumable': '1.0.0', 'Upload-Offset': '0', 'Content-Length': String(size),
      'Content-Type': 'application/offset+octet-stream' },
  });
  createReadStream(file, { highWaterMark: 1 << 20 }).pipe(request);
  const [response] = await once(request, 'response');
  response.resume();
  if (response.statusCode !== 204) throw new Error(`PATCH answered ${response.statusCode}`);
  const share = await (await fetch(`${server.url}/api/shares`, {
    method: 'POST',
    headers: { 'Content-Type': 'application/json' },
    body: JSON.stringify({ files: [{ upload: upload.id, token: upload.token, name: path.basename(file) }] }),
  })).json();
  return `/api/shares/${share.id}/files/0`;
}

// ---- workloads -------------------------------------------------------------------------------

const perUnit = (unit) => ({ unit: `CPU µs per ${unit}`, value: (result) => result.cpu_us_per_unit,
  rate: (result) => `${Math.round(result.units_per_second).toLocaleString('en')}/s` });
const perGiB = { unit: 'CPU s per GiB', value: (result) => result.cpu_seconds_per_gib,
  rate: (result) => `${Math.round(result.mib_per_second)} MiB/s` };

const liveContenders = [() => startFerry(), () => startNode('ws_rooms.mjs', '0')];

function relay(name, rooms, bytes, window) {
  return { name, group: 'signaling', title: `relay: ${rooms} rooms, ${bytes} B, window ${window}`,
    ...perUnit('message'), contenders: liveContenders,
    run: (server) => runLoad(server, 'ferry-bench-signaling', { rooms, bytes, window, seconds }) };
}

/** A file of `size` that Ferry shares and nginx serves from a folder. */
function served(name, group, title, size, measure, options) {
  const folder = path.join(work, 'files');
  const file = path.join(folder, name);
  return { name, group, title, ...measure,
    prepare: () => { mkdirSync(folder, { recursive: true }); makeFile(file, size); },
    cleanup: () => rmSync(file, { force: true }),
    contenders: [
      async () => {
        const server = await startFerry();
        server.path = await uploadFile(server, file, size);
        return server;
      },
      async () => Object.assign(await startNginx(folder), { path: `/${name}` }),
    ],
    run: (server) => runLoad(server, 'ferry-bench-http', { path: server.path, ...options }) };
}

/** Uses most of the free memory once: the first touch of a page costs a virtual machine far more
 * than writing it, and would be charged to whichever server happens to get that page. */
function touchMemory() {
  const bytes = Math.floor(os.freemem() * 0.8);
  const script = `let left = ${bytes}; const kept = [];
    while (left > 0) { const n = Math.min(left, 2 ** 30); kept.push(Buffer.alloc(n, 1)); left -= n; }`;
  execFileSync(process.execPath, ['-e', script], { stdio: 'ignore' });
}

function upload(name, title, patch) {
  return { name, group: 'upload', title, ...perGiB, prepare: touchMemory,
    contenders: [
      async () => startFerry(),
      async () => Object.assign(await startFerry({ durability: 'none' }), { name: 'Ferry, durability none' }),
      async () => Object.assign(await startNode('tus_node.mjs', freshFolder('tus')), { name: '@tus/server' }),
    ],
    run: async (server) => {
      execFileSync('sync');
      return runLoad(server, 'ferry-bench-http', { mode: 'upload', bytes: bigBytes, ...(patch ? { patch } : {}) });
    } };
}

const idleConnections = quick ? 2000 : 10_000;

const workloads = [
  relay('relay-50-400-1', 50, 400, 1),
  relay('relay-50-400-16', 50, 400, 16),
  relay('relay-500-400-1', 500, 400, 1),
  relay('relay-500-3000-16', 500, 3000, 16),
  { name: 'sessions', group: 'signaling', title: 'whole sessions, 32 at once', ...perUnit('session'),
    contenders: liveContenders,
    run: (server) => runLoad(server, 'ferry-bench-signaling', { sessions: quick ? 1000 : 6000, concurrency: 32 }) },
  { name: 'idle', group: 'signaling', title: `idle joined connections, ${idleConnections}`, unit: 'RSS KB per connection',
    value: (result) => result.kb, rate: (result) => `${(result.rss / 2 ** 20).toFixed(0)} MiB in all`,
    fresh: true, contenders: liveContenders, run: idle },
  { name: 'api', group: 'api', title: 'create + join, 64 connections', ...perUnit('request'),
    contenders: [
      () => startFerry(),
      async () => Object.assign(await startFerry({ storage: 'memory' }), { name: 'Ferry, storage memory' }),
      () => startNode('ws_rooms.mjs', '0'),
    ],
    run: (server) => runLoad(server, 'ferry-bench-http', { mode: 'api', connections: 64, seconds }) },
  served('download', 'http', `download of ${bigSize}, 8 connections`, bigBytes, perGiB, { mode: 'download', connections: 8, discard: true }),
  served('download-read', 'http', `the same, by clients that copy the bytes out`, bigBytes, perGiB, { mode: 'download', connections: 8 }),
  served('ranges', 'http', 'random ranges of 64 KiB, 64 connections', bigBytes, perUnit('request'),
    { mode: 'ranges', size: bigBytes, range: 65536, connections: 64, seconds, discard: true }),
  served('small', 'http', 'file of 600 B, 64 connections', 600, perUnit('request'), { mode: 'get', connections: 64, seconds }),
  upload('upload-one', `tus upload of ${bigSize}, one PATCH`, 0),
  upload('upload-8m', `tus upload of ${bigSize}, PATCHes of 8 MiB`, 8 * 2 ** 20),
];

async function idle(server) {
  // One room before the count, so that what is allocated once is not counted as per connection.
  await runLoad(server, 'ferry-bench-signaling', { rooms: 1, window: 1, seconds: 0.2, warmup: 0.2 });
  const before = server.rss();
  const child = load('ferry-bench-signaling', { port: server.port, idle: idleConnections }, { stdio: ['pipe', 'pipe', 'inherit'] });
  const timer = setTimeout(() => child.kill('SIGKILL'), 120_000);
  const exited = once(child, 'exit');
  let result;
  try {
    const [line] = await Promise.race([once(child.stdout, 'data'),
      exited.then(() => { throw new Error(`idle load ended early\n${server.output?.() ?? ''}`); })]);
    const { units } = JSON.parse(line);
    await new Promise((resolve) => { setTimeout(resolve, 1000); });
    const rss = server.rss();
    result = { units, rss, kb: (rss - before) / units / 1024 };
  } finally {
    child.stdin.end();
    await exited;
    clearTimeout(timer);
  }
  return result;
}

// ---- run -------------------------------------------------------------------------------------

function median(numbers) {
  const sorted = [...numbers].sort((a, b) => a - b);
  const middle = sorted.length >> 1;
  return sorted.length % 2 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
}

const show = (value) => (value >= 100 ? value.toFixed(0) : value.toPrecision(3));

async function measure(workload) {
  workload.prepare?.();
  const results = new Map(); // contender → results
  let servers = [];
  try {
    for (let round = 0; round < repeats; round += 1) {
      for (let i = 0; i < workload.contenders.length; i += 1) {
        servers[i] ??= await workload.contenders[i]();
        const server = servers[i];
        const result = await workload.run(server);
        result.rss ??= server.rss();
        if (!results.has(server.name)) results.set(server.name, []);
        results.get(server.name).push(result);
        console.error(`  ${workload.name} ${server.name}: ${show(workload.value(result))} ${workload.unit}, ${workload.rate(result)}`);
        if (workload.fresh) { await server.stop(); servers[i] = undefined; }
      }
    }
  } finally {
    for (const server of servers) await server?.stop();
    workload.cleanup?.();
  }
  return results;
}

function row(workload, results) {
  const middle = (list) => median(list.map(workload.value));
  const at = (list) => list.reduce((best, each) => (Math.abs(workload.value(each) - middle(list))
    < Math.abs(workload.value(best) - middle(list)) ? each : best));
  const names = [...results.keys()];
  const peer = names.at(-1);
  return names.slice(0, -1).map((name) => [
    workload.title, workload.unit, name, show(middle(results.get(name))), workload.rate(at(results.get(name))),
    peer, show(middle(results.get(peer))), workload.rate(at(results.get(peer))),
    `**${(middle(results.get(name)) / middle(results.get(peer))).toFixed(2)}**`,
  ]);
}

function cpuModel() { return `${os.cpus()[0].model.trim()} × ${os.cpus().length}, Linux ${os.release()}, Node ${process.version}`; }

async function main() {
  const chosen = workloads.filter((w) => wanted.length === 0 || wanted.some((name) => name === w.group || w.name === name || w.name.startsWith(`${name}-`)));
  if (args.includes('--list') || chosen.length === 0) {
    for (const w of workloads) console.log(`${w.name.padEnd(20)} ${w.group.padEnd(10)} ${w.title}`);
    process.exitCode = chosen.length === 0 ? 1 : 0;
    return;
  }
  for (const file of [ferryBin, path.join(build, 'ferry-bench-signaling')]) {
    if (!existsSync(file)) throw new Error(`${file} is missing: run tools/bench`);
  }
  mkdirSync(work, { recursive: true });
  const rows = [];
  const record = { machine: cpuModel(), load: os.loadavg(), repeats, results: {} };
  let failed = 0;
  for (const workload of chosen) {
    console.error(workload.title);
    try {
      const results = await measure(workload);
      record.results[workload.name] = Object.fromEntries(results);
      if (results.size > 1) rows.push(...row(workload, results));
    } catch (error) {
      failed += 1;
      console.error(`  FAILED: ${error.message}`);
    }
  }
  writeFileSync(path.join(root, 'tests/out/bench.json'), JSON.stringify(record, null, 1));
  console.log(`${cpuModel()}; load average at start ${record.load[0].toFixed(1)}; median of ${repeats}\n`);
  console.log('| work | unit | server | figure | rate | peer | figure | rate | ratio |');
  console.log('|---|---|---|---|---|---|---|---|---|');
  for (const cells of rows) console.log(`| ${cells.join(' | ')} |`);
  if (failed) process.exitCode = 1;
}

async function stopAll() {
  for (const server of [...running]) await server.stop();
}
for (const signal of ['SIGINT', 'SIGTERM']) process.on(signal, () => { stopAll().finally(() => process.exit(1)); });
try {
  await main();
} finally {
  await stopAll();
}
