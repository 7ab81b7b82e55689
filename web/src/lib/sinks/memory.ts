import type { Sink, SinkFactory } from './sink';

export const memoryLimit = 256 * 1024 * 1024;

/** The last resort, for browsers without anything better: the whole file in memory, up to 256 MiB. */
export function memoryFactory(): SinkFactory {
  return {
    largest: memoryLimit,
    open: async (name, _, type) => new MemorySink(name, type),
  };
}

class MemorySink implements Sink {
  private parts: Uint8Array<ArrayBuffer>[] = [];

  constructor(
    private readonly name: string,
    private readonly type: string,
  ) {}

  async write(bytes: Uint8Array<ArrayBuffer>): Promise<void> {
    this.parts.push(bytes);
  }

  async close(): Promise<void> {
    await saveBlob(new Blob(this.parts, { type: this.type || 'application/octet-stream' }), this.name);
    this.parts = [];
  }

  async abort(): Promise<void> {
    this.parts = [];
  }
}

const clickEveryMs = 400;
let nextClick = 0;

/** Hands a whole file to the browser. Browsers silently drop the eleventh such click in a second or two. */
export async function saveBlob(blob: Blob, name: string): Promise<void> {
  const wait = nextClick - Date.now();
  nextClick = Math.max(nextClick, Date.now()) + clickEveryMs;
  if (wait > 0) await new Promise((resolve) => setTimeout(resolve, wait));
  const link = document.createElement('a');
  link.href = URL.createObjectURL(blob);
  link.download = name;
  link.hidden = true;
  document.body.append(link);
  link.click();
  link.remove();
  setTimeout(() => URL.revokeObjectURL(link.href), 60_000);
}
