import { scriptUrl } from '../trusted';
import type { HashAnswer, HashRequest } from './hash-worker';
import workerUrl from './hash-worker?worker&url';

interface Waiter {
  resolve: () => void;
  reject: (error: Error) => void;
}

/** Incremental SHA-256 in a worker of its own. */
export class Hasher {
  private readonly worker = new Worker(scriptUrl(workerUrl), { type: 'module' });
  private updates: Waiter[] = [];
  private result: { resolve: (sha256: string) => void; reject: (error: Error) => void } | null = null;
  private failure: Error | null = null;
  private progress: ((bytes: number) => void) | null = null;

  constructor() {
    this.worker.onmessage = (event: MessageEvent<HashAnswer>) => this.onAnswer(event.data);
    this.worker.onerror = () => this.fail(new Error('the hash worker did not start'));
  }

  start(): void {
    this.post({ kind: 'start' });
  }

  /** The bytes are copied when `keep`, else their buffer is handed over. Resolves when hashed. */
  update(bytes: Uint8Array<ArrayBuffer>, keep = false): Promise<void> {
    if (this.failure) return Promise.reject(this.failure);
    return new Promise((resolve, reject) => {
      this.updates.push({ resolve, reject });
      this.post({ kind: 'update', bytes }, keep ? [] : [bytes.buffer]);
    });
  }

  digest(): Promise<string> {
    return this.ask({ kind: 'digest' });
  }

  /** Reads and hashes a whole file; `progress` hears of each block. */
  file(file: Blob, progress?: (bytes: number) => void): Promise<string> {
    this.progress = progress ?? null;
    return this.ask({ kind: 'file', file });
  }

  close(): void {
    this.fail(new DOMException('closed', 'AbortError'));
    this.worker.terminate();
  }

  private ask(request: HashRequest): Promise<string> {
    if (this.failure) return Promise.reject(this.failure);
    return new Promise((resolve, reject) => {
      this.result = { resolve, reject };
      this.post(request);
    });
  }

  private post(request: HashRequest, transfer: Transferable[] = []): void {
    this.worker.postMessage(request, transfer);
  }

  private onAnswer(answer: HashAnswer): void {
    switch (answer.kind) {
      case 'hashed':
        if (this.progress) this.progress(answer.bytes);
        else this.updates.shift()?.resolve();
        break;
      case 'digest':
        this.progress = null;
        this.result?.resolve(answer.sha256);
        this.result = null;
        break;
      case 'failed':
        this.fail(new Error(answer.text));
        break;
    }
  }

  private fail(error: Error): void {
    this.failure ??= error;
    for (const waiter of this.updates.splice(0)) waiter.reject(error);
    this.result?.reject(error);
    this.result = null;
  }
}

const idle: Hasher[] = [];

/** A started hasher; workers are reused, since starting one costs more than a small file. */
export function borrowHasher(): Hasher {
  const hasher = idle.pop() ?? new Hasher();
  hasher.start();
  return hasher;
}

/** Only after its digest was answered. */
export function returnHasher(hasher: Hasher): void {
  if (idle.length < 2) idle.push(hasher);
  else hasher.close();
}
