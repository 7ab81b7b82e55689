import { readProblem, type SharedFile } from '../api';
import { resolvePath } from '../base';
import type { IncomingFile } from '../incoming';
import { networkProblem, Problem } from '../problems';

const retryDelays = [300, 1000, 2000, 4000, 8000, 15_000];

/** Streams a stored file into `target` from the byte that it wants next. A connection that breaks is taken up
 *  again where it stopped; a file that changed meanwhile is an error. */
export async function fetchInto(target: IncomingFile, file: SharedFile, signal: AbortSignal): Promise<void> {
  let etag: string | null = null;
  for (let attempt = 0; target.received < target.size; ) {
    const before = target.received;
    try {
      etag = await fetchOnce(target, file, etag, signal);
    } catch (error) {
      if (signal.aborted) throw error;
      const problem = error instanceof Problem ? error : null;
      const passing = problem === null ? error instanceof TypeError : problem.slug === 'network' || problem.status >= 500 || problem.status === 429;
      if (!passing) throw error;
      if (target.received > before) attempt = 0;
      const delay = retryDelays[attempt++];
      if (delay === undefined) throw networkProblem();
      await pause(Math.max(delay, (problem?.retryAfter ?? 0) * 1000), signal);
    }
  }
}

async function fetchOnce(target: IncomingFile, file: SharedFile, etag: string | null, signal: AbortSignal): Promise<string | null> {
  const headers: Record<string, string> = {};
  const from = target.received;
  if (from > 0) {
    headers['Range'] = `bytes=${from}-`;
    if (etag !== null) headers['If-Range'] = etag;
  }
  const response = await fetch(resolvePath(file.url), { headers, signal, credentials: 'omit', cache: 'no-store' });
  if (!response.ok) throw await readProblem(response);
  if (from > 0 && response.status !== 206) throw new Problem('changed', 'The file on the server changed meanwhile.');
  const reader = response.body?.getReader();
  if (!reader) throw networkProblem();
  try {
    for (;;) {
      const { done, value } = await reader.read();
      if (done) break;
      await target.take(value);
    }
  } finally {
    void reader.cancel().catch(() => undefined);
  }
  if (target.received < target.size) throw networkProblem();
  return response.headers.get('ETag');
}

function pause(ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(resolve, ms);
    signal.addEventListener('abort', () => {
      clearTimeout(timer);
      reject(new DOMException('stopped', 'AbortError'));
    }, { once: true });
  });
}
