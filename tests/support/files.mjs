// Files with known contents: the digest is computed here, while they are written.
import { createHash, randomBytes } from 'node:crypto';
import { closeSync, createReadStream, openSync, writeSync } from 'node:fs';

export function sha256(bytes) { return createHash('sha256').update(bytes).digest('hex'); }

export async function sha256File(file) {
  const hash = createHash('sha256');
  for await (const chunk of createReadStream(file)) hash.update(chunk);
  return hash.digest('hex');
}

/** Writes `size` bytes that differ in every MiB and every run; returns their digest. */
export function makeFile(file, size) {
  const block = randomBytes(Math.min(size, 1 << 20));
  const hash = createHash('sha256');
  const fd = openSync(file, 'w');
  for (let written = 0, n = 0; written < size; n += 1) {
    const piece = block.subarray(0, Math.min(block.length, size - written));
    if (piece.length >= 4) piece.writeUInt32LE(n, 0);
    hash.update(piece);
    writeSync(fd, piece);
    written += piece.length;
  }
  closeSync(fd);
  return hash.digest('hex');
}
