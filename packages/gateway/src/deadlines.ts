// Waits with an end, kept together: one coarse timer for thousands of sockets instead of one timer each.

/** Something that must not wait longer than its deadline. */
export interface Waiting {
  /** Monotonic milliseconds; Infinity while it waits for nothing. */
  deadlineMs: number;
  /** Called once the deadline has passed; sets a new deadline or goes away. */
  expire(): void;
}

/** How late a deadline may be noticed, in milliseconds. */
const deadlineGrainMs = 50;

/** The machine's own. */
export const monotonic = (): number => performance.now();

/** Watches deadlines until it is closed. */
export class Deadlines {
  readonly #waiting = new Set<Waiting>();
  readonly #elapsed: () => number;
  #timer: NodeJS.Timeout | null = null;

  /** `elapsed` gives milliseconds that only go forward. */
  constructor(elapsed: () => number = monotonic) {
    this.#elapsed = elapsed;
  }

  /** Monotonic milliseconds, for setting deadlines. */
  now(): number {
    return this.#elapsed();
  }

  add(waiting: Waiting): void {
    this.#waiting.add(waiting);
    this.#timer ??= setInterval(() => this.#look(), deadlineGrainMs).unref();
  }

  remove(waiting: Waiting): void {
    this.#waiting.delete(waiting);
    if (this.#waiting.size > 0 || this.#timer === null) return;
    clearInterval(this.#timer);
    this.#timer = null;
  }

  #look(): void {
    const nowMs = this.#elapsed();
    for (const waiting of this.#waiting) {
      if (waiting.deadlineMs > nowMs) continue;
      waiting.deadlineMs = Number.POSITIVE_INFINITY;
      waiting.expire();
    }
  }
}
