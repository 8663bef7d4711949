// The header fields an upstream receives: the caller's own without what belongs to one hop or claims an identity, and ours.
import { fields as fieldNames } from '@headgate/contract';
import type { Exchange, RequestHead } from '../exchange.ts';
import type { HeadPieces } from '../http1/write-joined.ts';
import type { Principal } from '../identity/identify.ts';
import type { IdentityFields } from '../identity-fields.ts';
import { lastingBytes } from '../lasting-bytes.ts';
import { passingFields } from '../passing-fields.ts';
import { withoutSessionCookie } from '../session-cookie.ts';
import type { Payload } from '../upstream.ts';

/** The whole head for the upstream, in pieces: request line, fields, empty line. */
export function requestHead(exchange: Exchange, principal: Principal, payload: Payload): HeadPieces {
  const last = `${lengthField(payload)}${fieldNames.exchange}: ${exchange.id}\r\n\r\n`;
  return [ofHead(exchange), ofCaller(exchange, principal), last];
}

/** What repeats with the caller's own head. */
function ofHead({ request, serving, headMemo }: Exchange): Uint8Array {
  const known = headMemo.forward as Uint8Array | undefined;
  if (known !== undefined) return known;
  const line = `${request.method} ${request.target} HTTP/1.1\r\n`;
  const fresh = lastingBytes(`${line}${linesOf(ownFields(request, serving.identityFields))}`, 'latin1');
  headMemo.forward = fresh;
  return fresh;
}

/** What repeats with the caller, while it asks for the same host. */
interface CallerLines {
  readonly principal: Principal;
  readonly authority: string;
  readonly bytes: Uint8Array;
}

function ofCaller(exchange: Exchange, principal: Principal): Uint8Array {
  const { request, callerMemo } = exchange;
  const known = callerMemo.forward as CallerLines | undefined;
  const { authority } = request;
  if (known?.principal === principal && known.authority === authority) return known.bytes;
  const bytes = lastingBytes(linesOf(addedFields(exchange, principal)), 'latin1');
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

function ownFields(request: RequestHead, identityFields: IdentityFields): (readonly [string, string])[] {
  const passes = passingFields(request.fields, identityFields);
  const kept = request.fields.entries().filter(([name]) => passes(name));
  const via = [...request.fields.all('via'), `${request.httpVersion} headgate`].join(', '); // RFC 9110 §7.6.3.
  return [['host', request.authority], ...kept.flatMap(([name, value]) => withoutOwnCookie(name, value)), ['via', via]];
}

function addedFields({ request, connection, serving }: Exchange, principal: Principal): (readonly [string, string])[] {
  const { authority } = request;
  const { source, secure } = connection;
  const proto = secure ? 'https' : 'http';
  return [
    [fieldNames.forwarded, `for=${forwardedNode(source)};host="${authority}";proto=${proto}`],
    ['x-forwarded-for', source],
    ['x-forwarded-host', authority],
    ['x-forwarded-proto', proto],
    ...serving.identityFields.of(principal),
  ];
}

/** The cookie of a session is for this gateway: a system neither needs it nor could read it. */
function withoutOwnCookie(name: string, value: string): (readonly [string, string])[] {
  if (name !== 'cookie') return [[name, value]];
  const others = withoutSessionCookie(value);
  return others === null ? [] : [[name, others]];
}

/** RFC 7239 §6: IPv6 addresses stand in brackets and quotes. */
function forwardedNode(source: string): string {
  return source.includes(':') ? `"[${source}]"` : source;
}
