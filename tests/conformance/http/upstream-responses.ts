// Responses as an upstream may send them, as exact bytes, each with the treatment a strict gateway gives it (RFC 9110, RFC 9112).
import { bytesOf, type Field, isEndToEnd, patternBytes } from './wire.ts';

/** What the client of the gateway must be told. */
export interface ForwardedResponse {
  readonly status: number;
  /** End-to-end fields in order; lines of one name may come joined with ", ", except Set-Cookie. */
  readonly fields: readonly Field[];
  /** The whole content, or all that can have arrived where `truncated`. */
  readonly body: Buffer;
  /** The client must see that the response is incomplete: no last chunk, or fewer bytes than stated, then close. */
  readonly truncated?: true;
}

/** The treatment of one response. */
export type Treatment =
  | { readonly forwarded: ForwardedResponse; readonly orRefused?: true }
  /** A 502 from the gateway, or an abort where the head has gone out; nothing of the faulty part is passed on. */
  | { readonly refused: true };

/** One response of an upstream to one request. */
export interface UpstreamResponse {
  readonly family: string;
  readonly name: string;
  /** The request that the gateway forwards before it reads `bytes`; its answer alone reads HEAD differently. */
  readonly requestMethod: 'GET' | 'HEAD' | 'POST';
  readonly bytes: Buffer;
  /** Byte offsets at which `bytes` is cut into several writes; absent: one write. */
  readonly delivery?: readonly number[];
  /** The upstream ends its side after the last byte; otherwise it keeps the connection open. */
  readonly upstreamEnds: boolean;
  /** The gateway may send another request on this upstream connection; false: it must not. */
  readonly reusable: boolean;
  /** Interim statuses that precede the final one; they may be passed on or dropped, never taken for the final one. */
  readonly interim: readonly number[];
  readonly clause: string;
  readonly expect: Treatment;
}

/** Text that only a forged second response carries; no client may ever receive it. */
export const forgedText = 'forged-response';

const forged = `HTTP/1.1 200 OK\r\nContent-Length: ${forgedText.length}\r\n\r\n${forgedText}`;
const ok = 'HTTP/1.1 200 OK';

interface Draft {
  readonly statusLine?: string;
  readonly status?: number;
  readonly lines?: readonly string[];
  readonly sent?: string | Buffer;
  readonly body?: string | Buffer;
  readonly requestMethod?: 'GET' | 'HEAD' | 'POST';
  readonly before?: string;
  readonly interim?: readonly number[];
  readonly upstreamEnds?: boolean;
  readonly reusable?: boolean;
  readonly delivery?: readonly number[];
  readonly orRefused?: true;
  readonly truncated?: true;
  readonly dropped?: readonly string[];
}

function toBytes(content: string | Buffer): Buffer {
  return typeof content === 'string' ? bytesOf(content) : content;
}

function wholeOf(draft: Draft): Buffer {
  const headLines = [draft.statusLine ?? ok, ...(draft.lines ?? [])];
  const head = `${draft.before ?? ''}${headLines.map((line) => `${line}\r\n`).join('')}\r\n`;
  return Buffer.concat([bytesOf(head), toBytes(draft.sent ?? '')]);
}

// Lines of valid drafts only, so the first colon is the delimiter.
function fieldsOf(draft: Draft): Field[] {
  return (draft.lines ?? []).flatMap((line): Field[] => {
    const colon = line.indexOf(':');
    const name = line.slice(0, colon).trimEnd().toLowerCase();
    const value = line.slice(colon + 1).replace(/^[ \t]+|[ \t]+$/g, '');
    return isEndToEnd(name) && !(draft.dropped ?? []).includes(name) ? [[name, value]] : [];
  });
}

function common(
  family: string,
  name: string,
  clause: string,
  draft: Draft,
): Omit<UpstreamResponse, 'expect' | 'reusable'> {
  return {
    family,
    name,
    requestMethod: draft.requestMethod ?? 'GET',
    bytes: wholeOf(draft),
    ...(draft.delivery === undefined ? {} : { delivery: draft.delivery }),
    upstreamEnds: draft.upstreamEnds ?? false,
    interim: draft.interim ?? [],
    clause,
  };
}

function forwarded(family: string, name: string, clause: string, draft: Draft): UpstreamResponse {
  const treated: ForwardedResponse = {
    status: draft.status ?? 200,
    fields: fieldsOf(draft),
    body: toBytes(draft.body ?? ''),
    ...(draft.truncated === undefined ? {} : { truncated: draft.truncated }),
  };
  const expect: Treatment =
    draft.orRefused === undefined ? { forwarded: treated } : { forwarded: treated, orRefused: true };
  return { ...common(family, name, clause, draft), reusable: draft.reusable ?? draft.upstreamEnds !== true, expect };
}

function refused(family: string, name: string, clause: string, text: string | Draft): UpstreamResponse {
  const draft: Draft = typeof text === 'string' ? {} : text;
  const base = common(family, name, clause, draft);
  return {
    ...base,
    ...(typeof text === 'string' ? { bytes: bytesOf(text), upstreamEnds: true } : {}),
    reusable: false,
    expect: { refused: true },
  };
}

const typed = 'Content-Type: text/plain';
const chunkedLine = 'Transfer-Encoding: chunked';

function sized(content: string | Buffer, rest: Draft = {}): Draft {
  const body = toBytes(content);
  return { ...rest, lines: [...(rest.lines ?? [typed]), `Content-Length: ${body.length}`], sent: body, body };
}

function chunked(sent: string | Buffer, body: string | Buffer, rest: Draft = {}): Draft {
  return { ...rest, lines: [...(rest.lines ?? [typed]), chunkedLine], sent, body };
}

function statedLengths(): UpstreamResponse[] {
  const family = 'content of stated length';
  const clause = 'RFC 9112 §6.2';
  const sizes = [0, 1, 2, 100, 16_383, 16_384, 16_385, 65_535, 65_536, 65_537, 1_048_576];
  const contents: readonly (readonly [string, string | Buffer])[] = [
    ['looks like a response', forged.replace(forgedText, 'content')],
    ['looks like chunked content', '5\r\nhello\r\n0\r\n\r\n'],
    ['is line ends', '\r\n\r\n\r\n'],
    ['is every byte', Buffer.from(Array.from({ length: 256 }, (_, index) => index))],
  ];
  return [
    ...sizes.map((size) => forwarded(family, `${size} bytes`, clause, sized(patternBytes(size)))),
    ...contents.map(([name, content]) => forwarded(family, `content ${name}`, clause, sized(content))),
    forwarded(family, 'cut within the status line', clause, sized('content', { delivery: [7] })),
    forwarded(
      family,
      'cut within the last line end of the head',
      clause,
      sized('content', { delivery: [`${ok}\r\n${typed}\r\nContent-Length: 7\r\n\r`.length] }),
    ),
    forwarded(
      family,
      'cut after the head',
      clause,
      sized('content', { delivery: [`${ok}\r\n${typed}\r\nContent-Length: 7\r\n\r\n`.length] }),
    ),
    forwarded(
      family,
      'in single bytes',
      clause,
      sized('content', { delivery: Array.from({ length: 68 }, (_, index) => index + 1) }),
    ),
    forwarded(family, 'to a POST', clause, sized('content', { requestMethod: 'POST' })),
    forwarded(family, 'then the upstream ends', clause, sized('content', { upstreamEnds: true })),
    forwarded(
      family,
      'with Connection: close, kept open',
      clause,
      sized('content', { lines: [typed, 'Connection: close'], reusable: false }),
    ),
  ];
}

function chunkedContents(): UpstreamResponse[] {
  const family = 'chunked content';
  const clause = 'RFC 9112 §7.1';
  const one = (name: string, sent: string | Buffer, body: string | Buffer, rest: Draft = {}) =>
    forwarded(family, name, clause, chunked(sent, body, rest));
  const large = patternBytes(65_536, 3);
  return [
    one('one chunk', '5\r\nhello\r\n0\r\n\r\n', 'hello'),
    one('two chunks', '5\r\nhello\r\n6\r\n world\r\n0\r\n\r\n', 'hello world'),
    one('chunks of one byte', '1\r\na\r\n1\r\nb\r\n1\r\nc\r\n0\r\n\r\n', 'abc'),
    one('no content', '0\r\n\r\n', ''),
    one('64 KiB in one chunk', Buffer.concat([bytesOf('10000\r\n'), large, bytesOf('\r\n0\r\n\r\n')]), large),
    one('size in lower case', 'a\r\n0123456789\r\n0\r\n\r\n', '0123456789'),
    one('size in upper case', 'A\r\n0123456789\r\n0\r\n\r\n', '0123456789'),
    one('size with leading zeros', '0005\r\nhello\r\n0000\r\n\r\n', 'hello'),
    one('an extension', '5;a\r\nhello\r\n0\r\n\r\n', 'hello'),
    one('an extension with a value', '5;a=b\r\nhello\r\n0\r\n\r\n', 'hello'),
    one('an extension with a quoted value', '5;a="b; c"\r\nhello\r\n0;d="e"\r\n\r\n', 'hello'),
    one('a trailer', '5\r\nhello\r\n0\r\nX-Trailer: 1\r\n\r\n', 'hello'),
    one('an announced trailer', '5\r\nhello\r\n0\r\nX-Trailer: 1\r\n\r\n', 'hello', {
      lines: [typed, 'Trailer: X-Trailer'],
    }),
    one('Content-Length as a trailer', '5\r\nhello\r\n0\r\nContent-Length: 100\r\n\r\n', 'hello', { orRefused: true }),
    one('Set-Cookie as a trailer', '5\r\nhello\r\n0\r\nSet-Cookie: a=forged\r\n\r\n', 'hello'),
    one('a trailer that repeats a field', '5\r\nhello\r\n0\r\nX-Kept: forged\r\n\r\n', 'hello', {
      lines: ['X-Kept: true'],
    }),
    one('data that looks like the last chunk', '5\r\n0\r\n\r\n\r\n0\r\n\r\n', '0\r\n\r\n'),
    one('cut within the first size', '00005\r\nhello\r\n0\r\n\r\n', 'hello', {
      delivery: [`${ok}\r\n${typed}\r\n${chunkedLine}\r\n\r\n00`.length],
    }),
    one('cut within the last line end', '5\r\nhello\r\n0\r\n\r\n', 'hello', {
      delivery: [`${ok}\r\n${typed}\r\n${chunkedLine}\r\n\r\n5\r\nhello\r\n0\r\n\r`.length],
    }),
    one('then the upstream ends', '5\r\nhello\r\n0\r\n\r\n', 'hello', { upstreamEnds: true }),
    forwarded(family, 'coding written Chunked', clause, {
      lines: ['Transfer-Encoding: Chunked'],
      sent: '5\r\nhello\r\n0\r\n\r\n',
      body: 'hello',
    }),
    forwarded(family, 'coding without whitespace before it', clause, {
      lines: ['transfer-encoding:chunked'],
      sent: '5\r\nhello\r\n0\r\n\r\n',
      body: 'hello',
    }),
  ];
}

// RFC 9112 §6.3 item 8: neither length nor coding, so the content ends with the connection.
function closeDelimited(): UpstreamResponse[] {
  const family = 'delimited by close';
  const clause = 'RFC 9112 §6.3 item 8';
  const one = (name: string, body: string | Buffer, rest: Draft = {}) =>
    forwarded(family, name, clause, { lines: [typed], sent: body, body, upstreamEnds: true, ...rest });
  return [
    one('content', 'content'),
    one('no content', ''),
    one('64 KiB', patternBytes(65_537, 4)),
    one('1 MiB', patternBytes(1_048_576, 5)),
    one('content that looks chunked', '5\r\nhello\r\n0\r\n\r\n'),
    one('with Connection: close', 'content', { lines: [typed, 'Connection: close'] }),
    one('with Connection: keep-alive', 'content', { lines: [typed, 'Connection: keep-alive'] }),
    one('HTTP/1.0', 'content', { statusLine: 'HTTP/1.0 200 OK' }),
    one('HTTP/1.0 with an error status', 'content', { statusLine: 'HTTP/1.0 404 Not Found', status: 404 }),
    one('an error status', 'content', { statusLine: 'HTTP/1.1 500 Internal Server Error', status: 500 }),
    one('a head without fields', 'content', { lines: [] }),
  ];
}

function http10(): UpstreamResponse[] {
  const family = 'HTTP/1.0';
  const clause = 'RFC 9112 §9.3';
  const old = 'HTTP/1.0 200 OK';
  return [
    forwarded(family, 'of stated length', clause, sized('content', { statusLine: old, upstreamEnds: true })),
    forwarded(
      family,
      'of stated length, kept open without being said',
      clause,
      sized('content', { statusLine: old, reusable: false }),
    ),
    forwarded(
      family,
      'with keep-alive',
      clause,
      sized('content', { statusLine: old, lines: [typed, 'Connection: keep-alive'] }),
    ),
    // Found by fuzzing: RFC 9110 §5.6.3 takes spaces and tabs off, and nothing else.
    forwarded(
      family,
      'with keep-alive behind a no-break space, kept open',
      clause,
      sized('content', { statusLine: old, lines: [typed, 'Connection: \xa0keep-alive'], reusable: false }),
    ),
    forwarded(family, 'to HEAD', clause, {
      statusLine: old,
      requestMethod: 'HEAD',
      lines: ['Content-Length: 100'],
      upstreamEnds: true,
    }),
    refused(family, 'with a transfer coding', 'RFC 9112 §6.1', {
      statusLine: old,
      lines: [chunkedLine],
      sent: '5\r\nhello\r\n0\r\n\r\n',
      upstreamEnds: true,
    }),
    refused(family, 'with a transfer coding and a length', 'RFC 9112 §6.1', {
      statusLine: old,
      lines: [chunkedLine, 'Content-Length: 15'],
      sent: '5\r\nhello\r\n0\r\n\r\n',
    }),
  ];
}

// RFC 9112 §6.3 items 1 and 2: these never have content, whatever their fields say.
function withoutContent(): UpstreamResponse[] {
  const family = 'no content by rule';
  const clause = 'RFC 9112 §6.3 item 1';
  const none = (name: string, draft: Draft) => forwarded(family, name, clause, draft);
  const noContent: Draft = { statusLine: 'HTTP/1.1 204 No Content', status: 204 };
  const notModified: Draft = { statusLine: 'HTTP/1.1 304 Not Modified', status: 304 };
  const toHead: Draft = { requestMethod: 'HEAD' };
  return [
    none('204', noContent),
    none('204 with fields', { ...noContent, lines: ['ETag: "a"'] }),
    none('204 with a length of zero', { ...noContent, lines: ['Content-Length: 0'], orRefused: true }),
    none('204 with a length and no content', {
      ...noContent,
      lines: ['Content-Length: 5'],
      orRefused: true,
      reusable: false,
    }),
    none('204 with a length and content', {
      ...noContent,
      lines: ['Content-Length: 5'],
      sent: 'hello',
      orRefused: true,
      reusable: false,
    }),
    none('204 with chunked content', {
      ...noContent,
      lines: [chunkedLine],
      sent: '0\r\n\r\n',
      orRefused: true,
      reusable: false,
    }),
    none('304', notModified),
    none('304 with a length', { ...notModified, lines: ['ETag: "a"', 'Content-Length: 100'] }),
    none('304 with a coding', { ...notModified, lines: [chunkedLine] }),
    none('304 with content that is not allowed', {
      ...notModified,
      lines: ['Content-Length: 5'],
      sent: 'hello',
      orRefused: true,
      reusable: false,
    }),
    none('HEAD with a length', { ...toHead, lines: [typed, 'Content-Length: 100'] }),
    none('HEAD with a length of 1 GiB', { ...toHead, lines: [typed, 'Content-Length: 1073741824'] }),
    none('HEAD with a coding', { ...toHead, lines: [typed, chunkedLine] }),
    none('HEAD without a length', { ...toHead, lines: [typed] }),
    none('HEAD with an error status', {
      ...toHead,
      statusLine: 'HTTP/1.1 404 Not Found',
      status: 404,
      lines: ['Content-Length: 9'],
    }),
    none('HEAD with content that is not allowed', {
      ...toHead,
      lines: ['Content-Length: 5'],
      sent: 'hello',
      orRefused: true,
      reusable: false,
    }),
    none('HEAD with a forged response for content', {
      ...toHead,
      lines: [`Content-Length: ${forged.length}`],
      sent: forged,
      orRefused: true,
      reusable: false,
    }),
    none('205 with a length of zero', {
      statusLine: 'HTTP/1.1 205 Reset Content',
      status: 205,
      lines: ['Content-Length: 0'],
    }),
  ];
}

// RFC 9110 §15.2: any number of interim responses may precede the final one.
function interims(): UpstreamResponse[] {
  const family = 'interim responses';
  const clause = 'RFC 9110 §15.2';
  const continued = 'HTTP/1.1 100 Continue\r\n\r\n';
  const processing = 'HTTP/1.1 102 Processing\r\n\r\n';
  const hints = 'HTTP/1.1 103 Early Hints\r\nLink: </echo/style.css>; rel=preload\r\n\r\n';
  const after = (name: string, before: string, interim: readonly number[], rest: Draft = {}) =>
    forwarded(family, name, clause, sized('content', { before, interim, ...rest }));
  const cutAt = (before: string) => ({ delivery: [before.length] });
  return [
    after('100, then 200', continued, [100]),
    after('100 with fields, then 200', 'HTTP/1.1 100 Continue\r\nX-Interim: 1\r\n\r\n', [100]),
    after('100 without a reason, then 200', 'HTTP/1.1 100 \r\n\r\n', [100]),
    after('100 in a write of its own, then 200', continued, [100], cutAt(continued)),
    after('100, then 200 to a POST', continued, [100], { requestMethod: 'POST' }),
    after('102, then 200', processing, [102]),
    after('103, then 200', hints, [103]),
    after('103 in a write of its own, then 200', hints, [103], cutAt(hints)),
    after('100, 102 and 103, then 200', continued + processing + hints, [100, 102, 103]),
    after('two 103, then 200', hints + hints, [103, 103]),
    after('an unknown interim status, then 200', 'HTTP/1.1 199 Whatever\r\n\r\n', [199]),
    after('100, then 500', continued, [100], { statusLine: 'HTTP/1.1 500 Internal Server Error', status: 500 }),
    forwarded(family, '100, then 204', clause, {
      before: continued,
      interim: [100],
      statusLine: 'HTTP/1.1 204 No Content',
      status: 204,
    }),
    forwarded(
      family,
      '103, then chunked 200',
      clause,
      chunked('5\r\nhello\r\n0\r\n\r\n', 'hello', { before: hints, interim: [103] }),
    ),
    forwarded(family, '103, then HEAD', clause, {
      before: hints,
      interim: [103],
      requestMethod: 'HEAD',
      lines: ['Content-Length: 100'],
    }),
    refused(family, '100, then the upstream ends', 'RFC 9112 §8', {
      statusLine: 'HTTP/1.1 100 Continue',
      upstreamEnds: true,
    }),
    refused(family, '103, then half a status line', 'RFC 9112 §8', {
      statusLine: 'HTTP/1.1 103 Early Hints',
      sent: 'HTTP/1.1 20',
      upstreamEnds: true,
    }),
    // Found by fuzzing: another reader takes either for the last answer of its connection.
    refused(
      family,
      'HTTP/1.0 has none',
      'RFC 9110 §15.2',
      sized('content', { before: 'HTTP/1.0 100 Continue\r\n\r\n', upstreamEnds: true }),
    ),
    refused(
      family,
      'one that closes',
      'RFC 9112 §9.6',
      sized('content', { before: 'HTTP/1.1 103 Early Hints\r\nConnection: close\r\n\r\n', upstreamEnds: true }),
    ),
    // Found by fuzzing: what an interim response announces, another reader takes for its content, and the rest for an answer.
    ...[
      'Content-Length: 5',
      'Content-Length: 5#',
      'Content-Length: -1',
      'Content-Length: 0\r\nContent-Length: 0',
      'Content-Length: 0\r\nTransfer-Encoding: chunked',
      'Transfer-Encoding: chunked',
      'Transfer-Encoding: gzip',
    ].flatMap((lines) =>
      ['100 Continue', '103 Early Hints', '199 Whatever'].map((status) =>
        refused(
          family,
          `${status} with ${lines.replace('\r\n', ' and ')}`,
          lines.startsWith('Transfer-Encoding') ? 'RFC 9112 §6.1' : 'RFC 9110 §8.6',
          sized('content', { before: `HTTP/1.1 ${status}\r\n${lines}\r\n\r\n` }),
        ),
      ),
    ),
    after('100 with a length of zero, then 200', 'HTTP/1.1 100 Continue\r\nContent-Length: 0\r\n\r\n', [100], {
      orRefused: true,
    }),
    refused(family, '101 that nobody asked for', 'RFC 9110 §15.2.2', {
      statusLine: 'HTTP/1.1 101 Switching Protocols',
      lines: ['Connection: Upgrade', 'Upgrade: example/1'],
      sent: forged,
    }),
    after(
      '1,000 times 100, then 200',
      continued.repeat(1_000),
      Array.from({ length: 1_000 }, () => 100),
      {
        orRefused: true,
      },
    ),
  ];
}

function statusLines(): UpstreamResponse[] {
  const family = 'status line';
  const clause = 'RFC 9112 §4';
  const good = (name: string, statusLine: string, status: number, rest: Draft = {}) =>
    forwarded(family, name, clause, sized('content', { statusLine, status, ...rest }));
  const statuses = [
    200, 201, 202, 203, 206, 300, 301, 302, 303, 307, 308, 400, 401, 403, 404, 405, 409, 410, 418, 422, 429, 451, 500,
    501, 502, 503, 504, 599,
  ];
  const bad: readonly string[] = [
    'HTTP/1.1 99 Low',
    'HTTP/1.1 1000 High',
    'HTTP/1.1 000 Zero',
    'HTTP/1.1 20 Short',
    'HTTP/1.1 2000 Long',
    'HTTP/1.1 2x0 Mixed',
    'HTTP/1.1 +200 OK',
    'HTTP/1.1 -200 OK',
    'HTTP/1.1 0200 OK',
    'HTTP/1.1 200.0 OK',
    'HTTP/1.1 0xc8 OK',
    'HTTP/1.1 two OK',
    'HTTP/1.1  200 OK',
    'HTTP/1.1\t200 OK',
    'HTTP/1.1 200\tOK',
    ' HTTP/1.1 200 OK',
    'HTTP/1.1',
    'HTTP/1.1 ',
    'HTTP/1.1 OK',
    '200 OK',
    'OK',
    'HTTP/2.0 200 OK',
    'HTTP/2 200',
    'HTTP/0.9 200 OK',
    'HTTP/3.0 200 OK',
    'HTTP/1 200 OK',
    'HTTP/1.10 200 OK',
    'HTTP/1.a 200 OK',
    'http/1.1 200 OK',
    'HTP/1.1 200 OK',
    'ICY 200 OK',
    'RTSP/1.0 200 OK',
    'HTTP /1.1 200 OK',
    'HTTP/1.1200 OK',
    'HTTP/1.1 200OK',
    'HTTP/1.1 200 O\x00K',
    'HTTP/1.1 200 O\x01K',
    'HTTP/1.1 200 O\x7fK',
    'HTTP/1.1 200 O\rK',
    'HTTP/1.1 200 O\nX-Forged: 1',
    '\x00HTTP/1.1 200 OK',
    'GET /echo/x HTTP/1.1',
  ];
  return [
    ...statuses.map((status) => good(`status ${status}`, `HTTP/1.1 ${status} Reason`, status)),
    good('empty reason', 'HTTP/1.1 200 ', 200),
    good('no reason and no space', 'HTTP/1.1 200', 200, { orRefused: true }),
    good('reason of many words', 'HTTP/1.1 200 All is well, and more', 200),
    good('reason with high bytes', 'HTTP/1.1 200 D\xe9j\xe0 vu', 200),
    good('reason with a tab', 'HTTP/1.1 200 All\twell', 200),
    good('reason of 1,000 characters', `HTTP/1.1 200 ${'r'.repeat(1_000)}`, 200),
    good('reason that looks like a version', 'HTTP/1.1 200 HTTP/1.1 404 Not Found', 200),
    good('version HTTP/1.2', 'HTTP/1.2 200 OK', 200, { orRefused: true }),
    ...bad.map((statusLine) =>
      refused(family, `line ${JSON.stringify(statusLine)}`, clause, {
        statusLine,
        lines: ['Content-Length: 7'],
        sent: 'content',
        upstreamEnds: true,
      }),
    ),
    refused(family, 'reason of 100,000 characters', clause, {
      statusLine: `HTTP/1.1 200 ${'r'.repeat(100_000)}`,
      lines: ['Content-Length: 0'],
    }),
  ];
}

// A forged second response waits in each of these for a reader that counts differently.
function ambiguousFraming(): UpstreamResponse[] {
  const family = 'ambiguous framing';
  const item3 = 'RFC 9112 §6.3 item 3';
  const item5 = 'RFC 9112 §6.3 item 5';
  const bad = (name: string, clause: string, lines: readonly string[], sent: string = forged) =>
    refused(family, name, clause, { lines, sent, upstreamEnds: true });
  const lengths = [
    '+5',
    '-5',
    '5 5',
    '5, 6',
    '5,',
    '0x5',
    '5.0',
    '5e0',
    'five',
    '',
    '"5"',
    '5_0',
    '5;',
    '18446744073709551621',
    '9'.repeat(30),
    '\x0b5',
    '5\x00',
    '\xd9\xa5',
  ];
  const codings = [
    'xchunked',
    'chunked, identity',
    'identity',
    'identity, chunked',
    'gzip',
    'gzip, chunked',
    'chunked, chunked',
    '"chunked"',
    'chunked;q=1',
    '\x0bchunked',
    'chunked\x00',
    'chunked chunked',
    'cow',
    '',
  ];
  return [
    bad('length and chunked', item3, ['Content-Length: 5', chunkedLine], `5\r\nhello\r\n0\r\n\r\n${forged}`),
    bad('chunked and length', item3, [chunkedLine, 'Content-Length: 5'], `5\r\nhello\r\n0\r\n\r\n${forged}`),
    bad('chunked and a length of zero', item3, [chunkedLine, 'Content-Length: 0'], `5\r\nhello\r\n0\r\n\r\n${forged}`),
    bad('two lengths that differ', item5, ['Content-Length: 5', 'Content-Length: 6'], `hello!${forged}`),
    bad('two lengths, the larger first', item5, ['Content-Length: 60', 'Content-Length: 5'], `hello${forged}`),
    forwarded(family, 'two lengths that agree', item5, {
      lines: ['Content-Length: 5', 'Content-Length: 5'],
      sent: 'hello',
      body: 'hello',
      orRefused: true,
      reusable: false,
    }),
    forwarded(family, 'a list of lengths that agree', item5, {
      lines: ['Content-Length: 5, 5'],
      sent: 'hello',
      body: 'hello',
      orRefused: true,
      reusable: false,
    }),
    ...lengths.map((value) =>
      bad(`length ${JSON.stringify(value)}`, item5, [`Content-Length: ${value}`], `hello${forged}`),
    ),
    ...codings.map((value) =>
      bad(
        `coding ${JSON.stringify(value)}`,
        'RFC 9112 §6.1',
        [`Transfer-Encoding: ${value}`],
        `5\r\nhello\r\n0\r\n\r\n${forged}`,
      ),
    ),
    ...codings.map((value) =>
      bad(
        `coding ${JSON.stringify(value)} with a length`,
        item3,
        [`Transfer-Encoding: ${value}`, 'Content-Length: 5'],
        `hello${forged}`,
      ),
    ),
    bad(
      'two coding lines',
      'RFC 9112 §6.1',
      [chunkedLine, 'Transfer-Encoding: identity'],
      `5\r\nhello\r\n0\r\n\r\n${forged}`,
    ),
    bad('folded coding', 'RFC 9112 §5.2', ['Transfer-Encoding:\r\n chunked', 'Content-Length: 5'], `hello${forged}`),
    // RFC 9112 §5.1 lets a proxy remove this space; beside a length it stays ambiguous.
    bad(
      'coding with a space before the colon, with a length',
      'RFC 9112 §5.1',
      ['Transfer-Encoding : chunked', 'Content-Length: 5'],
      `hello${forged}`,
    ),
  ];
}

function fieldLines(): UpstreamResponse[] {
  const family = 'field lines';
  const bad = (name: string, clause: string, ...lines: readonly string[]) =>
    refused(family, name, clause, { lines: [...lines, 'Content-Length: 7'], sent: 'content', upstreamEnds: true });
  const good = (name: string, lines: readonly string[], rest: Draft = {}) =>
    forwarded(family, name, 'RFC 9112 §5', sized('content', { lines, ...rest }));
  const bytes: readonly (readonly [string, string])[] = [
    ['NUL', '\x00'],
    ['0x01', '\x01'],
    ['backspace', '\x08'],
    ['vertical tab', '\x0b'],
    ['form feed', '\x0c'],
    ['escape', '\x1b'],
    ['delete', '\x7f'],
    ['bare CR', '\r'],
    ['bare LF', '\n'],
  ];
  return [
    good('empty value', ['X-Empty:']),
    good('whitespace around a value', ['X-Value: \t v \t']),
    good('no whitespace before a value', ['X-Value:v']),
    good('high bytes in a value', ['X-Value: \x80\xe9\xff']),
    good('a list over two lines', ['X-List: a', 'X-List: b']),
    good('two cookies', ['Set-Cookie: a=1; Path=/', 'Set-Cookie: b=2; Expires=Mon, 02 Mar 2026 09:14:00 GMT']),
    good('every mark in a name', ["X!#$%&'*+-.^`|~: v"]),
    good('a value of 8,000 characters', [`X-Value: ${'v'.repeat(8_000)}`]),
    good(
      '90 fields',
      Array.from({ length: 90 }, (_, index) => `X-Field-${index}: ${index}`),
    ),
    good('a name that tables inherit', ['constructor: v', 'hasOwnProperty: v']),
    // RFC 9112 §5.1: a proxy removes the whitespace from a response; refusing is stricter still.
    good('a space before the colon', ['X-Value : v'], { orRefused: true }),
    ...bytes.map(([name, byte]) => bad(`${name} in a value`, 'RFC 9110 §5.5', `X-Value: a${byte}b`)),
    ...bytes.map(([name, byte]) => bad(`${name} in a name`, 'RFC 9110 §5.1', `X-${byte}Value: v`)),
    bad('folded by a space', 'RFC 9112 §5.2', 'X-Value: a\r\n b'),
    bad('folded by a tab', 'RFC 9112 §5.2', 'X-Value: a\r\n\tb'),
    bad('space before the first field', 'RFC 9112 §2.2', ' X-Value: v'),
    bad('empty name', 'RFC 9112 §5', ': v'),
    bad('no colon', 'RFC 9112 §5', 'X-Value'),
    bad('space within a name', 'RFC 9110 §5.1', 'X Value: v'),
    bad('bracket in a name', 'RFC 9110 §5.1', 'X[0]: v'),
    bad('high byte in a name', 'RFC 9110 §5.1', 'X-\xe9: v'),
    refused(family, 'every line ends in LF', 'RFC 9112 §2.2', `HTTP/1.1 200 OK\nContent-Length: 7\n\ncontent`),
    refused(family, 'status line ends in LF', 'RFC 9112 §2.2', `HTTP/1.1 200 OK\nContent-Length: 7\r\n\r\ncontent`),
    refused(family, 'field line ends in LF', 'RFC 9112 §2.2', `${ok}\r\nX-Value: v\nContent-Length: 7\r\n\r\ncontent`),
    refused(family, 'head ends in LF', 'RFC 9112 §2.2', `${ok}\r\nContent-Length: 7\r\n\ncontent`),
    refused(family, 'line end before the status line', 'RFC 9112 §4', `\r\n${ok}\r\nContent-Length: 7\r\n\r\ncontent`),
    refused(family, 'header section of 1,000,000 bytes', 'RFC 9110 §5.4', {
      lines: Array.from({ length: 100 }, (_, index) => `X-Field-${index}: ${'v'.repeat(10_000)}`),
    }),
    refused(family, '10,000 fields', 'RFC 9110 §5.4', {
      lines: Array.from({ length: 10_000 }, (_, index) => `X-Field-${index}: 1`),
    }),
  ];
}

function badChunks(): UpstreamResponse[] {
  const family = 'bad chunks';
  const clause = 'RFC 9112 §7.1';
  const bad = (name: string, sent: string) =>
    refused(family, name, clause, { lines: [typed, chunkedLine], sent, upstreamEnds: true });
  const sizes = [
    '',
    ' ',
    'g',
    '0x5',
    '+5',
    '-5',
    '5h',
    ' 5',
    '5 5',
    '5_',
    '"5"',
    '5,',
    'fffffffffffffffff',
    '10000000000000005',
    '5\x00',
    '5\x0b',
  ];
  const rest = `hello\r\n0\r\n\r\n${forged}`;
  return [
    ...sizes.map((size) => bad(`size ${JSON.stringify(size)}`, `${size}\r\n${rest}`)),
    bad('size line ends in LF', `5\n${rest}`),
    bad('data ends in LF', `5\r\nhello\n0\r\n\r\n${forged}`),
    bad('data ends in nothing', `5\r\nhello0\r\n\r\n${forged}`),
    bad('data longer than its size', `5\r\nhello!!\r\n0\r\n\r\n${forged}`),
    bad('data shorter than its size', `7\r\nhello\r\n0\r\n\r\n${forged}`),
    bad('extension ends in LF', `5;a\n${rest}`),
    bad('extension holds CR', `5;a\rb\r\n${rest}`),
    bad('last chunk ends in LF', `5\r\nhello\r\n0\n\r\n${forged}`),
    bad('content ends in LF', `5\r\nhello\r\n0\r\n\n${forged}`),
    bad('trailer ends in LF', `5\r\nhello\r\n0\r\nX-T: 1\n\r\n${forged}`),
    bad('trailer holds NUL', `5\r\nhello\r\n0\r\nX-T: \x00\r\n\r\n${forged}`),
    bad('trailer without a colon', `5\r\nhello\r\n0\r\nX-T\r\n\r\n${forged}`),
    bad('folded trailer', `5\r\nhello\r\n0\r\nX-T: 1\r\n 2\r\n\r\n${forged}`),
  ];
}

// RFC 9112 §8: an incomplete response is forwarded as incomplete, or not at all; never as a whole one.
function truncations(): UpstreamResponse[] {
  const family = 'truncated';
  const clause = 'RFC 9112 §8';
  const cut = (name: string, lines: readonly string[], sent: string | Buffer, body: string | Buffer) =>
    forwarded(family, name, clause, { lines, sent, body, truncated: true, upstreamEnds: true, orRefused: true });
  const content = patternBytes(65_536, 6);
  return [
    cut('no byte of 7', [typed, 'Content-Length: 7'], '', ''),
    cut('6 bytes of 7', [typed, 'Content-Length: 7'], 'conten', 'conten'),
    cut('64 KiB of 1 MiB', [typed, 'Content-Length: 1048576'], content, content),
    cut('no chunk', [typed, chunkedLine], '', ''),
    cut('half a size', [typed, chunkedLine], '1', ''),
    cut('a size', [typed, chunkedLine], '5\r\n', ''),
    cut('half a chunk', [typed, chunkedLine], '5\r\nhel', 'hel'),
    cut('a chunk without its end', [typed, chunkedLine], '5\r\nhello', 'hello'),
    cut('a chunk but not the last', [typed, chunkedLine], '5\r\nhello\r\n', 'hello'),
    cut('last size without its end', [typed, chunkedLine], '5\r\nhello\r\n0', 'hello'),
    cut('last chunk without the end of content', [typed, chunkedLine], '5\r\nhello\r\n0\r\n', 'hello'),
    cut('last chunk and half the end of content', [typed, chunkedLine], '5\r\nhello\r\n0\r\n\r', 'hello'),
    cut('half a trailer', [typed, chunkedLine], '5\r\nhello\r\n0\r\nX-T: 1', 'hello'),
    refused(family, 'nothing', clause, ''),
    refused(family, 'a head without its end', clause, `${ok}\r\nContent-Length: 0\r\n`),
    refused(family, 'half a status line', clause, 'HTTP/1.1 2'),
    refused(family, 'a status line', clause, `${ok}\r\n`),
    refused(family, 'half a field line', clause, `${ok}\r\nContent-Le`),
    refused(family, 'a head without its last LF', clause, `${ok}\r\nContent-Length: 0\r\n\r`),
  ];
}

// A connection with bytes that no request asked for is never used again; those bytes go to nobody.
// A gateway that meets them before it has answered may refuse instead.
function extraBytes(): UpstreamResponse[] {
  const family = 'extra bytes';
  const clause = 'RFC 9112 §9.2';
  const extra = (name: string, draft: Draft, more: string) =>
    forwarded(family, name, clause, {
      ...draft,
      sent: Buffer.concat([toBytes(draft.sent ?? ''), bytesOf(more)]),
      reusable: false,
      orRefused: true,
    });
  const chunkedContent = chunked('5\r\nhello\r\n0\r\n\r\n', 'hello');
  const noContent: Draft = { statusLine: 'HTTP/1.1 204 No Content', status: 204 };
  return [
    extra('a forged response after stated length', sized('content'), forged),
    extra('a forged response after a length of zero', sized(''), forged),
    extra('a forged response after chunked content', chunkedContent, forged),
    extra('a forged response after 204', noContent, forged),
    extra('a forged response after 304', { statusLine: 'HTTP/1.1 304 Not Modified', status: 304 }, forged),
    extra('a forged response after HEAD', { requestMethod: 'HEAD', lines: [typed, 'Content-Length: 7'] }, forged),
    extra('one byte after stated length', sized('content'), 'x'),
    extra('a line end after stated length', sized('content'), '\r\n'),
    extra('one byte after chunked content', chunkedContent, 'x'),
    extra('a second last chunk', chunkedContent, '0\r\n\r\n'),
    extra('NUL after stated length', sized('content'), '\x00'),
    extra('64 KiB after stated length', sized('content'), 'x'.repeat(65_536)),
  ];
}

// RFC 9110 §7.6.1.
function hopByHop(): UpstreamResponse[] {
  const family = 'hop-by-hop fields';
  const drop = (name: string, lines: readonly string[], dropped: readonly string[] = [], rest: Draft = {}) =>
    forwarded(family, name, 'RFC 9110 §7.6.1', sized('content', { lines: ['X-Kept: 1', ...lines], dropped, ...rest }));
  return [
    drop('Connection: close', ['Connection: close'], [], { reusable: false }),
    drop('Connection: CLOSE', ['Connection: CLOSE'], [], { reusable: false }),
    drop('Connection: keep-alive', ['Connection: keep-alive']),
    drop('Keep-Alive', ['Connection: keep-alive', 'Keep-Alive: timeout=5']),
    drop('a field named by Connection', ['Connection: X-Hop', 'X-Hop: 1'], ['x-hop']),
    drop('a field named by Connection that stands before it', ['X-Hop: 1', 'Connection: x-hop'], ['x-hop']),
    drop('two fields named by Connection', ['Connection: X-Hop, X-Jump', 'X-Hop: 1', 'X-Jump: 2'], ['x-hop', 'x-jump']),
    drop('close and a field named by Connection', ['Connection: X-Hop, close', 'X-Hop: 1'], ['x-hop'], {
      reusable: false,
    }),
    drop('Connection over two lines', ['Connection: X-Hop', 'Connection: close', 'X-Hop: 1'], ['x-hop'], {
      reusable: false,
    }),
    drop('Proxy-Connection', ['Proxy-Connection: keep-alive']),
    drop('Proxy-Authenticate', ['Proxy-Authenticate: Basic realm="upstream"']),
    drop('Upgrade as an offer', ['Connection: Upgrade', 'Upgrade: example/1']),
    drop('Trailer', ['Trailer: X-Trailer']),
    drop('TE', ['TE: trailers']),
  ];
}

/** Every upstream response, at least 120. */
export const upstreamResponses: readonly UpstreamResponse[] = [
  ...statedLengths(),
  ...chunkedContents(),
  ...closeDelimited(),
  ...http10(),
  ...withoutContent(),
  ...interims(),
  ...statusLines(),
  ...ambiguousFraming(),
  ...fieldLines(),
  ...badChunks(),
  ...truncations(),
  ...extraBytes(),
  ...hopByHop(),
];
