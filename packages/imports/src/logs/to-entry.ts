// The values of a line become a call: clocks, the request line, numbers and the certificate are read; what cannot be is a bad line.
import type { ReadClock } from './clocks.ts';
import { saidOrNull, type Unescape } from './escapes.ts';
import type { LineReading, LogEntry } from './log-entry.ts';
import { type LogField, type LogValues, placeOfField } from './log-fields.ts';
import { createCertificateReader } from './logged-certificate.ts';

/** How the values of one file are read. */
export interface ValueOptions {
  readonly clock: ReadClock;
  readonly asMeant: Unescape;
  /** The fields that are captured, in their order, where the format only has their values. */
  readonly captured: readonly (LogField | null)[];
}

/** Longest values that are kept, in characters, as a gateway keeps them. */
const pathCharactersMax = 2_048;
const textCharactersMax = 200;

/** BIG-IP sends a caller whose session is not, or no more, one of its own there (a session's start, end, and error pages). */
const sessionPages = /^\/(?:my\.logout\.php3|my\.policy|vdesk\/)/;

/** A reader of values. */
export function createEntryReader({ clock, asMeant, captured }: ValueOptions): (values: LogValues) => LineReading {
  const certificateOf = createCertificateReader();
  return (values) => {
    const raw = (field: LogField) => saidOrNull(values[placeOfField[field]]);
    const text = (field: LogField) => {
      const said = raw(field);
      return said === null ? null : asMeant(said);
    };
    if (raw('captures') !== null) spread(values, captured);
    const called = requestOf(text);
    if (called === null) return bad('no request that could be told: neither a request line nor a method with a path');
    const [source, sourcePort] = addressOf(raw);
    if (source === null) return bad('no address of a caller');
    const loggedMs = durationOf(raw);
    const atMs = instantOf(raw, clock, loggedMs);
    if (atMs === null) return bad('no instant that can be read');
    const contentLength = wholeOf(raw('contentLength'));
    const transferEncoding = text('transferEncoding')?.toLowerCase() ?? null;
    const outcome = endOf(raw, text, called.path, contentLength);
    const entry: LogEntry = {
      atMs,
      source,
      sourcePort,
      listener: cut(text('listener')?.replace(/~$/, '') ?? null),
      scheme: schemeOf(raw, called.scheme),
      host: hostOf(called.host ?? text('host')),
      serverName: hostOf(text('serverName')),
      tlsVersion: cut(raw('tlsVersion')),
      tlsResumed: resumedOf(raw('tlsResumed')),
      method: called.method,
      path: called.path,
      asksDescription: /^wsdl\b/i.test(called.query ?? text('query') ?? ''),
      contentType: cut(text('contentType')),
      contentEncoding: cut(text('contentEncoding')),
      contentLength,
      framing: framingOf(values, transferEncoding, contentLength),
      soapAction: cut(text('soapAction')),
      cookies: cookiesOf(values, raw('cookies')),
      userAgent: cut(text('userAgent')),
      status: statusOf(raw('status')),
      requestBytes: wholeOf(raw('requestBytes')) ?? contentLength,
      responseBytes: wholeOf(raw('responseBytes')),
      durationMs: loggedMs ?? betweenMs(raw, clock, atMs),
      firstByteMs: milliseconds(raw('firstByteMs'), 1) ?? milliseconds(raw('firstByteS'), 1_000),
      isComplete: isComplete(values, raw),
      certificate: certificateOf({
        verify: raw('verify'),
        subject: text('subject'),
        issuer: text('issuer'),
        serial: raw('serial'),
        fingerprint: raw('fingerprint'),
        certificate: raw('certificate'),
        notAfter: raw('notAfter'),
      }),
      upstream: cut(text('upstream')),
      endpoint: endpointOf(raw),
      upstreamStatus: statusOf(lastOf(raw('upstreamStatus'))),
      attempts: raw('endpoint')?.split(',').length ?? 1,
      outcome,
    };
    return { kind: 'entry', entry };
  };
}

type Raw = (field: LogField) => string | null;

function bad(reason: string): LineReading {
  return { kind: 'bad', reason };
}

function cut(text: string | null): string | null {
  return text === null || text.length <= textCharactersMax ? text : text.slice(0, textCharactersMax);
}

interface Called {
  readonly method: string;
  readonly scheme: 'http' | 'https' | null;
  readonly host: string | null;
  readonly path: string;
  readonly query: string | null;
}

function requestOf(text: Raw): Called | null {
  const line = text('request');
  const [method, target] = line === null ? [text('method'), text('uri') ?? text('path')] : partsOf(line);
  if (method === null || target === null) return null;
  if (!/^[!#$%&'*+.^_`|~0-9A-Za-z-]{1,40}$/.test(method)) return null;
  return { method, ...targetOf(target) };
}

/** `METHOD target HTTP/1.1`; HTTP/0.9 has no version. */
function partsOf(line: string): readonly [string | null, string | null] {
  const first = line.indexOf(' ');
  if (first <= 0) return [null, null];
  const last = line.lastIndexOf(' ');
  const isVersioned = last > first && line.startsWith('HTTP/', last + 1);
  return [line.slice(0, first), line.slice(first + 1, isVersioned ? last : line.length)];
}

/** A target in origin form, or absolute as balancers of AWS and HTTP/2 write it (RFC 9112 §3.2). */
function targetOf(target: string): Omit<Called, 'method'> {
  const absolute = /^(https?|wss?):\/\/([^/?#]{1,300})/i.exec(target);
  const rest = absolute === null ? target : target.slice(absolute[0].length);
  const mark = rest.indexOf('?');
  const path = mark === -1 ? rest : rest.slice(0, mark);
  return {
    scheme: absolute === null ? null : /^(?:https|wss)$/i.test(absolute[1] ?? '') ? 'https' : 'http',
    host: absolute?.[2] ?? null,
    path: (path === '' && absolute !== null ? '/' : path).slice(0, pathCharactersMax),
    query: mark === -1 ? null : rest.slice(mark + 1, mark + 20),
  };
}

function addressOf(raw: Raw): readonly [source: string | null, port: number | null] {
  const both = raw('sourceAndPort');
  if (both === null) return [sourceOf(raw('source')), wholeOf(raw('sourcePort'))];
  const colon = both.lastIndexOf(':');
  return [sourceOf(both.slice(0, colon)), wholeOf(both.slice(colon + 1))];
}

/** An address as it is compared: without brackets and zone, an IPv4 one that is written as IPv6 as itself (as `::ffff:192.0.2.1`). */
function sourceOf(text: string | null): string | null {
  const bare = (text ?? '')
    .replace(/^\[|\]$/g, '')
    .replace(/%[\w.-]{1,20}$/, '')
    .replace(/^::ffff:(?=\d+\.)/i, '');
  // `unix:` is a caller of nginx, too; whatever it is, no address holds other characters.
  return /^[0-9A-Fa-f:.]{2,45}$/.test(bare) || bare === 'unix' ? bare : null;
}

function instantOf(raw: Raw, clock: ReadClock, durationMs: number | null): number | null {
  const start = raw('timeStart');
  if (start !== null) return clock(start);
  const endMs = endOfMs(raw, clock);
  return endMs === null ? null : Math.floor(endMs - (durationMs ?? 0));
}

/** How long it took, where its beginning and its end are logged. */
function betweenMs(raw: Raw, clock: ReadClock, atMs: number): number | null {
  if (raw('timeStart') === null) return null;
  const endMs = endOfMs(raw, clock);
  return endMs === null || endMs < atMs ? null : endMs - atMs;
}

function endOfMs(raw: Raw, clock: ReadClock): number | null {
  const unix = raw('timeUnix');
  const more = raw('timeMs');
  if (unix !== null) return instant(sinceEpoch(unix), unix.includes('.') ? null : more);
  const written = raw('time');
  if (written === null) return instant(clock(ofParts(raw)), more);
  return instant(clock(written) ?? sinceEpoch(written), /\.\d/.test(written) ? null : more);
}

/** Seconds since 1970; what would be past the year 5000 is milliseconds or microseconds. */
function sinceEpoch(text: string): number | null {
  if (!/^\d{9,17}(?:\.\d{1,9})?$/.test(text)) return null;
  const value = Number(text);
  return milliseconds(text, value < 1e11 ? 1_000 : value < 1e14 ? 1 : 0.001);
}

/** BIG-IP logs a date in as many parts as one likes. */
function ofParts(raw: Raw): string {
  const clock = raw('timeClock') ?? `${raw('timeHour')}:${raw('timeMinute')}:${raw('timeSecond')}`;
  return `${raw('timeYear')}-${raw('timeMonth')}-${raw('timeDay')}T${clock}${raw('timeOffset') ?? ''}`;
}

function instant(atMs: number | null, moreMs: string | null): number | null {
  return atMs === null ? null : atMs + ((wholeOf(moreMs) ?? 0) % 1_000);
}

function durationOf(raw: Raw): number | null {
  return (
    milliseconds(raw('durationMs'), 1) ??
    milliseconds(raw('durationS'), 1_000) ??
    milliseconds(raw('durationUs'), 0.001)
  );
}

/** Whole milliseconds of a number of some unit; negative ones mean that there is none. HAProxy puts + before what still grew. */
function milliseconds(text: string | null, perUnit: number): number | null {
  const value = text === null ? Number.NaN : Number(text.replace(/^\+/, ''));
  return Number.isFinite(value) && value >= 0 && value < 1e16 ? Math.floor(value * perUnit + 1e-6) : null;
}

function wholeOf(text: string | null): number | null {
  const value = text === null ? Number.NaN : Number(text.replace(/^\+/, ''));
  return Number.isSafeInteger(value) && value >= 0 ? value : null;
}

function statusOf(text: string | null): number | null {
  const value = wholeOf(text);
  return value !== null && value >= 100 && value <= 999 ? value : null;
}

/** Of several upstreams, which nginx lists with commas and colons, the one that answered last. */
function lastOf(list: string | null): string | null {
  return (
    list
      ?.split(/[,:] */)
      .at(-1)
      ?.trim() ?? null
  );
}

function endpointOf(raw: Raw): string | null {
  const endpoint = raw('endpoint')?.split(/, */).at(-1) ?? null;
  const port = raw('endpointPort');
  if (endpoint === null || /^[<-]/.test(endpoint)) return null;
  return cut(port === null ? endpoint : `${endpoint.includes(':') ? `[${endpoint}]` : endpoint}:${port}`);
}

function schemeOf(raw: Raw, said: Called['scheme']): Called['scheme'] {
  if (said !== null) return said;
  const scheme = raw('scheme');
  if (scheme !== null) return /^(?:https|h2|wss|grpcs)$/.test(scheme) ? 'https' : 'http';
  if (raw('tlsVersion') !== null || raw('listener')?.endsWith('~') === true) return 'https';
  const port = raw('listenerPort');
  return port === '443' ? 'https' : port === '80' ? 'http' : null;
}

function hostOf(text: string | null): string | null {
  return text === null || !/^[A-Za-z0-9._:[\]-]{1,260}$/.test(text) ? null : text.toLowerCase();
}

/** nginx writes r and `.`, HAProxy 1 and 0. */
function resumedOf(text: string | null): boolean | null {
  return text === null ? null : text === 'r' || text === '1';
}

/** That a body came in chunks can be told only where the field of that name is logged. */
function framingOf(
  values: LogValues,
  transferEncoding: string | null,
  contentLength: number | null,
): LogEntry['framing'] {
  if (transferEncoding?.includes('chunked') === true) return 'chunked';
  if (contentLength !== null) return contentLength === 0 ? 'none' : 'content-length';
  const isLogged =
    values[placeOfField.transferEncoding] !== undefined && values[placeOfField.contentLength] !== undefined;
  return isLogged ? 'none' : null;
}

function cookiesOf(values: LogValues, text: string | null): number | null {
  if (values[placeOfField.cookies] === undefined) return null;
  return text === null ? 0 : text.split(';').length;
}

/** `{host|agent}` of HAProxy: the values in the order of their captures. With one pair of braces they are of the request. */
function spread(values: LogValues, captured: readonly (LogField | null)[]): void {
  const found = /^\{([^}]*)\}/.exec(values[placeOfField.captures] ?? '')?.[1];
  for (const [at, value] of (found ?? '').split('|').entries()) {
    const field = captured[at] ?? null;
    if (field !== null) values[placeOfField[field]] = value;
  }
}

/**
 * Whether the caller got a whole answer. Of HAProxy's states those that end in the data or after it tell otherwise (`CD`, `SD`); nginx
 * leaves `$request_completion` empty, and writes 499 where the caller left.
 */
function isComplete(values: LogValues, raw: Raw): boolean {
  const status = statusOf(raw('status'));
  const completion = values[placeOfField.complete];
  const isCut =
    /^[A-Za-z][DL]/.test(raw('termination') ?? '') || (completion !== undefined && saidOrNull(completion) === null);
  return status !== null && status !== 499 && !isCut;
}

/** How it ended. BIG-IP resets a connection whose request is past its buffer (known issue: 64 KiB until February 2024, then 1 MiB). */
function endOf(raw: Raw, text: Raw, path: string, contentLength: number | null) {
  const termination = raw('termination');
  const status = statusOf(raw('status'));
  const words: string[] = [];
  // nginx writes 499 where the caller left before the answer (ngx_http_request.h).
  if (status === 499) words.push('the caller left before the answer (499)');
  if (termination !== null && termination[0] !== '-') words.push(`ended as ${termination} (termination state)`);
  if (status === null && contentLength !== null && contentLength > bufferBytes)
    words.push(
      `no answer to a request of ${contentLength} bytes, which is past a buffer of 64 KiB: as BIG-IP resets them`,
    );
  else if (status === null) words.push('no answer is logged');
  if (sessionPages.test(path))
    words.push(`a page of BIG-IP about a session (${path.split('/', 3).join('/').slice(0, 60)})`);
  const error = text('error');
  if (error !== null) words.push(error.slice(0, 100));
  return words.length === 0 ? null : words.join('; ');
}

const bufferBytes = 65_536;
