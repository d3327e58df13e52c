/** A value that can be watched: Svelte's store contract, without Svelte. */

/** Stops the notifications. */
export type Unsubscribe = () => void;

/** Svelte's store contract: calls back at once, and after each change. */
export interface Readable<T> {
  subscribe(this: void, watcher: (value: T) => void): Unsubscribe;
}

/** The writable side of a {@link Readable}, kept inside the store that owns it. */
export class Cell<T extends object> implements Readable<T> {
  #value: T;
  readonly #watchers = new Set<(value: T) => void>();

  constructor(value: T) {
    this.#value = value;
  }

  get value(): T {
    return this.#value;
  }

  /** Replaces some members; watchers are told once, and only when a member really changed. */
  set(change: Partial<T>): void {
    const names = Object.keys(change) as (keyof T)[];
    if (names.every((name) => Object.is(this.#value[name], change[name]))) return;
    this.#value = { ...this.#value, ...change };
    for (const watcher of [...this.#watchers]) watcher(this.#value);
  }

  readonly subscribe = (watcher: (value: T) => void): Unsubscribe => {
    // Wrapped, so that one function may subscribe twice.
    const own = (value: T) => watcher(value);
    this.#watchers.add(own);
    own(this.#value);
    return () => this.#watchers.delete(own);
  };
}
