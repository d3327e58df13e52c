/** The pulse of a confirmed call: it pings, measures, and notices when nothing comes any more. */

/** How often a peer is pinged and listened for: its death is noticed after 3 to 3.5 s. */
const PERIOD_MS = 500;
/** Browsers let the timers of a hidden page run once a second. */
const SUSPENDED_MS = 2_500;
const SILENCE_MS = 3_000;

/** What a beat does. */
export interface PulseActions {
  ping(n: number): void;
  /** Measures the call. Says whether packets came since the last time. */
  measure(): Promise<boolean>;
  /** Nothing has come for 3 s. */
  silent(): void;
  /** Something came after that. */
  back(): void;
}

export class Pulse {
  readonly #actions: PulseActions;
  #ticker: ReturnType<typeof setInterval> | undefined;
  #heardAt = Date.now();
  #pings = 0;
  #silent = false;

  constructor(actions: PulseActions) {
    this.#actions = actions;
  }

  start(): void {
    this.#heardAt = Date.now();
    let last = this.#heardAt;
    this.#ticker = setInterval(() => {
      // A page that was suspended has heard nobody: that is no silence of the peer's.
      if (Date.now() - last > SUSPENDED_MS) this.#heardAt = Date.now();
      last = Date.now();
      void this.#beat(last);
    }, PERIOD_MS);
  }

  /** Whether nothing has come for 3 s, or since {@link lost}. */
  get isSilent(): boolean {
    return this.#silent;
  }

  /** Something came from the peer. */
  heard(): void {
    this.#heardAt = Date.now();
    if (!this.#silent) return;
    this.#silent = false;
    this.#actions.back();
  }

  /** Others have found out that the connection is lost. */
  lost(): void {
    this.#silent = true;
  }

  stop(): void {
    clearInterval(this.#ticker);
    this.#ticker = undefined;
  }

  async #beat(now: number): Promise<void> {
    this.#actions.ping((this.#pings += 1));
    const came = await this.#actions.measure();
    if (this.#ticker === undefined) return;
    if (came) this.heard();
    // Timers are a little early or late, and the last packet came up to one period before it was counted.
    if (this.#silent || now - this.#heardAt <= SILENCE_MS - PERIOD_MS / 2) return;
    this.#silent = true;
    this.#actions.silent();
  }
}
