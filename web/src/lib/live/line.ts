import { Watchdog } from '../watchdog';
import { Heartbeat } from './heartbeat';
import { Peer } from './peer';
import { type Control, decodeControl, encodeControl, type Frame, protocolVersion, readFrame } from './protocol';
import type { Payload, RelayType } from '../reliable';
import type { Path } from './states';

export const silenceMs = 8_000;
const quietMs = 3_000;
const aliveMs = 2_000;

export interface LineEvents {
  signal(type: RelayType, payload: Payload): void;
  open(): void;
  control(control: Control): void;
  frame(frame: Frame): void;
  path(path: Path): void;
  /** The direct path is gone for good. */
  lost(why: string): void;
  /** The other side broke the protocol. */
  broken(why: string): void;
}

/** The direct line between two pages: a peer connection, the control messages on it, and our own clock that
 *  notices when it has died, since browsers do not tell in time. */
export class Line {
  readonly peer: Peer;
  private readonly watchdog: Watchdog;
  private readonly heartbeat: Heartbeat;
  private over = false;

  constructor(
    configuration: RTCConfiguration,
    polite: boolean,
    private readonly events: LineEvents,
  ) {
    this.watchdog = new Watchdog(silenceMs, () => this.lose('nothing was heard for 8 s'), quietMs, () => this.peer.restart());
    this.heartbeat = new Heartbeat(aliveMs, () => this.send({ kind: 'alive' }));
    this.peer = new Peer(configuration, polite, {
      send: (type, payload) => events.signal(type, payload),
      open: () => this.onOpen(),
      message: (data) => this.onMessage(data),
      lost: (why) => this.lose(why),
    });
  }

  get open(): boolean {
    return !this.over && this.peer.channel.readyState === 'open';
  }

  send(control: Control): void {
    if (!this.open) return;
    try {
      this.peer.channel.send(encodeControl(control));
    } catch {
      this.lose('the channel does not take messages');
    }
  }

  /** Ends it; what was just sent still leaves. */
  close(afterMs = 0): void {
    this.over = true;
    this.watchdog.stop();
    this.heartbeat.stop();
    if (afterMs > 0) setTimeout(() => this.peer.close(), afterMs);
    else this.peer.close();
  }

  private onOpen(): void {
    if (this.over) return;
    this.watchdog.start();
    this.heartbeat.start();
    this.send({ kind: 'hello', version: protocolVersion });
    void this.peer.path().then((path) => {
      if (!this.over) this.events.path(path);
    });
    this.events.open();
  }

  private onMessage(data: string | ArrayBuffer): void {
    if (this.over) return;
    this.watchdog.stir();
    try {
      if (typeof data !== 'string') {
        this.events.frame(readFrame(data));
        return;
      }
      const control = decodeControl(data);
      if (control !== null && control.kind !== 'alive' && control.kind !== 'hello') this.events.control(control);
    } catch (error) {
      this.events.broken(error instanceof Error ? error.message : String(error));
    }
  }

  private lose(why: string): void {
    if (this.over) return;
    this.close();
    this.events.lost(why);
  }
}
