import { baseUrl } from '../base';
import { scriptUrl } from '../trusted';
import { type FromPort, saveFolder, type ToPort, type ToWorker } from './messages';
import { type Sink, SinkError, type SinkFactory } from './sink';

const startWithinMs = 5_000;
const keepaliveMs = 5_000;
const goneAfterMs = 45_000;

/** Registers the worker and answers a factory, or null where the browser has none. */
export async function downloadFactory(): Promise<SinkFactory | null> {
  if (!globalThis.isSecureContext || !('serviceWorker' in navigator)) return null;
  try {
    const registration = await navigator.serviceWorker.register(
      scriptUrl(new URL('sw.js', baseUrl()).href),
      { scope: new URL(saveFolder, baseUrl()).href },
    );
    const worker = await activated(registration);
    return {
      largest: Number.POSITIVE_INFINITY,
      open: (name, size, type) => DownloadSink.open(worker, name, size, type),
    };
  } catch {
    return null;
  }
}

function activated(registration: ServiceWorkerRegistration): Promise<ServiceWorker> {
  const worker = registration.active ?? registration.waiting ?? registration.installing;
  if (worker === null) return Promise.reject(new Error('no service worker'));
  if (worker.state === 'activated') return Promise.resolve(worker);
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => reject(new Error('the service worker does not start')), startWithinMs);
    worker.addEventListener('statechange', () => {
      if (worker.state === 'activated') {
        clearTimeout(timer);
        resolve(worker);
      }
      if (worker.state === 'redundant') reject(new Error('the service worker was dropped'));
    });
  });
}

interface Piece {
  bytes: Uint8Array<ArrayBuffer>;
  written: () => void;
  failed: (error: Error) => void;
}

/** A download of the browser's own whose bytes come from this page. The last piece is held back until `close`,
 *  so that a file that turns out wrong never looks finished. */
class DownloadSink implements Sink {
  private pieces: Piece[] = [];
  private held: Uint8Array<ArrayBuffer> | null = null;
  private pulls = 0;
  private failure: SinkError | null = null;
  private ending: { resolve: () => void; reject: (error: Error) => void } | null = null;
  private opened: (() => void) | null = null;
  private started: (() => void) | null = null;
  private pinged = 0;
  private unanswered = 0;
  private readonly keepalive: ReturnType<typeof setInterval>;
  private frame: HTMLIFrameElement | null = null;

  private constructor(
    private readonly worker: ServiceWorker,
    private readonly port: MessagePort,
    private readonly id: string,
  ) {
    port.onmessage = (event: MessageEvent<FromPort>) => this.onMessage(event.data);
    this.keepalive = setInterval(() => this.keepAlive(), keepaliveMs);
  }

  static async open(worker: ServiceWorker, name: string, size: number, type: string): Promise<Sink> {
    const id = Array.from(crypto.getRandomValues(new Uint8Array(16)), (b) => b.toString(16).padStart(2, '0')).join('');
    const channel = new MessageChannel();
    const sink = new DownloadSink(worker, channel.port1, id);
    // The request for the download can overtake a message that was posted before it: wait for the answer.
    const opened = new Promise<boolean>((resolve) => (sink.opened = () => resolve(true)));
    const open: ToWorker = { kind: 'open', id, name, size, type };
    worker.postMessage(open, [channel.port2]);
    try {
      if (!(await Promise.race([opened, delay(startWithinMs).then(() => false)]))) {
        throw new SinkError('unavailable', 'The service worker does not answer.');
      }
      await sink.begin(new URL(`${saveFolder}${id}/${encodeURIComponent(name)}`, baseUrl()).href);
    } catch (error) {
      await sink.abort();
      throw error;
    }
    return sink;
  }

  write(bytes: Uint8Array<ArrayBuffer>): Promise<void> {
    if (this.failure) return Promise.reject(this.failure);
    if (bytes.length === 0) return Promise.resolve();
    const ready = this.held;
    this.held = bytes;
    if (ready === null) return Promise.resolve();
    return this.hand(ready);
  }

  async close(): Promise<void> {
    if (this.failure) throw this.failure;
    const last = this.held;
    this.held = null;
    if (last !== null) await this.hand(last);
    await new Promise<void>((resolve, reject) => {
      if (this.failure) return reject(this.failure);
      this.ending = { resolve, reject };
      this.supply();
    });
    this.finish();
  }

  async abort(): Promise<void> {
    this.fail(new SinkError('stopped', 'The download was stopped.'));
    this.say({ kind: 'abort' });
    this.finish();
  }

  /** Starts the download in a hidden frame. Navigating the page itself would do too, but two downloads in a row
   *  then overtake each other, and an empty one leaves the page. */
  private async begin(url: string): Promise<void> {
    const started = new Promise<boolean>((resolve) => (this.started = () => resolve(true)));
    const refused = new Promise<boolean>((resolve) => {
      document.addEventListener('securitypolicyviolation', () => resolve(false), { once: true });
    });
    this.frame = document.createElement('iframe');
    this.frame.hidden = true;
    this.frame.src = url;
    document.body.append(this.frame);
    const begun = await Promise.race([started, refused, delay(startWithinMs).then(() => false)]);
    if (!begun) throw new SinkError('unavailable', 'The browser did not start the download.');
  }

  private hand(bytes: Uint8Array<ArrayBuffer>): Promise<void> {
    return new Promise((written, failed) => {
      this.pieces.push({ bytes, written, failed });
      this.supply();
    });
  }

  private supply(): void {
    while (this.pulls > 0 && this.pieces.length > 0) {
      const piece = this.pieces.shift() as Piece;
      --this.pulls;
      this.say({ kind: 'chunk', bytes: piece.bytes }, [piece.bytes.buffer]);
      piece.written();
    }
    if (this.pieces.length === 0 && this.ending !== null && this.pulls > 0) {
      this.say({ kind: 'end' });
      this.ending.resolve();
      this.ending = null;
    }
  }

  private onMessage(message: FromPort): void {
    this.unanswered = 0;
    switch (message.kind) {
      case 'opened':
        this.opened?.();
        break;
      case 'started':
        this.started?.();
        break;
      case 'pull':
        ++this.pulls;
        // Timers sleep in a hidden tab; bytes that flow keep the worker awake as well.
        if (Date.now() - this.pinged > keepaliveMs) this.keepAlive();
        this.supply();
        break;
      case 'cancelled':
        this.fail(new SinkError('stopped', 'The download was stopped in the browser.'));
        this.finish();
        break;
      default:
        break;
    }
  }

  private keepAlive(): void {
    const now = Date.now();
    if (this.unanswered > 0 && now - this.unanswered > goneAfterMs) {
      this.fail(new SinkError('failed', 'The browser ended the download.'));
      this.finish();
      return;
    }
    this.pinged = now;
    this.unanswered ||= now;
    const message: ToWorker = { kind: 'keepalive', id: this.id };
    this.worker.postMessage(message);
  }

  private fail(error: SinkError): void {
    this.failure ??= error;
    this.held = null;
    for (const piece of this.pieces.splice(0)) piece.failed(error);
    this.ending?.reject(error);
    this.ending = null;
  }

  private finish(): void {
    clearInterval(this.keepalive);
    // Removing the frame at once would cancel what the browser still reads.
    const frame = this.frame;
    if (frame) setTimeout(() => frame.remove(), 30_000);
    this.frame = null;
  }

  private say(message: ToPort, transfer: Transferable[] = []): void {
    this.port.postMessage(message, transfer);
  }
}

function delay(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}
