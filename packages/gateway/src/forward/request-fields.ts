// The header fields an upstream receives: the caller's own without what belongs to one hop or claims an identity, and ours.
import { fields as fieldNames } from '@headgate/contract';
import type { Connection, Exchange, RequestHead } from '../exchange.ts';
import type { HeadPieces } from '../http1/write-joined.ts';
import type { Principal } from '../identity/identify.ts';
import { passingFields } from '../passing-fields.ts';
import type { Payload } from '../upstream.ts';

/** The whole head for the upstream, in pieces: request line, fields, empty line. */
export function requestHead(exchange: Exchange, principal: Principal, payload: Payload): HeadPieces {
  const last = `${lengthField(payload)}${fieldNames.exchange}: ${exchange.id}\r\n\r\n`;
  return [ofHead(exchange), ofCaller(exchange, principal), last];
}

/** What repeats with the caller's own head. */
function ofHead({ request, headMemo }: Exchange): Uint8Array {
  const known = headMemo.forward as Uint8Array | undefined;
  if (known !== undefined) return known;
  const line = `${request.method} ${request.target} HTTP/1.1\r\n`;
  const fresh = Buffer.from(`${line}${linesOf(ownFields(request))}`, 'latin1');
  headMemo.forward = fresh;
  return fresh;
}

/** What repeats with the caller, while it asks for the same host. */
interface CallerLines {
  readonly principal: Principal;
  readonly authority: string;
  readonly bytes: Uint8Array;
}

function ofCaller({ request, connection, callerMemo }: Exchange, principal: Principal): Uint8Array {
  const known = callerMemo.forward as CallerLines | undefined;
  const { authority } = request;
  if (known?.principal === principal && known.authority === authority) return known.bytes;
  const bytes = Buffer.from(linesOf(addedFields(authority, connection, principal)), 'latin1');
  callerMemo.forward = { principal, authority, bytes } satisfies CallerLines;
  return bytes;
}

function linesOf(fields: readonly (readonly [string, string])[]): string {
  return fields.map(([name, value]) => `${name}: ${value}\r\n`).join('');
}

function lengthField(payload: Payload): string {
  if (payload.kind === 'none') return '';
  return `content-length: ${payload.kind === 'bytes' ? payload.bytes.byteLength : payload.lengthBytes}\r\n`;
}

function ownFields(request: RequestHead): (readonly [string, string])[] {
  const passes = passingFields(request.fields);
  const kept = request.fields.entries().filter(([name]) => passes(name));
  const via = [...request.fields.all('via'), `${request.httpVersion} headgate`].join(', '); // RFC 9110 §7.6.3.
  return [['host', request.authority], ...kept, ['via', via]];
}

function addedFields(authority: string, { source, secure }: Connection, principal: Principal): [string, string][] {
  const proto = secure ? 'https' : 'http';
  return [
    [fieldNames.forwarded, `for=${forwardedNode(source)};host="${authority}";proto=${proto}`],
    ['x-forwarded-for', source],
    ['x-forwarded-host', authority],
    ['x-forwarded-proto', proto],
    ...identityOf(principal),
  ];
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

/** RFC 7239 §6: IPv6 addresses stand in brackets and quotes. */
function forwardedNode(source: string): string {
  return source.includes(':') ? `"[${source}]"` : source;
}
