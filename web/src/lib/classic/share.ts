import { api, type Share } from '../api';
import { WakeLock, warnBeforeLeaving } from '../guards';
import { DigestMismatch, IncomingFile } from '../incoming';
import { savedNames } from '../names';
import { asProblem, Problem } from '../problems';
import { RateMeter } from '../rate';
import { defaultFactory } from '../sinks/choose';
import { checkFits, SinkError, type SinkFactory } from '../sinks/sink';
import { Observable } from '../store';
import { fetchInto } from './fetch-file';

export type ShareState = 'loading' | 'open' | 'ready' | 'downloading' | 'done' | 'expired' | 'not-found' | 'failed';
export type RowState = 'waiting' | 'active' | 'verifying' | 'verified' | 'saved' | 'failed';

export interface ShareRow {
  name: string;
  size: number;
  state: RowState;
  url: string;
  sha256: string | null;
}

export interface ShareView {
  state: ShareState;
  share: Share | null;
  files: ShareRow[];
  /** Of the downloads asked for by the last click. */
  total: number;
  received: number;
  rate: number;
  secondsLeft: number;
  /** Bytes are here and this browser does not save them. */
  unsaved: boolean;
  problem: Problem | null;
}

const pollMs = 2500;
const showEveryMs = 200;

/** The page of a link: looks, waits for files on their way, downloads and verifies. */
export class SharePage extends Observable<ShareView> {
  private pollTimer: ReturnType<typeof setTimeout> | undefined;
  private stopping = new AbortController();
  private disposed = false;
  private readonly meter = new RateMeter();
  private readonly awake = new WakeLock();
  private shown = 0;
  private received = 0;
  private readonly stopWarning: () => void;

  constructor(private readonly id: string) {
    super({
      state: 'loading', share: null, files: [], total: 0, received: 0, rate: 0,
      secondsLeft: Number.POSITIVE_INFINITY, unsaved: false, problem: null,
    });
    this.stopWarning = warnBeforeLeaving(() => this.view.state === 'downloading');
  }

  async load(): Promise<void> {
    clearTimeout(this.pollTimer);
    try {
      const share = await api.share(this.id);
      if (this.disposed) return;
      const names = savedNames(share.files.map((file) => file.name));
      const files = share.files.map((file, index): ShareRow => ({
        name: names[index] ?? file.name, size: file.size, state: 'waiting', url: file.url, sha256: file.sha256,
      }));
      this.patch({ share, files, state: share.state, problem: null });
      if (share.state === 'open') this.pollAgain();
    } catch (error) {
      if (this.disposed) return;
      const problem = asProblem(error);
      if (problem.slug === 'network' && this.view.state === 'open') {
        this.pollAgain();
        return;
      }
      const state = problem.slug === 'expired' ? 'expired' : problem.slug === 'not-found' ? 'not-found' : 'failed';
      this.patch({ state, problem });
    }
  }

  retry(): void {
    this.patch({ state: 'loading', problem: null });
    void this.load();
  }

  /** Downloads the files at `indexes` (all without), one after the other. */
  async download(indexes?: readonly number[], factory?: SinkFactory): Promise<void> {
    const { share, state } = this.view;
    if (!share || (state !== 'ready' && state !== 'done')) return;
    const wanted = indexes ?? share.files.map((file) => file.index);
    this.stopping = new AbortController();
    this.received = 0;
    this.meter.reset();
    this.patch({
      state: 'downloading', problem: null, received: 0, rate: 0,
      total: wanted.reduce((sum, index) => sum + (share.files[index]?.size ?? 0), 0),
      files: this.view.files.map((row, index) => (wanted.includes(index) ? { ...row, state: 'waiting' } : row)),
    });
    this.awake.acquire();
    try {
      const sinks = factory ?? (await defaultFactory());
      checkFits(sinks, wanted.map((index) => share.files[index]?.size ?? 0));
      for (const index of wanted) await this.one(index, sinks);
      this.patch({ state: 'done', received: this.view.total });
    } catch (error) {
      if (this.disposed) return;
      this.patch({ state: 'ready', problem: this.stopping.signal.aborted ? null : downloadProblem(error) });
    } finally {
      this.awake.release();
    }
  }

  cancel(): void {
    this.stopping.abort();
  }

  dispose(): void {
    this.disposed = true;
    clearTimeout(this.pollTimer);
    this.stopping.abort();
    this.stopWarning();
    this.awake.release();
  }

  private async one(index: number, sinks: SinkFactory): Promise<void> {
    const file = this.view.share?.files[index];
    const row = this.view.files[index];
    if (!file || !row) return;
    this.mark(index, 'active');
    const target = new IncomingFile(sinks, row.name, file.size, file.type, (bytes) => this.onWritten(bytes));
    const saving = setInterval(() => {
      if (target.stuck !== this.view.unsaved) this.patch({ unsaved: target.stuck });
    }, 1000);
    try {
      await target.opened();
      await fetchInto(target, file, this.stopping.signal);
      this.mark(index, 'verifying');
      await target.finish(file.sha256);
      this.mark(index, file.sha256 === null ? 'saved' : 'verified');
    } catch (error) {
      await target.abort();
      this.mark(index, this.stopping.signal.aborted ? 'waiting' : 'failed');
      throw error;
    } finally {
      clearInterval(saving);
      if (this.view.unsaved) this.patch({ unsaved: false });
    }
  }

  private onWritten(bytes: number): void {
    this.received += bytes;
    const now = Date.now();
    if (now - this.shown < showEveryMs && this.received < this.view.total) return;
    this.shown = now;
    this.meter.add(this.received, now);
    this.patch({
      received: this.received,
      rate: this.meter.rate(),
      secondsLeft: this.meter.secondsLeft(this.view.total - this.received),
    });
  }

  private mark(index: number, state: RowState): void {
    this.patch({ files: this.view.files.map((row, at) => (at === index ? { ...row, state } : row)) });
  }

  private pollAgain(): void {
    this.pollTimer = setTimeout(() => void this.load(), pollMs);
  }
}

/** What went wrong with a download, and that nothing half is left behind. */
export function downloadProblem(error: unknown): Problem {
  if (error instanceof DigestMismatch) {
    return new Problem('mismatch', error.message, 'The damaged copy was thrown away. The original is still with the sender.');
  }
  if (error instanceof SinkError && error.reason === 'too-large') {
    return new Problem('sink-too-large', error.message, 'Open this page over https, or in a current browser. Nothing was lost.');
  }
  if (error instanceof SinkError) {
    return new Problem(`sink-${error.reason}`, error.message, 'Nothing half was left behind.');
  }
  return asProblem(error);
}
