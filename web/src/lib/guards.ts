// The two things that a running transfer asks of the browser: warn before leaving, and stay awake.

let leaving: (() => boolean) | null = null;

function warn(event: BeforeUnloadEvent): void {
  if (leaving?.()) event.preventDefault();
}

/** Warns before the tab is closed while `active` answers true. Answers the way to stop. */
export function warnBeforeLeaving(active: () => boolean): () => void {
  leaving = active;
  addEventListener('beforeunload', warn);
  return () => {
    if (leaving !== active) return;
    leaving = null;
    removeEventListener('beforeunload', warn);
  };
}

/** Keeps the screen on while a transfer runs; the browser drops the lock when the tab is hidden. */
export class WakeLock {
  private lock: { release(): Promise<void> } | null = null;
  private wanted = false;

  acquire(): void {
    if (this.wanted) return;
    this.wanted = true;
    document.addEventListener('visibilitychange', this.renew);
    void this.request();
  }

  release(): void {
    this.wanted = false;
    document.removeEventListener('visibilitychange', this.renew);
    void this.lock?.release().catch(() => undefined);
    this.lock = null;
  }

  private readonly renew = (): void => {
    if (document.visibilityState === 'visible') void this.request();
  };

  private async request(): Promise<void> {
    try {
      const lock = await navigator.wakeLock?.request('screen');
      if (this.wanted) this.lock = lock ?? null;
      else void lock?.release();
    } catch {
      // Low battery or not allowed: the transfer works without.
    }
  }
}
