export type Route =
  | { page: 'home' }
  | { page: 'receive'; code: string }
  | { page: 'share'; id: string }
  | { page: 'unknown' };

/** `path` is relative to the base, without a leading slash. */
export function parseRoute(path: string): Route {
  const parts = path.split('/').filter((part) => part !== '');
  const [first, second] = parts;
  if (first === undefined || first === 'index.html') return { page: 'home' };
  if (first === 'r' && parts.length <= 2) return { page: 'receive', code: decode(second ?? '') };
  if (first === 's' && second !== undefined && parts.length === 2) return { page: 'share', id: decode(second) };
  return { page: 'unknown' };
}

function decode(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}
