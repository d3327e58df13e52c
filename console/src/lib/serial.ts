/** Runs asynchronous steps one after the other: signing and verifying take time, and the order of messages must not depend on it. */
export class Serial {
  #last: Promise<unknown> = Promise.resolve();
  #waiting = 0;

  /** Steps that have not finished. */
  get waiting(): number {
    return this.#waiting;
  }

  /** Runs `step` after all earlier ones, whether they failed or not. */
  run<T>(step: () => Promise<T> | T): Promise<T> {
    this.#waiting += 1;
    const next = this.#last.then(step).finally(() => (this.#waiting -= 1));
    this.#last = next.catch(() => undefined);
    return next;
  }
}
