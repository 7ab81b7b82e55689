import { encode } from 'uqr';

/** A QR code as one SVG path on a grid of `size` units, with its quiet zone. */
export function qrPath(text: string): { size: number; path: string } {
  const { size, data } = encode(text, { ecc: 'M', border: 2 });
  let path = '';
  data.forEach((row, y) => {
    for (let x = 0; x < row.length; ++x) {
      if (!row[x]) continue;
      let width = 1;
      while (row[x + width]) ++width;
      path += `M${x} ${y}h${width}v1h-${width}z`;
      x += width;
    }
  });
  return { size, path };
}
