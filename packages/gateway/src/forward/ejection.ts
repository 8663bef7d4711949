// What calls tell of an endpoint: when it is ejected, for how long, and how it comes back. Pure; instants are passed in.
import type { UpstreamOptions } from '../config-upstreams.ts';

type EjectionOptions = UpstreamOptions['ejection'];

/** Share of its weight that an endpoint begins with when it comes back. */
const firstShare = 0.1;

/** The record of one endpoint in one group. Instants are monotonic milliseconds. */
export class Ejection {
  readonly #options: EjectionOptions;
  #failuresInRow = 0;
  #timesInRow = 0;
  #untilMs = Number.NEGATIVE_INFINITY;
  /** From when on its share grows; Infinity once it is whole. */
  #growsFromMs = Number.POSITIVE_INFINITY;

  constructor(options: EjectionOptions) {
    this.#options = options;
  }

  /** Whether an answer with this status counts as a failure. */
  isFailure(status: number): boolean {
    return this.#options.statuses.includes(status);
  }

  succeeded(): void {
    this.#failuresInRow = 0;
  }

  /** Counts a failure; true when it is one too many. */
  failed(): boolean {
    this.#failuresInRow += 1;
    return this.#options.failures > 0 && this.#failuresInRow >= this.#options.failures;
  }

  /** Ejects it; returns for how long. Each time in a row is twice as long, unless it served for `maxMs` in between. */
  eject(nowMs: number): number {
    const { baseMs, maxMs } = this.#options;
    this.#timesInRow = nowMs - this.#untilMs < maxMs ? this.#timesInRow + 1 : 1;
    const forMs = Math.min(maxMs, baseMs * 2 ** Math.min(30, this.#timesInRow - 1));
    this.#untilMs = nowMs + forMs;
    return forMs;
  }

  /** It comes back, and has to prove itself: until the first success one failure is enough to eject it again. */
  comeBack(nowMs: number): void {
    this.#failuresInRow = Math.max(0, this.#options.failures - 1);
    this.growFrom(nowMs);
  }

  /** Its share of the calls begins small. */
  growFrom(nowMs: number): void {
    this.#growsFromMs = this.#options.slowStartMs === 0 ? Number.POSITIVE_INFINITY : nowMs;
  }

  /** Whether its share still grows; then `shareAt` must be asked. */
  get grows(): boolean {
    return this.#growsFromMs !== Number.POSITIVE_INFINITY;
  }

  /** Its share of its weight, from a tenth to 1. */
  shareAt(nowMs: number): number {
    if (this.#growsFromMs === Number.POSITIVE_INFINITY) return 1;
    const grown = (nowMs - this.#growsFromMs) / this.#options.slowStartMs;
    if (grown < 1) return Math.max(firstShare, grown);
    this.#growsFromMs = Number.POSITIVE_INFINITY;
    return 1;
  }
}
