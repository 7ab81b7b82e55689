import { api, closeOnUnload, type Config, type CreatedShare, type CreatedTransfer } from '../api';
import { baseUrl } from '../base';
import { StoreJob } from '../classic/store-job';
import { showCode } from '../code';
import { pathOf } from '../files';
import { percent } from '../format';
import { Hasher } from '../hash/hasher';
import { WakeLock, warnBeforeLeaving } from '../guards';
import { asProblem, Problem } from '../problems';
import { RateMeter } from '../rate';
import type { Payload, RelayType } from '../reliable';
import { Signaling, type SignalingState } from '../signaling';
import { Observable } from '../store';
import type { RowState } from '../classic/share';
import { Line } from './line';
import { type Control, manifestParts } from './protocol';
import { Pump, SourceError } from './pump';
import { nextSender, type Path, senderEnds, type SenderEvent, type SenderState } from './states';

export interface Row {
  name: string;
  size: number;
  state: RowState;
}

export interface SenderView {
  state: SenderState;
  code: string;
  link: string;
  expiresAt: Date | null;
  files: Row[];
  total: number;
  sent: number;
  rate: number;
  secondsLeft: number;
  path: Path;
  /** When the page stops waiting for a direct path. */
  deadlineAt: number | null;
  /** Why the bytes go through the server. */
  reason: '' | 'asked' | 'no-path' | 'lost';
  shareLink: string | null;
  shareExpiresAt: Date | null;
  signaling: SignalingState;
  retryAt: number | null;
  /** The upload tries again by itself. */
  troubled: boolean;
  problem: Problem | null;
}

const showEveryMs = 200;
const stuckMs = 8_000;

/** The sender's side of a live transfer, from chosen files to verified ones. */
export class LiveSender extends Observable<SenderView> {
  private files: File[];
  private session: CreatedTransfer | null = null;
  private config: Config | null = null;
  private signaling: Signaling | null = null;
  private line: Line | null = null;
  private pump: Pump | null = null;
  private job: StoreJob | null = null;
  private share: CreatedShare | null = null;
  private deadline: ReturnType<typeof setTimeout> | undefined;
  private stuck: ReturnType<typeof setInterval> | undefined;
  private readonly meter = new RateMeter();
  private readonly awake = new WakeLock();
  private readonly stopWarning: () => void;
  private shown = 0;
  private moved = { bytes: -1, buffered: -1, at: 0 };
  private toldPercent = -1;
  private met = false;
  private expiry: ReturnType<typeof setTimeout> | undefined;

  constructor(files: readonly File[]) {
    super({
      state: 'creating', code: '', link: '', expiresAt: null, files: [], total: 0, sent: 0, rate: 0,
      secondsLeft: Number.POSITIVE_INFINITY, path: 'none', deadlineAt: null, reason: '', shareLink: null,
      shareExpiresAt: null, signaling: 'connecting', retryAt: null, troubled: false, problem: null,
    });
    this.files = [...files];
    this.showFiles();
    this.stopWarning = warnBeforeLeaving(() => !['stored', ...senderEnds].includes(this.view.state));
    addEventListener('pagehide', this.onPageHide);
  }

  async start(): Promise<void> {
    try {
      const session = await api.create();
      if (this.ended) return void api.close(session.token).catch(() => undefined);
      this.session = session;
      this.patch({
        code: showCode(session.code.replace(/-/g, '')),
        link: new URL(`r/${session.code}`, baseUrl()).href,
        expiresAt: new Date(session.code_expires_at),
      });
      this.step('created');
      this.expiry = setTimeout(() => this.onExpired(), Math.max(0, Date.parse(session.code_expires_at) - Date.now()));
      this.config = await api.config(session.token);
      if (this.ended) return;
      this.signaling = new Signaling(session.signaling_url, session.token, {
        state: (signaling, retryAt) => this.patch({ signaling, retryAt }),
        peer: (here) => this.onPeer(here),
        peerNew: () => this.onPeerNew(),
        message: (type, payload) => this.onSignal(type, payload),
        closed: (slug) => this.onSignalingClosed(slug),
      });
      this.signaling.connect();
      this.awake.acquire();
    } catch (error) {
      this.fail(asProblem(error));
    }
  }

  /** What was chosen, for another try. */
  get chosen(): readonly File[] {
    return this.files;
  }

  /** More files, as long as nobody has seen the list. */
  add(files: readonly File[]): void {
    if (this.view.state !== 'creating' && this.view.state !== 'waiting') return;
    this.files.push(...files);
    this.showFiles();
  }

  reconnect(): void {
    this.signaling?.retryNow();
  }

  /** The person does not want to wait. */
  storeNow(): void {
    this.goStore('store', 'asked');
  }

  /** After a hand-off that stopped on a problem. */
  retryStore(): void {
    if (this.view.state !== 'storing' || this.view.problem === null) return;
    this.patch({ problem: null });
    void this.store();
  }

  cancel(): void {
    if (this.ended) return;
    this.line?.send({ kind: 'cancel', reason: 'person' });
    this.signaling?.send('control', { kind: 'cancel' });
    this.step('cancel');
    this.takeBack();
    this.finish(true);
  }

  dispose(): void {
    if (!this.ended && this.view.state !== 'stored') this.cancel();
    else this.finish(false);
  }

  private get ended(): boolean {
    return senderEnds.includes(this.view.state);
  }

  /** Nobody came in time. Once somebody has, the code has done its work. */
  private onExpired(): void {
    if (this.view.state === 'waiting' && !this.met) this.fail(new Problem('expired', 'The code has expired.', 'Nobody came for the files.'));
  }

  private onPeer(here: boolean): void {
    this.met ||= here;
    if (here && this.view.state === 'waiting') {
      this.step('peer-here');
      this.armDeadline();
    }
    // The line stays: when only the signaling was cut, negotiation goes on where it was.
    if (!here && this.view.state === 'connecting') {
      this.clearDeadline();
      this.step('peer-gone');
    }
  }

  private onPeerNew(): void {
    const before = this.view.state;
    if (before === 'storing' || before === 'stored') {
      this.tellStored();
      return;
    }
    if (this.ended || before === 'creating') return;
    this.dropLine();
    this.step('peer-new');
    if (this.view.state !== 'connecting') return;
    this.resetProgress();
    this.armDeadline();
    this.openLine();
  }

  private onSignal(type: RelayType, payload: Payload): void {
    if (type !== 'control') {
      this.line?.peer.receive(type, payload);
      return;
    }
    switch (payload['kind']) {
      case 'want-fallback':
        this.goStore('path-lost', this.view.state === 'connecting' ? 'no-path' : 'lost');
        break;
      case 'verified':
        this.onAllVerified();
        break;
      case 'decline':
        this.onDeclined();
        break;
      case 'cancel':
        this.onReceiverCancelled(String(payload['reason'] ?? 'person'));
        break;
      default:
        break;
    }
  }

  private onSignalingClosed(slug: string): void {
    const { state } = this.view;
    if (this.ended || state === 'stored' || state === 'storing' || this.line?.open) return;
    if (slug === 'replaced') {
      this.fail(new Problem('replaced', 'This transfer was opened somewhere else.', 'It goes on there.'));
      return;
    }
    this.fail(new Problem(slug === 'token-invalid' ? 'expired' : slug, 'The code has expired.', 'Nobody received anything.'));
  }

  private openLine(): void {
    const { ice_servers, ice_transport_policy } = this.config as Config;
    let line: Line;
    try {
      line = new Line({ iceServers: ice_servers, iceTransportPolicy: ice_transport_policy }, false, {
        signal: (type, payload) => this.signaling?.send(type, payload),
        open: () => this.onLineOpen(),
        control: (control) => this.onControl(control),
        frame: () => this.fail(new Problem('protocol', 'The receiver sent something unexpected.', '')),
        path: (path) => this.patch({ path }),
        lost: () => this.goStore('path-lost', this.view.state === 'connecting' ? 'no-path' : 'lost'),
        broken: (why) => this.fail(new Problem('protocol', 'The receiver sent something unexpected.', why)),
      });
    } catch {
      this.goStore('path-lost', 'no-path');
      return;
    }
    this.line = line;
  }

  private onLineOpen(): void {
    this.clearDeadline();
    this.step('channel-open');
    if (this.view.path === 'none') this.patch({ path: 'direct' });
    const infos = this.files.map((file) => ({ name: pathOf(file), size: file.size, type: file.type }));
    for (const part of manifestParts(infos)) this.line?.send(part);
  }

  private onControl(control: Control): void {
    switch (control.kind) {
      case 'accept':
        if (this.view.state !== 'asking') return;
        this.step('accepted');
        void this.send();
        break;
      case 'credit':
        this.pump?.grant(control.granted);
        break;
      case 'verified':
        this.mark(control.index, 'verified');
        if (this.view.files.every((file) => file.state === 'verified')) this.onAllVerified();
        break;
      case 'decline':
        this.onDeclined();
        break;
      case 'cancel':
        this.onReceiverCancelled(control.reason);
        break;
      default:
        break;
    }
  }

  private async send(): Promise<void> {
    const line = this.line;
    if (!line) return;
    const pump = new Pump(line.peer.channel, line.peer.maxMessage, new Hasher(), {
      sent: (bytes) => this.onSent(bytes),
      fileDone: (index, sha256) => {
        line.send({ kind: 'file-digest', index, sha256 });
        this.mark(index, 'verifying');
        if (index + 1 < this.files.length) this.mark(index + 1, 'active');
      },
    });
    this.pump = pump;
    this.mark(0, 'active');
    this.watchProgress();
    try {
      if (!(await pump.run(this.files)) || this.pump !== pump) return;
      line.send({ kind: 'done' });
      this.showProgress(true);
      this.step('all-sent');
    } catch (error) {
      if (this.pump !== pump) return;
      if (error instanceof SourceError) {
        line.send({ kind: 'cancel', reason: 'source' });
        this.fail(new Problem('source-gone', error.message, 'It was moved, changed or deleted since it was chosen.'));
      } else {
        this.goStore('path-lost', 'lost');
      }
    } finally {
      clearInterval(this.stuck);
    }
  }

  /** Bytes are allowed to go and do not: the path is dead, even when control messages still pass. */
  private watchProgress(): void {
    clearInterval(this.stuck);
    this.moved = { bytes: -1, buffered: -1, at: Date.now() };
    this.stuck = setInterval(() => {
      const buffered = this.line?.peer.channel.bufferedAmount ?? 0;
      const bytes = this.sentBytes;
      if (bytes !== this.moved.bytes || buffered !== this.moved.buffered || buffered === 0) {
        this.moved = { bytes, buffered, at: Date.now() };
      } else if (Date.now() - this.moved.at >= stuckMs) {
        this.goStore('path-lost', 'lost');
      }
    }, 1000);
  }

  private sentBytes = 0;

  private onSent(bytes: number): void {
    this.sentBytes += bytes;
    this.showProgress(false);
  }

  private showProgress(now: boolean): void {
    const at = Date.now();
    if (!now && at - this.shown < showEveryMs) return;
    this.shown = at;
    this.meter.add(this.sentBytes, at);
    this.patch({
      sent: this.sentBytes,
      rate: this.meter.rate(),
      secondsLeft: this.meter.secondsLeft(this.view.total - this.sentBytes),
    });
  }

  private resetProgress(): void {
    this.sentBytes = 0;
    this.meter.reset();
    this.patch({ sent: 0, rate: 0, secondsLeft: Number.POSITIVE_INFINITY, path: 'none' });
    this.showFiles();
  }

  private goStore(event: 'store' | 'path-lost', reason: 'asked' | 'no-path' | 'lost'): void {
    const before = this.view.state;
    this.step(event);
    if (before === 'storing' || this.view.state !== 'storing') return;
    this.dropLine();
    this.resetProgress();
    this.patch({ reason, path: 'server' });
    this.tellStored();
    void this.store();
  }

  private async store(): Promise<void> {
    const session = this.session as CreatedTransfer;
    try {
      this.config ??= await api.config(session.token);
      this.job ??= new StoreJob(this.files, this.config, {
        progress: (bytes) => {
          this.sentBytes = bytes;
          this.showProgress(bytes >= this.view.total);
          this.patch({ troubled: false });
          this.tellPercent();
        },
        fileStarted: (index) => this.mark(index, 'active'),
        fileDone: (index) => this.mark(index, 'saved'),
        troubled: () => this.patch({ troubled: true }),
      });
      const stored = await this.job.run();
      const share = await api.createShare(stored);
      this.job.forget();
      this.share = share;
      await api.handoff(session.token, share.id);
      if (this.ended) return;
      this.patch({
        shareLink: new URL(`s/${share.id}`, baseUrl()).href,
        shareExpiresAt: new Date(share.expires_at),
        sent: this.view.total,
        troubled: false,
      });
      this.step('stored');
      this.tellStored();
      this.awake.release();
    } catch (error) {
      if (this.ended) return;
      const problem = asProblem(error);
      if (problem.slug === 'too-large' || problem.slug === 'too-many-files' || problem.slug === 'source-gone') {
        this.signaling?.send('control', { kind: 'cancel', reason: 'too-large' });
        this.fail(problem);
        return;
      }
      this.patch({ problem, troubled: false });
    }
  }

  /** Tells the receiver where the hand-off stands. */
  private tellStored(): void {
    if (this.view.state === 'stored' && this.share !== null) {
      this.signaling?.send('control', { kind: 'fallback', share: this.share.id });
    } else if (this.view.state === 'storing') {
      this.toldPercent = -1;
      this.tellPercent();
    }
  }

  private tellPercent(): void {
    const now = percent(this.sentBytes, this.view.total);
    if (this.toldPercent >= 0 && now < this.toldPercent + 10) return;
    this.toldPercent = now;
    this.signaling?.send('control', { kind: 'storing', percent: now });
  }

  private onAllVerified(): void {
    if (this.view.state === 'sending') this.step('all-sent');
    this.step('all-verified');
    if (this.view.state !== 'done') return;
    if (this.share === null) void this.job?.cancel();
    this.patch({ files: this.view.files.map((file) => ({ ...file, state: 'verified' as const })), sent: this.view.total });
    this.finish(this.share === null);
  }

  private onDeclined(): void {
    this.step('declined');
    if (this.view.state !== 'declined') return;
    this.takeBack();
    this.finish(true);
  }

  private onReceiverCancelled(reason: string): void {
    // What is stored stays for another try with the same code.
    if (this.ended || this.view.state === 'stored') return;
    const what: Record<string, [string, string]> = {
      person: ['The receiver stopped the transfer.', ''],
      sink: ['The receiver could not save the files.', 'Their device may be full, or they stopped the download.'],
      mismatch: ['A file did not arrive as it was sent.', 'The damaged copy was thrown away.'],
    };
    const [title, detail] = what[reason] ?? ['The receiver stopped on an error.', ''];
    this.takeBack();
    this.fail(new Problem(`receiver-${reason}`, title, detail));
  }

  /** Removes what was put on the server. */
  private takeBack(): void {
    if (this.share) void api.removeShare(this.share.id, this.share.owner_token).catch(() => undefined);
    else void this.job?.cancel();
  }

  private armDeadline(): void {
    const seconds = this.config?.connect_timeout ?? 8;
    clearTimeout(this.deadline);
    this.patch({ deadlineAt: Date.now() + seconds * 1000 });
    this.deadline = setTimeout(() => {
      if (this.view.state === 'connecting') this.goStore('path-lost', 'no-path');
    }, seconds * 1000);
  }

  private clearDeadline(): void {
    clearTimeout(this.deadline);
    this.patch({ deadlineAt: null });
  }

  private dropLine(): void {
    this.clearDeadline();
    clearInterval(this.stuck);
    this.pump?.stop();
    this.pump = null;
    this.line?.close();
    this.line = null;
  }

  private step(event: SenderEvent): void {
    this.patch({ state: nextSender(this.view.state, event) });
  }

  private fail(problem: Problem): void {
    if (this.ended) return;
    this.patch({ problem });
    this.step('fail');
    this.finish(true);
  }

  /** Nothing runs after this. `close` also ends the transfer on the server. */
  private finish(close: boolean): void {
    this.clearDeadline();
    clearTimeout(this.expiry);
    clearInterval(this.stuck);
    this.pump?.stop();
    this.line?.close(1000);
    this.stopWarning();
    this.awake.release();
    removeEventListener('pagehide', this.onPageHide);
    const { session, signaling } = this;
    // A farewell on its way needs a moment before its carrier goes.
    setTimeout(() => {
      signaling?.close();
      if (close && session) void api.close(session.token).catch(() => undefined);
    }, 400);
  }

  private mark(index: number, state: RowState): void {
    if (this.view.files[index] === undefined) return;
    this.patch({ files: this.view.files.map((file, at) => (at === index ? { ...file, state } : file)) });
  }

  private showFiles(): void {
    this.patch({
      files: this.files.map((file) => ({ name: pathOf(file), size: file.size, state: 'waiting' as const })),
      total: this.files.reduce((sum, file) => sum + file.size, 0),
    });
  }

  private readonly onPageHide = (event: PageTransitionEvent): void => {
    if (!event.persisted && this.session && this.view.state !== 'stored' && !this.ended) closeOnUnload(this.session.token);
  };
}
