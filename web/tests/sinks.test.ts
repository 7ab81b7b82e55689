import { describe, expect, it } from 'vitest';
import { firstThatOpens } from '../src/lib/sinks/first';
import { asSinkError, checkFits, type Sink, SinkError, type SinkFactory } from '../src/lib/sinks/sink';

const sink = {} as Sink;

function factory(largest: number, open: () => Promise<Sink>): SinkFactory {
  return { largest, open };
}

describe('the ways to save', () => {
  it('go on to the next one for good when the browser does not allow one', async () => {
    let tried = 0;
    const all = firstThatOpens([
      factory(Infinity, async () => {
        ++tried;
        throw new SinkError('unavailable', 'no');
      }),
      factory(10, async () => sink),
    ]);
    expect(await all.open('a', 1, '')).toBe(sink);
    expect(await all.open('b', 1, '')).toBe(sink);
    expect(tried).toBe(1);
  });

  it('do not hide a full disk', async () => {
    const all = firstThatOpens([
      factory(Infinity, async () => {
        throw new SinkError('full', 'full');
      }),
      factory(10, async () => sink),
    ]);
    await expect(all.open('a', 1, '')).rejects.toMatchObject({ reason: 'full' });
  });

  it('say before the first byte that a file is too large', () => {
    expect(() => checkFits(factory(10, async () => sink), [1, 10])).not.toThrow();
    expect(() => checkFits(factory(10, async () => sink), [1, 11])).toThrow(SinkError);
  });

  it('know a full device by its name', () => {
    expect(asSinkError(new DOMException('x', 'QuotaExceededError')).reason).toBe('full');
    expect(asSinkError(new Error('x')).reason).toBe('failed');
  });
});
