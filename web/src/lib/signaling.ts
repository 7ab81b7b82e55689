import { resolveSocket } from './base';
import { type AckMessage, type Payload, ReliableLink, type RelayMessage, type RelayType } from './reliable';

export type SignalingState = 'connecting' | 'online' | 'reconnecting' | 'offline' | 'closed';

export interface SignalingEvents {
  state(state: SignalingState, retryAt: number | null): void;
  /** The other role came or went, as far as the server knows. */
  peer(here: boolean): void;
  /** The other page is a new one: start anew with it. */
  peerNew(): void;
  message(type: RelayType, payload: Payload): void;
  /** Closed for good; `slug` says why. */
  closed(slug: string): void;
}

const subprotocol = 'ferry.signal.v1';
const pingEveryMs = 25_000;
const answerWithinMs = 10_000;
const resendAfterMs = 1_500;
const resendAtMostMs = 10_000;

/** Close codes after which connecting again cannot help. */
const finalCodes: Record<number, string> = {
  1000: 'closed',
  1003: 'malformed-message',
  1007: 'malformed-message',
  1009: 'malformed-message',
  4400: 'malformed-message',
  4401: 'token-invalid',
  4403: 'wrong-role',
  4409: 'replaced',
  4410: 'expired',
};

/** Full jitter over an exponential ceiling: attempt 0 waits up to 0.5 s, later ones up to 15 s. */
export function backoff(attempt: number, random: number = Math.random()): number {
  const ceiling = Math.min(15_000, 500 * 2 ** Math.min(attempt, 10));
  return Math.round(ceiling / 4 + (ceiling * 3 * random) / 4);
}

/** One role's connection to the meeting place: connects, reconnects, and keeps messages until acked. */
export class Signaling {
  private socket: WebSocket | null = null;
  private readonly link: ReliableLink;
  private attempt = 0;
  private welcomed = false;
  private peerHere = false;
  private stopped = false;
  private reconnectAtLeast = 0;
  private retryTimer: ReturnType<typeof setTimeout> | undefined;
  private pingTimer: ReturnType<typeof setTimeout> | undefined;
  private silenceTimer: ReturnType<typeof setTimeout> | undefined;
  private resendTimer: ReturnType<typeof setTimeout> | undefined;
  private resendDelay = resendAfterMs;

  constructor(
    private readonly url: string,
    private readonly token: string,
    private readonly events: SignalingEvents,
  ) {
    this.link = new ReliableLink(pageName(), {
      transmit: (message) => this.transmit(message),
      deliver: (type, payload) => this.events.message(type, payload),
      peerNew: () => this.events.peerNew(),
    });
    globalThis.addEventListener?.('online', this.onOnline);
  }

  connect(): void {
    if (this.stopped) return;
    clearTimeout(this.retryTimer);
    this.dropSocket();
    this.events.state(this.attempt === 0 ? 'connecting' : 'reconnecting', null);
    let socket: WebSocket;
    try {
      socket = new WebSocket(resolveSocket(this.url), subprotocol);
    } catch {
      this.scheduleRetry();
      return;
    }
    this.socket = socket;
    this.expectWithin(answerWithinMs);
    socket.onopen = () => socket.send(JSON.stringify({ type: 'hello', token: this.token }));
    socket.onmessage = (event) => {
      if (socket === this.socket) this.onMessage(event.data);
    };
    socket.onclose = (event) => {
      if (socket === this.socket) this.onClose(event.code);
    };
  }

  /** The person asks for it: no waiting. */
  retryNow(): void {
    this.attempt = Math.max(1, this.attempt);
    this.connect();
  }

  send(type: RelayType, payload: Payload): void {
    this.link.send(type, payload);
    this.armResend();
  }

  /** Leaves for good. */
  close(): void {
    if (this.stopped) return;
    this.stop();
    if (this.socket?.readyState === WebSocket.OPEN) this.socket.send(JSON.stringify({ type: 'bye' }));
    this.dropSocket();
    this.events.state('closed', null);
  }

  private onMessage(data: unknown): void {
    this.expectNothing();
    let message: Record<string, unknown>;
    try {
      message = JSON.parse(String(data)) as Record<string, unknown>;
    } catch {
      return;
    }
    switch (message['type']) {
      case 'welcome':
        this.welcomed = true;
        this.attempt = 0;
        this.events.state('online', null);
        this.schedulePing();
        this.setPeer(message['peer'] === true);
        if (this.peerHere) this.resendAll();
        break;
      case 'peer-joined':
        this.setPeer(true);
        this.resendAll();
        break;
      case 'peer-left':
        this.setPeer(false);
        break;
      case 'resync':
        this.resendAll();
        break;
      case 'draining':
        this.reconnectAtLeast = Math.max(0, Number(message['reconnect_in_ms']) || 0);
        break;
      case 'offer':
      case 'answer':
      case 'candidate':
      case 'control':
      case 'ack':
        if (!this.peerHere) this.setPeer(true);
        this.receive(message as unknown as RelayMessage | AckMessage);
        break;
      default:
        break;
    }
  }

  private receive(message: RelayMessage | AckMessage): void {
    const before = this.link.waiting;
    this.link.receive(message);
    if (this.link.waiting < before) this.resendDelay = resendAfterMs;
    this.armResend();
  }

  private onClose(code: number): void {
    const slug = finalCodes[code];
    this.dropSocket();
    if (slug !== undefined) {
      this.stop();
      this.events.state('closed', null);
      this.events.closed(slug);
      return;
    }
    this.scheduleRetry();
  }

  private scheduleRetry(): void {
    if (this.stopped) return;
    const delay = Math.max(this.reconnectAtLeast, backoff(this.attempt));
    this.reconnectAtLeast = 0;
    ++this.attempt;
    const offline = globalThis.navigator?.onLine === false;
    this.events.state(offline ? 'offline' : 'reconnecting', Date.now() + delay);
    this.retryTimer = setTimeout(() => this.connect(), delay);
  }

  private transmit(message: RelayMessage | AckMessage): void {
    if (!this.welcomed || !this.peerHere || this.socket?.readyState !== WebSocket.OPEN) return;
    this.socket.send(JSON.stringify(message));
  }

  private resendAll(): void {
    this.resendDelay = resendAfterMs;
    this.link.resend();
    this.armResend();
  }

  /** The relay is at most once: what stays unacked is sent again after a while. */
  private armResend(): void {
    clearTimeout(this.resendTimer);
    if (this.stopped || this.link.waiting === 0 || !this.peerHere) return;
    this.resendTimer = setTimeout(() => {
      this.resendDelay = Math.min(resendAtMostMs, this.resendDelay * 2);
      this.link.resend();
      this.armResend();
    }, this.resendDelay);
  }

  private setPeer(here: boolean): void {
    if (here === this.peerHere) return;
    this.peerHere = here;
    this.events.peer(here);
  }

  private schedulePing(): void {
    clearTimeout(this.pingTimer);
    this.pingTimer = setTimeout(() => {
      if (this.socket?.readyState === WebSocket.OPEN) {
        this.socket.send('{"type":"ping"}');
        this.expectWithin(answerWithinMs);
      }
      this.schedulePing();
    }, pingEveryMs);
  }

  /** A socket that says nothing when it should is dead, whatever the browser believes. */
  private expectWithin(ms: number): void {
    clearTimeout(this.silenceTimer);
    this.silenceTimer = setTimeout(() => {
      this.dropSocket();
      this.scheduleRetry();
    }, ms);
  }

  private expectNothing(): void {
    clearTimeout(this.silenceTimer);
  }

  private dropSocket(): void {
    clearTimeout(this.pingTimer);
    clearTimeout(this.silenceTimer);
    this.welcomed = false;
    const socket = this.socket;
    this.socket = null;
    if (socket === null) return;
    socket.onopen = socket.onmessage = socket.onclose = null;
    if (socket.readyState <= WebSocket.OPEN) socket.close();
  }

  private stop(): void {
    this.stopped = true;
    clearTimeout(this.retryTimer);
    clearTimeout(this.resendTimer);
    globalThis.removeEventListener?.('online', this.onOnline);
  }

  private readonly onOnline = (): void => {
    if (!this.stopped && this.socket === null) this.retryNow();
  };
}

function pageName(): string {
  const bytes = crypto.getRandomValues(new Uint8Array(12));
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join('');
}
