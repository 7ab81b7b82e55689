import { formatBytes } from '../format';

/** Where the bytes of one file go. Bytes arrive in order; `write` takes the buffer over and resolves when the
 *  bytes have left this page's memory. `close` makes the file appear whole, `abort` leaves none behind. */
export interface Sink {
  write(bytes: Uint8Array<ArrayBuffer>): Promise<void>;
  close(): Promise<void>;
  abort(): Promise<void>;
}

export interface SinkFactory {
  /** Largest file that it can take, in bytes. */
  readonly largest: number;
  open(name: string, size: number, type: string): Promise<Sink>;
}

/** Before the first byte: throws when a file could never be saved. */
export function checkFits(factory: SinkFactory, sizes: readonly number[]): void {
  if (sizes.some((size) => size > factory.largest)) {
    throw new SinkError('too-large', `This browser can take at most ${formatBytes(factory.largest)} per file from this page.`);
  }
}

export class SinkError extends Error {
  constructor(
    readonly reason: 'stopped' | 'full' | 'too-large' | 'unavailable' | 'failed',
    message: string,
  ) {
    super(message);
    this.name = 'SinkError';
  }
}

export function asSinkError(error: unknown): SinkError {
  if (error instanceof SinkError) return error;
  if (error instanceof DOMException && error.name === 'QuotaExceededError') {
    return new SinkError('full', 'There is not enough room on this device.');
  }
  return new SinkError('failed', error instanceof Error ? error.message : String(error));
}
