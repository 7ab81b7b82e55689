import { DetailedError, Upload } from 'tus-js-client';
import type { Config, StoredFile } from '../api';
import { resolvePath } from '../base';
import { pathOf } from '../files';
import { Hasher } from '../hash/hasher';
import { networkProblem, Problem } from '../problems';
import { fileMarks, resumeStore } from './resume-store';

const parallel = 2;
const retryDelays = [300, 1000, 2000, 4000, 8000, 15_000, 15_000, 15_000];

export interface StoreEvents {
  /** Bytes that the server has acknowledged or is receiving, over all files. */
  progress(bytes: number): void;
  fileStarted(index: number): void;
  fileDone(index: number): void;
  /** Trying again by itself after the connection was lost. */
  troubled(): void;
}

interface Item {
  file: File;
  mark: string;
  upload: Upload | null;
  token: string | null;
  sent: number;
  stored: boolean;
  sha256: string | null;
}

/** Puts files on the server by tus, a few at a time, and hashes them meanwhile. */
export class StoreJob {
  private readonly items: Item[];
  private readonly hasher = new Hasher();
  private hashing: Promise<void> | null = null;
  private running = false;
  private cancelled = false;
  private stopRun: ((problem: Problem) => void) | null = null;

  constructor(
    files: readonly File[],
    private readonly config: Config,
    private readonly events: StoreEvents,
  ) {
    const marks = fileMarks(files);
    this.items = files.map((file, index) => ({
      file,
      mark: marks[index] ?? '',
      upload: null,
      token: null,
      sent: 0,
      stored: false,
      sha256: null,
    }));
    const limit = config.upload.max_bytes;
    const large = files.find((file) => limit > 0 && file.size > limit);
    if (large) throw new Problem('too-large', `${large.name} is larger than this server takes.`);
    if (files.length > config.share.max_files) {
      throw new Problem('too-many-files', `This server takes at most ${config.share.max_files} files in one link.`);
    }
  }

  /** Uploads what is missing. Rejects with `paused` when paused, with a problem when it cannot go on now; call it
   *  again to resume. */
  async run(): Promise<StoredFile[]> {
    this.running = true;
    this.hashing ??= this.hashAll();
    this.hashing.catch(() => undefined);
    const stopped = new Promise<never>((_, reject) => {
      this.stopRun = reject;
    });
    const claimed = new Set<Item>();
    const lanes = Array.from({ length: parallel }, () => this.lane(claimed));
    for (const lane of lanes) lane.catch(() => undefined);
    try {
      await Promise.race([Promise.all([...lanes, this.hashing]), stopped]);
    } catch (error) {
      this.halt();
      throw error;
    }
    this.running = false;
    this.hasher.close();
    return this.items.map(({ file, upload, token, sha256 }) => ({
      upload: (upload?.url ?? '').split('/').filter((part) => part !== '').pop() ?? '',
      token: token ?? '',
      name: pathOf(file),
      type: file.type,
      ...(sha256 === null ? {} : { sha256 }),
    }));
  }

  pause(): void {
    this.stopRun?.(new Problem('paused', 'Paused.'));
  }

  /** Stops and takes back what was stored. */
  async cancel(): Promise<void> {
    this.cancelled = true;
    this.pause();
    this.halt();
    this.hasher.close();
    await Promise.all(
      this.items.map(async ({ upload, mark }) => {
        resumeStore.dropUpload(mark);
        if (upload?.url) await upload.abort(true).catch(() => undefined);
      }),
    );
  }

  /** The share was made: the uploads belong to it now. */
  forget(): void {
    for (const { mark } of this.items) resumeStore.dropUpload(mark);
  }

  private halt(): void {
    this.running = false;
    for (const { upload, stored } of this.items) {
      if (upload && !stored) void upload.abort().catch(() => undefined);
    }
  }

  private async hashAll(): Promise<void> {
    for (const item of this.items) item.sha256 ??= await this.hashOne(item);
  }

  private async hashOne(item: Item): Promise<string> {
    try {
      return await this.hasher.file(item.file);
    } catch {
      throw new Problem('source-gone', `${item.file.name} can no longer be read.`, 'It was moved, changed or deleted since it was chosen.');
    }
  }

  private async lane(claimed: Set<Item>): Promise<void> {
    for (;;) {
      const index = this.items.findIndex((item) => !item.stored && !claimed.has(item));
      const item = this.items[index];
      if (item === undefined || !this.running) return;
      claimed.add(item);
      this.events.fileStarted(index);
      await this.send(item);
      item.stored = true;
      this.events.fileDone(index);
    }
  }

  private send(item: Item): Promise<void> {
    return new Promise((resolve, reject) => {
      const saved = resumeStore.upload(item.mark);
      if (item.token === null && saved) item.token = saved.token;
      const upload = item.upload ?? new Upload(item.file, {
        endpoint: resolvePath(this.config.upload.endpoint).href,
        uploadUrl: saved?.url ?? null,
        chunkSize: this.config.upload.chunk_bytes > 0 ? this.config.upload.chunk_bytes : Number.POSITIVE_INFINITY,
        metadata: { filename: item.file.name, filetype: item.file.type || 'application/octet-stream' },
        retryDelays,
        storeFingerprintForResuming: false,
        onAfterResponse: (_, response) => {
          const token = response.getHeader('Upload-Token');
          if (token) item.token = token;
        },
        onUploadUrlAvailable: () => {
          const url = item.upload?.url;
          if (url && item.token) resumeStore.saveUpload(item.mark, { url, token: item.token });
        },
      });
      item.upload = upload;
      upload.options.onProgress = (sent) => {
        item.sent = sent;
        this.events.progress(this.items.reduce((sum, other) => sum + other.sent, 0));
      };
      upload.options.onShouldRetry = (error) => {
        const status = error.originalResponse?.getStatus() ?? 0;
        const again = !this.cancelled && this.running && (status < 400 || status === 409 || status === 423 || status === 429 || status >= 500) && status !== 507;
        if (again) this.events.troubled();
        return again;
      };
      upload.options.onSuccess = () => {
        item.sent = item.file.size;
        this.events.progress(this.items.reduce((sum, other) => sum + other.sent, 0));
        resolve();
      };
      upload.options.onError = (error) => reject(uploadProblem(error, item.file.name));
      upload.start();
    });
  }
}

function uploadProblem(error: Error | DetailedError, name: string): Problem {
  const response = error instanceof DetailedError ? error.originalResponse : null;
  if (!response) return networkProblem();
  const status = response.getStatus();
  let slug = `http-${status}`;
  let title = `The server refused ${name}.`;
  let detail = '';
  try {
    const body = JSON.parse(response.getBody()) as { type?: string; title?: string; detail?: string };
    slug = body.type?.replace('urn:ferry:problem:', '') ?? slug;
    title = body.title ?? title;
    detail = body.detail ?? '';
  } catch {
    if (status >= 500) return networkProblem();
  }
  if (status === 507) return new Problem('storage-full', 'The server is full.', 'What was uploaded so far is kept; try again later.', 507);
  return new Problem(slug, title, detail, status);
}
