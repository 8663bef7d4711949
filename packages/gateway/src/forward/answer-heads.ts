// What an endpoint's answers say in their heads: read strictly once, and known again by their bytes. Within a second most heads of
// one service are the same; where no date is sent, always.
import { createKnownHeads, type KnownHeads } from '../http1/known-heads.ts';
import { Malformed } from '../http1/malformed.ts';
import type { RawResponseHead } from '../http1/response-head.ts';
import { persists } from '../passing-fields.ts';
import type { AnswerHead } from '../upstream.ts';

/** Heads kept of one endpoint. */
const headsMax = 64;

/** How the body behind a head ends (RFC 9112 §6.3), and whether another answer may follow it. */
export interface AnswerFraming {
  readonly kind: 'length' | 'chunked' | 'until-close';
  /** Bytes of the body, for `length`. */
  readonly bytes: number;
  readonly keepAlive: boolean;
}

/** A head as it was read. */
export interface KnownAnswer {
  readonly head: AnswerHead;
  readonly framing: AnswerFraming;
  /** Of the head, the empty line included. */
  readonly bytes: number;
}

/** The heads of one endpoint's answers to methods whose answers have a body. */
export type AnswerHeads = KnownHeads<KnownAnswer>;

export function createAnswerHeads(): AnswerHeads {
  // An endpoint that sends heads that fall together slows nobody's but its own calls.
  return createKnownHeads<KnownAnswer>({ seed: 0, headsMax });
}

/** A head with what later answers conclude of it. RFC 9110 §8.6: 204 must not be passed on with a length. */
export function toAnswerHead({ status, httpVersion, fields }: RawResponseHead): AnswerHead {
  return { status, httpVersion, fields: status === 204 ? without(fields, 'content-length') : fields, memo: {} };
}

/** RFC 9112 §6.3 for responses. Throws `Malformed` for what could be read two ways. */
export function answerFraming({ fields, status, httpVersion }: RawResponseHead, method: string): AnswerFraming {
  const lengths = valuesOf(fields, 'content-length');
  const codings = valuesOf(fields, 'transfer-encoding');
  const ambiguous = (found: string): never => {
    throw new Malformed('ambiguous-length', found);
  };
  if (lengths.length > 1 || codings.length > 1) ambiguous('more than one length');
  if (lengths.length > 0 && codings.length > 0) ambiguous('Content-Length and Transfer-Encoding together');
  if (lengths[0] !== undefined && !/^\d{1,15}$/.test(lengths[0])) ambiguous('a Content-Length that is not a number');
  if (codings[0] !== undefined && (codings[0].toLowerCase() !== 'chunked' || httpVersion === '1.0'))
    ambiguous('a Transfer-Encoding other than chunked');
  const isEmpty = status < 200 || status === 204;
  const bodiless = method === 'HEAD' || isEmpty || status === 304;
  const isUntilClose = !bodiless && lengths.length === 0 && codings.length === 0;
  // RFC 9110 §8.6: 1xx and 204 have no content. One that announces some may still send it, and it would become the next answer.
  const contradicts = isEmpty && (codings.length > 0 || Number(lengths[0] ?? 0) > 0);
  return {
    kind: isUntilClose ? 'until-close' : codings.length > 0 && !bodiless ? 'chunked' : 'length',
    bytes: bodiless ? 0 : Number(lengths[0] ?? 0),
    keepAlive: !isUntilClose && !contradicts && persists(httpVersion, valuesOf(fields, 'connection')),
  };
}

/**
 * Refuses what is no interim answer. RFC 9110 §15.2: HTTP/1.0 has none, nothing follows `close`, and none has content (§8.6);
 * another reader takes such a one for the last, or what follows for its content. 101 was never asked for.
 */
export function refuseAsFinal(head: RawResponseHead): void {
  if (head.status === 101) throw new Malformed('syntax', 'a switch of protocols that nobody asked for');
  if (head.httpVersion === '1.0' || !answerFraming(head, 'GET').keepAlive)
    throw new Malformed('syntax', 'an interim answer behind which nothing may follow');
}

function valuesOf(fields: readonly string[], name: string): string[] {
  const values: string[] = [];
  for (let at = 0; at < fields.length; at += 2) if (fields[at] === name) values.push(fields[at + 1] ?? '');
  return values;
}

function without(fields: readonly string[], name: string): readonly string[] {
  return fields.filter((_, at) => fields[at - (at % 2)] !== name);
}
