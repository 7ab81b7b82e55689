import type { Payload, RelayType } from '../reliable';
import { channelLow } from './limits';
import type { Path } from './states';

export interface PeerEvents {
  send(type: RelayType, payload: Payload): void;
  open(channel: RTCDataChannel): void;
  message(data: string | ArrayBuffer): void;
  /** The channel is closed or can never open. */
  lost(why: string): void;
}

/** One RTCPeerConnection by perfect negotiation with one negotiated data channel. The sender offers, the
 *  receiver is polite. `disconnected` is not a failure; on `failed` ICE restarts once. */
export class Peer {
  readonly channel: RTCDataChannel;
  private readonly connection: RTCPeerConnection;
  private makingOffer = false;
  private ignoreOffer = false;
  private restarted = false;
  private closed = false;
  private incoming: Promise<void> = Promise.resolve();

  constructor(
    configuration: RTCConfiguration,
    private readonly polite: boolean,
    private readonly events: PeerEvents,
  ) {
    const connection = new RTCPeerConnection(configuration);
    this.connection = connection;
    connection.onicecandidate = ({ candidate }) => {
      if (!this.closed) events.send('candidate', { candidate: candidate ? candidate.toJSON() : null });
    };
    connection.onnegotiationneeded = () => {
      // The polite side's channel is part of the offer it waits for; it offers only to restart ICE.
      if (!this.polite || connection.remoteDescription !== null) void this.offer();
    };
    connection.onconnectionstatechange = () => {
      if (connection.connectionState === 'failed') this.restart();
    };
    this.channel = connection.createDataChannel('ferry', { negotiated: true, id: 0, ordered: true });
    this.channel.binaryType = 'arraybuffer';
    this.channel.bufferedAmountLowThreshold = channelLow;
    this.channel.onopen = () => {
      if (!this.closed) events.open(this.channel);
    };
    this.channel.onmessage = (event: MessageEvent<string | ArrayBuffer>) => {
      if (!this.closed) events.message(event.data);
    };
    this.channel.onclose = () => {
      if (!this.closed) events.lost('the channel was closed');
    };
  }

  /** Messages of the other side, one after the other. */
  receive(type: RelayType, payload: Payload): void {
    this.incoming = this.incoming.then(() => this.take(type, payload)).catch((error: unknown) => {
      if (!this.closed) this.events.lost(error instanceof Error ? error.message : String(error));
    });
  }

  /** The network changed or the path went quiet: look for another path, once. */
  restart(): void {
    if (this.closed) return;
    if (this.restarted) return;
    this.restarted = true;
    this.connection.restartIce();
  }

  get maxMessage(): number {
    return this.connection.sctp?.maxMessageSize ?? 65_536;
  }

  /** Which way the bytes take, as far as the browser tells. */
  async path(): Promise<Path> {
    try {
      const stats = await this.connection.getStats();
      let pairId: string | undefined;
      stats.forEach((report: { type: string; selectedCandidatePairId?: string }) => {
        if (report.type === 'transport') pairId ??= report.selectedCandidatePairId;
      });
      const pair = pairId ? (stats.get(pairId) as { localCandidateId: string; remoteCandidateId: string }) : undefined;
      if (!pair) return 'direct';
      const ends = [stats.get(pair.localCandidateId), stats.get(pair.remoteCandidateId)] as { candidateType?: string }[];
      return ends.some((end) => end?.candidateType === 'relay') ? 'relay' : 'direct';
    } catch {
      return 'direct';
    }
  }

  close(): void {
    if (this.closed) return;
    this.closed = true;
    this.channel.close();
    this.connection.close();
  }

  private async offer(): Promise<void> {
    try {
      this.makingOffer = true;
      await this.connection.setLocalDescription();
      this.describe('offer');
    } catch (error) {
      if (!this.closed) this.events.lost(error instanceof Error ? error.message : String(error));
    } finally {
      this.makingOffer = false;
    }
  }

  private describe(type: 'offer' | 'answer'): void {
    const description = this.connection.localDescription;
    if (!this.closed && description) this.events.send(type, { description: { type: description.type, sdp: description.sdp } });
  }

  private async take(type: RelayType, payload: Payload): Promise<void> {
    if (this.closed) return;
    const connection = this.connection;
    if (type === 'candidate') {
      const candidate = payload['candidate'] as RTCIceCandidateInit | null;
      try {
        await connection.addIceCandidate(candidate ?? undefined);
      } catch (error) {
        if (!this.ignoreOffer && connection.remoteDescription !== null && candidate !== null) throw error;
      }
      return;
    }
    const description = payload['description'] as RTCSessionDescriptionInit;
    const collision = description.type === 'offer' && (this.makingOffer || connection.signalingState !== 'stable');
    this.ignoreOffer = !this.polite && collision;
    if (this.ignoreOffer) return;
    await connection.setRemoteDescription(description);
    if (description.type === 'offer') {
      await connection.setLocalDescription();
      this.describe('answer');
    }
  }
}
