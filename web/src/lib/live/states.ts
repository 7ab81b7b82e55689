// The state machines of the live pages as data: which event leads where. Everything that is not listed
// stays where it is, so a late or repeated event never moves a machine.

export type Path = 'none' | 'direct' | 'relay' | 'server';

export type SenderState =
  | 'creating' | 'waiting' | 'connecting' | 'asking' | 'sending' | 'verifying'
  | 'storing' | 'stored' | 'done' | 'declined' | 'cancelled' | 'failed';

export type SenderEvent =
  | 'created' | 'peer-here' | 'peer-new' | 'peer-gone' | 'channel-open' | 'accepted' | 'all-sent' | 'all-verified'
  | 'path-lost' | 'store' | 'stored' | 'declined' | 'cancel' | 'fail';

export type ReceiverState =
  | 'entering' | 'ready' | 'joining' | 'waiting' | 'connecting' | 'asking' | 'receiving' | 'verifying'
  | 'storing' | 'done' | 'declined' | 'cancelled' | 'failed';

export type ReceiverEvent =
  | 'linked' | 'join' | 'refused' | 'joined' | 'peer-here' | 'peer-gone' | 'peer-new' | 'manifest' | 'accept'
  | 'all-received' | 'all-verified' | 'storing' | 'share-list' | 'resume' | 'decline' | 'cancel' | 'fail';

type Table<S extends string, E extends string> = Record<S, Partial<Record<E, S>>>;

const leaveSender = { cancel: 'cancelled', fail: 'failed' } as const;

export const senderTable: Table<SenderState, SenderEvent> = {
  creating: { created: 'waiting', ...leaveSender },
  waiting: {
    'peer-here': 'connecting', 'peer-new': 'connecting', 'channel-open': 'asking', store: 'storing', ...leaveSender,
  },
  connecting: {
    'peer-gone': 'waiting', 'channel-open': 'asking', 'path-lost': 'storing', store: 'storing', ...leaveSender,
  },
  asking: {
    'peer-new': 'connecting', accepted: 'sending', 'path-lost': 'storing', store: 'storing', declined: 'declined',
    ...leaveSender,
  },
  sending: {
    'peer-new': 'connecting', 'all-sent': 'verifying', 'path-lost': 'storing', store: 'storing', declined: 'declined',
    ...leaveSender,
  },
  verifying: {
    'peer-new': 'connecting', 'all-verified': 'done', 'path-lost': 'storing', store: 'storing', declined: 'declined',
    ...leaveSender,
  },
  storing: { stored: 'stored', 'all-verified': 'done', declined: 'declined', ...leaveSender },
  stored: { 'all-verified': 'done', declined: 'declined', ...leaveSender },
  done: {},
  declined: {},
  cancelled: {},
  failed: {},
};

const leaveReceiver = { decline: 'declined', cancel: 'cancelled', fail: 'failed' } as const;

export const receiverTable: Table<ReceiverState, ReceiverEvent> = {
  entering: { linked: 'ready', join: 'joining' },
  ready: { join: 'joining', refused: 'entering' },
  joining: { refused: 'entering', joined: 'waiting', ...leaveReceiver },
  waiting: {
    'peer-here': 'connecting', 'peer-new': 'connecting', manifest: 'asking', storing: 'storing', 'share-list': 'asking',
    ...leaveReceiver,
  },
  connecting: {
    'peer-gone': 'waiting', manifest: 'asking', storing: 'storing', 'share-list': 'asking', ...leaveReceiver,
  },
  asking: { accept: 'receiving', storing: 'storing', 'peer-new': 'connecting', ...leaveReceiver },
  receiving: { 'all-received': 'verifying', 'all-verified': 'done', storing: 'storing', ...leaveReceiver },
  verifying: { 'all-verified': 'done', storing: 'storing', ...leaveReceiver },
  storing: { 'share-list': 'asking', resume: 'receiving', accept: 'storing', 'all-verified': 'done', ...leaveReceiver },
  done: {},
  declined: {},
  cancelled: {},
  failed: {},
};

export function nextSender(state: SenderState, event: SenderEvent): SenderState {
  return senderTable[state][event] ?? state;
}

export function nextReceiver(state: ReceiverState, event: ReceiverEvent): ReceiverState {
  return receiverTable[state][event] ?? state;
}

export const senderEnds: readonly SenderState[] = ['done', 'declined', 'cancelled', 'failed'];
export const receiverEnds: readonly ReceiverState[] = ['done', 'declined', 'cancelled', 'failed'];
