import { File as NodeFile } from 'node:buffer';
import { createHash, type Hash } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { channelHigh } from '../src/lib/live/limits';
import { readFrame } from '../src/lib/live/protocol';
import { Pump, type PumpChannel, type PumpHasher, SourceError } from '../src/lib/live/pump';

// Node 18 has no global File.
globalThis.File ??= NodeFile as unknown as typeof File;

class FakeChannel implements PumpChannel {
  bufferedAmount = 0;
  readyState = 'open';
  highest = 0;
  messages: Uint8Array[] = [];
  private listeners = new Set<() => void>();

  send(data: Uint8Array): void {
    this.messages.push(data.slice());
    this.bufferedAmount += data.length;
    this.highest = Math.max(this.highest, this.bufferedAmount);
  }

  addEventListener(_: string, listener: () => void): void {
    this.listeners.add(listener);
  }

  removeEventListener(_: string, listener: () => void): void {
    this.listeners.delete(listener);
  }

  drain(): void {
    this.bufferedAmount = 0;
    for (const listener of [...this.listeners]) listener();
  }
}

class NodeHasher implements PumpHasher {
  private hash: Hash = createHash('sha256');
  start(): void {
    this.hash = createHash('sha256');
  }
  async update(bytes: Uint8Array): Promise<void> {
    this.hash.update(bytes);
  }
  async digest(): Promise<string> {
    return this.hash.digest('hex');
  }
  close(): void {}
}

function bytes(length: number, salt: number): Uint8Array<ArrayBuffer> {
  const out = new Uint8Array(length);
  for (let n = 0; n < length; ++n) out[n] = (n * 31 + salt + (n >> 8)) & 255;
  return out;
}

const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

async function until(reached: () => boolean): Promise<void> {
  while (!reached()) await turn();
}

/** Time in which something forbidden could happen. */
async function settle(): Promise<void> {
  for (let n = 0; n < 20; ++n) await turn();
}

function make(channel: FakeChannel, maxMessage = 65_536): { pump: Pump; digests: [number, string][]; sent: () => number } {
  const digests: [number, string][] = [];
  let sent = 0;
  const pump = new Pump(channel, maxMessage, new NodeHasher(), {
    sent: (count) => (sent += count),
    fileDone: (index, sha256) => digests.push([index, sha256]),
  });
  return { pump, digests, sent: () => sent };
}

describe('Pump', () => {
  it('sends every byte of every file in order, empty ones too, with their digests', async () => {
    const channel = new FakeChannel();
    const contents = [bytes(0, 1), bytes(1, 2), bytes(2_500_000, 3)];
    const { pump, digests } = make(channel);
    pump.grant(10_000_000);
    expect(await pump.run(contents.map((content, n) => new File([content], `${n}`)))).toBe(true);

    const arrived = contents.map((content) => new Uint8Array(content.length));
    const reached = [0, 0, 0];
    for (const message of channel.messages) {
      expect(message.length).toBeLessThanOrEqual(65_536);
      const { index, offset, payload } = readFrame(message.slice().buffer);
      expect(offset).toBe(reached[index]);
      arrived[index]?.set(payload, offset);
      reached[index] = offset + payload.length;
    }
    expect(arrived.every((part, n) => Buffer.from(part).equals(Buffer.from(contents[n] as Uint8Array)))).toBe(true);
    expect(digests).toEqual(contents.map((content, n) => [n, createHash('sha256').update(content).digest('hex')]));
  });

  it('sends nothing without credit and not a byte beyond it', async () => {
    const channel = new FakeChannel();
    const { pump, sent } = make(channel);
    const running = pump.run([new File([bytes(300_000, 1)], 'a')]);
    await settle();
    expect(sent()).toBe(0);
    pump.grant(100_001);
    await until(() => sent() >= 100_001);
    await settle();
    expect(sent()).toBe(100_001);
    expect(pump.hasCredit).toBe(false);
    pump.grant(50);
    await settle();
    expect(sent()).toBe(100_001);
    pump.grant(300_000);
    expect(await running).toBe(true);
    expect(sent()).toBe(300_000);
  });

  it('waits for the channel to drain', async () => {
    const channel = new FakeChannel();
    const { pump, sent } = make(channel);
    pump.grant(100_000_000);
    const running = pump.run([new File([bytes(12_000_000, 1)], 'a')]);
    await until(() => channel.bufferedAmount >= channelHigh);
    const before = sent();
    await settle();
    expect(sent()).toBe(before);
    let over = false;
    const ended = running.finally(() => (over = true));
    await until(() => {
      channel.drain();
      return over;
    });
    expect(await ended).toBe(true);
    expect(sent()).toBe(12_000_000);
    expect(channel.highest).toBeLessThan(channelHigh + 65_537);
  });

  it('keeps to the smaller messages of the other side', async () => {
    const channel = new FakeChannel();
    const { pump } = make(channel, 16_384);
    pump.grant(1_000_000);
    await pump.run([new File([bytes(100_000, 1)], 'a')]);
    expect(Math.max(...channel.messages.map((message) => message.length))).toBe(16_384);
  });

  it('stops when told', async () => {
    const channel = new FakeChannel();
    const { pump } = make(channel);
    const running = pump.run([new File([bytes(1000, 1)], 'a')]);
    await settle();
    pump.stop();
    expect(await running).toBe(false);
  });

  it('says when a file can no longer be read', async () => {
    const gone = new File([bytes(1000, 1)], 'gone.txt');
    Object.defineProperty(gone, 'slice', { value: () => ({ arrayBuffer: () => Promise.reject(new Error('gone')) }) });
    const { pump } = make(new FakeChannel());
    pump.grant(1000);
    await expect(pump.run([gone])).rejects.toThrow(SourceError);
  });
});
