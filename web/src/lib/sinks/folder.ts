import { numbered } from '../names';
import { asSinkError, type Sink, SinkError, type SinkFactory } from './sink';

const batchBytes = 4 * 1024 * 1024;

interface Picker {
  showDirectoryPicker(options: { id: string; mode: 'readwrite'; startIn: string }): Promise<FileSystemDirectoryHandle>;
}

export function hasFolderPicker(): boolean {
  return 'showDirectoryPicker' in globalThis;
}

/** Must be called in a click. Null when the person closed the dialog. */
export async function pickFolder(): Promise<SinkFactory | null> {
  try {
    const picker = globalThis as unknown as Picker;
    const folder = await picker.showDirectoryPicker({ id: 'ferry', mode: 'readwrite', startIn: 'downloads' });
    return { largest: Number.POSITIVE_INFINITY, open: (name) => FolderSink.open(folder, name) };
  } catch (error) {
    if (error instanceof DOMException && error.name === 'AbortError') return null;
    throw new SinkError('unavailable', 'The browser does not let this page write to that folder.');
  }
}

/** Writes beside the target and swaps in on `close`; nothing that was there is overwritten. */
class FolderSink implements Sink {
  private batch: Uint8Array<ArrayBuffer>[] = [];
  private batched = 0;
  private work: Promise<void> = Promise.resolve();

  private constructor(
    private readonly folder: FileSystemDirectoryHandle,
    private readonly name: string,
    private readonly stream: FileSystemWritableFileStream,
  ) {}

  static async open(folder: FileSystemDirectoryHandle, wanted: string): Promise<Sink> {
    try {
      let name = wanted;
      for (let n = 2; await exists(folder, name); ++n) name = numbered(wanted, n);
      const handle = await folder.getFileHandle(name, { create: true });
      return new FolderSink(folder, name, await handle.createWritable());
    } catch (error) {
      throw asSinkError(error);
    }
  }

  write(bytes: Uint8Array<ArrayBuffer>): Promise<void> {
    this.batch.push(bytes);
    this.batched += bytes.length;
    return this.batched >= batchBytes ? this.flush() : Promise.resolve();
  }

  async close(): Promise<void> {
    await this.flush();
    await this.stream.close();
  }

  async abort(): Promise<void> {
    await this.stream.abort().catch(() => undefined);
    await this.folder.removeEntry(this.name).catch(() => undefined);
  }

  private flush(): Promise<void> {
    const batch = new Blob(this.batch);
    this.batch = [];
    this.batched = 0;
    this.work = this.work.then(() => this.stream.write(batch)).catch((error: unknown) => {
      throw asSinkError(error);
    });
    return this.work;
  }
}

async function exists(folder: FileSystemDirectoryHandle, name: string): Promise<boolean> {
  try {
    await folder.getFileHandle(name);
    return true;
  } catch (error) {
    if (error instanceof DOMException && error.name === 'NotFoundError') return false;
    throw error;
  }
}
