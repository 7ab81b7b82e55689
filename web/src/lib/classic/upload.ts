import { api, type Config } from '../api';
import { pathOf } from '../files';
import { WakeLock, warnBeforeLeaving } from '../guards';
import { asProblem, Problem } from '../problems';
import { RateMeter } from '../rate';
import { Observable } from '../store';
import { fileMarks, resumeStore, type SavedShare } from './resume-store';
import { StoreJob } from './store-job';

export type UploadState = 'creating' | 'uploading' | 'paused' | 'completing' | 'ready' | 'cancelled' | 'failed';
export type UploadEvent = 'created' | 'pause' | 'resume' | 'stored' | 'completed' | 'cancel' | 'fail';

export const uploadTable: Record<UploadState, Partial<Record<UploadEvent, UploadState>>> = {
  creating: { created: 'uploading', cancel: 'cancelled', fail: 'failed' },
  uploading: { pause: 'paused', stored: 'completing', cancel: 'cancelled', fail: 'failed' },
  paused: { resume: 'uploading', cancel: 'cancelled', fail: 'failed' },
  completing: { completed: 'ready', cancel: 'cancelled', pause: 'paused', fail: 'failed' },
  ready: { cancel: 'cancelled' },
  cancelled: {},
  failed: {},
};

export interface UploadView {
  state: UploadState;
  files: { name: string; size: number; state: 'waiting' | 'active' | 'saved' }[];
  total: number;
  sent: number;
  rate: number;
  secondsLeft: number;
  share: SavedShare | null;
  /** Trying again by itself. */
  troubled: boolean;
  problem: Problem | null;
}

const showEveryMs = 200;

/** A classic upload from chosen files to a ready link. */
export class ClassicUpload extends Observable<UploadView> {
  private job: StoreJob | null = null;
  private config: Config | null = null;
  private readonly marks: string[];
  private readonly meter = new RateMeter();
  private readonly awake = new WakeLock();
  private shown = 0;
  private readonly stopWarning: () => void;

  constructor(
    private readonly files: readonly File[],
    private readonly expiresIn: number | null,
  ) {
    super({
      state: 'creating',
      files: files.map((file) => ({ name: pathOf(file), size: file.size, state: 'waiting' })),
      total: files.reduce((sum, file) => sum + file.size, 0),
      sent: 0,
      rate: 0,
      secondsLeft: Number.POSITIVE_INFINITY,
      share: null,
      troubled: false,
      problem: null,
    });
    this.marks = fileMarks(files);
    this.stopWarning = warnBeforeLeaving(() => ['uploading', 'paused', 'completing'].includes(this.view.state));
  }

  async start(): Promise<void> {
    try {
      this.config = await api.config();
      this.job = new StoreJob(this.files, this.config, {
        progress: (bytes) => this.onProgress(bytes),
        fileStarted: (index) => this.markFile(index, 'active'),
        fileDone: (index) => this.markFile(index, 'saved'),
        troubled: () => this.patch({ troubled: true }),
      });
      const share = (await this.unfinishedShare()) ?? (await api.openShare(this.lifetime()));
      resumeStore.saveShare(this.marks, share);
      if (this.view.state !== 'creating') {
        await api.removeShare(share.id, share.owner_token);
        return;
      }
      this.patch({ share });
      this.step('created');
      await this.upload();
    } catch (error) {
      this.fail(asProblem(error));
    }
  }

  /** What was chosen, for another try. */
  get chosen(): readonly File[] {
    return this.files;
  }

  pause(): void {
    if (this.view.state !== 'uploading') return;
    this.step('pause');
    this.job?.pause();
    this.awake.release();
  }

  async resume(): Promise<void> {
    if (this.view.state !== 'paused') return;
    this.patch({ problem: null, troubled: false });
    this.step('resume');
    this.meter.reset();
    await this.upload();
  }

  /** Stops and removes what was stored; in `ready` it takes the link back. */
  async cancel(): Promise<void> {
    const { share, state } = this.view;
    if (state === 'cancelled' || state === 'failed') return;
    this.step('cancel');
    this.patch({ sent: 0, files: this.view.files.map((file) => ({ ...file, state: 'waiting' as const })) });
    this.awake.release();
    this.stopWarning();
    resumeStore.dropShare(this.marks);
    if (state !== 'ready') await this.job?.cancel();
    if (share) await api.removeShare(share.id, share.owner_token).catch(() => undefined);
  }

  dispose(): void {
    this.stopWarning();
    this.awake.release();
    if (['uploading', 'creating', 'completing'].includes(this.view.state)) this.job?.pause();
  }

  private lifetime(): number {
    const { default_expiry, max_expiry } = (this.config as Config).share;
    return Math.min(this.expiresIn ?? default_expiry, max_expiry);
  }

  /** The share of an earlier, interrupted try with the same files, if it still waits for them. */
  private async unfinishedShare(): Promise<SavedShare | null> {
    const saved = resumeStore.share(this.marks);
    if (saved === null) return null;
    try {
      return (await api.share(saved.id)).state === 'open' ? saved : null;
    } catch (error) {
      if (asProblem(error).slug === 'network') throw error;
      return null;
    }
  }

  private async upload(): Promise<void> {
    const { share } = this.view;
    if (!this.job || !share) return;
    this.awake.acquire();
    try {
      const stored = await this.job.run();
      if (this.view.state !== 'uploading') return;
      this.step('stored');
      const completed = await api.completeShare(share.id, share.owner_token, stored, this.lifetime());
      this.job.forget();
      resumeStore.dropShare(this.marks);
      this.patch({ share: { ...share, expires_at: completed.expires_at }, troubled: false });
      this.step('completed');
      this.stopWarning();
    } catch (error) {
      const problem = asProblem(error);
      if (problem.slug === 'paused' || this.view.state === 'cancelled') return;
      if (problem.slug === 'network' || problem.slug === 'storage-full' || problem.status === 429 || problem.status >= 500) {
        this.patch({ problem });
        this.step('pause');
        return;
      }
      this.fail(problem);
    } finally {
      this.awake.release();
    }
  }

  private onProgress(sent: number): void {
    const now = Date.now();
    if (now - this.shown < showEveryMs && sent < this.view.total) return;
    this.shown = now;
    this.meter.add(sent, now);
    this.patch({
      sent,
      rate: this.meter.rate(),
      secondsLeft: this.meter.secondsLeft(this.view.total - sent),
      troubled: false,
    });
  }

  private markFile(index: number, state: 'active' | 'saved'): void {
    const files = this.view.files.map((file, at) => (at === index ? { ...file, state } : file));
    this.patch({ files });
  }

  private step(event: UploadEvent): void {
    this.patch({ state: uploadTable[this.view.state][event] ?? this.view.state });
  }

  private fail(problem: Problem): void {
    if (this.view.state === 'cancelled') return;
    this.patch({ problem });
    this.step('fail');
    this.stopWarning();
    this.awake.release();
  }
}
