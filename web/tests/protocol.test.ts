import { describe, expect, it } from 'vitest';
import {
  type Control, decodeControl, encodeControl, frameHeaderBytes, ManifestReader, manifestParts, maxMessageBytes,
  ProtocolError, readFrame, writeFrame,
} from '../src/lib/live/protocol';

const digest = 'ab'.repeat(32);

describe('control messages', () => {
  const all: Control[] = [
    { kind: 'hello', version: 1 },
    { kind: 'manifest', from: 0, count: 1, files: [{ name: 'a/b.txt', size: 0, type: '' }] },
    { kind: 'accept' },
    { kind: 'decline' },
    { kind: 'credit', granted: 2 ** 50 },
    { kind: 'file-digest', index: 9999, sha256: digest },
    { kind: 'done' },
    { kind: 'verified', index: 0 },
    { kind: 'alive' },
    { kind: 'cancel', reason: 'sink' },
  ];

  it.each(all)('$kind comes back as it went', (control) => {
    expect(decodeControl(encodeControl(control))).toEqual(control);
  });

  it.each([
    ['not JSON', '{'],
    ['no object', '3'],
    ['null', 'null'],
    ['no kind', '{}'],
    ['a negative credit', '{"kind":"credit","granted":-1}'],
    ['a fraction', '{"kind":"credit","granted":1.5}'],
    ['a credit that is no exact number', '{"kind":"credit","granted":1e300}'],
    ['a digest in capitals', `{"kind":"file-digest","index":0,"sha256":"${digest.toUpperCase()}"}`],
    ['a short digest', '{"kind":"file-digest","index":0,"sha256":"ab"}'],
    ['an index beyond the largest list', `{"kind":"verified","index":10000}`],
    ['a list that is too long', '{"kind":"manifest","from":0,"count":10001,"files":[]}'],
    ['more files than counted', '{"kind":"manifest","from":0,"count":0,"files":[{"name":"a","size":1,"type":""}]}'],
    ['a file without a size', '{"kind":"manifest","from":0,"count":1,"files":[{"name":"a","type":""}]}'],
    ['a name that is no text', '{"kind":"manifest","from":0,"count":1,"files":[{"name":1,"size":1,"type":""}]}'],
    ['an endless name', JSON.stringify({ kind: 'manifest', from: 0, count: 1, files: [{ name: 'x'.repeat(1025), size: 1, type: '' }] })],
  ])('%s is refused', (_, text) => {
    expect(() => decodeControl(text)).toThrow(ProtocolError);
  });

  it('ignores kinds of a later version', () => {
    expect(decodeControl('{"kind":"sparkle"}')).toBeNull();
  });

  it('takes an unknown reason for a protocol error', () => {
    expect(decodeControl('{"kind":"cancel","reason":"moon"}')).toEqual({ kind: 'cancel', reason: 'protocol' });
  });
});

describe('manifest parts', () => {
  const files = Array.from({ length: 2500 }, (_, n) => ({ name: `${'名'.repeat(300)}${n}`, size: n, type: 'text/plain' }));

  it('fit a message and come together again', () => {
    const reader = new ManifestReader();
    let whole = null;
    for (const part of manifestParts(files)) {
      const text = encodeControl(part);
      expect(new TextEncoder().encode(text).length).toBeLessThanOrEqual(maxMessageBytes);
      expect(whole).toBeNull();
      const read = decodeControl(text);
      if (read?.kind === 'manifest') whole = reader.add(read);
    }
    expect(whole).toEqual(files);
  });

  it('of nothing are one empty part', () => {
    const parts = manifestParts([]);
    expect(parts).toEqual([{ kind: 'manifest', from: 0, count: 0, files: [] }]);
    expect(new ManifestReader().add(parts[0] as never)).toEqual([]);
  });

  it('out of order are refused', () => {
    const parts = manifestParts(files) as never[];
    const reader = new ManifestReader();
    reader.add(parts[0] as never);
    expect(() => reader.add(parts[2] as never)).toThrow(ProtocolError);
  });
});

describe('frames', () => {
  it.each([0, 1, 65_536, 2 ** 32 - 1, 2 ** 32, 2 ** 32 + 12_345, 2 ** 52 + 1])('carry offset %d', (offset) => {
    const target = new Uint8Array(frameHeaderBytes + 4);
    const length = writeFrame(target, 7, offset, new Uint8Array([1, 2, 3]));
    expect(length).toBe(frameHeaderBytes + 3);
    const frame = readFrame(target.slice(0, length).buffer);
    expect(frame.index).toBe(7);
    expect(frame.offset).toBe(offset);
    expect([...frame.payload]).toEqual([1, 2, 3]);
  });

  it('are big-endian: index, offset, bytes', () => {
    const target = new Uint8Array(frameHeaderBytes + 1);
    writeFrame(target, 0x01020304, 0x0506070809, new Uint8Array([0xff]));
    expect([...target]).toEqual([1, 2, 3, 4, 0, 0, 0, 5, 6, 7, 8, 9, 0xff]);
  });

  it.each([0, 5, 12, 12 + 64 * 1024 + 1])('of %d bytes are refused', (length) => {
    expect(() => readFrame(new ArrayBuffer(length))).toThrow(ProtocolError);
  });

  it('with an offset that no number holds are refused', () => {
    expect(() => readFrame(new Uint8Array([0, 0, 0, 0, 0xff, 0, 0, 0, 0, 0, 0, 0, 1]).buffer)).toThrow(ProtocolError);
  });
});
