// Is it safe to pass on? Today: size, declared type and the head of the envelope. What is not looked into yet is said in evidence.
import { Refusal } from '@headgate/contract';
import { type EnvelopeHead, type PayloadEncoding, readPayloadEncoding } from '@headgate/soap';
import { envelopeHead, envelopeHeadWith } from '../envelope-head.ts';
import type { Exchange } from '../exchange.ts';
import type { Gateway } from '../gateway.ts';
import type { Principal } from '../identity/identify.ts';
import type { MaybePromise } from '../maybe-promise.ts';
import type { AnyRoute } from '../route/select-route.ts';
import { type JudgedUsername, judgeUsername, type UsernameCheck } from '../username-check.ts';

declare const inspected: unique symbol;

/** A request that may be forwarded. Only `inspect` makes one. */
export interface Inspected {
  readonly [inspected]: true;
  /** Largest body that may be forwarded, in bytes; counted again while it streams. */
  readonly bodyBytesMax: number;
}

/** What this build does not look into; the firewall is an issue of its own. */
const uninspected = ['payload', 'attachments', 'signatures'] as const;

const sizeChecks = ['size'] as const;
const envelopeChecks = ['size', 'content-type', 'envelope-head'] as const;

const soapTypes = ['text/xml', 'application/soap+xml', 'multipart/related', 'application/xop+xml'] as const;

/**
 * Inspects an admitted request, or refuses with `inspection.*`, or with `identity.username_mismatch`: whose name a message carries
 * is known only here.
 */
export function inspect(
  exchange: Exchange,
  principal: Principal,
  route: AnyRoute,
  gateway: Gateway,
): MaybePromise<Inspected> {
  const { body } = exchange;
  const { bodyBytesMax } = gateway.options;
  const looksAtEnvelope = route.speaksSoap && exchange.request.method === 'POST';
  exchange.inspection = looked(looksAtEnvelope ? envelopeChecks : sizeChecks, bodyBytesMax);
  if (body.declaredBytes !== null && body.declaredBytes > bodyBytesMax) {
    throw new Refusal('inspection.body_too_large', {
      limitBytes: bodyBytesMax,
      seenBytes: body.declaredBytes,
      declared: true,
    });
  }
  const inspected = { bodyBytesMax } as Inspected; // The only place that can say so.
  if (route.kind === 'echo') return inspectEcho(exchange, inspected, gateway);
  if (!looksAtEnvelope) return inspected;
  refuseForeignType(exchange);
  const check = route.kind === 'system' ? exchange.serving.usernames.of(route) : null;
  const head = check === null ? envelopeHead(exchange, gateway) : envelopeHeadWith(exchange, gateway, check.path);
  const looks = { check, principal, inspected };
  return head instanceof Promise
    ? head.then((read) => inspectEnvelope(exchange, read, looks))
    : inspectEnvelope(exchange, head, looks);
}

/** What the envelope is looked at for, and what comes of it if nothing is wrong. */
interface Looks {
  readonly check: UsernameCheck | null;
  readonly principal: Principal;
  readonly inspected: Inspected;
}

function inspectEnvelope(
  exchange: Exchange,
  read: EnvelopeHead | null,
  { check, principal, inspected }: Looks,
): Inspected {
  const head = soapHead(read);
  notePayload(exchange, exchange.route?.docAttach === true);
  if (check !== null) compareUsername(exchange, check, head, principal);
  return inspected;
}

/** What was concluded from the same names of the same caller. */
interface KnownUsername {
  readonly check: UsernameCheck;
  readonly principal: Principal;
  readonly said: string;
  readonly before: Looked;
  readonly section: Looked;
  readonly refusal: JudgedUsername['refusal'];
}

function compareUsername(exchange: Exchange, check: UsernameCheck, head: SoapHead, principal: Principal): void {
  const { inspection: before, callerMemo } = exchange;
  if (before === null) return;
  const said = `${head.complete}\n${head.headerTexts?.join('\n')}`;
  const last = callerMemo.inspection as KnownUsername | undefined;
  const isKnown = last?.said === said && last.check === check && last.principal === principal && last.before === before;
  const known = isKnown ? last : judgeAnew(check, head, principal, { before, said });
  callerMemo.inspection = known;
  exchange.inspection = known.section;
  if (known.refusal !== null) throw known.refusal;
}

function judgeAnew(
  check: UsernameCheck,
  head: SoapHead,
  principal: Principal,
  { before, said }: Pick<KnownUsername, 'before' | 'said'>,
): KnownUsername {
  const { evidence, refusal } = judgeUsername(check, head, principal);
  const section = { ...before, checks: [...before.checks, 'username'], username: evidence };
  return { check, principal, said, before, section, refusal };
}

/** What a caller sends to be told of is looked at as far as it is told. */
async function inspectEcho(exchange: Exchange, inspected: Inspected, { options }: Gateway): Promise<Inspected> {
  if (exchange.body.framing === 'none') return inspected;
  await exchange.body.head(options.peekBytesMax, options.bodyTimeoutMs);
  notePayload(exchange, true);
  return inspected;
}

type Looked = NonNullable<Exchange['inspection']>;

const sections = new Map<readonly string[], Map<PayloadEncoding | null, Looked>>();

/** The section for one list of checks: the same object while the rest is the same, so that it is written down once. */
function looked(
  checks: readonly string[],
  bodyBytesLimit: number,
  payloadEncoding: PayloadEncoding | null = null,
): Looked {
  const before = sections.get(checks)?.get(payloadEncoding);
  if (before?.bodyBytesLimit === bodyBytesLimit) return before;
  const section = { checks, uninspected, bodyBytesLimit, payloadEncoding, username: null };
  sections.set(checks, new Map([...(sections.get(checks) ?? []), [payloadEncoding, section]]));
  return section;
}

/** Only where a message says that it carries a payload, and only in what was peeked at already. */
function notePayload(exchange: Exchange, inElement: boolean): void {
  const { request, body, inspection } = exchange;
  const contentType = request.fields.get('content-type') ?? '';
  if (inspection === null || !(inElement || /^\s*multipart\//i.test(contentType))) return;
  const payloadEncoding = readPayloadEncoding(contentType, body.peeked);
  if (payloadEncoding !== null)
    exchange.inspection = looked(inspection.checks, inspection.bodyBytesLimit, payloadEncoding);
}

function refuseForeignType({ request }: Exchange): void {
  const declared = request.fields.get('content-type') ?? '';
  const type = declared.split(';', 1)[0]?.trim().toLowerCase() ?? '';
  if (soapTypes.some((known) => known === type)) return;
  throw new Refusal('inspection.unsupported_content_type', {
    found: declared.slice(0, 100) || 'nothing',
    expected: soapTypes,
  });
}

type SoapHead = Extract<EnvelopeHead, { readonly kind: 'soap' }>;

/** The head of an envelope; refuses whatever else a body begins as. */
function soapHead(head: EnvelopeHead | null): SoapHead {
  if (head === null) throw new Refusal('inspection.malformed_envelope', { found: 'the body is empty' });
  if (head.kind === 'soap') return head;
  const found =
    head.kind === 'refused'
      ? refusedWords[head.reason]
      : head.kind === 'xml'
        ? 'its first element is not an Envelope'
        : 'it ends before its first element';
  throw new Refusal('inspection.malformed_envelope', { found });
}

const refusedWords: Record<Extract<EnvelopeHead, { kind: 'refused' }>['reason'], string> = {
  doctype: 'it has a DOCTYPE, which is never accepted',
  too_deep: 'its elements are nested too deeply',
  not_well_formed: 'it is not well-formed XML',
  token_too_long: 'a name or value in it is too long',
  too_many_attributes: 'an element in it has too many attributes',
  not_xml: 'it is not XML',
  processing_instruction: 'it has a processing instruction, which is never accepted',
  encoding_unsupported: 'it is not in UTF-8',
  bad_multipart: 'its MIME parts cannot be told apart',
};
