import { describe, expect, it } from 'vitest';
import type { ShareView } from '../src/lib/classic/share';
import { uploadTable, type UploadView } from '../src/lib/classic/upload';
import type { ReceiverView } from '../src/lib/live/receiver';
import type { SenderView } from '../src/lib/live/sender';
import {
  nextReceiver, nextSender, receiverEnds, type ReceiverEvent, type ReceiverState, receiverTable, senderEnds,
  type SenderEvent, type SenderState, senderTable,
} from '../src/lib/live/states';
import { receiverStatus, senderStatus, shareStatus, uploadStatus } from '../src/lib/live/status';

type AnyTable = Record<string, Record<string, string>>;

function reachable(table: AnyTable, from: string): Set<string> {
  const seen = new Set([from]);
  for (const state of seen) for (const next of Object.values(table[state] ?? {})) seen.add(next);
  return seen;
}

describe.each([
  ['sender', senderTable as AnyTable, 'creating', senderEnds as readonly string[]],
  ['receiver', receiverTable as AnyTable, 'entering', receiverEnds as readonly string[]],
  ['upload', uploadTable as AnyTable, 'creating', ['cancelled', 'failed']],
])('the %s machine', (_, table, first, ends) => {
  it('reaches every state and leads nowhere unknown', () => {
    expect([...reachable(table, first)].sort()).toEqual(Object.keys(table).sort());
  });

  it('never leaves an end', () => {
    for (const end of ends) expect(table[end]).toEqual({});
  });

  it('can end from every other state', () => {
    for (const state of Object.keys(table)) {
      const found = [...reachable(table, state)];
      expect(found.some((other) => ends.includes(other))).toBe(true);
    }
  });
});

describe('the sender', () => {
  const run = (...events: SenderEvent[]): SenderState => events.reduce<SenderState>(nextSender, 'creating');

  it('goes straight', () => {
    expect(run('created', 'peer-here', 'channel-open', 'accepted', 'all-sent', 'all-verified')).toBe('done');
  });

  it('never is done before the receiver verified', () => {
    expect(run('created', 'peer-here', 'channel-open', 'accepted', 'all-sent')).toBe('verifying');
    expect(run('created', 'peer-here', 'channel-open', 'all-verified')).toBe('asking');
  });

  it('goes by the server when the path is lost at any time', () => {
    expect(run('created', 'peer-here', 'path-lost')).toBe('storing');
    expect(run('created', 'peer-here', 'channel-open', 'path-lost')).toBe('storing');
    expect(run('created', 'peer-here', 'channel-open', 'accepted', 'path-lost', 'stored', 'all-verified')).toBe('done');
  });

  it('waits again when the receiver goes before there is a path', () => {
    expect(run('created', 'peer-here', 'peer-gone')).toBe('waiting');
  });

  it('starts the list again for a receiver that reloaded', () => {
    expect(run('created', 'peer-here', 'channel-open', 'accepted', 'peer-new')).toBe('connecting');
  });

  it('is not moved by late events', () => {
    expect(run('created', 'cancel', 'peer-here', 'channel-open', 'all-verified')).toBe('cancelled');
    expect(run('created', 'peer-here', 'path-lost', 'channel-open', 'accepted')).toBe('storing');
  });
});

describe('the receiver', () => {
  const run = (...events: ReceiverEvent[]): ReceiverState => events.reduce<ReceiverState>(nextReceiver, 'entering');

  it('goes straight', () => {
    expect(run('linked', 'join', 'joined', 'peer-here', 'manifest', 'accept', 'all-received', 'all-verified')).toBe('done');
  });

  it('comes back to the box when the code is refused', () => {
    expect(run('linked', 'join', 'refused')).toBe('entering');
  });

  it('goes on from the server without asking again', () => {
    expect(run('join', 'joined', 'peer-here', 'manifest', 'accept', 'storing', 'resume')).toBe('receiving');
  });

  it('asks once when the direct path never was', () => {
    expect(run('join', 'joined', 'peer-here', 'storing', 'share-list', 'accept')).toBe('receiving');
  });

  it('takes stored files without the sender', () => {
    expect(run('join', 'joined', 'share-list', 'accept', 'all-received', 'all-verified')).toBe('done');
  });

  it('does not take bytes before it agreed', () => {
    expect(run('join', 'joined', 'peer-here', 'manifest', 'all-received', 'all-verified')).toBe('asking');
  });
});

describe('the status line', () => {
  const common = { files: [{ name: 'a', size: 1, state: 'verified' }], problem: null, troubled: false, signaling: 'online' };

  it('says something in every state', () => {
    for (const state of Object.keys(senderTable)) {
      const view = { ...common, state, expiresAt: null, shareExpiresAt: null, reason: 'lost', path: 'direct' };
      expect(senderStatus(view as unknown as SenderView).length).toBeGreaterThan(10);
    }
    for (const state of Object.keys(receiverTable)) {
      const view = { ...common, state, received: 0, storing: 40, verified: true, path: 'direct' };
      expect(receiverStatus(view as unknown as ReceiverView).length).toBeGreaterThan(10);
    }
    for (const state of Object.keys(uploadTable)) {
      expect(uploadStatus({ ...common, state, share: null } as unknown as UploadView).length).toBeGreaterThan(5);
    }
    for (const state of ['loading', 'open', 'ready', 'downloading', 'done', 'expired', 'not-found', 'failed']) {
      expect(shareStatus({ ...common, state, share: null } as unknown as ShareView).length).toBeGreaterThan(5);
    }
  });

  it('claims verification only when there was a digest', () => {
    const view = { ...common, state: 'done', verified: false, received: 1, storing: null, path: 'server' };
    expect(receiverStatus(view as unknown as ReceiverView)).not.toContain('verified');
    const saved = { ...common, state: 'done', share: null, files: [{ name: 'a', size: 1, state: 'saved' }] };
    expect(shareStatus(saved as unknown as ShareView)).not.toContain('verified');
  });
});
