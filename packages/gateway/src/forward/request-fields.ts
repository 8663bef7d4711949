// The header fields an upstream receives: the caller's own without what belongs to one hop or claims an identity, and ours.
import { fields as fieldNames, identityFields } from '@headgate/contract';
import type { Exchange } from '../exchange.ts';
import type { Principal } from '../identity/identify.ts';
import type { UpstreamAnswer } from '../upstream.ts';

/** RFC 9110 §7.6.1, and the fields that older intermediaries use for one hop. */
const hopByHopFields: ReadonlySet<string> = new Set([
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

/** Fields for the upstream, in order. `bodyBytes` is the length we promise; null when there is no body. */
export function requestFields(exchange: Exchange, principal: Principal, bodyBytes: number | null): [string, string][] {
  const { request, connection } = exchange;
  // RFC 9110 §7.6.1: every field named in Connection is hop-by-hop as well. They are dropped before ours are added; the
  // other way round, "Connection: client-cert" would strip our proof of identity.
  const named = connectionOptions(request.fields.all('connection'));
  const kept = request.fields.entries().filter(([name]) => {
    // Underscores: some back ends read transfer_encoding as transfer-encoding.
    const foreign = name.includes('_') || hopByHopFields.has(name) || named.has(name);
    return !foreign && !rewrittenFields.has(name) && !identityFields.has(name);
  });
  const via = [...request.fields.all('via'), `${request.httpVersion} headgate`].join(', '); // RFC 9110 §7.6.3.
  const forwarded = `for=${forwardedNode(connection.source)};host="${request.host}";proto=${connection.secure ? 'https' : 'http'}`;
  return [
    ['host', request.host],
    ...kept.map(([name, value]): [string, string] => [name, value]),
    ...(bodyBytes === null ? [] : [['content-length', String(bodyBytes)] as [string, string]]),
    ['via', via],
    [fieldNames.forwarded, forwarded],
    ['x-forwarded-for', connection.source],
    ['x-forwarded-proto', connection.secure ? 'https' : 'http'],
    [fieldNames.exchange, exchange.id],
    ...identityOf(principal),
  ];
}

/** The upstream's own fields without what belongs to its hop, and without what only we may say. */
export function responseFields(received: UpstreamAnswer['fields']): [string, string][] {
  const named = connectionOptions(received.filter(([name]) => name === 'connection').map(([, value]) => value));
  return received
    .filter(([name]) => !hopByHopFields.has(name) && !named.has(name) && !ownFields.has(name))
    .map(([name, value]) => [name, value]);
}

/** Said by this gateway alone: an upstream that sends them would speak in our name. */
const ownFields: ReadonlySet<string> = new Set([fieldNames.exchange, fieldNames.proxyStatus]);

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

function connectionOptions(values: readonly string[]): Set<string> {
  return new Set(values.flatMap((value) => value.split(',')).map((option) => option.trim().toLowerCase()));
}

/** RFC 7239 §6: IPv6 addresses stand in brackets and quotes. */
function forwardedNode(source: string): string {
  return source.includes(':') ? `"[${source}]"` : source;
}
