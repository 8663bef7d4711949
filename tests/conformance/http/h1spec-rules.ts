// Thirty-three rules of HTTP/1.1 serving, in our words and on our paths: the ground that dropseed/h1spec covers, and a little more.
// Each is to hold with a client that half-closes after its bytes and with one that does not.
import { bytesOf } from './wire.ts';

/** One rule: what a client sends, and what a server that keeps the rule does. */
export interface HttpRule {
  readonly id: string;
  /** A sentence that is true of a server which keeps the rule. */
  readonly title: string;
  readonly clause: string;
  readonly bytes: Buffer;
  /** Byte offsets at which `bytes` is cut into several writes, each sent once the one before has left. */
  readonly delivery?: readonly number[];
  /** After this many bytes the client waits for an interim or final response, and sends the rest unless it is final. */
  readonly waitsAfterBytes?: number;
  readonly expect: {
    /** The status of the last response; `close`: an end without any response will do, beside a 4xx or 5xx; `any-valid`: 200 to 599. */
    readonly status: 'any-2xx' | '4xx' | 'any-valid' | 'close' | number;
    /** Narrows `status` where several numbers are right. */
    readonly statusOneOf?: readonly number[];
    /** Statuses that break the rule, whatever `status` says. */
    readonly statusNotOneOf?: readonly number[];
    /** How many final responses come; default 1. */
    readonly responses?: number;
    /** The last response has no content. */
    readonly emptyBody?: true;
    /** The last response says where it ends: Content-Length, chunked, or Connection: close. */
    readonly delimited?: true;
    /** What becomes of the connection after the last response, for a client that keeps its side open. */
    readonly connection: 'keep' | 'close' | 'either';
  };
  /** The rule holds whether or not the client half-closes after its last byte. */
  readonly halfClose: 'both';
}

type Expectation = HttpRule['expect'];

const host = 'Host: data.example.test';
const coding = 'Transfer-Encoding: chunked';

function head(requestLine: string, ...lines: readonly string[]): string {
  return `${[requestLine, ...lines].map((line) => `${line}\r\n`).join('')}\r\n`;
}

function rule(
  id: string,
  title: string,
  clause: string,
  text: string,
  expect: Expectation,
  rest: Pick<HttpRule, 'delivery' | 'waitsAfterBytes'> = {},
): HttpRule {
  return { id, title, clause, bytes: bytesOf(text), expect, halfClose: 'both', ...rest };
}

const get = head('GET /echo/x HTTP/1.1', host);
const getAndClose = head('GET /echo/x HTTP/1.1', host, 'Connection: close');
const served: Expectation = { status: 'any-2xx', connection: 'keep' };
const badRequest: Expectation = { status: 400, connection: 'close' };
const everyOffset = Array.from({ length: get.length - 1 }, (_, index) => index + 1);
const expecting = head('POST /echo/x HTTP/1.1', host, 'Content-Length: 5', 'Expect: 100-continue');

/** The thirty-three rules, in the order request line, fields, content, responses, connection, limits. */
export const httpRules: readonly HttpRule[] = [
  rule('line-simple-get', 'A simple GET is served', 'RFC 9112 §3', get, served),
  rule('line-fragmented', 'A request that arrives byte by byte is served', 'RFC 9112 §2.2', get, served, {
    delivery: everyOffset,
  }),
  rule(
    'line-post-length',
    'A POST of a stated length is served',
    'RFC 9112 §6.2',
    `${head('POST /echo/x HTTP/1.1', host, 'Content-Length: 5')}hello`,
    served,
  ),
  rule(
    'line-absolute-form',
    'A target in absolute-form is served like its path',
    'RFC 9112 §3.2.2',
    head('GET http://data.example.test/echo/x HTTP/1.1', host),
    served,
  ),
  rule(
    'line-options-asterisk',
    'OPTIONS with an asterisk is understood, served or not',
    'RFC 9112 §3.2.4',
    head('OPTIONS * HTTP/1.1', host),
    { status: 'any-valid', statusNotOneOf: [400], connection: 'either' },
  ),
  rule(
    'line-connect',
    'CONNECT is understood and refused, not called malformed',
    'RFC 9110 §9.3.6',
    head('CONNECT other.example.test:443 HTTP/1.1', host),
    {
      status: 'any-valid',
      statusOneOf: [403, 404, 405, 421, 501],
      statusNotOneOf: [400],
      connection: 'either',
    },
  ),
  rule(
    'line-major-version',
    'A higher major version is refused',
    'RFC 9110 §15.6.6',
    head('GET /echo/x HTTP/2.0', host),
    { status: 'any-valid', statusOneOf: [400, 505], connection: 'close' },
  ),
  rule(
    'line-no-version',
    'A request line without a version is refused',
    'RFC 9112 §3',
    head('GET /echo/x', host),
    badRequest,
  ),
  rule('host-missing', 'HTTP/1.1 without Host is refused', 'RFC 9112 §3.2', head('GET /echo/x HTTP/1.1'), badRequest),
  rule(
    'host-twice',
    'Two Host lines are refused',
    'RFC 9112 §3.2',
    head('GET /echo/x HTTP/1.1', host, 'Host: other.example.test'),
    badRequest,
  ),
  rule(
    'host-invalid',
    'A Host with a space inside is refused',
    'RFC 9112 §3.2',
    head('GET /echo/x HTTP/1.1', 'Host: data example test'),
    badRequest,
  ),
  rule(
    'field-name-space',
    'A field name with a space inside is refused',
    'RFC 9110 §5.1',
    head('GET /echo/x HTTP/1.1', host, 'Two Words: 1'),
    badRequest,
  ),
  rule(
    'field-fold',
    'A folded field line is refused',
    'RFC 9112 §5.2',
    head('GET /echo/x HTTP/1.1', host, '  more of it'),
    badRequest,
  ),
  rule(
    'field-space-before-colon',
    'Whitespace between field name and colon is refused',
    'RFC 9112 §5.1',
    head('GET /echo/x HTTP/1.1', 'Host : data.example.test'),
    badRequest,
  ),
  rule(
    'field-nul',
    'A NUL in a field value is refused',
    'RFC 9110 §5.5',
    head('GET /echo/x HTTP/1.1', 'Host: data\x00.example.test'),
    badRequest,
  ),
  rule(
    'field-odd-but-valid',
    'Odd but valid field names and values are served',
    'RFC 9110 §5.6.2',
    head('GET /echo/x HTTP/1.1', "!#$%&'*+-.^`|~: v", 'X-Empty:', 'X-High: \xe9', `HOST:\t${host.slice(6)} `),
    served,
  ),
  rule(
    'body-chunked',
    'Chunked content with an extension and a trailer is served',
    'RFC 9112 §7.1',
    `${head('POST /echo/x HTTP/1.1', host, coding)}5;a="b"\r\nhello\r\n0\r\nX-T: 1\r\n\r\n`,
    served,
  ),
  rule(
    'body-chunked-http10',
    'Chunked content on HTTP/1.0 is refused',
    'RFC 9112 §6.1',
    `${head('POST /echo/x HTTP/1.0', host, coding)}5\r\nhello\r\n0\r\n\r\n`,
    badRequest,
  ),
  rule(
    'body-chunked-and-length',
    'Chunked content with a length is refused, and no request after it is read',
    'RFC 9112 §6.3 item 3',
    `${head('POST /echo/x HTTP/1.1', host, coding, 'Content-Length: 5')}5\r\nhello\r\n0\r\n\r\n${getAndClose}`,
    badRequest,
  ),
  rule(
    'body-unknown-coding',
    'An unknown transfer coding is refused',
    'RFC 9112 §6.1',
    `${head('POST /echo/x HTTP/1.1', host, 'Transfer-Encoding: made-up')}hello`,
    { status: 'any-valid', statusOneOf: [400, 501], connection: 'close' },
  ),
  rule(
    'body-chunked-not-last',
    'A transfer coding after chunked is refused, and no request after it is read',
    'RFC 9112 §6.3 item 4',
    `${head('POST /echo/x HTTP/1.1', host, 'Transfer-Encoding: chunked, gzip')}5\r\nhello\r\n0\r\n\r\n${getAndClose}`,
    badRequest,
  ),
  rule(
    'body-length-invalid',
    'A Content-Length that is not a number is refused',
    'RFC 9112 §6.3 item 5',
    `${head('POST /echo/x HTTP/1.1', host, 'Content-Length: many')}hello`,
    badRequest,
  ),
  rule(
    'body-length-conflict',
    'Two Content-Length lines that differ are refused',
    'RFC 9112 §6.3 item 5',
    `${head('POST /echo/x HTTP/1.1', host, 'Content-Length: 5', 'Content-Length: 9')}hello, we`,
    badRequest,
  ),
  rule(
    'body-chunk-size',
    'A chunk size that is not hexadecimal is refused, and no request after it is read',
    'RFC 9112 §7.1',
    `${head('POST /echo/x HTTP/1.1', host, coding)}G\r\nhello\r\n0\r\n\r\n${getAndClose}`,
    { status: 'close', statusOneOf: [400], connection: 'close' },
  ),
  rule(
    'body-chunk-end',
    'Chunk data without its line end is refused, and no request after it is read',
    'RFC 9112 §7.1',
    `${head('POST /echo/x HTTP/1.1', host, coding)}5\r\nhello0\r\n\r\n${getAndClose}`,
    { status: 'close', statusOneOf: [400], connection: 'close' },
  ),
  rule(
    'body-expect-continue',
    'A client that waits for 100 (Continue) gets it and is then served',
    'RFC 9110 §10.1.1',
    `${expecting}hello`,
    { status: 'any-2xx', connection: 'either' },
    { waitsAfterBytes: expecting.length },
  ),
  rule('response-head', 'A response to HEAD has no content', 'RFC 9110 §9.3.2', head('HEAD /echo/x HTTP/1.1', host), {
    status: 'any-2xx',
    emptyBody: true,
    connection: 'keep',
  }),
  rule(
    'response-error-delimited',
    'An error response says where it ends',
    'RFC 9112 §6.3',
    head('gET /echo/x HTTP/1.1', host),
    { status: 'any-valid', delimited: true, connection: 'either' },
  ),
  rule(
    'connection-pipelined',
    'Requests sent together are all answered, in order, on one connection',
    'RFC 9112 §9.3.2',
    `${head('GET /echo/1 HTTP/1.1', host)}${head('GET /echo/2 HTTP/1.1', host)}${head('GET /echo/3 HTTP/1.1', host)}`,
    { status: 'any-2xx', responses: 3, connection: 'keep' },
  ),
  rule('connection-close', 'A connection ends after a request with Connection: close', 'RFC 9112 §9.6', getAndClose, {
    status: 'any-2xx',
    connection: 'close',
  }),
  rule(
    'connection-http10',
    'A connection ends after an HTTP/1.0 request',
    'RFC 9112 §9.3',
    head('GET /echo/x HTTP/1.0', host),
    { status: 'any-2xx', connection: 'close' },
  ),
  rule(
    'limit-target',
    'A target over the limit is refused as too long',
    'RFC 9110 §15.5.15',
    head(`GET /echo/${'p'.repeat(100_000)} HTTP/1.1`, host),
    { status: '4xx', statusOneOf: [414], connection: 'close' },
  ),
  rule(
    'limit-fields',
    'A header section over the limit is refused as too large',
    'RFC 6585 §5',
    head('GET /echo/x HTTP/1.1', host, `X-Large: ${'v'.repeat(100_000)}`),
    { status: '4xx', statusOneOf: [431], connection: 'close' },
  ),
];
