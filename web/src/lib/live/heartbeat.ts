/** Signs of life in both directions, apart from the bytes: says `alive` and counts its own progress. */
export class Heartbeat {
  private timer: ReturnType<typeof setInterval> | undefined;

  constructor(
    private readonly everyMs: number,
    private readonly beat: () => void,
  ) {}

  start(): void {
    this.stop();
    this.timer = setInterval(this.beat, this.everyMs);
  }

  stop(): void {
    clearInterval(this.timer);
    this.timer = undefined;
  }
}
