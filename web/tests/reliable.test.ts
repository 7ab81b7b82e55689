import { describe, expect, it } from 'vitest';
import { type AckMessage, type Payload, ReliableLink, type RelayMessage } from '../src/lib/reliable';

type Message = RelayMessage | AckMessage;

/** A relay that keeps nothing: messages wait in a queue until `run`, and `lose` decides which vanish. */
class Relay {
  queue: { to: Page; message: Message }[] = [];
  lose: (message: Message) => boolean = () => false;

  run(limit = 10_000): void {
    for (let n = 0; n < limit; ++n) {
      const next = this.queue.shift();
      if (next === undefined) return;
      if (!this.lose(next.message)) next.to.link.receive(JSON.parse(JSON.stringify(next.message)) as Message);
    }
    throw new Error('the pages never come to rest');
  }
}

class Page {
  got: unknown[] = [];
  met = 0;
  peer: Page | null = null;
  readonly link: ReliableLink;

  constructor(name: string, relay: Relay) {
    this.link = new ReliableLink(name, {
      transmit: (message) => {
        if (this.peer) relay.queue.push({ to: this.peer, message });
      },
      deliver: (_, payload: Payload) => this.got.push(payload['n']),
      peerNew: () => ++this.met,
    });
  }

  say(n: number): void {
    this.link.send('control', { n });
  }
}

function pair(): { relay: Relay; a: Page; b: Page } {
  const relay = new Relay();
  const a = new Page('page-a', relay);
  const b = new Page('page-b', relay);
  a.peer = b;
  b.peer = a;
  return { relay, a, b };
}

const upTo = (n: number): number[] => Array.from({ length: n }, (_, index) => index);

describe('ReliableLink', () => {
  it.each(['both at once', 'first one, then the other'])('meets when they greet %s', (how) => {
    const { relay, a, b } = pair();
    a.link.resend();
    if (how !== 'both at once') relay.run();
    b.link.resend();
    relay.run();
    expect([a.met, b.met]).toEqual([1, 1]);
    expect([a.link.ready, b.link.ready]).toEqual([true, true]);
    expect([a.link.waiting, b.link.waiting]).toEqual([0, 0]);
  });

  it('delivers in order, once, and comes to rest', () => {
    const { relay, a, b } = pair();
    for (const n of upTo(5)) a.say(n);
    a.link.resend();
    b.link.resend();
    relay.run();
    for (const n of upTo(5)) b.say(n);
    relay.run();
    expect(b.got).toEqual(upTo(5));
    expect(a.got).toEqual(upTo(5));
    expect([a.link.waiting, b.link.waiting]).toEqual([0, 0]);
  });

  it('drops what it has seen when everything is sent again', () => {
    const { relay, a, b } = pair();
    a.link.resend();
    relay.run();
    for (const n of upTo(3)) a.say(n);
    a.link.resend();
    b.link.resend();
    a.link.resend();
    relay.run();
    expect(b.got).toEqual(upTo(3));
    expect([a.met, b.met]).toEqual([1, 1]);
  });

  it('survives a relay that loses and repeats, whatever it loses', () => {
    for (let seed = 1; seed <= 300; ++seed) {
      let state = seed * 2654435761;
      const random = (): number => {
        state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
        return state / 2 ** 32;
      };
      const { relay, a, b } = pair();
      relay.lose = () => random() < 0.5;
      for (const n of upTo(20)) {
        a.say(n);
        if (n % 3 === 0) b.say(n);
        if (n % 2 === 0) a.link.resend();
        relay.run();
      }
      for (let round = 0; round < 200 && (a.link.waiting || b.link.waiting || !a.link.ready || !b.link.ready); ++round) {
        a.link.resend();
        b.link.resend();
        relay.run();
      }
      expect(b.got).toEqual(upTo(20));
      expect(a.got).toEqual([0, 3, 6, 9, 12, 15, 18]);
      expect([a.met, b.met]).toEqual([1, 1]);
    }
  });

  it('starts anew with a page that was reloaded, and not with messages of the old one', () => {
    const { relay, a, b } = pair();
    a.link.resend();
    relay.run();
    a.say(1);
    relay.run();
    relay.lose = () => true;
    a.say(2);
    relay.run();
    relay.lose = () => false;

    const reloaded = new Page('page-b2', relay);
    reloaded.peer = a;
    a.peer = reloaded;
    a.link.resend();
    reloaded.link.resend();
    relay.run();
    expect(a.met).toBe(2);
    expect(reloaded.got).toEqual([]);
    a.say(3);
    reloaded.say(4);
    relay.run();
    expect(reloaded.got).toEqual([3]);
    expect(a.got).toEqual([4]);
    expect(b.got).toEqual([1]);
    expect([a.link.waiting, reloaded.link.waiting]).toEqual([0, 0]);
  });

  it('keeps what is said before the other page is known', () => {
    const { relay, a, b } = pair();
    a.say(1);
    relay.run();
    expect(b.got).toEqual([]);
    b.link.resend();
    relay.run();
    expect(b.got).toEqual([1]);
  });

  it('numbers from 1, without a gap, starting with reset', () => {
    const { relay, a, b } = pair();
    const seen: RelayMessage[] = [];
    relay.lose = (message) => {
      if (message.type !== 'ack') seen.push(message);
      return false;
    };
    b.link.resend();
    relay.run();
    a.say(1);
    a.say(2);
    relay.run();
    const mine = seen.filter((message) => message.payload['page'] !== 'page-b' && (message.payload['n'] !== undefined || message.payload['page'] === 'page-a'));
    expect(mine.map(({ seq, payload }) => [seq, payload['kind'] ?? payload['n']])).toEqual([[1, 'reset'], [3, 1], [4, 2]]);
  });
});
