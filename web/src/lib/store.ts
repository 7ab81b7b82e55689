/** A value that views subscribe to (Svelte's store contract). */
export class Observable<T extends object> {
  private listeners = new Set<(value: T) => void>();

  constructor(protected view: T) {}

  get value(): Readonly<T> {
    return this.view;
  }

  subscribe(listener: (value: T) => void): () => void {
    this.listeners.add(listener);
    listener(this.view);
    return () => this.listeners.delete(listener);
  }

  protected patch(change: Partial<T>): void {
    this.view = { ...this.view, ...change };
    for (const listener of this.listeners) listener(this.view);
  }
}
