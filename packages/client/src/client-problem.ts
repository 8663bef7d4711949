// The one way a call says no: a code, a reason, a fix, who refused it and whether it was forwarded.
import { type ProblemCode, problems, type RetryAdvice } from '@headgate/contract';
import { type ClientProblemCode, type ClientProblemFacts, clientProblems, type RefusedBy } from './problems.ts';

/** What an answer or a failure may add to a problem. Absent facts are unknown. */
export interface ClientProblemOptions {
  readonly cause?: unknown;
  /** Seconds the other side asked to wait, read from its text or field; from 1 to 86,400. */
  readonly retryAfterSeconds?: number | undefined;
  /** The gateway's exchange id, to be quoted to the operator. */
  readonly exchange?: string | undefined;
  /** Whether the gateway had passed the request on to a market system: what makes repeating a submit safe. */
  readonly forwarded?: 'no' | 'partly' | 'yes' | undefined;
  readonly refusedBy?: RefusedBy | undefined;
  /** HTTP status of the answer. */
  readonly status?: number | undefined;
  /** The sentence of a SOAP fault or page as it was received, at most 2,000 characters. */
  readonly faultText?: string | undefined;
  /** Whom to ask about the certificate: the address of a role, as the gateway says it. */
  readonly contact?: string | undefined;
  /** The certificate as the gateway saw it, in its own words. */
  readonly certificate?: OfferedCertificate | undefined;
}

/** What a gateway says of a certificate that it refused. Instants as ISO 8601 in UTC. */
export interface OfferedCertificate {
  readonly subject?: string | undefined;
  readonly issuer?: string | undefined;
  readonly serial?: string | undefined;
  readonly notBefore?: string | undefined;
  readonly notAfter?: string | undefined;
  readonly fingerprint?: string | undefined;
}

interface ClientProblemWords {
  readonly code: ClientProblemCode | ProblemCode;
  readonly title: string;
  readonly detail: string;
  readonly fix: string;
  readonly retry: RetryAdvice;
  readonly refusedBy: RefusedBy;
}

/** An expected "no" of a call: thrown by `invoke`, printed by the command line. Anything else thrown is a defect. */
export class ClientProblem extends Error {
  readonly code: ClientProblemCode | ProblemCode;
  readonly title: string;
  readonly detail: string;
  readonly fix: string;
  readonly retry: RetryAdvice;
  readonly refusedBy: RefusedBy;
  readonly retryAfterSeconds: number | undefined;
  readonly exchange: string | undefined;
  readonly forwarded: 'no' | 'partly' | 'yes' | undefined;
  readonly status: number | undefined;
  readonly faultText: string | undefined;
  readonly contact: string | undefined;
  readonly certificate: OfferedCertificate | undefined;

  constructor(words: ClientProblemWords, options: ClientProblemOptions = {}) {
    super(`${words.title}: ${words.detail}`, options.cause === undefined ? undefined : { cause: options.cause });
    this.name = 'ClientProblem';
    this.code = words.code;
    this.title = words.title;
    this.detail = words.detail;
    this.fix = words.fix;
    this.retry = words.retry;
    this.refusedBy = options.refusedBy ?? words.refusedBy;
    this.retryAfterSeconds = options.retryAfterSeconds;
    this.exchange = options.exchange;
    this.forwarded = options.forwarded;
    this.status = options.status;
    this.faultText = options.faultText?.slice(0, 2_000);
    this.contact = options.contact;
    this.certificate = options.certificate;
  }

  /** The problem as plain data, for `--json`: no stack, no cause, absent facts left out. */
  toJSON(): Record<string, unknown> {
    const { name: _name, ...facts } = this;
    return facts;
  }
}

/** True for a client problem, also across package copies: matched by name and code, not by class. */
export function isClientProblem(error: unknown): error is ClientProblem {
  return error instanceof Error && error.name === 'ClientProblem' && 'code' in error;
}

/** A problem of the client's own catalogue, from its code and the facts its sentence needs. */
export function clientProblem<Code extends ClientProblemCode>(
  code: Code,
  facts: ClientProblemFacts<Code>,
  options: ClientProblemOptions = {},
): ClientProblem {
  const { title, detail, fix, retry, refusedBy } = clientProblems[code];
  // The catalogue types facts per code; this is the one place where a code meets its own facts again.
  const sentence = (detail as (facts: unknown) => string)(facts);
  return new ClientProblem({ code, title, detail: sentence, fix, retry, refusedBy }, options);
}

/** A refusal that the gateway explained itself: its code and sentence, with the fix it sent or the contract's. */
export function gatewayProblem(
  said: { readonly code: string; readonly detail: string; readonly fix?: string | undefined },
  options: ClientProblemOptions,
): ClientProblem {
  if (!isProblemCode(said.code)) {
    return clientProblem('call.refused_by_gateway', { code: said.code, detail: said.detail }, options);
  }
  const { title, fix, retry, source } = problems[said.code];
  // A system that breaks off stopped the call, though the gateway wrote the answer; one that was never reached did not.
  const refusedBy = source === 'upstream' && options.forwarded !== 'no' ? 'system' : 'gateway';
  const words = { code: said.code, title, detail: said.detail, fix: said.fix ?? fix, retry, refusedBy } as const;
  return new ClientProblem(words, options);
}

function isProblemCode(code: string): code is ProblemCode {
  return Object.hasOwn(problems, code);
}
