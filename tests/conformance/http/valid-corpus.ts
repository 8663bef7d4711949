// Valid HTTP/1.x requests as exact bytes, each with the one meaning a strict reader gives it (RFC 9110, RFC 9112).
// Bounds kept by every message: head 16 KiB, 100 field lines, target 8,000 characters, body 1 MiB.
import { bytesOf, ending, type Field, type FieldLine, field, hexByte, patternBytes } from './wire.ts';

/** What the next recipient must be told: one request, hop-by-hop parts and identity claims removed. */
export interface Meaning {
  readonly method: string;
  /** Request target as sent. */
  readonly target: string;
  /** Path and query as they go to an origin server (RFC 9112 §3.2.1); differs from `target` for absolute-form only. */
  readonly originForm: string;
  /** Lower-case host without port; empty where an HTTP/1.0 request names none. */
  readonly host: string;
  /** End-to-end fields in order. */
  readonly fields: readonly Field[];
  readonly body: Buffer;
}

interface MessageCommon {
  readonly family: string;
  readonly name: string;
  readonly bytes: Buffer;
  /** Byte offsets at which `bytes` is cut into several writes; absent: one write. */
  readonly delivery?: readonly number[];
  /** The gateway must close after the last response (RFC 9112 §9.3, §9.6); false leaves it open either way. */
  readonly closes: boolean;
  /** Fields that RFC 9110 allows and the gateway drops, because of the underscore in their names. */
  readonly droppedByPolicy: readonly Field[];
}

/** One request. */
export interface SingleMessage extends MessageCommon {
  readonly meaning: Meaning;
}

/** Several requests in one stream, to be answered in order (RFC 9112 §9.3.2). */
export interface PipelinedMessage extends MessageCommon {
  readonly meanings: readonly Meaning[];
}

/** A valid stream of one or more requests. */
export type ValidMessage = SingleMessage | PipelinedMessage;

/** A message that a strict gateway may refuse, or end after any of its requests; what it forwards has this meaning and no other. */
export type ContestedMessage = ValidMessage & { readonly why: string };

/** The meanings of a message, in order. */
export function meaningsOf(message: ValidMessage): readonly Meaning[] {
  return 'meanings' in message ? message.meanings : [message.meaning];
}

interface Framed {
  readonly lines: readonly string[];
  readonly sent: Buffer;
  readonly means: Buffer;
}

interface Draft {
  readonly method?: string;
  readonly target?: string;
  readonly originForm?: string;
  readonly version?: '1.0' | '1.1';
  readonly hostLine?: string | null;
  readonly hostMeans?: string;
  readonly lines?: readonly FieldLine[];
  readonly body?: Framed;
  readonly before?: string;
  readonly closes?: boolean;
  readonly dropped?: readonly Field[];
  readonly delivery?: readonly number[];
}

const publicHost = 'data.example.test';
const hostLine = `Host: ${publicHost}`;
const noBody: Framed = { lines: [], sent: Buffer.alloc(0), means: Buffer.alloc(0) };

function message(family: string, name: string, draft: Draft = {}): SingleMessage {
  const target = draft.target ?? '/echo/x';
  const body = draft.body ?? noBody;
  const lines = draft.lines ?? [];
  const headLines = [
    `${draft.method ?? 'GET'} ${target} HTTP/${draft.version ?? '1.1'}`,
    ...(draft.hostLine === null ? [] : [draft.hostLine ?? hostLine]),
    ...lines.map(({ raw }) => raw),
    ...body.lines,
  ];
  const head = `${draft.before ?? ''}${headLines.map((line) => `${line}\r\n`).join('')}\r\n`;
  return {
    family,
    name,
    bytes: Buffer.concat([bytesOf(head), body.sent]),
    closes: draft.closes ?? false,
    droppedByPolicy: draft.dropped ?? [],
    ...(draft.delivery === undefined ? {} : { delivery: draft.delivery }),
    meaning: {
      method: draft.method ?? 'GET',
      target,
      originForm: draft.originForm ?? target,
      host: draft.hostMeans ?? publicHost,
      fields: lines.flatMap(({ means }) => (means === undefined ? [] : [means])),
      body: body.means,
    },
  };
}

function sized(content: Buffer | string): Framed {
  const means = typeof content === 'string' ? bytesOf(content) : content;
  return { lines: [`Content-Length: ${means.length}`], sent: means, means };
}

interface ChunkedShape {
  readonly line?: string;
  readonly size?: (length: number, index: number) => string;
  readonly last?: string;
  readonly trailers?: readonly string[];
}

function chunked(chunks: readonly (Buffer | string)[], shape: ChunkedShape = {}): Framed {
  const size = shape.size ?? ((length: number) => length.toString(16));
  const parts = chunks.map((chunk) => (typeof chunk === 'string' ? bytesOf(chunk) : chunk));
  const trailers = (shape.trailers ?? []).map((line) => `${line}\r\n`).join('');
  const sent = parts.flatMap((part, index) => [bytesOf(`${size(part.length, index)}\r\n`), part, bytesOf('\r\n')]);
  return {
    lines: [shape.line ?? 'Transfer-Encoding: chunked'],
    sent: Buffer.concat([...sent, bytesOf(`${shape.last ?? '0'}\r\n${trailers}\r\n`)]),
    means: Buffer.concat(parts),
  };
}

function pipelined(
  family: string,
  name: string,
  parts: readonly SingleMessage[],
  delivery?: readonly number[],
): PipelinedMessage {
  return {
    family,
    name,
    bytes: Buffer.concat(parts.map(({ bytes }) => bytes)),
    closes: parts.at(-1)?.closes ?? false,
    droppedByPolicy: parts.flatMap(({ droppedByPolicy }) => droppedByPolicy),
    ...(delivery === undefined ? {} : { delivery }),
    meanings: parts.map(({ meaning }) => meaning),
  };
}

function inPieces(content: Buffer, pieceBytes: number): Buffer[] {
  const pieces: Buffer[] = [];
  for (let at = 0; at < content.length; at += pieceBytes) pieces.push(content.subarray(at, at + pieceBytes));
  return pieces;
}

// RFC 9110 §9.3: the methods a market API meets; content where the method gives it a meaning.
function methods(): ValidMessage[] {
  const family = 'methods';
  const plain = field('Content-Type', 'text/plain');
  return [
    ...['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS'].flatMap((method) => [
      message(family, `${method} with a path`, { method }),
      message(family, `${method} with a path and a query`, { method, target: '/echo/m?a=1&b=2' }),
      message(family, `${method} with a common set of fields`, {
        method,
        lines: [field('User-Agent', 'corpus/1.0'), field('Accept', '*/*'), field('Accept-Language', 'en, fr;q=0.5')],
      }),
      message(family, `${method} with a stated length of zero`, { method, body: sized('') }),
    ]),
    ...['POST', 'PUT', 'PATCH', 'OPTIONS'].flatMap((method) => [
      message(family, `${method} with content of a stated length`, { method, lines: [plain], body: sized('content') }),
      message(family, `${method} with chunked content`, { method, lines: [plain], body: chunked(['con', 'tent']) }),
    ]),
  ];
}

// RFC 3986 §3.3: pchar = unreserved / pct-encoded / sub-delims / ":" / "@". A segment of dots only is left out on purpose.
const pcharMarks = "-._~!$&'()*+,;=:@".split('');

function paths(): ValidMessage[] {
  const family = 'target: path';
  const marks = pcharMarks.flatMap((mark) => [
    message(family, `path segment begins with ${mark}`, { target: `/echo/${mark}x` }),
    message(family, `path segment holds ${mark}`, { target: `/echo/a${mark}b` }),
    message(family, `path segment ends with ${mark}`, { target: `/echo/a${mark}` }),
  ]);
  const lengths = [255, 1_000, 2_048, 4_096, 7_900].map((length) =>
    message(family, `path of ${length} characters`, { target: `/echo/${'p'.repeat(length - 6)}` }),
  );
  return [
    ...marks,
    ...lengths,
    message(family, 'path ends with a slash', { target: '/echo/' }),
    message(family, 'path of many segments', { target: `/echo${'/s'.repeat(60)}` }),
    message(family, 'path of digits', { target: '/echo/0123456789' }),
    message(family, 'path of all letters', {
      target: '/echo/abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ',
    }),
    message(family, 'path with parameters', { target: '/echo/a;v=1.1/b;w=2' }),
    message(family, 'path with every mark at once', { target: "/echo/a-._~!$&'()*+,;=:@z" }),
    message(family, 'path that looks like a scheme', { target: '/echo/http:x' }),
    message(family, 'path that looks like a version', { target: '/echo/HTTP-1.1' }),
  ];
}

// Left out: %00, %2e, %2f and %5c, which upstreams are known to read in two ways.
function percentEncodings(): ValidMessage[] {
  const family = 'target: percent-encoding';
  const codes = Array.from({ length: 0x7f - 0x20 }, (_, index) => 0x20 + index).filter(
    (code) => code !== 0x2e && code !== 0x2f && code !== 0x5c,
  );
  const lowerHex = [0x3a, 0x3b, 0x3c, 0x3d, 0x3e, 0x3f, 0x5b, 0x5d, 0x7b, 0x7d, 0x7e];
  return [
    ...codes.map((code) => message(family, `path holds %${hexByte(code)}`, { target: `/echo/a%${hexByte(code)}-` })),
    ...lowerHex.map((code) =>
      message(family, `path holds %${hexByte(code).toLowerCase()} in lower case`, {
        target: `/echo/a%${hexByte(code).toLowerCase()}-`,
      }),
    ),
    message(family, 'path holds two-byte UTF-8', { target: '/echo/caf%C3%A9' }),
    message(family, 'path holds three-byte UTF-8', { target: '/echo/%E6%97%A5%E6%9C%AC' }),
    message(family, 'path holds four-byte UTF-8', { target: '/echo/%F0%9F%94%8C' }),
    message(family, 'path holds mixed-case hexadecimal digits', { target: '/echo/%c3%A9%C3%a9' }),
    message(family, 'query holds percent-encodings', { target: '/echo/q?a=%20%21%22%23%24%25%26' }),
    message(family, 'query holds UTF-8', { target: '/echo/q?name=%E2%82%AC' }),
  ];
}

// RFC 3986 §3.4: query = *( pchar / "/" / "?" ).
function queries(): ValidMessage[] {
  const family = 'target: query';
  const marks = [...pcharMarks, '/', '?'].flatMap((mark) => [
    message(family, `query key holds ${mark}`, { target: `/echo/q?k${mark}y=1` }),
    message(family, `query is only ${mark}`, { target: `/echo/q?${mark}` }),
  ]);
  const lengths = [256, 1_024, 2_048, 4_096].map((length) =>
    message(family, `query of ${length} characters`, { target: `/echo/q?${'q'.repeat(length)}` }),
  );
  return [
    ...marks,
    ...lengths,
    message(family, 'empty query', { target: '/echo/q?' }),
    message(family, 'empty query after a slash', { target: '/echo/?' }),
    message(family, 'query with an empty value', { target: '/echo/q?a=' }),
    message(family, 'query with an empty key', { target: '/echo/q?=a' }),
    message(family, 'query of separators', { target: '/echo/q?&&&' }),
    message(family, 'query with repeated keys', { target: '/echo/q?a=1&a=2&a=1' }),
    message(family, 'query holds a path', { target: '/echo/q?next=/echo/other/' }),
    message(family, 'query holds a time', { target: '/echo/q?start=2026-03-02T09:14:00-08:00' }),
    message(family, 'query of 300 parameters', {
      target: `/echo/q?${Array.from({ length: 300 }, (_, index) => `p${index}=${index}`).join('&')}`,
    }),
  ];
}

// RFC 9112 §3.2.2: a server accepts the absolute-form, and the host in it wins over the Host field.
function absoluteForms(): ValidMessage[] {
  const family = 'target: absolute-form';
  const absolute = (name: string, target: string, originForm: string, rest: Draft = {}) =>
    message(family, name, { target, originForm, ...rest });
  const base = `http://${publicHost}`;
  return [
    absolute('absolute-form with the same Host', `${base}/echo/x`, '/echo/x'),
    absolute('absolute-form with a query', `${base}/echo/x?a=1/2?3`, '/echo/x?a=1/2?3'),
    absolute('absolute-form with an empty query', `${base}/echo/x?`, '/echo/x?'),
    absolute('absolute-form with port 80, Host too', `${base}:80/echo/x`, '/echo/x', {
      hostLine: `Host: ${publicHost}:80`,
    }),
    absolute('absolute-form with port 80, Host without', `${base}:80/echo/x`, '/echo/x'),
    absolute('absolute-form with an upper-case scheme', `HTTP://${publicHost}/echo/x`, '/echo/x'),
    absolute('absolute-form with an upper-case host', 'http://DATA.EXAMPLE.TEST/echo/x', '/echo/x'),
    absolute('absolute-form with a path of one slash more', `${base}/echo/x/`, '/echo/x/'),
    absolute('absolute-form wins over another Host', `${base}/echo/x`, '/echo/x', {
      hostLine: 'Host: other.example.test',
    }),
    absolute('absolute-form wins over another Host with a port', `${base}/echo/x`, '/echo/x', {
      hostLine: 'Host: other.example.test:8080',
    }),
    absolute('absolute-form on HTTP/1.0 without Host', `${base}/echo/x`, '/echo/x', {
      version: '1.0',
      hostLine: null,
      closes: true,
    }),
    absolute('absolute-form with content', `${base}/echo/x`, '/echo/x', { method: 'POST', body: sized('content') }),
    absolute('absolute-form with chunked content', `${base}/echo/x`, '/echo/x', {
      method: 'PUT',
      body: chunked(['content']),
    }),
    absolute('absolute-form with percent-encodings', `${base}/echo/a%20b?c=%26`, '/echo/a%20b?c=%26'),
    absolute('absolute-form with an at sign in its path', `${base}/echo/a@b`, '/echo/a@b'),
  ];
}

/** The hosts this corpus sends to; the gateway under test must serve `/echo/` on each of them. */
export const hostsUsed: readonly string[] = [
  publicHost,
  '127.0.0.1',
  '192.0.2.10',
  '[::1]',
  '[2001:db8::10]',
  'localhost',
  'a-b.example.test',
  '1.example.test',
  'xn--bcher-kva.example.test',
  `${'l'.repeat(63)}.example.test`,
];

// RFC 9110 §7.2 and RFC 3986 §3.2.2: Host = uri-host [ ":" port ], compared without regard to case.
function hosts(): ValidMessage[] {
  const family = 'hosts';
  const sent = (name: string, line: string, means = publicHost) =>
    message(family, name, { hostLine: line, hostMeans: means });
  return [
    ...hostsUsed.map((host) => sent(`Host is ${host.slice(0, 40)}`, `Host: ${host}`, host)),
    ...hostsUsed.map((host) => sent(`Host is ${host.slice(0, 40)} with a port`, `Host: ${host}:8080`, host)),
    sent('Host with port 80', `Host: ${publicHost}:80`),
    sent('Host with port 443', `Host: ${publicHost}:443`),
    sent('Host with port 1', `Host: ${publicHost}:1`),
    sent('Host with port 65535', `Host: ${publicHost}:65535`),
    sent('Host in upper case', 'Host: DATA.EXAMPLE.TEST'),
    sent('Host in mixed case with a port', 'Host: Data.Example.Test:8080'),
    sent('Host field name in upper case', `HOST: ${publicHost}`),
    sent('Host field name in lower case', `host: ${publicHost}`),
    sent('Host without whitespace before it', `Host:${publicHost}`),
    sent('Host with whitespace around it', `Host: \t ${publicHost} \t`),
    sent('IPv6 Host in upper case', 'Host: [2001:DB8::10]', '[2001:db8::10]'),
    message(family, 'Host stands last', {
      hostLine: null,
      lines: [field('X-First', '1'), field('X-Second', '2'), ending(hostLine)],
    }),
    message(family, 'Host stands between two fields', {
      hostLine: null,
      lines: [field('X-First', '1'), ending(hostLine), field('X-Second', '2')],
    }),
  ];
}

// RFC 9110 §5.6.2: tchar, without the underscore, which has a family of its own.
const tcharMarks = "!#$%&'*+-.^`|~".split('');

function fieldNames(): ValidMessage[] {
  const family = 'field names';
  const one = (name: string, fieldName: string) => message(family, name, { lines: [field(fieldName, 'v')] });
  const alphanumerics = 'abcdefghijklmnopqrstuvwxyz0123456789'.split('');
  const inherited = ['constructor', 'toString', 'hasOwnProperty', 'valueOf', 'isPrototypeOf'];
  return [
    ...tcharMarks.flatMap((mark) => [
      one(`name begins with ${mark}`, `${mark}x`),
      one(`name holds ${mark}`, `X${mark}y`),
      one(`name ends with ${mark}`, `X${mark}`),
      one(`name is ${mark}`, mark),
    ]),
    ...alphanumerics.map((character) => one(`name is ${character}`, character)),
    // Names that a careless table of fields mistakes for its own members or for array indexes.
    ...inherited.map((name) => one(`name is ${name}`, name)),
    ...['4294967294', '4294967295', '2147483647', '-1', '1e3', '007'].map((name) =>
      one(`name is number ${name}`, name),
    ),
    one('name in upper case', 'X-UPPER-CASE'),
    one('name in lower case', 'x-lower-case'),
    one('name in mixed case', 'x-MiXeD-cAsE'),
    one('name of 200 characters', `X-${'n'.repeat(198)}`),
    one(
      'name of every tchar but the underscore',
      "X!#$%&'*+-.^`|~0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ",
    ),
    one('name begins like Content-Length', 'Content-Lengthy'),
    one('name ends like Content-Length', 'X-Content-Length'),
    // CVE-2021-40346: a name longer than 255 bytes once turned into Content-Length itself.
    message(family, 'name of 270 characters begins like Content-Length', {
      method: 'POST',
      lines: [field(`Content-Length0${'a'.repeat(255)}`, '', '')],
      body: sized('content'),
    }),
    one('name begins like Transfer-Encoding', 'Transfer-Encodings'),
    one('name ends like Transfer-Encoding', 'X-Transfer-Encoding'),
    one('name begins like Host', 'Hosts'),
    one('name ends like Host', 'X-Host'),
    one('name begins like Connection', 'Connections'),
  ];
}

// A CGI-like upstream reads "_" as "-", so an underscore name can forge any field. The message stands, the field goes.
function underscoreNames(): ValidMessage[] {
  const family = 'underscore names';
  const dropped = (name: string, fieldName: string) =>
    message(family, name, {
      lines: [field('X-Before', '1'), ending(`${fieldName}: v`), field('X-After', '2')],
      dropped: [[fieldName.toLowerCase(), 'v']],
    });
  return [
    dropped('name begins with an underscore', '_x'),
    dropped('name holds an underscore', 'X_Custom'),
    dropped('name ends with an underscore', 'X-Custom_'),
    dropped('name is an underscore', '_'),
    dropped('name is __proto__', '__proto__'),
    dropped('name is __defineGetter__', '__defineGetter__'),
    dropped('name mimics an identity field', 'client_cert'),
    dropped('name mimics a forwarding field', 'X_Forwarded_For'),
    dropped('name mimics a remote user', 'ct_remote_user'),
    dropped('name mixes hyphen and underscore', 'X-Forwarded_For'),
  ];
}

// RFC 9110 §5.5, RFC 9112 §5.1: surrounding whitespace goes, everything inside stays.
function fieldValues(): ValidMessage[] {
  const family = 'field values';
  const one = (name: string, value: string, before = ' ', after = '') =>
    message(family, name, { lines: [field('X-Value', value, before, after)] });
  const visible = Array.from({ length: 0x7f - 0x21 }, (_, index) => String.fromCharCode(0x21 + index)).join('');
  const obsText = Array.from({ length: 16 }, (_, row) => {
    const value = Array.from({ length: 8 }, (_unused, column) => String.fromCharCode(0x80 + row * 8 + column)).join('');
    return one(`value holds bytes 0x${hexByte(0x80 + row * 8)} to 0x${hexByte(0x87 + row * 8)}`, `a${value}z`);
  });
  const whitespace: readonly (readonly [string, string, string])[] = [
    ['no whitespace before', '', ''],
    ['two spaces before', '  ', ''],
    ['one tab before', '\t', ''],
    ['tab and space before', '\t ', ''],
    ['space and tab before', ' \t', ''],
    ['sixteen spaces before', ' '.repeat(16), ''],
    ['one space after', ' ', ' '],
    ['one tab after', ' ', '\t'],
    ['mixed whitespace after', ' ', ' \t \t'],
    ['mixed whitespace around', '\t \t', '\t \t'],
    ['no whitespace before, a tab after', '', '\t'],
    ['sixty-four tabs before', '\t'.repeat(64), ''],
  ];
  return [
    ...obsText,
    ...whitespace.map(([name, before, after]) => one(`value with ${name}`, 'v', before, after)),
    one('empty value', '', ''),
    one('empty value after one space', '', ' '),
    one('empty value after one tab', '', '\t'),
    one('empty value after mixed whitespace', '', ' \t \t '),
    one('value of one character', 'v'),
    one('value of every visible character', visible),
    one('value holds interior spaces', 'a  b   c'),
    one('value holds an interior tab', 'a\tb'),
    one('value holds interior tabs and spaces', 'a \t \t b'),
    one('value begins with a colon', ':v'),
    one('value holds colons', 'a: b: c'),
    one('value holds commas', 'a, b,c ,d'),
    one('value is commas', ',,,'),
    one('value is a quoted string', '"a, b; c"'),
    one('value holds an escaped quote', '"a \\" b"'),
    one('value holds an unfinished quote', '"a, b'),
    one('value holds a comment', 'a (b (c) d)'),
    one('value holds backslashes', 'a\\b\\\\c'),
    one('value holds percent-encoded line ends', 'a%0d%0ab'),
    one('value holds written escapes', 'a\\r\\nX-Other: 1'),
    one('value looks like a request line', 'GET /echo/other HTTP/1.1'),
    one('value looks like a field line', 'Transfer-Encoding: chunked'),
    one('value is UTF-8', Buffer.from('Größe €5', 'utf8').toString('latin1')),
    one('value is invalid UTF-8', 'a\xc3\x28b'),
    one('value is the no-break space byte', '\xa0'),
    one('value is the next-line byte', '\x85'),
    one('value begins and ends with 0xFF', '\xffv\xff'),
    one('value of 1,000 characters', 'v'.repeat(1_000)),
    one('value of 8,000 characters', 'v'.repeat(8_000)),
    one('value whose line has 8,192 bytes', 'v'.repeat(8_192 - 'X-Value: '.length)),
  ];
}

function commonFields(): ValidMessage[] {
  const family = 'common fields';
  const lines: readonly FieldLine[] = [
    field('Accept', 'text/xml;q=0.9, */*;q=0.1'),
    field('Accept-Encoding', 'gzip, deflate'),
    field('Authorization', 'Basic bm9ib2R5Om5vdGhpbmc='),
    field('Cache-Control', 'no-cache, max-age=0'),
    field('Content-Language', 'en'),
    field('Content-Type', 'text/plain; charset="utf-8"'),
    field('Cookie', 'a=1; b=2'),
    field('Date', 'Mon, 02 Mar 2026 09:14:00 GMT'),
    field('From', 'desk@example.org'),
    field('If-Match', '"a", "b"'),
    field('If-Modified-Since', 'Mon, 02 Mar 2026 09:14:00 GMT'),
    field('If-None-Match', 'W/"a"'),
    field('Origin', 'http://data.example.test'),
    field('Pragma', 'no-cache'),
    field('Range', 'bytes=0-99'),
    field('Referer', 'http://data.example.test/echo/'),
    field('SOAPAction', '"urn:example:Retrieve"'),
    field('SOAPAction', '""'),
    field('User-Agent', 'Mozilla/5.0 (X11; Linux x86_64) corpus/1.0'),
    field('X-Request-Purpose', 'corpus'),
  ];
  return lines.map((line) => message(family, `sends ${line.raw.slice(0, 48)}`, { lines: [line] }));
}

// RFC 9110 §5.3: lines of one name keep their order, among themselves; a recipient may join them with ", ".
function manyFields(): ValidMessage[] {
  const family = 'many fields';
  const numbered = (count: number) =>
    Array.from({ length: count }, (_, index) => field(`X-Field-${index}`, `${index}`));
  const repeated = (count: number) => Array.from({ length: count }, (_, index) => field('X-List', `${index}`));
  return [
    ...[10, 50, 99].map((count) => message(family, `${count} fields beside Host`, { lines: numbered(count) })),
    ...[2, 3, 10, 99].map((count) => message(family, `one list over ${count} lines`, { lines: repeated(count) })),
    message(family, '99 fields named by array indexes', {
      lines: Array.from({ length: 99 }, (_, index) => field(`${index * 1_024}`, `${index}`)),
    }),
    message(family, 'a list whose lines are apart', {
      lines: [field('X-List', 'a'), field('X-Other', '1'), field('X-List', 'b'), field('X-Other', '2')],
    }),
    message(family, 'a list whose lines differ in case', {
      lines: [field('X-List', 'a'), field('x-list', 'b'), field('X-LIST', 'c')],
    }),
    message(family, 'a list with an empty line', {
      lines: [field('X-List', 'a'), field('X-List', '', ''), field('X-List', 'c')],
    }),
    message(family, 'a list with equal lines', { lines: [field('X-List', 'a'), field('X-List', 'a')] }),
    message(family, 'two Accept lines', { lines: [field('Accept', 'text/xml'), field('Accept', 'text/plain;q=0.5')] }),
    message(family, 'two Cache-Control lines', {
      lines: [field('Cache-Control', 'no-cache'), field('Cache-Control', 'no-store')],
    }),
    message(family, 'two fields of 7,900 characters', {
      lines: [field('X-One', 'a'.repeat(7_900)), field('X-Two', 'b'.repeat(7_900))],
    }),
    message(family, '90 fields of 150 characters', {
      lines: Array.from({ length: 90 }, (_, index) => field(`X-Field-${index}`, 'w'.repeat(150))),
    }),
  ];
}

// RFC 9112 §6.2. The sizes stand at the edges of the buffers in common use: 16 KiB, 64 KiB, 1 MiB.
const contentSizes = [0, 1, 2, 100, 1_000, 4_096, 16_383, 16_384, 16_385, 65_535, 65_536, 65_537] as const;

function contentLengths(): ValidMessage[] {
  const family = 'content of stated length';
  const contents: readonly (readonly [string, Buffer | string])[] = [
    ['looks like a request', 'GET /echo/smuggled HTTP/1.1\r\nHost: data.example.test\r\n\r\n'],
    ['looks like a chunked body', '5\r\nhello\r\n0\r\n\r\n'],
    ['looks like the end of a chunked body', '0\r\n\r\n'],
    ['is one line feed', '\n'],
    ['is one carriage return', '\r'],
    ['is line ends', '\r\n\r\n\r\n\r\n'],
    ['is zero bytes', Buffer.alloc(64)],
    ['is every byte', Buffer.from(Array.from({ length: 256 }, (_, index) => index))],
    ['is text', 'The quick brown fox.'],
  ];
  const plain = field('Content-Type', 'application/octet-stream');
  return [
    ...['POST', 'PUT'].flatMap((method) =>
      contentSizes.map((size) =>
        message(family, `${method} of ${size} bytes`, { method, lines: [plain], body: sized(patternBytes(size)) }),
      ),
    ),
    message(family, 'POST of 1 MiB', { method: 'POST', body: sized(patternBytes(1_048_576)) }),
    message(family, 'PATCH of 1 MiB less one byte', { method: 'PATCH', body: sized(patternBytes(1_048_575, 2)) }),
    ...contents.map(([name, content]) => message(family, `content ${name}`, { method: 'POST', body: sized(content) })),
    ...['content-length: 7', 'CONTENT-LENGTH: 7', 'Content-Length:7', 'Content-Length: \t7\t '].map((line) =>
      message(family, `length written as ${JSON.stringify(line)}`, {
        method: 'POST',
        body: { ...sized('content'), lines: [line] },
      }),
    ),
    message(family, 'length stands before Host', {
      method: 'POST',
      hostLine: null,
      lines: [ending('Content-Length: 7'), ending(hostLine), field('X-Last', '1')],
      body: { ...sized('content'), lines: [] },
    }),
  ];
}

// RFC 9112 §7.1: chunked-body = *chunk last-chunk trailer-section CRLF.
function chunkedBodies(): ValidMessage[] {
  const family = 'chunked content';
  const post = (name: string, body: Framed) => message(family, name, { method: 'POST', body });
  const lines = [
    'Transfer-Encoding: Chunked',
    'Transfer-Encoding: CHUNKED',
    'Transfer-Encoding: cHuNkEd',
    'transfer-encoding: chunked',
    'TRANSFER-ENCODING: chunked',
    'Transfer-Encoding:chunked',
    'Transfer-Encoding:\tchunked',
    'Transfer-Encoding:   chunked   ',
    'Transfer-Encoding: chunked\t',
  ];
  const lasts = ['00', '000', '0000', '00000000', '0;end', '0;end=1', '0;end="of body"', '000;end'];
  const sizesWithLetters = [10, 11, 12, 13, 14, 15, 26, 171, 255, 2_748, 3_567];
  return [
    ...contentSizes
      .filter((size) => size > 0)
      .map((size) => post(`one chunk of ${size} bytes`, chunked([patternBytes(size)]))),
    post('one chunk of 1 MiB', chunked([patternBytes(1_048_576)])),
    post('no chunk but the last', chunked([])),
    ...[1, 2, 3, 16, 100, 1_000].map((count) =>
      post(`${count} chunks of one byte`, chunked(inPieces(patternBytes(count), 1))),
    ),
    ...[7, 1_024, 4_096, 16_384, 65_535].map((piece) =>
      post(`65,536 bytes in chunks of ${piece}`, chunked(inPieces(patternBytes(65_536), piece))),
    ),
    post('1 MiB in chunks of 64 KiB', chunked(inPieces(patternBytes(1_048_576), 65_536))),
    post('chunks of growing size', chunked([1, 2, 4, 8, 16, 32, 64, 128, 256].map((size) => patternBytes(size)))),
    ...sizesWithLetters.flatMap((size) => [
      post(
        `chunk size ${size} in lower case`,
        chunked([patternBytes(size)], { size: (length) => length.toString(16) }),
      ),
      post(
        `chunk size ${size} in upper case`,
        chunked([patternBytes(size)], { size: (length) => length.toString(16).toUpperCase() }),
      ),
    ]),
    post('chunk size in mixed case', chunked([patternBytes(0xabc)], { size: () => 'aBc' })),
    ...[1, 2, 3, 4, 6, 7].map((zeros) =>
      post(
        `chunk size with ${zeros} leading zeros`,
        chunked(['hello'], { size: (n) => '0'.repeat(zeros) + n.toString(16) }),
      ),
    ),
    ...lasts.map((last) => post(`last chunk written as ${last}`, chunked(['hello'], { last }))),
    ...lines.map((line) => post(`coding written as ${JSON.stringify(line)}`, chunked(['hello'], { line }))),
    post('chunk data is line ends', chunked(['\r\n', '\r\n\r\n', '\n', '\r'])),
    post('chunk data looks like the last chunk', chunked(['0\r\n\r\n'])),
    post('chunk data looks like a chunk', chunked(['5\r\nhello\r\n'])),
    post('chunk data looks like a request', chunked(['GET /echo/smuggled HTTP/1.1\r\nHost: a\r\n\r\n'])),
    post('chunk data is zero bytes', chunked([Buffer.alloc(64)])),
    message(family, 'coding stands before Host', {
      method: 'POST',
      hostLine: null,
      lines: [ending('Transfer-Encoding: chunked'), ending(hostLine), field('X-Last', '1')],
      body: { ...chunked(['hello']), lines: [] },
    }),
  ];
}

// RFC 9112 §7.1.1: a recipient ignores extensions it does not know; the gateway knows none and passes none on.
function chunkExtensions(): ValidMessage[] {
  const family = 'chunk extensions';
  const extensions = [
    ';a',
    ';a=b',
    ';a=1;b=2;c=3',
    ';a;b;c',
    ';a=""',
    ';a="b"',
    ';a="b c"',
    ';a="b;c=d"',
    ';a="\\""',
    ';a="\\\\"',
    ';a="b\\;c"',
    ';a="0"',
    ';a="Transfer-Encoding: chunked"',
    ";!#$%&'*+-.^_`|~=v",
    ';a="\t"',
    ';a="\xe9"',
    `;${'n'.repeat(100)}=${'v'.repeat(100)}`,
    ';content-length=3',
    ';A=B;a=b',
    ';q="a,b"',
  ];
  return extensions.flatMap((extension) => [
    message(family, `first chunk with ${JSON.stringify(extension.slice(0, 40))}`, {
      method: 'POST',
      body: chunked(['hello', ' world'], { size: (n, index) => n.toString(16) + (index === 0 ? extension : '') }),
    }),
    message(family, `every chunk with ${JSON.stringify(extension.slice(0, 40))}`, {
      method: 'POST',
      body: chunked(['hello', ' world'], { size: (n) => n.toString(16) + extension, last: `0${extension}` }),
    }),
  ]);
}

// RFC 9110 §6.5.1: a trailer field is never merged into the header section; this gateway discards them all.
function trailers(): ValidMessage[] {
  const family = 'trailers';
  const post = (name: string, lines: readonly string[], announced: readonly FieldLine[] = []) =>
    message(family, name, { method: 'POST', lines: announced, body: chunked(['hello'], { trailers: lines }) });
  return [
    post('one trailer', ['X-Trailer: 1']),
    post('one announced trailer', ['X-Trailer: 1'], [ending('Trailer: X-Trailer')]),
    post('two trailers', ['X-Trailer: 1', 'X-Other: 2']),
    post(
      'twenty trailers',
      Array.from({ length: 20 }, (_, index) => `X-Trailer-${index}: ${index}`),
    ),
    post('a trailer with an empty value', ['X-Trailer:']),
    post('a trailer with whitespace around its value', ['X-Trailer: \t v \t']),
    post('a trailer with high bytes', ['X-Trailer: \xe9\xff']),
    post('a trailer of 1,000 characters', [`X-Trailer: ${'t'.repeat(1_000)}`]),
    post('a trailer that repeats a field', ['X-Kept: forged'], [field('X-Kept', 'true')]),
    post('Host as a trailer', ['Host: other.example.test']),
    post('Connection as a trailer', ['Connection: keep-alive']),
    post('Authorization as a trailer', ['Authorization: Basic bm9ib2R5Om5vdGhpbmc=']),
    post('an identity field as a trailer', ['Client-Cert: :Zm9yZ2Vk:']),
    post('a forwarding field as a trailer', ['X-Forwarded-For: 192.0.2.99']),
    post('Content-Type as a trailer', ['Content-Type: text/xml']),
    post('Expect as a trailer', ['Expect: 100-continue']),
    message(family, 'a trailer after no content', {
      method: 'POST',
      body: chunked([], { trailers: ['X-Trailer: 1'] }),
    }),
    message(family, 'a trailer after a last chunk with an extension', {
      method: 'POST',
      body: chunked(['hello'], { last: '0;end', trailers: ['X-Trailer: 1'] }),
    }),
  ];
}

// RFC 9110 §10.1.1: the client may send content without waiting, so the bytes are a whole message either way.
function expectations(): ValidMessage[] {
  const family = 'Expect: 100-continue';
  const post = (name: string, line: string, body: Framed, rest: Draft = {}) =>
    message(family, name, { method: 'POST', lines: [ending(line)], body, ...rest });
  const waiting = (name: string, body: Framed) => {
    const whole = post(name, 'Expect: 100-continue', body);
    return { ...whole, delivery: [whole.bytes.length - body.sent.length] };
  };
  return [
    post('with content in the same write', 'Expect: 100-continue', sized('content')),
    waiting('with content in a later write', sized('content')),
    waiting('with 64 KiB in a later write', sized(patternBytes(65_536))),
    waiting('with chunked content in a later write', chunked(['con', 'tent'])),
    post('in upper case', 'EXPECT: 100-CONTINUE', sized('content')),
    post('in mixed case', 'Expect: 100-Continue', sized('content')),
    post('with an empty body', 'Expect: 100-continue', sized('')),
    post('with chunked content in the same write', 'Expect: 100-continue', chunked(['content'])),
    post('on HTTP/1.0, where it is ignored', 'Expect: 100-continue', sized('content'), {
      version: '1.0',
      closes: true,
    }),
  ];
}

// RFC 9110 §7.6.1: Connection, the fields it names, and the fields that are hop-by-hop by themselves.
function connections(): ValidMessage[] {
  const family = 'connection';
  const sent = (
    name: string,
    raw: readonly string[],
    closes: boolean,
    kept: readonly FieldLine[] = [field('X-Kept', '1')],
  ) => message(family, name, { lines: [...raw.map(ending), ...kept], closes });
  return [
    sent('close', ['Connection: close'], true),
    sent('close in upper case', ['CONNECTION: CLOSE'], true),
    sent('close in mixed case', ['Connection: Close'], true),
    sent('keep-alive', ['Connection: keep-alive'], false),
    sent('keep-alive in mixed case', ['Connection: Keep-Alive'], false),
    sent('an empty value', ['Connection:'], false),
    sent('close among empty elements', ['Connection: , close ,,'], true),
    sent('names one field', ['Connection: X-Hop', 'X-Hop: 1'], false),
    sent('names one field in another case', ['Connection: x-HOP', 'X-Hop: 1'], false),
    sent('names two fields', ['Connection: X-Hop, X-Jump', 'X-Hop: 1', 'X-Jump: 2'], false),
    sent('names a field that stands before it', ['X-Hop: 1', 'Connection: X-Hop'], false),
    sent('names a field sent twice', ['Connection: X-Hop', 'X-Hop: 1', 'X-Hop: 2'], false),
    // CVE-2022-1388: a field that proves identity, removed by naming it; the claim goes, and nothing of the gateway's own.
    sent('names an identity field', ['Connection: keep-alive, Client-Cert', 'Client-Cert: :Zm9yZ2Vk:'], false),
    sent('names a forwarding field', ['Connection: X-Forwarded-For, X-Forwarded-Host'], false),
    sent('names a field that is absent', ['Connection: X-Absent'], false),
    sent('close and a named field', ['Connection: close, X-Hop', 'X-Hop: 1'], true),
    sent('a named field and close', ['Connection: X-Hop,close', 'X-Hop: 1'], true),
    sent('keep-alive and a named field', ['Connection: keep-alive, X-Hop', 'X-Hop: 1'], false),
    sent('over two lines', ['Connection: X-Hop', 'Connection: close', 'X-Hop: 1'], true),
    sent('with Keep-Alive parameters', ['Connection: keep-alive', 'Keep-Alive: timeout=5, max=100'], false),
    sent('with TE', ['Connection: TE', 'TE: trailers'], false),
    sent('with TE and a coding', ['Connection: TE', 'TE: trailers, gzip;q=0.5'], false),
    sent('with an upgrade that is ignored', ['Connection: Upgrade', 'Upgrade: example/1'], false),
    sent(
      'with an upgrade to HTTP/2 that is ignored',
      ['Connection: Upgrade, HTTP2-Settings', 'Upgrade: h2c', 'HTTP2-Settings: AAMAAABkAARAAAAAAAIAAAAA'],
      false,
    ),
    sent('the Proxy-Connection field', ['Proxy-Connection: keep-alive'], false),
    sent('the Proxy-Authorization field', ['Proxy-Authorization: Basic bm9ib2R5Om5vdGhpbmc='], false),
    sent('the TE field alone', ['TE: trailers'], false),
    sent('a Trailer field without chunked content', ['Trailer: X-Trailer'], false),
    sent('named fields around kept ones', ['Connection: X-Hop', 'X-Hop: 1'], false, [
      field('X-Hop-Not', '1'),
      field('X-Ho', '2'),
    ]),
    message(family, 'close with content', {
      method: 'POST',
      lines: [ending('Connection: close')],
      body: sized('content'),
      closes: true,
    }),
    message(family, 'close with chunked content', {
      method: 'POST',
      lines: [ending('Connection: close')],
      body: chunked(['content']),
      closes: true,
    }),
  ];
}

// Identity comes from the certificate alone: whatever a caller claims in a field is dropped, and the message stands.
function identityClaims(): ValidMessage[] {
  const family = 'identity claims removed';
  const claims = [
    'Client-Cert: :Zm9yZ2Vk:',
    'Client-Cert-Chain: :Zm9yZ2Vk:',
    'CLIENT-CERT: :Zm9yZ2Vk:',
    'Ct-Remote-User: CN=forged',
    'Forwarded: for=192.0.2.99;host=other.example.test',
    'X-Forwarded-For: 192.0.2.99',
    'X-Forwarded-Host: other.example.test',
    'X-Forwarded-Proto: https',
    'X-Forwarded-Port: 443',
    'X-Forwarded-Client-Cert: Subject="CN=forged"',
    'Via: 1.1 forged',
  ];
  return claims.map((claim) =>
    message(family, `drops ${claim.slice(0, 40)}`, {
      lines: [field('X-Before', '1'), ending(claim), field('X-After', '2')],
    }),
  );
}

// RFC 9112 §9.3 and Appendix C.2: HTTP/1.0 closes unless both sides say keep-alive; Host is not required.
function http10(): ValidMessage[] {
  const family = 'HTTP/1.0';
  const one = (name: string, draft: Draft = {}) => message(family, name, { version: '1.0', closes: true, ...draft });
  const keepAlive = ending('Connection: keep-alive');
  const hostless: Draft = { hostLine: null, hostMeans: '' };
  return [
    one('GET'),
    one('GET with Connection: close', { lines: [ending('Connection: close')] }),
    one('GET with keep-alive', { lines: [keepAlive], closes: false }),
    one('GET with keep-alive in mixed case', { lines: [ending('Connection: Keep-Alive')], closes: false }),
    one('HEAD', { method: 'HEAD' }),
    one('HEAD with keep-alive', { method: 'HEAD', lines: [keepAlive], closes: false }),
    one('POST of a stated length', { method: 'POST', body: sized('content') }),
    one('POST of a stated length with keep-alive', {
      method: 'POST',
      lines: [keepAlive],
      body: sized('content'),
      closes: false,
    }),
    one('POST of 64 KiB', { method: 'POST', body: sized(patternBytes(65_536)) }),
    one('PUT of length zero', { method: 'PUT', body: sized('') }),
    one('GET with a query and fields', {
      target: '/echo/x?a=1',
      lines: [field('Accept', '*/*'), field('X-Value', 'v')],
    }),
    one('GET without Host', hostless),
    one('GET without Host, with keep-alive', { ...hostless, lines: [keepAlive], closes: false }),
    one('GET without any field', { ...hostless, target: '/echo/bare' }),
    one('POST without Host', { ...hostless, method: 'POST', body: sized('content') }),
  ];
}

// RFC 9112 §2.2: a server ignores at least one empty line before the request line.
function leadingEmptyLines(): ValidMessage[] {
  const family = 'empty line before the request line';
  const get = message(family, 'part', { before: '\r\n' });
  const post = message(family, 'part', { method: 'POST', body: sized('content') });
  return [
    message(family, 'one empty line, then GET', { before: '\r\n' }),
    message(family, 'one empty line, then POST', { before: '\r\n', method: 'POST', body: sized('content') }),
    message(family, 'one empty line, then chunked POST', {
      before: '\r\n',
      method: 'POST',
      body: chunked(['content']),
    }),
    message(family, 'one empty line in a write of its own', { before: '\r\n', delivery: [2] }),
    message(family, 'one empty line cut between its two bytes', { before: '\r\n', delivery: [1] }),
    message(family, 'one empty line, then HTTP/1.0', { before: '\r\n', version: '1.0', closes: true }),
    pipelined(family, 'one empty line after content', [post, get]),
    pipelined(family, 'one empty line after content, in a later write', [post, get], [post.bytes.length]),
    pipelined(family, 'one empty line between two GETs', [message(family, 'part'), get]),
    pipelined(family, 'one empty line before each of three GETs', [get, get, get]),
  ];
}

type Part = readonly [name: string, draft: Draft];

const parts: readonly Part[] = [
  ['GET', {}],
  ['HEAD', { method: 'HEAD' }],
  ['POST', { method: 'POST', body: sized('content') }],
  ['empty POST', { method: 'POST', body: sized('') }],
  ['chunked POST', { method: 'POST', body: chunked(['con', 'tent'], { trailers: ['X-Trailer: 1'] }) }],
  ['absolute GET', { target: `http://${publicHost}/echo/x`, originForm: '/echo/x' }],
];

function numbered([, draft]: Part, number: number, rest: Draft = {}): SingleMessage {
  return message('part', 'part', { ...draft, ...rest, lines: [field('X-Number', `${number}`), ...(rest.lines ?? [])] });
}

function pipelines(): ValidMessage[] {
  const family = 'pipelined';
  const close: Draft = { lines: [ending('Connection: close')], closes: true };
  const pairs = parts.flatMap((first) =>
    parts.map((second) => pipelined(family, `${first[0]}, ${second[0]}`, [numbered(first, 1), numbered(second, 2)])),
  );
  const triples = parts.map((part, index) => {
    const next = parts[(index + 1) % parts.length] ?? part;
    const afterNext = parts[(index + 2) % parts.length] ?? part;
    return pipelined(family, `${part[0]}, ${next[0]}, ${afterNext[0]}`, [
      numbered(part, 1),
      numbered(next, 2),
      numbered(afterNext, 3),
    ]);
  });
  const thenClose = parts.map((part) =>
    pipelined(family, `${part[0]}, then GET with close`, [numbered(part, 1), numbered(['GET', {}], 2, close)]),
  );
  const cutAtBorder = parts.map((part) => {
    const first = numbered(part, 1);
    const border = first.bytes.length;
    return pipelined(
      family,
      `${part[0]}, GET, cut one byte around the border`,
      [first, numbered(['GET', {}], 2)],
      [border - 1, border, border + 1],
    );
  });
  const ten = Array.from({ length: 10 }, (_, index) => numbered(['GET', {}], index + 1));
  return [...pairs, ...triples, ...thenClose, ...cutAtBorder, pipelined(family, 'ten GETs', ten)];
}

// A reader that decides on whole lines or whole writes breaks somewhere in here.
function splitDeliveries(): ValidMessage[] {
  const family = 'split deliveries';
  const shortGet: Draft = { target: '/echo/s', lines: [field('X-A', 'b')] };
  const shortPost: Draft = { method: 'POST', target: '/echo/s', body: sized('ab') };
  const shortChunked: Draft = {
    method: 'PUT',
    target: '/echo/s',
    body: chunked(['ab', 'c'], {
      size: (n, index) => n.toString(16) + (index === 0 ? ';x="y"' : ''),
      trailers: ['T: u'],
    }),
  };
  const everywhere = (label: string, draft: Draft) => {
    const whole = message(family, label, draft);
    const offsets = Array.from({ length: whole.bytes.length - 1 }, (_, index) => index + 1);
    return [
      ...offsets.map((offset) => message(family, `${label} cut at byte ${offset}`, { ...draft, delivery: [offset] })),
      message(family, `${label} in single bytes`, { ...draft, delivery: offsets }),
      message(family, `${label} in pairs of bytes`, {
        ...draft,
        delivery: offsets.filter((offset) => offset % 2 === 0),
      }),
      message(family, `${label} in pieces of seven bytes`, {
        ...draft,
        delivery: offsets.filter((offset) => offset % 7 === 0),
      }),
    ];
  };
  const after = (draft: Draft, marker: string, extra: number) => {
    const whole = message(family, 'whole', draft);
    const at = whole.bytes.indexOf(marker, 0, 'latin1');
    if (at < 0) throw new Error(`marker ${JSON.stringify(marker)} is not in the message`);
    return [at + extra];
  };
  const large: Draft = { method: 'POST', lines: [field('X-A', 'b')], body: sized(patternBytes(65_537)) };
  const largeChunked: Draft = { method: 'POST', body: chunked(inPieces(Buffer.alloc(65_536, 'd'), 16_384)) };
  const nasty: readonly (readonly [string, Draft, string, number])[] = [
    ['GET cut between the last CR and LF', shortGet, '\r\n\r\n', 3],
    ['GET cut between the two line ends', shortGet, '\r\n\r\n', 2],
    ['large POST cut within Content-Length', large, 'Content-Length', 7],
    ['large POST cut within its digits', large, '65537', 2],
    ['large POST cut at the end of its head', large, '\r\n\r\n', 4],
    ['large POST cut one byte into its content', large, '\r\n\r\n', 5],
    ['large chunked POST cut within Transfer-Encoding', largeChunked, 'Transfer-Encoding', 9],
    ['large chunked POST cut within the coding', largeChunked, 'chunked', 5],
    ['large chunked POST cut within the first size', largeChunked, '\r\n\r\n4000', 6],
    ['large chunked POST cut after the first size', largeChunked, '4000\r\n', 4],
    ['large chunked POST cut between CR and LF of the first size', largeChunked, '4000\r\n', 5],
    ['large chunked POST cut between data and its CRLF', largeChunked, 'd\r\n4000', 1],
    ['large chunked POST cut within the CRLF after data', largeChunked, 'd\r\n4000', 2],
    ['large chunked POST cut before the last chunk', largeChunked, '\r\n0\r\n\r\n', 2],
    ['large chunked POST cut after the zero', largeChunked, '\r\n0\r\n\r\n', 3],
    ['large chunked POST cut within the last line end', largeChunked, '\r\n0\r\n\r\n', 6],
  ];
  return [
    ...everywhere('short GET', shortGet),
    ...everywhere('short POST', shortPost),
    ...everywhere('short chunked PUT', shortChunked),
    ...nasty.map(([name, draft, marker, extra]) =>
      message(family, name, { ...draft, delivery: after(draft, marker, extra) }),
    ),
    message(family, 'POST of 64 KiB in writes of 1,000 bytes', {
      ...large,
      delivery: Array.from({ length: 65 }, (_, index) => (index + 1) * 1_000),
    }),
  ];
}

/** Every valid message, at least 600; each must be forwarded with its meaning and answered. */
export const validMessages: readonly ValidMessage[] = [
  ...methods(),
  ...paths(),
  ...percentEncodings(),
  ...queries(),
  ...absoluteForms(),
  ...hosts(),
  ...fieldNames(),
  ...underscoreNames(),
  ...fieldValues(),
  ...commonFields(),
  ...manyFields(),
  ...contentLengths(),
  ...chunkedBodies(),
  ...chunkExtensions(),
  ...trailers(),
  ...expectations(),
  ...connections(),
  ...identityClaims(),
  ...http10(),
  ...leadingEmptyLines(),
  ...pipelines(),
  ...splitDeliveries(),
];

function contested(name: string, why: string, draft: Draft, bytes?: (sent: Buffer) => Buffer): ContestedMessage {
  const whole = message('contested', name, draft);
  return { ...whole, bytes: bytes === undefined ? whole.bytes : bytes(whole.bytes), why };
}

const versionAs = (version: string) => (sent: Buffer) =>
  bytesOf(sent.toString('latin1').replace(' HTTP/1.1\r\n', ` ${version}\r\n`));

/** Messages where the RFCs leave a strict gateway the choice: refuse, or forward with this meaning. */
export const contestedMessages: readonly ContestedMessage[] = [
  ...['GET', 'HEAD', 'DELETE'].flatMap((method) => [
    contested(`${method} with content of a stated length`, 'RFC 9110 §9.3.1: some reject it as a sign of smuggling', {
      method,
      body: sized('content'),
    }),
    contested(`${method} with chunked content`, 'RFC 9110 §9.3.1: some reject it as a sign of smuggling', {
      method,
      body: chunked(['con', 'tent']),
    }),
  ]),
  contested('Expect on a GET without content', 'RFC 9110 §10.1.1: a client must not send it', {
    lines: [ending('Expect: 100-continue')],
  }),
  contested(
    'version HTTP/1.2',
    'RFC 9110 §2.5: a higher minor version is handled as the highest one known',
    {},
    versionAs('HTTP/1.2'),
  ),
  contested(
    'version HTTP/1.9',
    'RFC 9110 §2.5: a higher minor version is handled as the highest one known',
    {},
    versionAs('HTTP/1.9'),
  ),
  contested('Host with an empty port', 'RFC 3986 §3.2.3: port = *DIGIT', { hostLine: `Host: ${publicHost}:` }),
  contested('Host with port 00080', 'RFC 3986 §3.2.3: leading zeros fit the grammar', {
    hostLine: `Host: ${publicHost}:00080`,
  }),
  contested('length with leading zeros', 'RFC 9110 §8.6: 1*DIGIT; read as octal by some', {
    method: 'POST',
    body: { ...sized('content!'), lines: ['Content-Length: 0008'] },
  }),
  contested('length of ten digits with zeros', 'RFC 9110 §8.6: 1*DIGIT; read as octal by some', {
    method: 'POST',
    body: { ...sized('content'), lines: ['Content-Length: 0000000007'] },
  }),
  contested('two empty lines before the request line', 'RFC 9112 §2.2: at least one is ignored', {
    before: '\r\n\r\n',
  }),
  contested('eight empty lines before the request line', 'RFC 9112 §2.2: at least one is ignored', {
    before: '\r\n'.repeat(8),
  }),
  contested('coding list with an empty last element', 'RFC 9110 §5.6.1.2 ignores it; a strict reader need not', {
    method: 'POST',
    body: chunked(['hello'], { line: 'Transfer-Encoding: chunked,' }),
  }),
  contested('coding list with an empty first element', 'RFC 9110 §5.6.1.2 ignores it; a strict reader need not', {
    method: 'POST',
    body: chunked(['hello'], { line: 'Transfer-Encoding: , chunked' }),
  }),
  ...[
    ['Content-Length', 'Content-Length: 100'],
    ['Content-Length of zero', 'Content-Length: 0'],
    ['Transfer-Encoding', 'Transfer-Encoding: chunked'],
    ['Transfer-Encoding identity', 'Transfer-Encoding: identity'],
  ].map(([what = '', line = '']) =>
    contested(`${what} as a trailer`, 'RFC 9110 §6.5.1: a sender must not; a recipient drops it or takes offence', {
      method: 'POST',
      body: chunked(['hello'], { trailers: [line] }),
    }),
  ),
  contested('space before a chunk extension', 'RFC 9112 §7.1.1: BWS, a known source of disagreement', {
    method: 'POST',
    body: chunked(['hello'], { size: () => '5 ;a=b' }),
  }),
  contested('space around the equals sign of a chunk extension', 'RFC 9112 §7.1.1: BWS', {
    method: 'POST',
    body: chunked(['hello'], { size: () => '5;a = b' }),
  }),
  contested('tab before a chunk extension', 'RFC 9112 §7.1.1: BWS', {
    method: 'POST',
    body: chunked(['hello'], { size: () => '5\t;a' }),
  }),
  contested('chunk size with 30 leading zeros', 'RFC 9112 §7.1: 1*HEXDIG, and overflow must be prevented', {
    method: 'POST',
    body: chunked(['hello'], { size: () => `${'0'.repeat(30)}5` }),
  }),
  contested('last chunk of 30 zeros', 'RFC 9112 §7.1: 1*("0")', {
    method: 'POST',
    body: chunked(['hello'], { last: '0'.repeat(30) }),
  }),
  contested('chunk extension of 2,000 characters', 'RFC 9112 §7.1.1: a recipient limits their length', {
    method: 'POST',
    body: chunked(['hello'], { size: () => `5;a=${'b'.repeat(1_996)}` }),
  }),
  ...[
    ['transfer_encoding: chunked', 'mimics Transfer-Encoding'],
    ['Transfer_Encoding: chunked', 'mimics Transfer-Encoding in mixed case'],
    ['TRANSFER_ENCODING: chunked', 'mimics Transfer-Encoding in upper case'],
    ['content_length: 0', 'mimics Content-Length'],
    ['Content_Length: 100', 'mimics Content-Length with another value'],
  ].map(([line = '', what = '']) =>
    contested(`underscore name ${what}`, 'a token by RFC 9110 §5.6.2, framing to an upstream that reads "_" as "-"', {
      method: 'POST',
      lines: [ending(line)],
      body: sized('content'),
      dropped: [[line.slice(0, line.indexOf(':')).toLowerCase(), line.slice(line.indexOf(':') + 2)]],
    }),
  ),
  ...'"<>^`{|}'.split('').map((character) =>
    contested(`query holds a raw ${character}`, 'outside RFC 3986, sent by browsers', {
      target: `/echo/q?a${character}b`,
    }),
  ),
  ...['%', '%2', '%zz', '%%41'].map((broken) =>
    contested(`query holds the broken percent-encoding ${broken}`, 'outside RFC 3986 §2.1', {
      target: `/echo/q?a=${broken}`,
    }),
  ),
  // CVE-2024-23326: bytes after an upgrade that was not granted are requests, not a tunnel.
  {
    ...pipelined('contested', 'GET with an ignored upgrade, then GET', [
      numbered(['GET', {}], 1, { lines: [ending('Connection: Upgrade'), ending('Upgrade: websocket')] }),
      numbered(['GET', {}], 2),
    ]),
    why: 'RFC 9110 §7.8: ignoring the upgrade leaves two requests; a gateway may close after the first',
  },
  contested('path with an empty segment', 'RFC 3986 §3.3 allows it, routers normalise it', { target: '/echo//x' }),
  contested('Connection names Content-Length', 'RFC 9110 §7.6.1: must not be sent; framing stays', {
    method: 'POST',
    lines: [ending('Connection: Content-Length')],
    body: sized('content'),
  }),
  contested('Connection names Transfer-Encoding', 'RFC 9110 §7.6.1: must not be sent; framing stays', {
    method: 'POST',
    lines: [ending('Connection: Transfer-Encoding')],
    body: chunked(['content']),
  }),
  contested('Connection names Host', 'RFC 9110 §7.6.1: must not be sent; the host stays', {
    lines: [ending('Connection: Host')],
  }),
];
