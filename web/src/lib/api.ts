import { resolvePath } from './base';
import { networkProblem, Problem } from './problems';

export interface Session {
  transfer_id: string;
  token: string;
  session_expires_at: string;
  signaling_url: string;
}

export interface CreatedTransfer extends Session {
  code: string;
  code_expires_at: string;
}

export interface JoinedTransfer extends Session {
  share: { id: string } | null;
}

export interface Config {
  ice_servers: RTCIceServer[];
  ice_transport_policy: RTCIceTransportPolicy;
  /** Seconds from "the other side is here" to an open channel. */
  connect_timeout: number;
  upload: { max_bytes: number; chunk_bytes: number; endpoint: string };
  share: { max_files: number; default_expiry: number; max_expiry: number };
  version: string;
}

export interface StoredFile {
  upload: string;
  token: string;
  name: string;
  type: string;
  sha256?: string;
}

export interface CreatedShare {
  id: string;
  url: string;
  owner_token: string;
  state: 'open' | 'ready';
  expires_at: string;
}

export interface SharedFile {
  index: number;
  name: string;
  size: number;
  type: string;
  sha256: string | null;
  url: string;
}

export interface Share {
  id: string;
  state: 'open' | 'ready';
  expires_at: string;
  size: number;
  files: SharedFile[];
}

const answerDeadlineMs = 15_000;

interface Ask {
  body?: unknown;
  token?: string;
  signal?: AbortSignal;
}

async function ask<T>(method: string, path: string, { body, token, signal }: Ask = {}): Promise<T> {
  const headers: Record<string, string> = { Accept: 'application/json' };
  if (body !== undefined) headers['Content-Type'] = 'application/json';
  if (token !== undefined) headers['Authorization'] = `Bearer ${token}`;
  const deadline = new AbortController();
  const timer = setTimeout(() => deadline.abort(), answerDeadlineMs);
  const stop = (): void => deadline.abort();
  signal?.addEventListener('abort', stop);
  try {
    const response = await fetch(resolvePath(path), {
      method,
      headers,
      ...(body !== undefined ? { body: JSON.stringify(body) } : {}),
      signal: deadline.signal,
      credentials: 'omit',
      cache: 'no-store',
    });
    if (!response.ok) throw await readProblem(response);
    if (response.status === 204) return undefined as T;
    return (await response.json()) as T;
  } catch (error) {
    if (error instanceof Problem) throw error;
    if (signal?.aborted) throw new Problem('cancelled', 'Stopped.');
    throw networkProblem();
  } finally {
    clearTimeout(timer);
    signal?.removeEventListener('abort', stop);
  }
}

/** Reads a problem document; an answer that is none (a proxy's page) still gets a sentence. */
export async function readProblem(response: Response): Promise<Problem> {
  const after = Number(response.headers.get('Retry-After') ?? '');
  const retryAfter = Number.isFinite(after) && after > 0 ? after : null;
  let body: Record<string, unknown> = {};
  try {
    if ((response.headers.get('Content-Type') ?? '').includes('json')) body = await response.json();
  } catch {
    body = {};
  }
  const type = typeof body['type'] === 'string' ? body['type'] : '';
  const slug = type.startsWith('urn:ferry:problem:') ? type.slice('urn:ferry:problem:'.length) : `http-${response.status}`;
  const title = typeof body['title'] === 'string' ? body['title'] : `The server answered ${response.status}.`;
  const detail = typeof body['detail'] === 'string' ? body['detail'] : '';
  return new Problem(slug, title, detail, response.status, retryAfter);
}

const share = (id: string): string => `/api/shares/${encodeURIComponent(id)}`;

export const api = {
  create: (): Promise<CreatedTransfer> => ask('POST', '/api/transfer/create', { body: {} }),
  join: (code: string): Promise<JoinedTransfer> => ask('POST', '/api/transfer/join', { body: { code } }),
  config: (token?: string): Promise<Config> =>
    ask('GET', '/api/transfer/config', token === undefined ? {} : { token }),
  handoff: (token: string, id: string): Promise<void> =>
    ask('POST', '/api/transfer/handoff', { token, body: { share: id } }),
  close: (token: string): Promise<void> => ask('POST', '/api/transfer/close', { token }),
  openShare: (expiresIn: number): Promise<CreatedShare> =>
    ask('POST', '/api/shares', { body: { expires_in: expiresIn } }),
  createShare: (files: StoredFile[], expiresIn?: number): Promise<CreatedShare> =>
    ask('POST', '/api/shares', { body: { files, ...(expiresIn ? { expires_in: expiresIn } : {}) } }),
  completeShare: (id: string, owner: string, files: StoredFile[], expiresIn: number): Promise<CreatedShare> =>
    ask('POST', `${share(id)}/complete`, { token: owner, body: { files, expires_in: expiresIn } }),
  share: (id: string, signal?: AbortSignal): Promise<Share> => ask('GET', share(id), signal ? { signal } : {}),
  removeShare: (id: string, owner: string): Promise<void> => ask('DELETE', share(id), { token: owner }),
};

/** Says goodbye while the page is being unloaded. */
export function closeOnUnload(token: string): void {
  void fetch(resolvePath('/api/transfer/close'), {
    method: 'POST',
    headers: { Authorization: `Bearer ${token}` },
    keepalive: true,
    credentials: 'omit',
  }).catch(() => undefined);
}
