import { borrowHasher, returnHasher } from './hash/hasher';
import { asSinkError, type Sink, type SinkFactory } from './sinks/sink';

export class DigestMismatch extends Error {
  constructor(readonly file: string) {
    super(`${file} did not arrive as it was sent.`);
    this.name = 'DigestMismatch';
  }
}

const blockBytes = 512 * 1024;
const stuckMs = 6_000;

/** One file on its way in, whatever path the bytes take: gathers them into blocks, hashes, and saves. The path
 *  may change between two bytes. */
export class IncomingFile {
  /** Bytes taken in; the next one wanted has this offset. */
  received = 0;
  private readonly hasher = borrowHasher();
  private block = new Uint8Array(0);
  private filled = 0;
  private work: Promise<void>;
  private sink: Sink | null = null;
  private over = false;
  /** When the sink was last asked for something that it has not done; 0 when there is none. */
  private askedAt = Date.now();

  constructor(
    factory: SinkFactory,
    readonly name: string,
    readonly size: number,
    type: string,
    /** Hears of bytes that were both hashed and saved. */
    private readonly written: (bytes: number) => void,
  ) {
    this.work = factory.open(name, size, type).then(
      (sink) => {
        this.askedAt = 0;
        if (this.over) void sink.abort();
        else this.sink = sink;
      },
      (error: unknown) => {
        throw asSinkError(error);
      },
    );
    this.work.catch(() => undefined);
  }

  /** Resolves when the place to save to is open. */
  opened(): Promise<void> {
    return this.work;
  }

  /** The browser does not take the bytes: it may be asking the person something. */
  get stuck(): boolean {
    return this.askedAt > 0 && Date.now() - this.askedAt > stuckMs;
  }

  /** Takes bytes in order; the bytes are copied. Resolves when as much as a block left memory. */
  async take(bytes: Uint8Array): Promise<void> {
    if (this.received + bytes.length > this.size) throw new RangeError('more bytes than announced');
    this.received += bytes.length;
    let last: Promise<void> | undefined;
    for (let at = 0; at < bytes.length; ) {
      if (this.block.length === 0) this.block = new Uint8Array(Math.min(blockBytes, this.size - (this.received - bytes.length + at)));
      const count = Math.min(bytes.length - at, this.block.length - this.filled);
      this.block.set(bytes.subarray(at, at + count), this.filled);
      this.filled += count;
      at += count;
      if (this.filled === this.block.length) last = this.flush();
    }
    if (last) await last;
  }

  /** Everything was taken: compares and makes the file appear. Without a digest only the length is checked. */
  async finish(expected: string | null): Promise<void> {
    if (this.received !== this.size) throw new RangeError('fewer bytes than announced');
    await this.work;
    const actual = await this.hasher.digest();
    if (expected !== null && actual !== expected) {
      await this.abort();
      throw new DigestMismatch(this.name);
    }
    this.askedAt = Date.now();
    try {
      await this.sink?.close();
    } catch (error) {
      throw asSinkError(error);
    }
    this.over = true;
    returnHasher(this.hasher);
  }

  async abort(): Promise<void> {
    if (this.over) return;
    this.over = true;
    this.hasher.close();
    await this.sink?.abort().catch(() => undefined);
  }

  private flush(): Promise<void> {
    const bytes = this.block as Uint8Array<ArrayBuffer>;
    this.block = new Uint8Array(0);
    this.filled = 0;
    const count = bytes.length;
    const step = this.work.then(async () => {
      if (this.over || this.sink === null) return;
      const hashed = this.hasher.update(bytes, true);
      this.askedAt = Date.now();
      try {
        await Promise.all([this.sink.write(bytes), hashed]);
        this.askedAt = 0;
      } catch (error) {
        throw asSinkError(error);
      }
      this.written(count);
    });
    this.work = step;
    step.catch(() => undefined);
    return step;
  }
}
