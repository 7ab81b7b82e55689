/** A smoothed rate over the last seconds. Time is given, so that the meter is a pure thing. */
export class RateMeter {
  private samples: { at: number; bytes: number }[] = [];

  constructor(private readonly windowMs = 4000) {}

  /** `bytes` is the running total at `now` (milliseconds, any origin). */
  add(bytes: number, now: number): void {
    this.samples.push({ at: now, bytes });
    while (this.samples.length > 2 && (this.samples[1]?.at ?? now) <= now - this.windowMs) this.samples.shift();
  }

  /** Bytes per second; 0 until there is something to say. */
  rate(): number {
    const first = this.samples[0];
    const last = this.samples[this.samples.length - 1];
    if (!first || !last || last.at - first.at < 300) return 0;
    return Math.max(0, ((last.bytes - first.bytes) * 1000) / (last.at - first.at));
  }

  secondsLeft(remaining: number): number {
    const rate = this.rate();
    return rate > 0 ? remaining / rate : Number.POSITIVE_INFINITY;
  }

  reset(): void {
    this.samples = [];
  }
}
