/** Where the app lives. Assets sit in `<base>/assets/`, so a script's own address tells the base even
 *  when the server puts the app below a path. */
function findBase(): URL {
  const script = new URL(import.meta.url);
  const cut = script.pathname.lastIndexOf('/assets/');
  if (import.meta.env.PROD && cut >= 0) return new URL(script.pathname.slice(0, cut + 1), script.origin);
  return new URL(import.meta.env.BASE_URL, location.origin);
}

let base: URL | undefined;

export function baseUrl(): URL {
  return (base ??= findBase());
}

/** Makes a server path like `/api/signal` absolute, below the base. Absolute URLs stay as they are. */
export function resolvePath(path: string): URL {
  return new URL(path.replace(/^\/(?!\/)/, './'), baseUrl());
}

/** The same for a WebSocket address. */
export function resolveSocket(path: string): string {
  const url = resolvePath(path);
  if (url.protocol === 'http:') url.protocol = 'ws:';
  if (url.protocol === 'https:') url.protocol = 'wss:';
  return url.href;
}
