// The header fields an upstream receives: the caller's own without what belongs to one hop or claims an identity, and ours.
import { claimsIdentity, fields as fieldNames } from '@headgate/contract';
import type { Exchange, Fields } from '../exchange.ts';
import type { Principal } from '../identity/identify.ts';
import type { Payload } from '../upstream.ts';

/** RFC 9110 §7.6.1, and the fields that older intermediaries use for one hop. */
export const hopByHopFields: ReadonlySet<string> = new Set([
  'connection',
  'keep-alive',
  'proxy-authenticate',
  'proxy-authorization',
  'proxy-connection',
  'te',
  'trailer',
  'transfer-encoding',
  'upgrade',
]);

/** Rewritten by us or settled with the caller already: the body is complete or counted, so nobody waits for 100. */
const rewrittenFields = new Set(['host', 'content-length', 'expect', 'via']);

/** What does not change while a caller repeats the same head over the same connection. */
interface FixedHead {
  readonly principal: Principal;
  readonly text: string;
}

/** The whole head for the upstream: request line, fields, empty line; one character per byte. */
export function requestHead(exchange: Exchange, principal: Principal, payload: Payload): string {
  const known = exchange.memo.forward as FixedHead | undefined;
  const fixed = known?.principal === principal ? known : { principal, text: fixedHead(exchange, principal) };
  exchange.memo.forward = fixed;
  return `${fixed.text}${lengthField(payload)}${fieldNames.exchange}: ${exchange.id}\r\n\r\n`;
}

function lengthField(payload: Payload): string {
  if (payload.kind === 'none') return '';
  return `content-length: ${payload.kind === 'bytes' ? payload.bytes.byteLength : payload.lengthBytes}\r\n`;
}

function fixedHead(exchange: Exchange, principal: Principal): string {
  const { request } = exchange;
  const lines = fieldsFor(exchange, principal).map(([name, value]) => `${name}: ${value}\r\n`);
  return `${request.method} ${request.target} HTTP/1.1\r\n${lines.join('')}`;
}

/** Fields for the upstream, in order; its length and the exchange id change with every request. */
function fieldsFor(exchange: Exchange, principal: Principal): [string, string][] {
  const { request, connection } = exchange;
  const passes = passingFields(request.fields);
  const kept = request.fields.entries().filter(([name]) => passes(name));
  const via = [...request.fields.all('via'), `${request.httpVersion} headgate`].join(', '); // RFC 9110 §7.6.3.
  const forwarded = `for=${forwardedNode(connection.source)};host="${request.authority}";proto=${connection.secure ? 'https' : 'http'}`;
  return [
    ['host', request.authority],
    ...kept.map(([name, value]): [string, string] => [name, value]),
    ['via', via],
    [fieldNames.forwarded, forwarded],
    ['x-forwarded-for', connection.source],
    ['x-forwarded-host', request.authority],
    ['x-forwarded-proto', connection.secure ? 'https' : 'http'],
    ...identityOf(principal),
  ];
}

/** Which of a caller's fields go on, by name. Pure, so that a caller can be told which do not. */
export function passingFields(fields: Fields): (name: string) => boolean {
  // RFC 9110 §7.6.1: every field named in Connection is hop-by-hop as well. They are dropped before ours are added; the
  // other way round, "Connection: client-cert" would strip our proof of identity.
  const named = connectionOptions(fields.all('connection'));
  return (name) => {
    // Underscores: some back ends read transfer_encoding as transfer-encoding.
    const foreign = name.includes('_') || hopByHopFields.has(name) || named.has(name);
    return !foreign && !rewrittenFields.has(name) && !claimsIdentity(name);
  };
}

function identityOf({ certificate, certificateDer }: Principal): [string, string][] {
  if (certificate === null || certificateDer === null) return [];
  return [
    [fieldNames.clientCert, `:${Buffer.from(certificateDer).toString('base64')}:`], // RFC 9440 §2.1, RFC 8941 §3.3.5.
    [fieldNames.ctRemoteUser, fieldText(certificate.subject)],
  ];
}

/** A subject may hold any character; a field value may not (RFC 9110 §5.5). */
function fieldText(text: string): string {
  return text.toWellFormed().replace(/[^\x20-\x7e]/gu, (character) => encodeURIComponent(character));
}

/** The names that a Connection field lists, in lower case. */
export function connectionOptions(values: readonly string[]): Set<string> {
  return new Set(values.flatMap((value) => value.split(',')).map((option) => option.trim().toLowerCase()));
}

/** RFC 7239 §6: IPv6 addresses stand in brackets and quotes. */
function forwardedNode(source: string): string {
  return source.includes(':') ? `"[${source}]"` : source;
}
