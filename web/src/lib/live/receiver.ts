import { api, type Config, type JoinedTransfer, type Share } from '../api';
import { downloadProblem, type RowState } from '../classic/share';
import { fetchInto } from '../classic/fetch-file';
import { readCode } from '../code';
import { WakeLock, warnBeforeLeaving } from '../guards';
import { DigestMismatch, IncomingFile } from '../incoming';
import { savedNames } from '../names';
import { asProblem, malformedCode, Problem } from '../problems';
import { RateMeter } from '../rate';
import type { Payload, RelayType } from '../reliable';
import { Signaling, type SignalingState } from '../signaling';
import { defaultFactory } from '../sinks/choose';
import { checkFits, SinkError, type SinkFactory } from '../sinks/sink';
import { Observable } from '../store';
import { Line } from './line';
import { type Control, type FileInfo, type Frame, ManifestReader, windowBytes } from './protocol';
import type { Row } from './sender';
import { nextReceiver, type Path, receiverEnds, type ReceiverEvent, type ReceiverState } from './states';

export interface ReceiverView {
  state: ReceiverState;
  code: string;
  files: Row[];
  total: number;
  received: number;
  rate: number;
  secondsLeft: number;
  path: Path;
  accepted: boolean;
  deadlineAt: number | null;
  /** How much of the sender's upload is done, in percent; null until told. */
  storing: number | null;
  peerHere: boolean;
  signaling: SignalingState;
  retryAt: number | null;
  /** Bytes are here and this browser does not save them. */
  unsaved: boolean;
  /** All digests were there to compare with. */
  verified: boolean;
  problem: Problem | null;
}

type Inbox = { kind: 'frame'; frame: Frame } | { kind: 'digest'; index: number; sha256: string };

const showEveryMs = 200;
const creditStep = 1024 * 1024;
const askAgainMs = 30_000;

/** The receiver's side of a live transfer, whichever path the bytes take. */
export class LiveReceiver extends Observable<ReceiverView> {
  private config: Config | null = null;
  private signaling: Signaling | null = null;
  private line: Line | null = null;
  private manifest = new ManifestReader();
  private infos: FileInfo[] = [];
  private share: Share | null = null;
  private shareId: string | null = null;
  private sinks: SinkFactory | null = null;
  private current: IncomingFile | null = null;
  private index = 0;
  private inbox: Inbox[] = [];
  private working: Promise<void> = Promise.resolve();
  private arrived = 0;
  private written = 0;
  private granted = 0;
  private credited = 0;
  private fetching: AbortController | null = null;
  private deadline: ReturnType<typeof setTimeout> | undefined;
  private asking: ReturnType<typeof setInterval> | undefined;
  private readonly meter = new RateMeter();
  private readonly awake = new WakeLock();
  private saving: ReturnType<typeof setInterval> | undefined;
  private readonly stopWarning: () => void;
  private shown = 0;
  private quietUntil = 0;

  constructor(code: string) {
    super({
      state: 'entering', code, files: [], total: 0, received: 0, rate: 0,
      secondsLeft: Number.POSITIVE_INFINITY, path: 'none', accepted: false, deadlineAt: null, storing: null,
      peerHere: false, signaling: 'connecting', retryAt: null, unsaved: false, verified: false, problem: null,
    });
    if (readCode(code) !== null) this.step('linked');
    else if (code !== '') this.patch({ problem: malformedCode() });
    this.stopWarning = warnBeforeLeaving(() => ['receiving', 'verifying', 'storing'].includes(this.view.state));
  }

  /** The person pressed Receive. */
  async join(text: string): Promise<void> {
    if (this.view.state !== 'entering' && this.view.state !== 'ready') return;
    const code = readCode(text);
    if (code === null) {
      this.patch({ problem: malformedCode(), code: text });
      this.step('refused');
      return;
    }
    this.patch({ code, problem: null });
    this.step('join');
    try {
      const session: JoinedTransfer = rememberedSession(code) ?? (await api.join(code));
      if (this.ended) return;
      rememberSession(code, session);
      if (session.share) {
        await this.useShare(session.share.id);
        return;
      }
      this.config = await api.config(session.token);
      if (this.ended) return;
      this.step('joined');
      this.signaling = new Signaling(session.signaling_url, session.token, {
        state: (signaling, retryAt) => this.patch({ signaling, retryAt }),
        peer: (here) => this.onPeer(here),
        peerNew: () => this.onPeerNew(),
        message: (type, payload) => this.onSignal(type, payload),
        closed: (slug) => void this.onSignalingClosed(slug),
      });
      this.signaling.connect();
      this.asking = setInterval(() => {
        // A sender that is here tells by itself.
        if (!this.view.peerHere && ['waiting', 'storing'].includes(this.view.state)) void this.askForShare();
      }, askAgainMs);
    } catch (error) {
      if (this.ended) return;
      forgetSession(code);
      this.patch({ problem: asProblem(error) });
      this.step('refused');
    }
  }

  /** The person agrees to the list. */
  async accept(factory?: SinkFactory): Promise<void> {
    const { state, accepted } = this.view;
    if (accepted || (state !== 'asking' && !(state === 'storing' && this.infos.length > 0))) return;
    this.patch({ accepted: true });
    this.step('accept');
    this.awake.acquire();
    this.saving = setInterval(() => {
      const unsaved = this.current?.stuck ?? false;
      if (unsaved !== this.view.unsaved) this.patch({ unsaved });
    }, 1000);
    try {
      this.sinks = factory ?? (await defaultFactory());
      if (this.ended) return;
      checkFits(this.sinks, this.infos.map((info) => info.size));
      if (this.share) {
        void this.fetchAll();
        return;
      }
      if (!this.line) return;
      this.begin(0);
      await this.current?.opened();
      if (this.ended || !this.line) return;
      this.line.send({ kind: 'accept' });
      this.credit(true);
    } catch (error) {
      this.failWith(error);
    }
  }

  decline(): void {
    if (this.ended) return;
    this.line?.send({ kind: 'decline' });
    this.signaling?.send('control', { kind: 'decline' });
    this.step('decline');
    this.finish();
  }

  cancel(): void {
    if (this.ended) return;
    this.tellCancel('person');
    this.step('cancel');
    this.finish();
  }

  reconnect(): void {
    this.signaling?.retryNow();
  }

  dispose(): void {
    const { state } = this.view;
    if (this.ended) this.finish();
    else if (state === 'entering' || state === 'ready') this.stopWarning();
    else this.cancel();
  }

  private get ended(): boolean {
    return receiverEnds.includes(this.view.state);
  }

  // --- meeting the sender

  private onPeer(peerHere: boolean): void {
    this.patch({ peerHere });
    if (peerHere && this.view.state === 'waiting') {
      this.step('peer-here');
      this.armDeadline();
    }
    // The line stays: when only the signaling was cut, negotiation goes on where it was.
    if (!peerHere && this.view.state === 'connecting' && !this.line?.open) {
      this.clearDeadline();
      this.step('peer-gone');
    }
    if (!peerHere && this.view.state === 'storing') void this.askForShare();
  }

  private onPeerNew(): void {
    const { state } = this.view;
    if (state === 'waiting' || state === 'connecting' || (state === 'asking' && this.share === null)) {
      this.step('peer-new');
      this.dropLine();
      this.armDeadline();
      this.openLine();
      return;
    }
    // This page was asked to go by the server and the sender may not know.
    if (state === 'storing') this.signaling?.send('control', { kind: 'want-fallback' });
  }

  private onSignal(type: RelayType, payload: Payload): void {
    if (type !== 'control') {
      this.line?.peer.receive(type, payload);
      return;
    }
    switch (payload['kind']) {
      case 'storing': {
        const told = Number(payload['percent']);
        this.patch({ storing: Number.isFinite(told) ? Math.max(0, Math.min(100, told)) : 0 });
        this.loseLine(false);
        break;
      }
      case 'fallback':
        if (typeof payload['share'] === 'string') {
          this.loseLine(false);
          void this.useShare(payload['share']).catch((error: unknown) => this.failWith(error));
        }
        break;
      case 'cancel':
        this.onSenderCancelled(String(payload['reason'] ?? 'person'));
        break;
      default:
        break;
    }
  }

  private async onSignalingClosed(slug: string): Promise<void> {
    if (this.ended || this.share !== null) return;
    if (this.line?.open && (this.view.state === 'receiving' || this.view.state === 'verifying' || this.view.state === 'asking')) return;
    if (slug === 'replaced') {
      this.failWith(new Problem('replaced', 'This transfer was opened in another tab.', 'It goes on there.'));
      return;
    }
    if (await this.askForShare()) return;
    forgetSession(this.view.code);
    this.failWith(new Problem('sender-gone', 'The transfer was ended.', 'The sender closed it or its time was over. Their files are still with them.'));
  }

  private openLine(): void {
    const { ice_servers, ice_transport_policy } = this.config as Config;
    this.manifest = new ManifestReader();
    try {
      this.line = new Line({ iceServers: ice_servers, iceTransportPolicy: ice_transport_policy }, true, {
        signal: (type, payload) => this.signaling?.send(type, payload),
        open: () => {
          this.clearDeadline();
          if (this.view.path === 'none') this.patch({ path: 'direct' });
        },
        control: (control) => this.onControl(control),
        frame: (frame) => this.onFrame(frame),
        path: (path) => this.patch({ path }),
        lost: () => this.loseLine(true),
        broken: (why) => this.broken(why),
      });
    } catch {
      this.loseLine(true);
    }
  }

  /** The direct path is gone, here or as the sender says: from now on the server's. */
  private loseLine(tell: boolean): void {
    const before = this.view.state;
    this.dropLine();
    this.step('storing');
    if (this.view.state !== 'storing') return;
    this.patch({ path: 'server' });
    if (tell && before !== 'storing') this.signaling?.send('control', { kind: 'want-fallback' });
  }

  private armDeadline(): void {
    const seconds = this.config?.connect_timeout ?? 8;
    clearTimeout(this.deadline);
    this.patch({ deadlineAt: Date.now() + seconds * 1000 });
    this.deadline = setTimeout(() => {
      if (this.view.state === 'connecting' && !this.line?.open) this.loseLine(true);
    }, seconds * 1000);
  }

  private clearDeadline(): void {
    clearTimeout(this.deadline);
    this.patch({ deadlineAt: null });
  }

  private dropLine(): void {
    this.clearDeadline();
    this.line?.close();
    this.line = null;
  }

  // --- bytes by the direct path

  private onControl(control: Control): void {
    switch (control.kind) {
      case 'manifest': {
        if (this.view.state !== 'connecting' && this.view.state !== 'waiting') return;
        const files = this.manifest.add(control);
        if (files === null) return;
        this.showList(files);
        this.step('manifest');
        break;
      }
      case 'file-digest':
        this.inbox.push({ kind: 'digest', index: control.index, sha256: control.sha256 });
        this.work();
        if (control.index === this.infos.length - 1) this.step('all-received');
        break;
      case 'cancel':
        this.onSenderCancelled(control.reason);
        break;
      default:
        break;
    }
  }

  private onFrame(frame: Frame): void {
    this.arrived += frame.payload.length;
    if (this.view.state !== 'receiving' || this.arrived > this.granted) {
      this.broken('bytes came without permission');
      return;
    }
    this.inbox.push({ kind: 'frame', frame });
    this.work();
  }

  /** One thing after the other, in order; what waits is bounded by the credit. */
  private work(): void {
    if (this.inbox.length !== 1) return;
    this.working = this.working.then(async () => {
      for (let item = this.inbox[0]; item !== undefined && !this.ended; item = this.inbox[0]) {
        if (item.kind === 'frame') this.takeFrame(item.frame);
        else await this.finishFile(item.index, item.sha256);
        this.inbox.shift();
      }
    });
    this.working = this.working.catch((error: unknown) => this.failWith(error));
  }

  private takeFrame({ index, offset, payload }: Frame): void {
    if (index === this.index && this.current === null) this.begin(index);
    const target = this.current;
    if (target === null || index !== this.index || offset !== target.received || offset + payload.length > target.size) {
      this.broken('bytes came out of place');
      return;
    }
    // Not awaited: credit bounds what is under way.
    target.take(payload).catch((error: unknown) => this.failWith(error));
  }

  private async finishFile(index: number, sha256: string): Promise<void> {
    if (index === this.index && this.current === null) this.begin(index);
    const target = this.current;
    if (target === null || index !== this.index || target.received !== target.size) {
      this.broken('a digest came out of place');
      return;
    }
    this.mark(index, 'verifying');
    await target.finish(sha256);
    this.fileDone(index, true);
    this.credit(true);
    this.line?.send({ kind: 'verified', index });
    if (this.index === this.infos.length) this.allDone(true);
  }

  private begin(index: number): void {
    const info = this.infos[index];
    const row = this.view.files[index];
    if (!info || !row || !this.sinks) throw new Problem('protocol', 'The sender sent something unexpected.');
    this.mark(index, 'active');
    this.current = new IncomingFile(this.sinks, row.name, info.size, info.type, (bytes) => this.onWritten(bytes));
  }

  private fileDone(index: number, verified: boolean): void {
    this.current = null;
    this.index = index + 1;
    this.mark(index, verified ? 'verified' : 'saved');
  }

  private onWritten(bytes: number): void {
    this.written += bytes;
    this.credit(false);
    const now = Date.now();
    if (now - this.shown < showEveryMs && this.written < this.view.total) return;
    this.shown = now;
    this.meter.add(this.written, now);
    this.patch({
      received: this.written,
      rate: this.meter.rate(),
      secondsLeft: this.meter.secondsLeft(this.view.total - this.written),
    });
  }

  private credit(now: boolean): void {
    if (!this.line || (!now && this.written - this.credited < creditStep)) return;
    this.credited = this.written;
    this.granted = this.written + windowBytes;
    this.line.send({ kind: 'credit', granted: this.granted });
  }

  // --- bytes by the server

  /** Asks whether the sender has left the files on the server meanwhile. */
  private async askForShare(): Promise<boolean> {
    if (this.share !== null || this.ended || Date.now() < this.quietUntil) return this.share !== null;
    try {
      const joined = await api.join(this.view.code);
      if (!joined.share) return false;
      await this.useShare(joined.share.id);
      return true;
    } catch (error) {
      // Taken means: by us, and nothing is stored yet.
      this.quietUntil = Date.now() + (asProblem(error).retryAfter ?? 0) * 1000;
      return false;
    }
  }

  private async useShare(id: string): Promise<void> {
    if (this.shareId === id) return;
    this.shareId = id;
    let share: Share;
    try {
      share = await api.share(id);
    } catch (error) {
      this.shareId = null;
      if (asProblem(error).slug === 'network' && this.view.state === 'storing') return;
      throw error;
    }
    if (this.ended) return;
    if (this.infos.length > 0 && !sameFiles(this.infos, share)) {
      throw new Problem('changed', 'The stored files are not those that were announced.', 'Nothing more was saved. Ask the sender to start again.');
    }
    this.share = share;
    this.patch({ path: 'server' });
    if (this.infos.length === 0) this.showList(share.files);
    if (this.view.accepted) {
      this.step('resume');
      void this.fetchAll();
    } else {
      this.step(this.view.state === 'joining' ? 'joined' : 'share-list');
      this.step('share-list');
    }
  }

  /** Goes on from the byte where the direct path stopped. */
  private async fetchAll(): Promise<void> {
    const share = this.share;
    if (!share || this.fetching) return;
    this.fetching = new AbortController();
    let verified = true;
    try {
      await this.working;
      if (this.ended) return;
      this.meter.reset();
      while (this.index < share.files.length) {
        const index = this.index;
        const file = share.files[index];
        if (!file) break;
        if (this.current === null) this.begin(index);
        const target = this.current as unknown as IncomingFile;
        await target.opened();
        await fetchInto(target, file, this.fetching.signal);
        this.mark(index, 'verifying');
        await target.finish(file.sha256);
        if (this.ended) return;
        verified &&= file.sha256 !== null;
        this.fileDone(index, file.sha256 !== null);
      }
      this.allDone(verified);
    } catch (error) {
      this.failWith(error);
    }
  }

  // --- endings

  private allDone(verified: boolean): void {
    if (this.ended) return;
    this.patch({ received: this.view.total, verified });
    this.step('all-received');
    this.step('all-verified');
    this.signaling?.send('control', { kind: 'verified' });
    forgetSession(this.view.code);
    this.finish();
  }

  private onSenderCancelled(reason: string): void {
    if (this.ended) return;
    const texts: Record<string, [string, string]> = {
      person: ['The sender stopped the transfer.', 'Their files are still with them.'],
      source: ['The sender can no longer read a file.', 'Ask them to start again.'],
      'too-large': ['There is no direct path, and the files are too large for this server.', 'Try again on the same network.'],
    };
    const [title, detail] = texts[reason] ?? ['The sender stopped on an error.', ''];
    this.failWith(new Problem(`sender-${reason}`, title, detail), false);
  }

  private broken(why: string): void {
    this.tellCancel('protocol');
    this.failWith(new Problem('protocol', 'The sender sent something unexpected.', why), false);
  }

  private failWith(error: unknown, tell = true): void {
    if (this.ended) return;
    const problem = downloadProblem(error);
    if (tell) this.tellCancel(error instanceof SinkError ? 'sink' : error instanceof DigestMismatch ? 'mismatch' : 'protocol');
    this.patch({
      problem,
      files: this.view.files.map((file) => (file.state === 'active' || file.state === 'verifying' ? { ...file, state: 'failed' } : file)),
    });
    this.step(this.view.state === 'joining' ? 'refused' : 'fail');
    if (this.ended) this.finish();
  }

  private tellCancel(reason: 'person' | 'sink' | 'mismatch' | 'protocol'): void {
    this.line?.send({ kind: 'cancel', reason });
    this.signaling?.send('control', { kind: 'cancel', reason });
  }

  private finish(): void {
    this.clearDeadline();
    clearInterval(this.asking);
    clearInterval(this.saving);
    this.fetching?.abort();
    this.inbox = [];
    void this.current?.abort();
    this.current = null;
    this.line?.close(5000);
    this.stopWarning();
    this.awake.release();
    if (this.view.state !== 'failed') forgetSession(this.view.code);
    const { signaling } = this;
    setTimeout(() => signaling?.close(), this.view.state === 'done' ? 3000 : 400);
  }

  private step(event: ReceiverEvent): void {
    this.patch({ state: nextReceiver(this.view.state, event) });
  }

  private mark(index: number, state: RowState): void {
    this.patch({ files: this.view.files.map((file, at) => (at === index ? { ...file, state } : file)) });
  }

  private showList(files: readonly FileInfo[]): void {
    this.infos = files.map(({ name, size, type }) => ({ name, size, type }));
    const names = savedNames(files.map((file) => file.name));
    this.patch({
      files: files.map((file, index) => ({ name: names[index] ?? 'file', size: file.size, state: 'waiting' as const })),
      total: files.reduce((sum, file) => sum + file.size, 0),
    });
  }
}

function sameFiles(infos: readonly FileInfo[], share: Share): boolean {
  return infos.length === share.files.length && infos.every((info, index) => info.size === share.files[index]?.size);
}

// A reload must not lose the receiver's place: the session is kept for this tab.

const sessionKey = (code: string): string => `ferry:receiving:${code}`;

function rememberedSession(code: string): JoinedTransfer | null {
  try {
    const text = sessionStorage.getItem(sessionKey(code));
    if (text === null) return null;
    const session = JSON.parse(text) as JoinedTransfer;
    return Date.parse(session.session_expires_at) > Date.now() ? session : null;
  } catch {
    return null;
  }
}

function rememberSession(code: string, session: JoinedTransfer): void {
  try {
    sessionStorage.setItem(sessionKey(code), JSON.stringify(session));
  } catch {
    // Without storage a reload has to ask for a new code.
  }
}

function forgetSession(code: string): void {
  try {
    sessionStorage.removeItem(sessionKey(code));
  } catch {
    // As above.
  }
}
