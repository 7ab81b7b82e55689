// SHA-256 off the main thread. One worker hashes one stream at a time, or reads one file by itself.
import { sha256 } from '@noble/hashes/sha2.js';
import { bytesToHex } from '@noble/hashes/utils.js';
import { createSHA256 } from 'hash-wasm';

export type HashRequest =
  | { kind: 'start' }
  | { kind: 'update'; bytes: Uint8Array }
  | { kind: 'digest' }
  | { kind: 'file'; file: Blob };

export type HashAnswer =
  | { kind: 'hashed'; bytes: number }
  | { kind: 'digest'; sha256: string }
  | { kind: 'failed'; text: string };

const reply = (answer: HashAnswer): void => postMessage(answer);
const readBytes = 4 * 1024 * 1024;

interface Sha {
  init(): void;
  update(bytes: Uint8Array): void;
  digest(): string;
}

/** WebAssembly is about twice as fast, but a policy or a browser's lockdown mode may forbid it. */
async function makeSha(): Promise<Sha> {
  try {
    const wasm = await createSHA256();
    return { init: () => void wasm.init(), update: (bytes) => void wasm.update(bytes), digest: () => wasm.digest('hex') };
  } catch {
    let plain = sha256.create();
    return {
      init: () => (plain = sha256.create()),
      update: (bytes) => void plain.update(bytes),
      digest: () => bytesToHex(plain.digest()),
    };
  }
}

let hasher: Promise<Sha> | undefined;
let work: Promise<void> = Promise.resolve();

async function handle(request: HashRequest): Promise<void> {
  hasher ??= makeSha();
  const sha = await hasher;
  switch (request.kind) {
    case 'start':
      sha.init();
      break;
    case 'update':
      sha.update(request.bytes);
      reply({ kind: 'hashed', bytes: request.bytes.length });
      break;
    case 'digest':
      reply({ kind: 'digest', sha256: sha.digest() });
      break;
    case 'file': {
      sha.init();
      for (let offset = 0; offset < request.file.size; offset += readBytes) {
        const block = new Uint8Array(await request.file.slice(offset, offset + readBytes).arrayBuffer());
        sha.update(block);
        reply({ kind: 'hashed', bytes: block.length });
      }
      reply({ kind: 'digest', sha256: sha.digest() });
      break;
    }
  }
}

addEventListener('message', (event: MessageEvent<HashRequest>) => {
  work = work
    .then(() => handle(event.data))
    .catch((error: unknown) => reply({ kind: 'failed', text: error instanceof Error ? error.message : String(error) }));
});
