// Makes the signaling relay reliable between the two pages (docs/reference/live-protocol.md). Pure: no
// socket, no timer; whoever owns it carries messages in and out.

export type RelayType = 'offer' | 'answer' | 'candidate' | 'control';
export type Payload = Record<string, unknown>;
export type RelayMessage = { type: RelayType; seq: number; ack: number; payload: Payload };
export type AckMessage = { type: 'ack'; ack: number };

/** Messages kept that came before an earlier one. */
const earlyLimit = 256;

export interface ReliableEvents {
  transmit(message: RelayMessage | AckMessage): void;
  deliver(type: RelayType, payload: Payload): void;
  /** A page that we have not met is on the other side: start anew with it. */
  peerNew(): void;
}

/** Cumulative acks over an at-most-once relay. Each page load has a name; a page says `reset` as its first
 *  message and numbering restarts on both sides whenever an unknown page speaks. Nothing else is sent or
 *  taken before the other side has named this page, so that no message of an earlier page is mistaken. */
export class ReliableLink {
  private peerPage: string | null = null;
  private known = false;
  private outSeq = 0;
  private inSeq = 0;
  private unacked: RelayMessage[] = [];
  private held: { type: RelayType; payload: Payload }[] = [];
  private early = new Map<number, RelayMessage>();

  constructor(
    private readonly page: string,
    private readonly events: ReliableEvents,
  ) {
    this.restart();
  }

  /** The other page knows this one: messages flow. */
  get ready(): boolean {
    return this.known;
  }

  /** Messages that are not acked. */
  get waiting(): number {
    return this.unacked.length;
  }

  send(type: RelayType, payload: Payload): void {
    if (!this.known) {
      this.held.push({ type, payload });
      return;
    }
    this.events.transmit(this.number(type, payload));
  }

  /** After `peer-joined`, `resync`, a reconnect or a while of silence. */
  resend(): void {
    for (const message of this.unacked) this.events.transmit({ ...message, ack: this.inSeq });
  }

  receive(message: RelayMessage | AckMessage): void {
    if (message.type === 'ack') {
      if (this.known && this.inSeq >= 2) this.acknowledge(message.ack);
      return;
    }
    if (message.type === 'control' && message.payload['kind'] === 'reset') {
      this.reset(message);
      return;
    }
    if (!this.known) return;
    this.acknowledge(message.ack);
    if (message.seq > this.inSeq && this.early.size < earlyLimit) this.early.set(message.seq, message);
    const sent = this.outSeq;
    for (let next = this.takeNext(); next !== undefined; next = this.takeNext()) {
      if (next.payload['kind'] !== 'ready') this.events.deliver(next.type, next.payload);
    }
    if (this.outSeq === sent) this.events.transmit({ type: 'ack', ack: this.inSeq });
  }

  private takeNext(): RelayMessage | undefined {
    const next = this.early.get(this.inSeq + 1);
    if (next === undefined) return undefined;
    this.early.delete(next.seq);
    this.inSeq = next.seq;
    return next;
  }

  private reset(message: RelayMessage): void {
    const page = String(message.payload['page'] ?? '');
    const namesUs = message.payload['for'] === this.page;
    if (page !== this.peerPage) {
      const held = this.peerPage === null ? this.held : [];
      this.peerPage = page;
      this.early.clear();
      this.known = false;
      this.inSeq = 1;
      this.held = held;
      this.restart();
      this.resend();
      this.events.peerNew();
      if (namesUs) this.open();
      return;
    }
    if (namesUs && !this.known) {
      this.early.clear();
      this.inSeq = 1;
      this.open();
      return;
    }
    if (!this.known) this.resend();
    else this.events.transmit({ type: 'ack', ack: this.inSeq });
  }

  /** `ready` is the proof for the other side that its `reset` arrived. */
  private open(): void {
    this.known = true;
    const held = this.held;
    this.held = [];
    this.events.transmit(this.number('control', { kind: 'ready' }));
    for (const { type, payload } of held) this.events.transmit(this.number(type, payload));
  }

  private restart(): void {
    this.outSeq = 0;
    this.unacked = [];
    const payload: Payload = { kind: 'reset', page: this.page };
    if (this.peerPage !== null) payload['for'] = this.peerPage;
    this.number('control', payload);
  }

  private number(type: RelayType, payload: Payload): RelayMessage {
    const message: RelayMessage = { type, seq: ++this.outSeq, ack: this.inSeq, payload };
    this.unacked.push(message);
    return message;
  }

  private acknowledge(ack: number): void {
    if (ack > this.outSeq) return;
    // A lone ack of the reset may belong to an earlier numbering; a later one cannot.
    if (ack >= 2) this.unacked = this.unacked.filter((message) => message.seq > ack);
  }
}
