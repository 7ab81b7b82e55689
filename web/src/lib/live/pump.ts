import { channelHigh } from './limits';
import { frameHeaderBytes, maxMessageBytes, writeFrame } from './protocol';

/** What the pump needs of a data channel. */
export interface PumpChannel {
  readonly bufferedAmount: number;
  readonly readyState: string;
  send(data: Uint8Array<ArrayBuffer>): void;
  addEventListener(type: 'bufferedamountlow', listener: () => void): void;
  removeEventListener(type: 'bufferedamountlow', listener: () => void): void;
}

/** What the pump needs of a hasher. */
export interface PumpHasher {
  start(): void;
  update(bytes: Uint8Array<ArrayBuffer>): Promise<void>;
  digest(): Promise<string>;
  close(): void;
}

export class SourceError extends Error {
  constructor(readonly file: string) {
    super(`${file} can no longer be read.`);
    this.name = 'SourceError';
  }
}

export interface PumpEvents {
  /** Bytes handed to the channel. */
  sent(bytes: number): void;
  fileDone(index: number, sha256: string): void;
}

const blockFrames = 16;

/** Reads slices on demand and sends them as frames while there is credit and room in the channel. There is no
 *  timer: it wakes by credit and by `bufferedamountlow`. */
export class Pump {
  private granted = 0;
  private used = 0;
  private wake: (() => void) | null = null;
  private stopped = false;
  private readonly payloadBytes: number;
  private readonly onLow = (): void => this.wake?.();

  constructor(
    private readonly channel: PumpChannel,
    maxMessage: number,
    private readonly hasher: PumpHasher,
    private readonly events: PumpEvents,
  ) {
    this.payloadBytes = Math.max(1024, Math.min(maxMessageBytes, maxMessage)) - frameHeaderBytes;
    channel.addEventListener('bufferedamountlow', this.onLow);
  }

  /** `granted` is the running total that the receiver allows. */
  grant(granted: number): void {
    if (granted <= this.granted) return;
    this.granted = granted;
    this.wake?.();
  }

  /** There is permission to send, so the receiver is not what we wait for. */
  get hasCredit(): boolean {
    return this.used < this.granted;
  }

  stop(): void {
    if (this.stopped) return;
    this.stopped = true;
    this.channel.removeEventListener('bufferedamountlow', this.onLow);
    this.hasher.close();
    this.wake?.();
  }

  /** Sends every file in order. Resolves false when stopped. */
  async run(files: readonly File[]): Promise<boolean> {
    try {
      for (const [index, file] of files.entries()) {
        this.hasher.start();
        await this.sendFile(index, file);
        if (this.stopped) return false;
        this.events.fileDone(index, await this.hasher.digest());
      }
      return !this.stopped;
    } catch (error) {
      if (this.stopped) return false;
      throw error;
    }
  }

  private async sendFile(index: number, file: File): Promise<void> {
    const blockBytes = this.payloadBytes * blockFrames;
    const frame = new Uint8Array(frameHeaderBytes + this.payloadBytes);
    let next = this.read(file, 0, blockBytes);
    for (let offset = 0; offset < file.size; ) {
      const block = await next;
      if (this.stopped) return;
      const after = offset + block.length;
      if (after < file.size) next = this.read(file, after, blockBytes);
      for (let at = 0; at < block.length; ) {
        while (!this.stopped && !this.maySend()) await this.woken();
        if (this.stopped) return;
        const count = Math.min(this.payloadBytes, block.length - at, this.granted - this.used);
        const length = writeFrame(frame, index, offset + at, block.subarray(at, at + count));
        this.channel.send(frame.subarray(0, length));
        this.used += count;
        at += count;
        this.events.sent(count);
      }
      this.hasher.update(block).catch(() => undefined);
      offset = after;
    }
  }

  private maySend(): boolean {
    return this.channel.readyState === 'open' && this.used < this.granted && this.channel.bufferedAmount < channelHigh;
  }

  private woken(): Promise<void> {
    return new Promise((resolve) => {
      this.wake = () => {
        this.wake = null;
        resolve();
      };
      if (this.stopped || this.maySend()) this.wake();
    });
  }

  private async read(file: File, offset: number, bytes: number): Promise<Uint8Array<ArrayBuffer>> {
    try {
      const block = new Uint8Array(await file.slice(offset, offset + bytes).arrayBuffer());
      if (block.length === Math.min(bytes, file.size - offset)) return block;
    } catch {
      // Moved, changed or deleted since it was chosen.
    }
    throw new SourceError(file.name);
  }
}
