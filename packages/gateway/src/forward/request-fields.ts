// The header fields an upstream receives: the caller's own without what belongs to one hop or claims an identity, and ours.
import { fields as fieldNames } from '@headgate/contract';
import type { Exchange } from '../exchange.ts';
import type { Principal } from '../identity/identify.ts';
import { passingFields } from '../passing-fields.ts';
import { withoutSessionCookie } from '../session-cookie.ts';
import type { Payload } from '../upstream.ts';

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
function fieldsFor(exchange: Exchange, principal: Principal): (readonly [string, string])[] {
  const { request, connection } = exchange;
  const { identityFields } = exchange.serving;
  const passes = passingFields(request.fields, identityFields);
  const kept = request.fields.entries().filter(([name]) => passes(name));
  const via = [...request.fields.all('via'), `${request.httpVersion} headgate`].join(', '); // RFC 9110 §7.6.3.
  const forwarded = `for=${forwardedNode(connection.source)};host="${request.authority}";proto=${connection.secure ? 'https' : 'http'}`;
  return [
    ['host', request.authority],
    ...kept.flatMap(([name, value]) => withoutOwnCookie(name, value)),
    ['via', via],
    [fieldNames.forwarded, forwarded],
    ['x-forwarded-for', connection.source],
    ['x-forwarded-host', request.authority],
    ['x-forwarded-proto', connection.secure ? 'https' : 'http'],
    ...identityFields.of(principal),
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
