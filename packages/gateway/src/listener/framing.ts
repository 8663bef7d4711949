// The strict reading of a request's head: what two readers could read differently is refused here, before any stage.
// Sources: RFC 9112 §3.2 (target and Host), §6.1–6.3 (length), RFC 9110 §7.2; conformance cases in framing.test.ts.
import { Refusal } from '@headgate/contract';
import type { Fields, RequestHead } from '../exchange.ts';
import type { RawRequestHead } from '../http1/request-head.ts';

/** Reads a head strictly, or refuses with `listener.malformed_request` or `listener.ambiguous_framing`. */
export function readHead(raw: RawRequestHead): RequestHead {
  // RFC 9110 §9.3.6: a tunnel is never what a market call wants, whatever its target looks like.
  if (raw.method === 'CONNECT') {
    throw new Refusal('route.method_not_allowed', { method: 'CONNECT', allowed: ['GET', 'HEAD', 'POST'] });
  }
  // RFC 9112 §3.2.4: understood, and about the whole server, which has no answer of its own.
  if (raw.method === 'OPTIONS' && raw.target === '*') {
    throw new Refusal('route.method_not_allowed', { method: 'OPTIONS', allowed: ['GET', 'HEAD', 'POST'] });
  }
  const fields = fieldsOf(raw.fields);
  refuseAmbiguousLength(fields, raw.httpVersion);
  const { authority, target } = splitTarget(raw.target);
  const named = hostOf(fields, authority, raw.httpVersion);
  const queryAt = target.indexOf('?');
  const path = queryAt === -1 ? target : target.slice(0, queryAt);
  refuseUnclearPath(path);
  return {
    method: raw.method,
    target,
    path,
    query: queryAt === -1 ? '' : target.slice(queryAt + 1),
    host: named.host,
    authority: named.authority,
    httpVersion: raw.httpVersion,
    fields,
  };
}

/** How the body's length is declared. Call after `readHead`, which refused every ambiguous form. */
export function framingOf(fields: Fields): {
  framing: 'none' | 'content-length' | 'chunked';
  declaredBytes: number | null;
} {
  if (fields.get('transfer-encoding') !== null) return { framing: 'chunked', declaredBytes: null };
  const length = fields.get('content-length');
  return length === null
    ? { framing: 'none', declaredBytes: 0 }
    : { framing: 'content-length', declaredBytes: Number(length) };
}

/** Header fields from a flat list of lower-case names and trimmed values, in the order received. */
export function fieldsOf(rawFields: readonly string[]): Fields {
  const list: [string, string][] = [];
  for (let at = 0; at + 1 < rawFields.length; at += 2) {
    list.push([rawFields[at] ?? '', rawFields[at + 1] ?? '']);
  }
  const all = (name: string) => list.filter(([known]) => known === name).map(([, value]) => value);
  return { get: (name) => list.find(([known]) => known === name)?.[1] ?? null, all, entries: () => list };
}

/** RFC 9112 §6.3: the one place where smuggling starts, so only one plain form of each length is accepted. */
function refuseAmbiguousLength(fields: Fields, httpVersion: string): void {
  const lengths = fields.all('content-length');
  const codings = fields.all('transfer-encoding');
  const ambiguous = (found: string): never => {
    throw new Refusal('listener.ambiguous_framing', { found });
  };
  if (lengths.length > 0 && codings.length > 0) ambiguous('Content-Length and Transfer-Encoding together');
  if (lengths.length > 1) ambiguous('more than one Content-Length');
  if (codings.length > 1) ambiguous('more than one Transfer-Encoding');
  if (codings.length === 1 && httpVersion === '1.0') ambiguous('Transfer-Encoding in HTTP/1.0');
  if (codings[0] !== undefined && codings[0].toLowerCase() !== 'chunked')
    ambiguous('a Transfer-Encoding other than chunked');
  if (lengths[0] !== undefined && !/^\d{1,15}$/.test(lengths[0])) ambiguous('a Content-Length that is not a number');
}

/** RFC 9112 §3.2.2: absolute-form names the authority itself, and that wins over Host. */
function splitTarget(target: string): { authority: string | null; target: string } {
  if (!/^[\x21-\x7e]*$/.test(target)) refuse('a character in the request target that must be encoded');
  if (target.includes('#')) refuse('a fragment in the request target');
  if (target.startsWith('/')) return { authority: null, target };
  const absolute = /^https?:\/\/([^/?#]+)(\/[^#]*)?$/i.exec(target);
  if (absolute === null) return refuse('a request target that is neither a path nor a URL');
  return { authority: absolute[1] ?? '', target: absolute[2] ?? '/' };
}

/** RFC 9112 §3.2: exactly one Host in HTTP/1.1, and it must be one host name or address. */
function hostOf(fields: Fields, authority: string | null, httpVersion: string): { host: string; authority: string } {
  const hosts = fields.all('host');
  if (hosts.length > 1) return refuse('more than one Host field');
  if (hosts.length === 0 && httpVersion === '1.1') return refuse('no Host field');
  // RFC 9112 §3.2: an invalid Host is refused even where the target's own authority wins over it.
  const sent = hosts[0] === undefined ? null : validAuthority(hosts[0]);
  if (authority !== null) return validAuthority(authority);
  return sent ?? { host: '', authority: '' };
}

function validAuthority(text: string): { host: string; authority: string } {
  const authority = text.toLowerCase();
  const valid = /^([a-z0-9](?:[a-z0-9.-]*[a-z0-9])?|\[[0-9a-f:.]+\])(?::(\d{1,5}))?$/.exec(authority);
  if (valid?.[1] === undefined || Number(valid[2] ?? 0) > 65_535) return refuse('a Host that is not a host name');
  return { host: valid[1], authority };
}

/**
 * A path that a back end could normalise into another one is refused: the route and the limits would be decided on
 * one path and the work done on the other.
 */
function refuseUnclearPath(path: string): void {
  if (/[\\"<>^`{|}]/.test(path)) refuse('a character in the path that must be encoded');
  if (/%(?![0-9a-f]{2})/i.test(path)) refuse('a broken percent-encoding in the path');
  if (/%(?:2e|2f|5c|00)/i.test(path)) refuse('an encoded dot, slash, backslash or NUL in the path');
  // RFC 3986 §6.2.2.2: such a path equals its decoded form, under which other limits would have been charged.
  if (/%(?:2d|3\d|4[1-9a-f]|5[0-9af]|6[1-9a-f]|7[0-9ae])/i.test(path))
    refuse('an encoded letter, digit, "-", "_" or "~"');
  // A servlet container takes a path parameter off first, so that `..;a` is a dot segment to it (CVE-2020-5902).
  if (/\/\.\.?(?:[/;]|$)/.test(path)) refuse('a dot segment in the path');
  if (path.includes('//')) refuse('an empty segment in the path');
}

function refuse(found: string): never {
  throw new Refusal('listener.malformed_request', { found });
}
