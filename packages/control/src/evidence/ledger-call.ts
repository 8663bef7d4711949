// What the ledger counts of one record. A record comes from another process, and much of it from whoever called: every text is cut,
// every number bounded, and nothing is trusted to be of its type.
import { createHash } from 'node:crypto';

/** Longest text kept of a record, in characters; more is cut. */
const textCharsMax = 200;

/** Largest number taken of one record: sums of a thousand such are still exact. */
const numberMax = 2 ** 43;

/** Records further ahead of the clock than this were made by one that is wrong (1 day). */
const aheadMsMax = 86_400_000;

/** And those of before 2000: nothing that calls existed. */
const earliestMs = 946_684_800_000;

/** Bodies below this size are no burden, packed or not, in bytes. The same as `headgate evidence who` takes. */
const largeBytesFrom = 10_000;

/**
 * Whom a call is counted for: a certificate; a subject, where a log told no more; else a source address. `others` are those past
 * a bound, together.
 */
export type CallerKind = 'credential' | 'subject' | 'source' | 'others';

/** Who called. */
export interface Caller {
  readonly id: string;
  readonly kind: CallerKind;
  /** Fingerprint, subject or source address: what it is told apart by. */
  readonly name: string;
  /** Whether an accepted authority vouches for it. Those that nobody vouches for are kept in a room of their own. */
  readonly vouched: boolean;
  readonly subject: string | null;
  readonly issuer: string | null;
  readonly serial: string | null;
  readonly notAfter: string | null;
  readonly issuedBy: string | null;
  readonly participant: string | null;
}

/** What was called: an address of the catalogue, or none of it. */
export interface CalledAddress {
  readonly id: string;
  readonly kind: 'address' | 'unrouted' | 'others';
  readonly environment: string;
  readonly channel: string;
  readonly generation: string;
  readonly system: string;
  readonly address: string;
}

/** One call, as it is counted. */
export interface LedgerCall {
  readonly atMs: number;
  /** True where the clock of the record cannot be right, and the call counts for when it was taken in. */
  readonly oddClock: boolean;
  readonly exchange: string;
  readonly caller: Caller;
  readonly address: CalledAddress;
  readonly service: string;
  readonly operation: string;
  /** For whom it acted. */
  readonly participant: string;
  readonly scid: string;
  readonly source: string;
  readonly agent: string;
  /** Infrastructure and issuing certificate: the chains that the two sides met. */
  readonly chain: string;
  readonly framing: string;
  readonly encoding: string;
  readonly refusal: string;
  readonly rule: string;
  readonly requestBytes: number;
  readonly responseBytes: number;
  readonly durationMs: number;
  readonly outcome: 'answered' | 'failed' | 'refused' | 'broken';
  readonly chunked: boolean;
  readonly large: boolean;
  /** Large, and nothing says that it was packed. */
  readonly unencoded: boolean;
  /** From a program; a browser keeps cookies as it should. */
  readonly cookies: number;
  readonly reusedCookies: number;
}

/** Everybody past a bound. */
export const otherCallers: Caller = {
  id: 'others',
  kind: 'others',
  name: '',
  vouched: false,
  subject: null,
  issuer: null,
  serial: null,
  notAfter: null,
  issuedBy: null,
  participant: null,
};

const noAddress = { environment: '', channel: '', generation: '', system: '', address: '' } as const;

/** Calls of which the catalogue knows no address. */
const unrouted: CalledAddress = { id: 'unrouted', kind: 'unrouted', ...noAddress };

/** Addresses past a bound. */
export const otherAddresses: CalledAddress = { id: 'others', kind: 'others', ...noAddress };

/** Refusals of certificates that an accepted authority issued all the same. */
const vouchedRefusals = new Set([
  'identity.certificate_expired',
  'identity.certificate_not_yet_valid',
  'identity.certificate_revoked',
  'identity.certificate_on_hold',
  'identity.not_enrolled',
]);

type Section = Readonly<Record<string, unknown>>;

/** A section, or one in which nothing stands. */
export function sectionOf(value: unknown): Section {
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Section) : {};
}

/** Text that any store takes: cut, without NUL and lone surrogates; null for what is none. */
export function textOf(value: unknown, charsMax = textCharsMax): string | null {
  if (typeof value !== 'string' || value === '') return null;
  const cut = value.length > charsMax ? value.slice(0, charsMax) : value;
  return cut.replaceAll('\0', '\ufffd').toWellFormed();
}

function wholeOf(value: unknown): number {
  return typeof value === 'number' && Number.isFinite(value) && value > 0 ? Math.min(Math.floor(value), numberMax) : 0;
}

/** A name of fixed length for a key of any length: 96 bits of its SHA-256. */
export function idOf(...parts: readonly string[]): string {
  return createHash('sha256').update(parts.join('\0')).digest('base64url').slice(0, 16);
}

/** Callers and addresses that were met lately: their ids cost a hash each, and most calls repeat them. */
const metMax = 20_000;

/** Reads calls out of records. Pure but for what it remembers of ids. */
export function createCallReader(): (record: unknown, takenMs: number) => LedgerCall {
  const callers = remembering<Caller>(metMax);
  const addresses = remembering<CalledAddress>(metMax);
  return (value, takenMs) => {
    const record = sectionOf(value);
    const listener = sectionOf(record.listener);
    const identity = sectionOf(record.identity);
    const route = sectionOf(record.route);
    const admission = sectionOf(record.admission);
    const response = sectionOf(record.response);
    const refusal = textOf(response.refusal) ?? '';
    const source = textOf(listener.source) ?? '';
    const atMs = typeof listener.receivedMs === 'number' ? Math.floor(listener.receivedMs) : Number.NaN;
    const isOdd = !(atMs >= earliestMs && atMs <= takenMs + aheadMsMax);
    const caller = callerOf(identity, source, refusal, callers);
    const scid = sectionOf(admission.scid);
    return {
      atMs: isOdd ? takenMs : atMs,
      oddClock: isOdd,
      exchange: textOf(record.exchange) ?? '',
      caller,
      address: addressOf(record.route, route, addresses),
      service: textOf(route.service) ?? '',
      operation: textOf(route.operation) ?? '',
      participant: textOf(admission.participant) ?? caller.participant ?? '',
      scid: scid.outcome === 'proven' ? (textOf(scid.value) ?? '') : '',
      source,
      agent: textOf(listener.userAgent) ?? '',
      chain: chainOf(route, caller),
      refusal,
      rule: ruleOf(admission, record.inspection, refusal),
      durationMs: wholeOf(response.durationMs),
      outcome: outcomeOf(response, refusal),
      ...bodyOf(record, listener, route, response),
    };
  };
}

function remembering<Value>(max: number): (key: string, make: () => Value) => Value {
  let met = new Map<string, Value>();
  return (key, make) => {
    const known = met.get(key);
    if (known !== undefined) return known;
    if (met.size >= max) met = new Map();
    const value = make();
    met.set(key, value);
    return value;
  };
}

function callerOf(
  identity: Section,
  source: string,
  refusal: string,
  callers: (key: string, make: () => Caller) => Caller,
): Caller {
  const fingerprint = textOf(identity.fingerprint);
  const subject = textOf(identity.subject);
  const participant = textOf(identity.participant);
  const issuedBy = textOf(identity.issuedBy);
  const vouched = identity.verdict === 'accepted' || (fingerprint !== null && vouchedRefusals.has(refusal));
  const kind = fingerprint !== null ? 'credential' : subject !== null ? 'subject' : 'source';
  const name = fingerprint ?? subject ?? source;
  return callers(`${kind}\0${name}\0${vouched}\0${participant}\0${issuedBy}`, () => ({
    id: idOf(kind, name),
    kind,
    name,
    vouched,
    subject,
    issuer: textOf(identity.issuer),
    serial: textOf(identity.serial),
    notAfter: textOf(identity.notAfter, 40),
    issuedBy,
    participant,
  }));
}

function addressOf(
  found: unknown,
  route: Section,
  addresses: (key: string, make: () => CalledAddress) => CalledAddress,
): CalledAddress {
  const address = textOf(route.address);
  if (found === null || address === null) return unrouted;
  const environment = textOf(route.environment) ?? '';
  const channel = textOf(route.channel) ?? '';
  const generation = textOf(route.generation) ?? '';
  const system = textOf(route.system) ?? '';
  const parts = [environment, channel, generation, system, address];
  return addresses(parts.join('\0'), () => ({
    id: idOf(...parts),
    kind: 'address',
    environment,
    channel,
    generation,
    system,
    address,
  }));
}

function chainOf(route: Section, caller: Caller): string {
  const infrastructure = textOf(route.infrastructure) ?? '';
  return caller.issuedBy === null ? infrastructure : `${infrastructure} ${caller.issuedBy.slice(0, 16)}`;
}

function ruleOf(admission: Section, inspection: unknown, refusal: string): string {
  if (refusal === '') return '';
  const username = sectionOf(sectionOf(inspection).username);
  return (refusal === 'identity.username_mismatch' ? textOf(username.rule) : textOf(admission.decidedBy)) ?? '';
}

function outcomeOf(response: Section, refusal: string): LedgerCall['outcome'] {
  if (refusal !== '') return 'refused';
  if (response.complete !== true) return 'broken';
  return typeof response.status === 'number' && response.status >= 500 ? 'failed' : 'answered';
}

function bodyOf(record: Section, listener: Section, route: Section, response: Section) {
  const inspection = sectionOf(record.inspection);
  const content = textOf(listener.contentEncoding, 40);
  const payload = textOf(inspection.payloadEncoding, 40);
  const requestBytes = wholeOf(response.requestBytes);
  const isTunnel = response.status === 101; // What passed through it is no body.
  const large = !isTunnel && requestBytes >= largeBytesFrom;
  const wasLookedAt = typeof record.inspection === 'object' && record.inspection !== null;
  const isPacked = (content !== null && content !== 'identity') || payload?.startsWith('gzip') === true;
  const cookies = route.channel === 'ui' ? {} : sectionOf(listener.cookies);
  return {
    framing: textOf(listener.framing, 40) ?? '',
    encoding: `${content ?? 'identity'}${payload === null ? '' : ` ${payload}`}`,
    requestBytes,
    responseBytes: wholeOf(response.responseBytes),
    chunked: listener.framing === 'chunked',
    large,
    unencoded: large && wasLookedAt && !isPacked,
    cookies: wholeOf(cookies.count),
    reusedCookies: wholeOf(cookies.reused),
  };
}
