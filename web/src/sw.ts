// The service worker does one thing: it answers `_save/<id>/<name>` with a download whose bytes a page of
// ours hands over, pulled one piece at a time, so that a large file is never held in memory.
import type { FromPort, ToPort, ToWorker } from './lib/sinks/messages';

interface WorkerEvent extends Event {
  waitUntil(work: Promise<unknown>): void;
}
interface MessageFromPage extends WorkerEvent {
  data: ToWorker;
  ports: MessagePort[];
}
interface Fetch extends WorkerEvent {
  request: Request;
  respondWith(response: Response): void;
}
interface Scope extends EventTarget {
  skipWaiting(): Promise<void>;
  clients: { claim(): Promise<void> };
  registration: { scope: string };
}

interface Save {
  port: MessagePort;
  name: string;
  size: number;
  type: string;
  fetched: boolean;
}

const scope = self as unknown as Scope;
const saves = new Map<string, Save>();

scope.addEventListener('install', () => void scope.skipWaiting());
scope.addEventListener('activate', (event) => (event as WorkerEvent).waitUntil(scope.clients.claim()));

scope.addEventListener('message', (event) => {
  const { data, ports } = event as MessageFromPage;
  if (data.kind === 'keepalive') {
    const save = saves.get(data.id);
    if (save) say(save.port, { kind: 'alive' });
    return;
  }
  const port = ports[0];
  if (port === undefined) return;
  saves.set(data.id, { port, name: data.name, size: data.size, type: data.type, fetched: false });
  port.onmessage = (message: MessageEvent<ToPort>) => {
    // Before the download is fetched only giving up makes sense.
    if (message.data.kind === 'abort') saves.delete(data.id);
  };
  say(port, { kind: 'opened' });
});

scope.addEventListener('fetch', (event) => {
  const { request, respondWith } = event as Fetch;
  const path = new URL(request.url).href.slice(scope.registration.scope.length);
  const id = path.split('/')[0] ?? '';
  const save = saves.get(id);
  const answer = (response: Response): void => respondWith.call(event, response);
  if (save === undefined || save.fetched) {
    // 204 leaves whoever asks where they are: Chromium asks for an empty download twice.
    answer(new Response(null, { status: 204 }));
    return;
  }
  save.fetched = true;
  say(save.port, { kind: 'started' });
  answer(new Response(streamOf(id, save), { headers: headersOf(save) }));
});

function say(port: MessagePort, message: FromPort): void {
  port.postMessage(message);
}

function headersOf(save: Save): Record<string, string> {
  const plain = save.name.replace(/[^\x20-\x7e]|["\\%]/g, '_');
  const exact = encodeURIComponent(save.name).replace(/['()*!]/g, (c) => `%${c.charCodeAt(0).toString(16).toUpperCase()}`);
  return {
    'Content-Type': 'application/octet-stream',
    'Content-Length': String(save.size),
    'Content-Disposition': `attachment; filename="${plain}"; filename*=UTF-8''${exact}`,
    'X-Content-Type-Options': 'nosniff',
    'Content-Security-Policy': "sandbox; default-src 'none'",
    'Cache-Control': 'no-store',
  };
}

function streamOf(id: string, save: Save): ReadableStream<Uint8Array> {
  let supplied: (() => void) | undefined;
  return new ReadableStream<Uint8Array>(
    {
      start(controller) {
        save.port.onmessage = (message: MessageEvent<ToPort>) => {
          const { data } = message;
          try {
            if (data.kind === 'chunk') controller.enqueue(data.bytes);
            else if (data.kind === 'end') controller.close();
            else controller.error(new Error('stopped by the page'));
          } catch {
            // The browser stopped reading meanwhile; `cancel` has told the page.
          }
          if (data.kind !== 'chunk') saves.delete(id);
          supplied?.();
        };
      },
      pull() {
        const next = new Promise<void>((resolve) => {
          supplied = resolve;
        });
        say(save.port, { kind: 'pull' });
        return next;
      },
      cancel() {
        saves.delete(id);
        say(save.port, { kind: 'cancelled' });
      },
    },
    { highWaterMark: 0 },
  );
}
