// SHA-256 off the main thread. One worker hashes one stream at a time, or reads one file by itself.
import { createSHA256, type IHasher } from 'hash-wasm';

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

let hasher: Promise<IHasher> | undefined;
let work: Promise<void> = Promise.resolve();

async function handle(request: HashRequest): Promise<void> {
  hasher ??= createSHA256();
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
      reply({ kind: 'digest', sha256: sha.digest('hex') });
      break;
    case 'file': {
      sha.init();
      for (let offset = 0; offset < request.file.size; offset += readBytes) {
        const block = new Uint8Array(await request.file.slice(offset, offset + readBytes).arrayBuffer());
        sha.update(block);
        reply({ kind: 'hashed', bytes: block.length });
      }
      reply({ kind: 'digest', sha256: sha.digest('hex') });
      break;
    }
  }
}

addEventListener('message', (event: MessageEvent<HashRequest>) => {
  work = work
    .then(() => handle(event.data))
    .catch((error: unknown) => reply({ kind: 'failed', text: error instanceof Error ? error.message : String(error) }));
});
