// The one way any stage says no.
import { type LimitFacts, type ProblemCode, type ProblemFacts, problems } from './problems.ts';

/** What a refusal may add beside its facts. */
export interface RefusalOptions {
  readonly cause?: unknown;
  /** How long the caller must wait, in milliseconds, for codes with `retry: 'after'`. */
  readonly retryAfterMs?: number;
  /** HTTP status of the SOAP fault where policy overrides the default of 500. */
  readonly soapStatus?: number;
}

/** An expected "no", thrown or returned: a code of the catalogue and the facts that its sentence needs. */
export interface StatedRefusal<Code extends ProblemCode = ProblemCode> {
  readonly code: Code;
  readonly facts: ProblemFacts<Code>;
  readonly retryAfterMs: number | undefined;
  readonly soapStatus: number | undefined;
  /** The sentence for the caller: only typed facts, nothing from a library or an upstream. */
  readonly detail: string;
}

/** A refusal that is returned. For limits: their "no" is an everyday answer, and throwing it costs more than writing it. */
export function stateRefusal<Code extends ProblemCode>(
  code: Code,
  facts: ProblemFacts<Code>,
  { retryAfterMs, soapStatus }: RefusalOptions,
): StatedRefusal<Code> {
  return { code, facts, retryAfterMs, soapStatus, detail: detailOf(code, facts) };
}

/** The limit that refused; null for every other refusal. */
export function limitOf({ facts }: Pick<StatedRefusal, 'facts'>): LimitFacts | null {
  return 'violated' in facts ? facts : null;
}

/** A refusal that is thrown. Anything else thrown is a defect. */
export class Refusal<Code extends ProblemCode = ProblemCode> extends Error implements StatedRefusal<Code> {
  readonly code: Code;
  readonly facts: ProblemFacts<Code>;
  readonly retryAfterMs: number | undefined;
  readonly soapStatus: number | undefined;

  constructor(code: Code, facts: ProblemFacts<Code>, options: RefusalOptions = {}) {
    // A refusal is an expected answer, not a fault: its stack helps nobody and costs more than all the rest of saying no.
    const { stackTraceLimit } = Error;
    Error.stackTraceLimit = 0;
    super(problems[code].title, options.cause === undefined ? undefined : { cause: options.cause });
    Error.stackTraceLimit = stackTraceLimit;
    this.name = 'Refusal';
    this.code = code;
    this.facts = facts;
    this.retryAfterMs = options.retryAfterMs;
    this.soapStatus = options.soapStatus;
  }

  get detail(): string {
    return detailOf(this.code, this.facts);
  }
}

function detailOf<Code extends ProblemCode>(code: Code, facts: ProblemFacts<Code>): string {
  // The catalogue types facts per code; this is the one place where a code meets its own facts again.
  return (problems[code].detail as (facts: unknown) => string)(facts);
}

/** True for a refusal, also across package copies: matched by name and code, not by class. */
export function isRefusal(error: unknown): error is Refusal {
  return error instanceof Error && error.name === 'Refusal' && 'code' in error && String(error.code) in problems;
}
