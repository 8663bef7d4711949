// Whether what came back is a "no", and whose: told by content type and text before any XML is read, since the access
// layer in front of this market answers programs with pages (deck p. 12).
import { fields } from '@headgate/contract';
import { readFault, readMessage } from '@headgate/soap';
import { answerBytesMax } from '../answer-bytes.ts';
import type { Answer, Failure, Outcome } from '../call/call.ts';
import type { Operation } from '../catalogue/look-up.ts';
import {
  type ClientProblem,
  type ClientProblemOptions,
  clientProblem,
  gatewayProblem,
  type OfferedCertificate,
} from '../client-problem.ts';
import { isPlainObject } from '../plain-object.ts';

/** An answer that can be decoded, or the problem that came instead. */
export type Diagnosis =
  | { readonly answer: Answer; readonly problem: null }
  | { readonly answer: null; readonly problem: ClientProblem };

/** Tells an answer from a problem. Decides nothing about the payload: that is for `decode`. */
export function diagnose(outcome: Outcome, operation: Operation): Diagnosis {
  if (!outcome.ok) return { answer: null, problem: problemOfFailure(outcome) };
  const problem = problemOfAnswer(outcome, operation);
  return problem === null ? { answer: outcome, problem } : { answer: null, problem };
}

function problemOfAnswer(outcome: Answer, operation: Operation): ClientProblem | null {
  const contentType = outcome.headers['content-type'] ?? '';
  if (isPage(contentType, outcome.body)) return problemOfPage(outcome);
  if (/^application\/(?:[\w.+-]+\+)?json\b/i.test(contentType))
    return problemOfJson(outcome, operation) ?? problemOfStatus(outcome, operation);
  if (outcome.status >= 300 && outcome.status < 400) {
    const location = outcome.headers.location ?? 'nowhere';
    return clientProblem('call.redirected', { status: outcome.status, location }, seen(outcome));
  }
  return problemOfFault(outcome, contentType, operation) ?? problemOfStatus(outcome, operation);
}

function problemOfFailure(failure: Failure): ClientProblem {
  const { host, address, code, phase, mayBeDone, waitedMs, cause } = failure;
  switch (failure.reason) {
    case 'lookup':
      return clientProblem('call.lookup_failed', { host, code }, { cause });
    case 'connect':
      return clientProblem('call.connect_failed', { host, address, code }, { cause });
    case 'untrusted': {
      const presented = failure.presented ?? 'a certificate';
      if (wrongName.test(code)) return clientProblem('call.tls_wrong_name', { host, presented }, { cause });
      return clientProblem('call.tls_untrusted', { host, check: sayCheck(code), presented }, { cause });
    }
    case 'tls':
      return clientProblem('call.tls_failed', { host, code }, { cause });
    case 'timeout':
      return clientProblem('call.timeout', { host, phase, waitedMs, mayBeDone });
    case 'reset':
      return clientProblem('call.reset', { host, phase, mayBeDone }, { cause });
    case 'malformed':
      return clientProblem('call.malformed_answer', { host, code }, { cause });
    case 'answer_too_large':
      return clientProblem('call.answer_too_large', { bytesMax: answerBytesMax });
  }
}

/** Node's own name check and OpenSSL's: the chain may well be trusted, so that an anchor is not what is missing. */
const wrongName = /^(?:ERR_TLS_CERT_ALTNAME_INVALID|HOSTNAME_MISMATCH)$/;

const checks: Readonly<Record<string, string>> = {
  CERT_HAS_EXPIRED: 'it, or a certificate above it, has expired',
  CERT_NOT_YET_VALID: 'it, or a certificate above it, is not valid yet',
  SELF_SIGNED_CERT_IN_CHAIN: 'the root of its chain is not among the anchors',
  DEPTH_ZERO_SELF_SIGNED_CERT: 'it signed itself and is not among the anchors',
  UNABLE_TO_GET_ISSUER_CERT: 'no anchor issued its chain',
  UNABLE_TO_GET_ISSUER_CERT_LOCALLY: 'no anchor issued its chain',
  UNABLE_TO_VERIFY_LEAF_SIGNATURE: 'its issuer is neither sent nor among the anchors',
};

function sayCheck(code: string): string {
  const said = checks[code];
  return said === undefined ? code : `${said} (${code})`;
}

const pageStart = /^\s*(?:<!doctype\s+html|<html[\s>])/i;
const pageProbeBytes = 512;
const pageCharsMax = 65_536;

function isPage(contentType: string, body: Buffer): boolean {
  return /^text\/html\b/i.test(contentType) || pageStart.test(body.toString('latin1', 0, pageProbeBytes));
}

function problemOfPage(answer: Answer): ClientProblem {
  const page = answer.body.toString('utf8', 0, pageCharsMax);
  const { status } = answer;
  const title = collapse(/<title[^>]*>([^<]{0,200})/i.exec(page)?.[1] ?? '');
  const said = collapse(page.replace(/<(?:script|style)[\s\S]*?<\/(?:script|style)>/gi, ' ').replace(/<[^>]*>/g, ' '));
  const options = { ...seen(answer), faultText: said };
  if (isAcceptableUse(page)) return acceptableUse(said, options);
  if (/BIG-IP logout page|\/vdesk\/hangup\.php3|\/my\.policy/i.test(page)) {
    return clientProblem('diagnose.logged_out', { status, title: title || 'no title' }, options);
  }
  if (status === 403 || /You are not authorized to access this page/i.test(page)) {
    return clientProblem('diagnose.not_authorised', { status }, options);
  }
  return clientProblem('diagnose.html_answer', { status, title: title || 'no title' }, options);
}

function isAcceptableUse(text: string): boolean {
  return /Acceptable Use Policy Violation/i.test(text);
}

function acceptableUse(text: string, options: ClientProblemOptions): ClientProblem {
  const retryAfterSeconds = secondsIn(text) ?? options.retryAfterSeconds;
  return clientProblem('diagnose.acceptable_use', { text: text.slice(0, 500) }, { ...options, retryAfterSeconds });
}

/** The seconds of "retry your request after 5 seconds"; the field Retry-After was never seen beside it. */
export function secondsIn(text: string): number | undefined {
  const seconds = Number(/retry your request after (\d{1,5}) seconds?/i.exec(text)?.[1] ?? Number.NaN);
  return seconds >= 1 && seconds <= 86_400 ? seconds : undefined;
}

function problemOfJson(answer: Answer, { system }: Operation): ClientProblem | null {
  // A document of a system may have a code and a detail of its own; only with an error's status are they a "no".
  const said = answer.status < 400 ? null : parseJson(answer.body);
  if (said === null) return null;
  const code = textOf(said.code) ?? /^urn:headgate:problem:(.+)$/.exec(textOf(said.type) ?? '')?.[1];
  const detail = textOf(said.detail) ?? textOf(said.title);
  if (detail === undefined) return null;
  if (code === undefined) return clientProblem('diagnose.system_fault', { system, text: detail }, seen(answer));
  return gatewayProblem({ code, detail, fix: textOf(said.fix) }, gatewayFacts(answer, said));
}

function parseJson(body: Buffer): Record<string, unknown> | null {
  try {
    const value: unknown = JSON.parse(body.toString('utf8'));
    return isPlainObject(value) ? value : null;
  } catch {
    return null;
  }
}

function problemOfFault(answer: Answer, contentType: string, operation: Operation): ClientProblem | null {
  const envelope = envelopeOf(contentType, answer.body);
  const fault = envelope === null ? null : readFault(envelope);
  if (fault === null) return null;
  const text = fault.description ?? fault.text;
  const options = { ...seen(answer), faultText: text };
  const { code, fix } = fault.problem;
  if (code !== undefined) {
    return gatewayProblem(
      { code, detail: fault.text, fix },
      { ...gatewayFacts(answer, fault.problem), faultText: text },
    );
  }
  if (isAcceptableUse(text) || isAcceptableUse(fault.text)) return acceptableUse(fault.text, options);
  return clientProblem('diagnose.system_fault', { system: operation.system, text: text || fault.code }, options);
}

function envelopeOf(contentType: string, body: Buffer): string | null {
  if (/^multipart\//i.test(contentType)) {
    const reading = readMessage(contentType, body);
    return reading.ok ? reading.message.envelopeXml : null;
  }
  // Some stacks label a fault wrongly; what is an envelope by its text is read as one.
  const start = body.toString('latin1', 0, pageProbeBytes);
  return /^\s*(?:<\?xml[^>]*\?>\s*)?<(?:[\w-]+:)?Envelope[\s>]/.test(start) ? body.toString('utf8') : null;
}

function problemOfStatus(answer: Answer, { shape }: Operation): ClientProblem | null {
  const { status } = answer;
  const contentType = answer.headers['content-type'] ?? 'no content type';
  if (status >= 400) return clientProblem('diagnose.http_error', { status, contentType }, seen(answer));
  // RFC 9110 §15.3.5: a submit may be answered with 204 and nothing else.
  if (answer.body.length > 0 || (shape === 'json-submit' && status === 204)) return null;
  return clientProblem('diagnose.unreadable_answer', { status, contentType, found: 'an empty body' }, seen(answer));
}

function gatewayFacts(answer: Answer, said: Readonly<Record<string, unknown>>): ClientProblemOptions {
  const seconds = Number(said.retryAfterSeconds ?? Number.NaN);
  const facts = seen(answer);
  const exchange = facts.exchange ?? textOf(said.instance)?.replace(/^urn:headgate:exchange:/, '');
  return {
    ...facts,
    exchange,
    forwarded: forwardedOf(said.forwarded),
    retryAfterSeconds: seconds >= 1 ? seconds : facts.retryAfterSeconds,
    contact: shortTextOf(said.contact),
    certificate: offeredIn(said),
  };
}

const offeredNames = ['subject', 'issuer', 'serial', 'notBefore', 'notAfter', 'fingerprint'] as const;

/** A member of its own in problem+json; in a fault, fields whose names begin with it. */
function offeredIn(said: Readonly<Record<string, unknown>>): OfferedCertificate | undefined {
  const nested = isPlainObject(said.certificate) ? said.certificate : {};
  const told = offeredNames.flatMap((name) => {
    const text = shortTextOf(nested[name] ?? said[`certificate.${name}`]);
    return text === undefined ? [] : [[name, text] as const];
  });
  return told.length === 0 ? undefined : Object.fromEntries(told);
}

/** Longest fact that is taken from an answer, in characters. */
const factCharsMax = 500;

function shortTextOf(value: unknown): string | undefined {
  return textOf(value)?.slice(0, factCharsMax);
}

function seen({ status, headers }: Answer): ClientProblemOptions {
  const seconds = Number(headers[fields.retryAfter] ?? Number.NaN);
  const retryAfterSeconds = seconds >= 1 && seconds <= 86_400 ? Math.ceil(seconds) : undefined;
  return { status, exchange: headers[fields.exchange], retryAfterSeconds };
}

function forwardedOf(value: unknown): 'no' | 'partly' | 'yes' | undefined {
  return value === 'no' || value === 'partly' || value === 'yes' ? value : undefined;
}

function textOf(value: unknown): string | undefined {
  return typeof value === 'string' && value !== '' ? value : undefined;
}

function collapse(text: string): string {
  return text.replace(/\s+/g, ' ').trim();
}
