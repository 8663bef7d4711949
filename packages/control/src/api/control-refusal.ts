// The one way control says no.
import { type ControlProblemCode, type ControlProblemFacts, controlProblems } from '@headgate/contract';

/** What a refusal may add beside its facts. */
export interface ControlRefusalOptions {
  readonly cause?: unknown;
  /** How long the caller must wait, in milliseconds, for codes with `retry: 'after'`. */
  readonly retryAfterMs?: number;
}

/** An expected "no", thrown by whatever answers a request. Anything else thrown is a defect. */
export class ControlRefusal<Code extends ControlProblemCode = ControlProblemCode> extends Error {
  override readonly name = 'ControlRefusal';
  readonly code: Code;
  readonly retryAfterMs: number | undefined;
  /** The sentence for the caller: only typed facts, nothing from a library. */
  readonly detail: string;

  constructor(code: Code, facts: ControlProblemFacts<Code>, options: ControlRefusalOptions = {}) {
    super(controlProblems[code].title, options.cause === undefined ? undefined : { cause: options.cause });
    this.code = code;
    this.retryAfterMs = options.retryAfterMs;
    // The catalogue types facts per code; this is the one place where a code meets its own facts again.
    this.detail = (controlProblems[code].detail as (facts: unknown) => string)(facts);
  }
}
