// Writes one file of the origin's private file system through a synchronous handle.

export type OpfsRequest =
  | { kind: 'open'; name: string }
  | { kind: 'write'; bytes: Uint8Array<ArrayBuffer> }
  | { kind: 'close' };
export type OpfsAnswer = { kind: 'ok' } | { kind: 'failed'; name: string; text: string };

interface SyncHandle {
  write(bytes: Uint8Array, options: { at: number }): number;
  flush(): void;
  close(): void;
}

export const incomingFolder = 'ferry-incoming';

let handle: SyncHandle | undefined;
let offset = 0;
let work: Promise<void> = Promise.resolve();

async function run(request: OpfsRequest): Promise<void> {
  if (request.kind === 'open') {
    const root = await navigator.storage.getDirectory();
    const folder = await root.getDirectoryHandle(incomingFolder, { create: true });
    const file = await folder.getFileHandle(request.name, { create: true });
    const opener = file as unknown as { createSyncAccessHandle(): Promise<SyncHandle> };
    handle = await opener.createSyncAccessHandle();
    offset = 0;
  } else if (request.kind === 'write') {
    let written = 0;
    while (written < request.bytes.length) {
      const count = handle?.write(request.bytes.subarray(written), { at: offset }) ?? 0;
      if (count <= 0) throw new DOMException('nothing was written', 'QuotaExceededError');
      written += count;
      offset += count;
    }
  } else {
    handle?.flush();
    handle?.close();
    handle = undefined;
  }
}

addEventListener('message', (event: MessageEvent<OpfsRequest>) => {
  work = work.then(async () => {
    try {
      await run(event.data);
      postMessage({ kind: 'ok' } satisfies OpfsAnswer);
    } catch (error) {
      const known = error instanceof Error ? error : new Error(String(error));
      postMessage({ kind: 'failed', name: known.name, text: known.message } satisfies OpfsAnswer);
    }
  });
});
