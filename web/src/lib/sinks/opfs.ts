import { scriptUrl } from '../trusted';
import { saveBlob } from './memory';
import { incomingFolder, type OpfsAnswer, type OpfsRequest } from './opfs-worker';
import workerUrl from './opfs-worker?worker&url';
import { asSinkError, type Sink, SinkError, type SinkFactory } from './sink';

const staleAfterMs = 24 * 3600 * 1000;

/** Files are gathered in the origin's private file system and handed to the browser when whole. */
export async function opfsFactory(): Promise<SinkFactory | null> {
  if (!globalThis.isSecureContext || !('storage' in navigator) || !('getDirectory' in navigator.storage)) return null;
  try {
    const root = await navigator.storage.getDirectory();
    const folder = await root.getDirectoryHandle(incomingFolder, { create: true });
    await sweep(folder);
    return { largest: Number.POSITIVE_INFINITY, open: (name, size) => OpfsSink.open(folder, name, size) };
  } catch {
    return null;
  }
}

async function sweep(folder: FileSystemDirectoryHandle): Promise<void> {
  const listing = folder as unknown as { entries(): AsyncIterable<[string, FileSystemHandle]> };
  for await (const [name] of listing.entries()) {
    const born = Number(name.split('-')[0]);
    if (!(Date.now() - born < staleAfterMs)) await folder.removeEntry(name).catch(() => undefined);
  }
}

class OpfsSink implements Sink {
  private waiting: { resolve: () => void; reject: (error: Error) => void }[] = [];
  private failure: SinkError | null = null;

  private constructor(
    private readonly worker: Worker,
    private readonly folder: FileSystemDirectoryHandle,
    private readonly temporary: string,
    private readonly name: string,
  ) {
    worker.onmessage = (event: MessageEvent<OpfsAnswer>) => {
      const waiter = this.waiting.shift();
      if (event.data.kind === 'ok') {
        waiter?.resolve();
        return;
      }
      const { name, text } = event.data;
      this.failure ??= asSinkError(new DOMException(text, name));
      waiter?.reject(this.failure);
    };
    worker.onerror = () => this.fail(new SinkError('failed', 'the file worker did not start'));
  }

  static async open(folder: FileSystemDirectoryHandle, name: string, size: number): Promise<Sink> {
    const { quota, usage } = await navigator.storage.estimate();
    if (quota !== undefined && usage !== undefined && quota - usage < size) {
      throw new SinkError('full', 'There is not enough room on this device.');
    }
    const temporary = `${Date.now()}-${crypto.randomUUID()}`;
    const sink = new OpfsSink(new Worker(scriptUrl(workerUrl), { type: 'module' }), folder, temporary, name);
    await sink.ask({ kind: 'open', name: temporary });
    return sink;
  }

  write(bytes: Uint8Array<ArrayBuffer>): Promise<void> {
    return this.ask({ kind: 'write', bytes }, [bytes.buffer]);
  }

  async close(): Promise<void> {
    await this.ask({ kind: 'close' });
    this.worker.terminate();
    const handle = await this.folder.getFileHandle(this.temporary);
    await saveBlob(await handle.getFile(), this.name);
  }

  async abort(): Promise<void> {
    this.fail(new SinkError('stopped', 'The download was stopped.'));
    this.worker.terminate();
    await this.folder.removeEntry(this.temporary).catch(() => undefined);
  }

  private ask(request: OpfsRequest, transfer: Transferable[] = []): Promise<void> {
    if (this.failure) return Promise.reject(this.failure);
    return new Promise((resolve, reject) => {
      this.waiting.push({ resolve, reject });
      this.worker.postMessage(request, transfer);
    });
  }

  private fail(error: SinkError): void {
    this.failure ??= error;
    for (const waiter of this.waiting.splice(0)) waiter.reject(error);
  }
}
