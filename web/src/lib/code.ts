const shape = /^[0-9A-HJKMNP-TV-Z]{8}$/;

/** Reads a code as people type it: any case, spaces and hyphens anywhere, O for 0, I and L for 1, or
 *  the whole link pasted. Answers the eight characters, or null when it cannot be a code. */
export function readCode(text: string): string | null {
  const linked = /\/r\/([^/?#\s]+)/.exec(text);
  const plain = (linked?.[1] ?? text)
    .toUpperCase()
    .replace(/[\s\-–—_.]/g, '')
    .replace(/O/g, '0')
    .replace(/[IL]/g, '1');
  return shape.test(plain) ? plain : null;
}

export function showCode(code: string): string {
  return code.length === 8 ? `${code.slice(0, 4)}-${code.slice(4)}` : code;
}
