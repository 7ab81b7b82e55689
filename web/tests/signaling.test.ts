import { webcrypto } from 'node:crypto';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { backoff, Signaling, type SignalingState } from '../src/lib/signaling';

class FakeSocket {
  static readonly CONNECTING = 0;
  static readonly OPEN = 1;
  static all: FakeSocket[] = [];
  readyState = 0;
  sent: Record<string, unknown>[] = [];
  onopen: (() => void) | null = null;
  onmessage: ((event: { data: string }) => void) | null = null;
  onclose: ((event: { code: number }) => void) | null = null;

  constructor(readonly url: string, readonly protocol: string) {
    FakeSocket.all.push(this);
  }

  send(text: string): void {
    this.sent.push(JSON.parse(text) as Record<string, unknown>);
  }

  close(): void {
    this.readyState = 3;
  }

  open(): void {
    this.readyState = 1;
    this.onopen?.();
  }

  say(message: unknown): void {
    this.onmessage?.({ data: JSON.stringify(message) });
  }

  end(code: number): void {
    this.readyState = 3;
    this.onclose?.({ code });
  }

  kinds(): unknown[] {
    return this.sent.map((message) => message['type']);
  }
}

const last = (): FakeSocket => FakeSocket.all[FakeSocket.all.length - 1] as FakeSocket;

function start(): { states: SignalingState[]; peers: boolean[]; closed: string[]; signaling: Signaling } {
  const states: SignalingState[] = [];
  const peers: boolean[] = [];
  const closed: string[] = [];
  const signaling = new Signaling('/api/signal', 'st1.token', {
    state: (state) => states.push(state),
    peer: (here) => peers.push(here),
    peerNew: () => undefined,
    message: () => undefined,
    closed: (slug) => closed.push(slug),
  });
  signaling.connect();
  return { states, peers, closed, signaling };
}

beforeEach(() => {
  vi.useFakeTimers();
  FakeSocket.all = [];
  vi.stubGlobal('WebSocket', FakeSocket);
  vi.stubGlobal('crypto', webcrypto);
  vi.stubGlobal('location', { origin: 'https://host.example', href: 'https://host.example/' });
});

afterEach(() => {
  vi.unstubAllGlobals();
  vi.useRealTimers();
});

describe('Signaling', () => {
  it('says hello with the token as its first frame, over wss', () => {
    start();
    expect(last().url).toBe('wss://host.example/api/signal');
    expect(last().protocol).toBe('ferry.signal.v1');
    last().open();
    expect(last().sent).toEqual([{ type: 'hello', token: 'st1.token' }]);
  });

  it('greets the other page as soon as it is here', () => {
    const { peers } = start();
    last().open();
    last().say({ type: 'welcome', role: 'sender', peer: false });
    expect(last().kinds()).toEqual(['hello']);
    last().say({ type: 'peer-joined' });
    expect(last().kinds()).toEqual(['hello', 'control']);
    expect(peers).toEqual([true]);
  });

  it('sends again after a resync and, when nothing is acked, by itself', () => {
    start();
    last().open();
    last().say({ type: 'welcome', role: 'sender', peer: true });
    expect(last().kinds()).toEqual(['hello', 'control']);
    last().say({ type: 'resync' });
    expect(last().kinds()).toEqual(['hello', 'control', 'control']);
    vi.advanceTimersByTime(1600);
    expect(last().kinds()).toEqual(['hello', 'control', 'control', 'control']);
  });

  it('reconnects with backoff and sends unacked messages again', () => {
    const { states } = start();
    last().open();
    last().say({ type: 'welcome', role: 'sender', peer: true });
    last().end(1012);
    expect(states).toEqual(['connecting', 'online', 'reconnecting']);
    vi.advanceTimersByTime(500);
    expect(FakeSocket.all).toHaveLength(2);
    last().open();
    last().say({ type: 'welcome', role: 'sender', peer: true });
    expect(last().kinds()).toEqual(['hello', 'control']);
    expect(states[states.length - 1]).toBe('online');
  });

  it('waits at least as long as a draining node asks', () => {
    start();
    last().open();
    last().say({ type: 'welcome', role: 'sender', peer: false });
    last().say({ type: 'draining', reconnect_in_ms: 4000 });
    last().end(1012);
    vi.advanceTimersByTime(3900);
    expect(FakeSocket.all).toHaveLength(1);
    vi.advanceTimersByTime(200);
    expect(FakeSocket.all).toHaveLength(2);
  });

  it('connects at once when the person asks', () => {
    const { signaling } = start();
    last().end(1006);
    signaling.retryNow();
    expect(FakeSocket.all).toHaveLength(2);
    vi.advanceTimersByTime(9000);
    expect(FakeSocket.all).toHaveLength(2);
  });

  it.each([
    [4401, 'token-invalid'], [4403, 'wrong-role'], [4409, 'replaced'], [4410, 'expired'], [4400, 'malformed-message'],
  ])('stops for good on %d', (code, slug) => {
    const { closed, states } = start();
    last().open();
    last().end(code);
    vi.advanceTimersByTime(120_000);
    expect(closed).toEqual([slug]);
    expect(states[states.length - 1]).toBe('closed');
    expect(FakeSocket.all).toHaveLength(1);
  });

  it.each([1006, 1012, 1013, 4408, 4429])('goes on after %d', (code) => {
    const { closed } = start();
    last().open();
    last().end(code);
    vi.advanceTimersByTime(20_000);
    expect(closed).toEqual([]);
    expect(FakeSocket.all.length).toBeGreaterThan(1);
  });

  it('pings every 25 s and drops a socket that does not answer', () => {
    start();
    last().open();
    last().say({ type: 'welcome', role: 'sender', peer: false });
    vi.advanceTimersByTime(25_000);
    expect(last().kinds()).toEqual(['hello', 'ping']);
    last().say({ type: 'pong' });
    vi.advanceTimersByTime(25_000);
    expect(last().kinds()).toEqual(['hello', 'ping', 'ping']);
    vi.advanceTimersByTime(11_000);
    expect(FakeSocket.all.length).toBeGreaterThan(1);
  });

  it('drops a socket that never welcomes', () => {
    start();
    last().open();
    vi.advanceTimersByTime(11_000);
    expect(FakeSocket.all).toHaveLength(2);
  });

  it('says bye when it leaves and stays away', () => {
    const { signaling } = start();
    const socket = last();
    socket.open();
    signaling.close();
    vi.advanceTimersByTime(60_000);
    expect(socket.kinds()).toEqual(['hello', 'bye']);
    expect(FakeSocket.all).toHaveLength(1);
  });
});

describe('backoff', () => {
  it('grows, is capped, and is never zero', () => {
    expect(backoff(0, 0)).toBe(125);
    expect(backoff(0, 1)).toBe(500);
    expect(backoff(3, 1)).toBe(4000);
    expect(backoff(50, 1)).toBe(15_000);
    expect(backoff(50, 0)).toBe(3750);
  });
});
