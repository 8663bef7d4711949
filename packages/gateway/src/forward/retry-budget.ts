// How many retries a group may add to the load of systems in trouble: a share of its recent calls, and a few besides.

/** Seconds that the budget looks back. */
const windowSeconds = 10;

/** Counts calls and retries of the last ten seconds. Seconds are whole ones, so that a window is 9 to 10 s long. */
export class RetryBudget {
  readonly #share: number;
  readonly #grantedMax: number;
  readonly #calls = new Float64Array(windowSeconds);
  readonly #retries = new Float64Array(windowSeconds);
  #second = Number.NaN;
  #callCount = 0;
  #retryCount = 0;

  constructor({ budgetPercent, minPerSecond }: { readonly budgetPercent: number; readonly minPerSecond: number }) {
    this.#share = budgetPercent / 100;
    this.#grantedMax = minPerSecond * windowSeconds;
  }

  /** Counts a call; instants in milliseconds since 1970 UTC. */
  called(nowMs: number): void {
    const at = this.#turnTo(nowMs);
    this.#calls[at] = (this.#calls[at] ?? 0) + 1;
    this.#callCount += 1;
  }

  /** Whether one more retry is within the budget; counts it where it is. */
  take(nowMs: number): boolean {
    const at = this.#turnTo(nowMs);
    if (this.#retryCount + 1 > this.#callCount * this.#share + this.#grantedMax) return false;
    this.#retries[at] = (this.#retries[at] ?? 0) + 1;
    this.#retryCount += 1;
    return true;
  }

  /** Forgets what is older than the window. A clock that was set back begins anew. */
  #turnTo(nowMs: number): number {
    const second = Math.floor(nowMs / 1_000);
    if (second === this.#second) return second % windowSeconds;
    const passed = second - this.#second;
    if (passed > 0 && passed < windowSeconds) {
      for (let each = this.#second + 1; each <= second; each += 1) this.#forget(each % windowSeconds);
    } else {
      for (let each = 0; each < windowSeconds; each += 1) this.#forget(each);
    }
    this.#second = second;
    return second % windowSeconds;
  }

  #forget(at: number): void {
    this.#callCount -= this.#calls[at] ?? 0;
    this.#retryCount -= this.#retries[at] ?? 0;
    this.#calls[at] = 0;
    this.#retries[at] = 0;
  }
}
