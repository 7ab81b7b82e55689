/** Tells when nothing was heard for a while. `stir` on every sign of life. */
export class Watchdog {
  private timer: ReturnType<typeof setInterval> | undefined;
  private last = 0;
  private warned = false;

  constructor(
    private readonly limitMs: number,
    private readonly silent: () => void,
    private readonly warnMs = 0,
    private readonly warn: () => void = () => undefined,
  ) {}

  start(): void {
    this.stop();
    this.stir();
    this.timer = setInterval(() => {
      const quiet = Date.now() - this.last;
      if (quiet >= this.limitMs) {
        this.stop();
        this.silent();
      } else if (this.warnMs > 0 && quiet >= this.warnMs && !this.warned) {
        this.warned = true;
        this.warn();
      }
    }, 500);
  }

  stir(): void {
    this.last = Date.now();
    this.warned = false;
  }

  stop(): void {
    clearInterval(this.timer);
    this.timer = undefined;
  }
}
