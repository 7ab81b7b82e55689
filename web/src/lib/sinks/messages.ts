// What page and service worker say to each other about a streamed download.

export type ToWorker =
  | { kind: 'open'; id: string; name: string; size: number; type: string }
  | { kind: 'keepalive'; id: string };

export type ToPort = { kind: 'chunk'; bytes: Uint8Array<ArrayBuffer> } | { kind: 'end' } | { kind: 'abort' };

export type FromPort =
  | { kind: 'opened' }
  | { kind: 'started' }
  | { kind: 'pull' }
  | { kind: 'cancelled' }
  | { kind: 'alive' };

export const saveFolder = '_save/';
