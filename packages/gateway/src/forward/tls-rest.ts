// When an endpoint is left alone whose TLS fails for a reason that lasts: else each call would cost both sides a handshake, whose
// outcome is known, and one system's bad certificate would take the processor from all the others. Pure; instants are passed in.
import type { NotConnected, Outcome } from '../upstream.ts';

/** Failures in a row before it rests: one may be a back end that is being given another certificate. */
const failuresMax = 3;

/** The first rest, in milliseconds; each one after it is twice as long, up to the last. */
const firstRestMs = 100;
const restMsMax = 5_000;

/** What is known of the handshakes of one endpoint under one reading of the TLS files: a count and the last failure. */
export class TlsRest {
  #failuresInRow = 0;
  #restMs = 0;
  #untilMs = Number.NEGATIVE_INFINITY;
  /** One call tries again whether it still fails. */
  #isTried = false;
  #last: NotConnected | null = null;

  /** How the last handshake failed, while no other is to be made; null where this call may make one. */
  refused(nowMs: number): NotConnected | null {
    if (this.#failuresInRow < failuresMax) return null;
    if (nowMs < this.#untilMs) return this.#last;
    this.#isTried = true;
    this.#untilMs = nowMs + this.#restMs;
    return null;
  }

  /** Takes note of how a call on a new connection ended. */
  ended(outcome: Outcome, nowMs: number): void {
    if (outcome === this.#last) return; // It made no handshake.
    if (outcome.kind === 'answered') this.clear();
    if (outcome.kind !== 'not-connected' || outcome.reason !== 'tls' || !outcome.isLasting) return;
    this.#last = outcome;
    this.#failuresInRow += 1;
    // Those that were under way together tell nothing new.
    if (this.#failuresInRow < failuresMax || (this.#restMs > 0 && !this.#isTried)) return;
    this.#isTried = false;
    this.#restMs = Math.min(restMsMax, this.#restMs === 0 ? firstRestMs : 2 * this.#restMs);
    this.#untilMs = nowMs + this.#restMs;
  }

  /** Forgets all of it. */
  clear(): void {
    this.#failuresInRow = 0;
    this.#restMs = 0;
    this.#isTried = false;
    this.#last = null;
  }
}
