// What the two pages say over the data channel (docs/reference/live-protocol.md): control messages as JSON
// text, file bytes in binary frames. Both ends and the tests share this file.

export const protocolVersion = 1;
export const frameHeaderBytes = 12;
export const maxMessageBytes = 64 * 1024;
export const maxFiles = 10_000;
/** Bytes that may be on their way beyond what the receiver has written. */
export const windowBytes = 16 * 1024 * 1024;
const manifestPartFiles = 100;
const maxNameLength = 1024;

export interface FileInfo {
  name: string;
  size: number;
  type: string;
}

export type CancelReason = 'person' | 'sink' | 'mismatch' | 'protocol' | 'source';

export type Control =
  | { kind: 'hello'; version: number }
  | { kind: 'manifest'; from: number; count: number; files: FileInfo[] }
  | { kind: 'accept' }
  | { kind: 'decline' }
  | { kind: 'credit'; granted: number }
  | { kind: 'file-digest'; index: number; sha256: string }
  | { kind: 'done' }
  | { kind: 'verified'; index: number }
  | { kind: 'alive' }
  | { kind: 'cancel'; reason: CancelReason };

export class ProtocolError extends Error {
  constructor(message: string) {
    super(message);
    this.name = 'ProtocolError';
  }
}

export function encodeControl(control: Control): string {
  return JSON.stringify(control);
}

const sizeLimit = Number.MAX_SAFE_INTEGER;
const cancelReasons: readonly string[] = ['person', 'sink', 'mismatch', 'protocol', 'source'];

/** Reads a control message from the other side, which is not trusted: everything is checked. Unknown kinds
 *  of a later version answer null and are to be ignored. */
export function decodeControl(text: string): Control | null {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    throw new ProtocolError('a control message is not JSON');
  }
  if (typeof value !== 'object' || value === null) throw new ProtocolError('a control message is no object');
  const message = value as Record<string, unknown>;
  switch (message['kind']) {
    case 'hello':
      return { kind: 'hello', version: integer(message, 'version', 1, 1_000_000) };
    case 'manifest': {
      const count = integer(message, 'count', 0, maxFiles);
      const from = integer(message, 'from', 0, count);
      const list = message['files'];
      if (!Array.isArray(list) || from + list.length > count) throw new ProtocolError('manifest: files');
      return { kind: 'manifest', from, count, files: list.map(fileInfo) };
    }
    case 'credit':
      return { kind: 'credit', granted: integer(message, 'granted', 0, sizeLimit) };
    case 'file-digest': {
      const sha256 = message['sha256'];
      if (typeof sha256 !== 'string' || !/^[0-9a-f]{64}$/.test(sha256)) throw new ProtocolError('file-digest: sha256');
      return { kind: 'file-digest', index: integer(message, 'index', 0, maxFiles - 1), sha256 };
    }
    case 'verified':
      return { kind: 'verified', index: integer(message, 'index', 0, maxFiles - 1) };
    case 'cancel': {
      const reason = message['reason'];
      const known = typeof reason === 'string' && cancelReasons.includes(reason);
      return { kind: 'cancel', reason: known ? (reason as CancelReason) : 'protocol' };
    }
    case 'accept':
    case 'decline':
    case 'done':
    case 'alive':
      return { kind: message['kind'] };
    default:
      if (typeof message['kind'] !== 'string') throw new ProtocolError('a control message has no kind');
      return null;
  }
}

function integer(message: Record<string, unknown>, key: string, least: number, most: number): number {
  const value = message[key];
  if (typeof value !== 'number' || !Number.isSafeInteger(value) || value < least || value > most) {
    throw new ProtocolError(`${String(message['kind'])}: ${key}`);
  }
  return value;
}

function fileInfo(value: unknown): FileInfo {
  if (typeof value !== 'object' || value === null) throw new ProtocolError('manifest: file');
  const file = value as Record<string, unknown>;
  const { name, type } = file;
  if (typeof name !== 'string' || name.length > maxNameLength) throw new ProtocolError('manifest: name');
  if (typeof type !== 'string' || type.length > 255) throw new ProtocolError('manifest: type');
  return { name, type, size: integer(file, 'size', 0, sizeLimit) };
}

/** A manifest in parts that fit a message. */
export function manifestParts(files: readonly FileInfo[]): Control[] {
  const parts: Control[] = [];
  let from = 0;
  do {
    const part: FileInfo[] = [];
    let length = 0;
    while (from + part.length < files.length && part.length < manifestPartFiles) {
      const file = files[from + part.length] as FileInfo;
      length += JSON.stringify(file).length * 3;
      if (part.length > 0 && length > maxMessageBytes - 1024) break;
      part.push(file);
    }
    parts.push({ kind: 'manifest', from, count: files.length, files: part });
    from += part.length;
  } while (from < files.length);
  return parts;
}

/** Puts manifest parts together; parts come in order. */
export class ManifestReader {
  private files: FileInfo[] = [];
  private count = -1;

  /** Answers the whole list when it is complete. */
  add(part: Extract<Control, { kind: 'manifest' }>): FileInfo[] | null {
    if (this.count < 0) this.count = part.count;
    if (part.count !== this.count || part.from !== this.files.length) throw new ProtocolError('manifest: order');
    if (part.files.length === 0 && this.count > 0) throw new ProtocolError('manifest: empty part');
    this.files.push(...part.files);
    return this.files.length === this.count ? this.files : null;
  }
}

/** Writes one frame into `target` and answers its length. */
export function writeFrame(target: Uint8Array, index: number, offset: number, payload: Uint8Array): number {
  const view = new DataView(target.buffer, target.byteOffset, target.byteLength);
  view.setUint32(0, index);
  view.setUint32(4, Math.floor(offset / 2 ** 32));
  view.setUint32(8, offset % 2 ** 32);
  target.set(payload, frameHeaderBytes);
  return frameHeaderBytes + payload.length;
}

export interface Frame {
  index: number;
  offset: number;
  payload: Uint8Array<ArrayBuffer>;
}

export function readFrame(buffer: ArrayBuffer): Frame {
  if (buffer.byteLength <= frameHeaderBytes || buffer.byteLength > frameHeaderBytes + maxMessageBytes) {
    throw new ProtocolError('a frame has an impossible length');
  }
  const view = new DataView(buffer);
  const high = view.getUint32(4);
  if (high >= 2 ** 21) throw new ProtocolError('a frame has an impossible offset');
  return {
    index: view.getUint32(0),
    offset: high * 2 ** 32 + view.getUint32(8),
    payload: new Uint8Array(buffer, frameHeaderBytes),
  };
}
