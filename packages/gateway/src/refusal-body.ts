// A refusal in bytes: SOAP 1.1 fault, SOAP 1.2 fault, problem+json (RFC 9457), or a page. The same facts in each.
import {
  limitOf,
  type ProblemCode,
  problems,
  problemType,
  quotaExceededType,
  type StatedRefusal,
  toRetryAfterSeconds,
} from '@headgate/contract';
import type { RefusalFormat } from '@headgate/rules';
import { writeFault } from '@headgate/soap';
import { seenFields } from './echo-body.ts';
import { namesCertificate, type PageContext, refusalPage } from './refusal-page.ts';
import type { Seen } from './seen.ts';

/** What a refusal says beside its code. */
export interface RefusalContext {
  readonly format: RefusalFormat;
  readonly exchange: string;
  /** Whether the upstream saw the request: what makes repeating a submit safe. */
  readonly forwarded: 'no' | 'partly' | 'yes';
  readonly atMs: number;
  /** What was seen of the request, where it was sent to be told. */
  readonly seen?: Seen | null;
  /** What a page, and whatever has to do with the caller's certificate, tells beside; null where nothing is known. */
  readonly page?: PageContext | null;
}

/** A refusal ready to send. */
export interface RefusalBody {
  readonly status: number;
  readonly contentType: string;
  readonly body: Buffer;
}

/** Writes a refusal. A SOAP fault carries 500 by its binding (SOAP 1.1 §6.2) unless policy says otherwise. */
export function refusalBody(refusal: StatedRefusal, context: RefusalContext): RefusalBody {
  const facts = factsOf(refusal, context);
  switch (context.format) {
    case 'soap-1.1':
      return {
        status: refusal.soapStatus ?? 500,
        contentType: 'text/xml; charset=utf-8',
        body: Buffer.from(faultOf('1.1', refusal, facts, context)),
      };
    case 'soap-1.2':
      return {
        status: refusal.soapStatus ?? 500,
        contentType: 'application/soap+xml; charset=utf-8',
        body: Buffer.from(faultOf('1.2', refusal, facts, context)),
      };
    case 'problem+json':
      return {
        status: facts.status,
        contentType: 'application/problem+json',
        body: Buffer.from(
          `${JSON.stringify({
            ...facts,
            ...limitTo(refusal),
            ...offeredTo(refusal, context),
            ...seenTo(context),
          })}\n`,
        ),
      };
    case 'html':
      return {
        status: facts.status,
        contentType: 'text/html; charset=utf-8',
        body: Buffer.from(refusalPage(refusal, facts, context.page ?? null, context.atMs)),
      };
  }
}

interface Facts {
  readonly type: string;
  readonly title: string;
  readonly status: number;
  readonly detail: string;
  readonly instance: string;
  readonly code: ProblemCode;
  /** The id alone, beside `instance`: it is what a caller quotes to support, and what a SOAP caller can read. */
  readonly exchange: string;
  readonly fix: string;
  readonly by: 'gateway';
  readonly forwarded: RefusalContext['forwarded'];
  readonly retry: string;
  readonly retryAfterSeconds?: number;
}

function factsOf(refusal: StatedRefusal, context: RefusalContext): Facts {
  const { title, status, fix, retry } = problems[refusal.code];
  return {
    type: limitOf(refusal) === null ? problemType(refusal.code) : quotaExceededType,
    title,
    status,
    detail: refusal.detail,
    instance: `${exchangeUrn}${context.exchange}`,
    code: refusal.code,
    exchange: context.exchange,
    fix,
    by: 'gateway',
    forwarded: context.forwarded,
    retry,
    ...(refusal.retryAfterMs === undefined ? {} : { retryAfterSeconds: toRetryAfterSeconds(refusal.retryAfterMs) }),
  };
}

function faultOf(version: '1.1' | '1.2', refusal: StatedRefusal, facts: Facts, context: RefusalContext): string {
  const { atMs, seen } = context;
  const { certificate, contact, grantedBy } = offeredTo(refusal, context);
  const { type: _type, instance, detail, ...rest } = facts;
  return writeFault({
    version,
    // By who must act. But the deck prints SOAP-ENV:Server for its acceptable-use fault (p. 21), and clients match it.
    side: problems[refusal.code].source === 'downstream' && limitOf(refusal) === null ? 'client' : 'server',
    text: detail,
    createdMs: atMs,
    fields: [
      ...Object.entries({ ...rest, exchange: instance.slice(exchangeUrn.length) }),
      ...limitFields(refusal),
      ...(certificate === undefined ? [] : certificateFields(certificate)),
      ...(contact === undefined ? [] : [['contact', contact] as [string, string]]),
      ...(grantedBy === undefined ? [] : [['grantedBy', grantedBy.join('; ')] as [string, string]]),
      ...(seen ? seenFields(seen) : []),
    ],
  });
}

/** The limit that refused, in the member that the draft names and in one of our own. */
function limitTo(refusal: StatedRefusal): object {
  const limit = limitOf(refusal);
  if (limit === null) return {};
  const { rule, key, unit, quota, windowMs, violated } = limit;
  return { 'violated-policies': violated, limit: { rule, key, unit, quota, windowMs } };
}

/** The same in a fault. */
function limitFields(refusal: StatedRefusal): [string, string | number][] {
  const limit = limitOf(refusal);
  if (limit === null) return [];
  const { rule, key, unit, quota, windowMs, violated } = limit;
  const violatedText = violated.join(' ');
  return Object.entries({ rule, key, unit, quota, windowMs, violated: violatedText });
}

/** The certificate that was offered, so that a program need not read a sentence. Instants as ISO 8601 in UTC. */
interface OfferedCertificate {
  readonly subject: string;
  readonly issuer: string;
  readonly serial: string;
  readonly notBefore: string;
  readonly notAfter: string;
  /** SHA-256. */
  readonly fingerprint: string;
}

/** What a refusal that has to do with the caller's certificate says beside its sentence: which it was, and whom to ask. */
interface Offered {
  readonly certificate?: OfferedCertificate;
  readonly contact?: string;
  /** Who grants what is missing, most likely first. */
  readonly grantedBy?: readonly string[];
}

function offeredTo(refusal: StatedRefusal, { page }: RefusalContext): Offered {
  if (!namesCertificate(refusal.code)) return {};
  const { facts } = refusal;
  const granting = 'grantedBy' in facts && facts.grantedBy.length > 0 ? { grantedBy: facts.grantedBy } : {};
  if (page === null || page === undefined) return granting;
  const { certificate } = page;
  const whom = { ...(page.contact === null ? {} : { contact: page.contact }), ...granting };
  if (certificate === null) return whom;
  const { subject, issuer, serial, notBeforeMs, notAfterMs, fingerprint256 } = certificate;
  const [notBefore, notAfter] = [notBeforeMs, notAfterMs].map((ms) => new Date(ms).toISOString()) as [string, string];
  return { certificate: { subject, issuer, serial, notBefore, notAfter, fingerprint: fingerprint256 }, ...whom };
}

function certificateFields(certificate: OfferedCertificate): [string, string][] {
  return Object.entries<string>({ ...certificate }).map(([name, value]) => [`certificate.${name}`, value]);
}

function seenTo({ seen }: RefusalContext): { readonly seen?: Seen } {
  return seen === null || seen === undefined ? {} : { seen };
}

/** RFC 9457 §3.1.5: what identifies this occurrence. */
const exchangeUrn = 'urn:headgate:exchange:';
