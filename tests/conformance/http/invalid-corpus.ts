// Requests that a strict gateway refuses, as exact bytes, each with the clause it breaks (RFC 9110, RFC 9112).
// Many carry a second request for `smuggledPath`: whatever else happens, an upstream must never see that path.
import { bytesOf, hexByte } from './wire.ts';

/** What must happen to one message, and why. */
export interface InvalidMessage {
  readonly family: string;
  readonly name: string;
  readonly bytes: Buffer;
  /** `refused`: an error response (4xx or 5xx), then close. `closed-or-refused`: a close without a response will do. */
  readonly expect: 'refused' | 'closed-or-refused';
  readonly clause: string;
  /** No complete request made of these bytes reaches an upstream, apart from the first `validBefore` ones. */
  readonly mustNotForward: true;
  /** Where the fault lies. After a fault in the body an upstream may have seen the beginning, never the end. */
  readonly fault: 'head' | 'body';
  /** The allowed statuses of the error response; absent: any 4xx or 5xx. */
  readonly statusOneOf?: readonly number[];
  /** What the client does after its bytes; absent: it waits, and the answer must not depend on a timeout. */
  readonly clientEnds?: 'half-close';
  /** Valid requests that precede the fault in the same stream; each is forwarded and answered. */
  readonly validBefore?: number;
}

/** The path of the request that smuggling messages try to slip through. */
export const smuggledPath = '/echo/smuggled';

const host = 'Host: data.example.test';
const smuggled = `GET ${smuggledPath} HTTP/1.1\r\n${host}\r\n\r\n`;
const badRequest = [400] as const;
const badCoding = [400, 501] as const;
const badVersion = [400, 505] as const;
const targetTooLong = [400, 414, 431] as const;
const headTooLarge = [400, 413, 431] as const;

type Rest = Partial<Pick<InvalidMessage, 'expect' | 'statusOneOf' | 'clientEnds' | 'validBefore' | 'fault'>>;

function invalid(family: string, name: string, clause: string, text: string, rest: Rest = {}): InvalidMessage {
  const statusOneOf = rest.statusOneOf ?? badRequest;
  return {
    family,
    name,
    bytes: bytesOf(text),
    expect: 'refused',
    clause,
    mustNotForward: true,
    fault: 'head',
    ...rest,
    statusOneOf,
  };
}

function head(requestLine: string, ...lines: readonly string[]): string {
  return `${[requestLine, ...lines].map((line) => `${line}\r\n`).join('')}\r\n`;
}

const get = 'GET /echo/x HTTP/1.1';
const post = 'POST /echo/x HTTP/1.1';

function shown(text: string): string {
  return JSON.stringify(text.length > 60 ? `${text.slice(0, 60)}...` : text);
}

// One reader sees a body of `length` bytes, the other ends at the last chunk and meets the smuggled request.
function bothFramings(codingLine: string, lengthLine: string): string {
  return `${head(post, host, lengthLine, codingLine)}0\r\n\r\n${smuggled}`;
}

function codingWithLength(): InvalidMessage[] {
  const family = 'CL.TE and TE.CL';
  const clause = 'RFC 9112 §6.3 item 3';
  const length = `Content-Length: ${5 + smuggled.length}`;
  const coding = 'Transfer-Encoding: chunked';
  const chunkHoldingRequest = `${smuggled.length.toString(16)}\r\n${smuggled}\r\n0\r\n\r\n`;
  return [
    invalid(family, 'length covers the smuggled request', clause, bothFramings(coding, length)),
    invalid(family, 'coding stands before length', clause, `${head(post, host, coding, length)}0\r\n\r\n${smuggled}`),
    invalid(
      family,
      'length ends within the chunked content',
      clause,
      `${head(post, host, 'Content-Length: 4', coding)}${chunkHoldingRequest}`,
    ),
    invalid(family, 'length of zero', clause, `${head(post, host, 'Content-Length: 0', coding)}${chunkHoldingRequest}`),
    invalid(
      family,
      'length agrees with the chunked content',
      clause,
      `${head(post, host, 'Content-Length: 15', coding)}5\r\nhello\r\n0\r\n\r\n`,
    ),
    invalid(
      family,
      'length agrees with the decoded content',
      clause,
      `${head(post, host, 'Content-Length: 5', coding)}5\r\nhello\r\n0\r\n\r\n`,
    ),
    invalid(family, 'coding in mixed case', clause, bothFramings('tRANSFER-eNCODING: Chunked', length)),
    invalid(family, 'length in mixed case', clause, bothFramings(coding, length.toUpperCase())),
    invalid(
      family,
      'with fields between',
      clause,
      `${head(post, host, length, 'X-A: 1', 'X-B: 2', coding)}0\r\n\r\n${smuggled}`,
    ),
    invalid(family, 'on a GET', clause, `${head(get, host, length, coding)}0\r\n\r\n${smuggled}`),
    invalid(family, 'on a HEAD', clause, `${head('HEAD /echo/x HTTP/1.1', host, length, coding)}0\r\n\r\n${smuggled}`),
    invalid(
      family,
      'on an OPTIONS',
      clause,
      `${head('OPTIONS /echo/x HTTP/1.1', host, length, coding)}0\r\n\r\n${smuggled}`,
    ),
    invalid(
      family,
      'length named by Connection',
      clause,
      `${head(post, host, 'Connection: Content-Length', length, coding)}0\r\n\r\n${smuggled}`,
    ),
    invalid(
      family,
      'coding named by Connection',
      clause,
      `${head(post, host, 'Connection: Transfer-Encoding', length, coding)}0\r\n\r\n${smuggled}`,
    ),
    invalid(
      family,
      'with Expect',
      clause,
      `${head(post, host, 'Expect: 100-continue', length, coding)}0\r\n\r\n${smuggled}`,
    ),
    invalid(family, 'an invalid length beside the coding', clause, bothFramings(coding, 'Content-Length: x')),
    invalid(family, 'an empty length beside the coding', clause, bothFramings(coding, 'Content-Length:')),
    invalid(
      family,
      'two lengths beside the coding',
      clause,
      bothFramings(coding, 'Content-Length: 5\r\nContent-Length: 6'),
    ),
    invalid(family, 'after a valid request', clause, `${head(get, host)}${bothFramings(coding, length)}`, {
      validBefore: 1,
    }),
  ];
}

// Every line here has been read as "chunked" by one implementation and as something else by another.
const obfuscatedCodings: readonly (readonly [
  name: string,
  line: string,
  clause: string,
  statusOneOf?: readonly number[],
])[] = [
  ['space before the colon', 'Transfer-Encoding : chunked', 'RFC 9112 §5.1'],
  ['tab before the colon', 'Transfer-Encoding\t: chunked', 'RFC 9112 §5.1'],
  ['vertical tab before the colon', 'Transfer-Encoding\x0b: chunked', 'RFC 9110 §5.1'],
  ['NUL before the colon', 'Transfer-Encoding\x00: chunked', 'RFC 9110 §5.1'],
  ['no-break space before the colon', 'Transfer-Encoding\xa0: chunked', 'RFC 9110 §5.1'],
  ['space before the name', ' Transfer-Encoding: chunked', 'RFC 9112 §5.2'],
  ['tab before the name', '\tTransfer-Encoding: chunked', 'RFC 9112 §5.2'],
  ['NUL before the name', '\x00Transfer-Encoding: chunked', 'RFC 9110 §5.1'],
  ['space within the name', 'Transfer Encoding: chunked', 'RFC 9110 §5.1'],
  ['NUL within the name', 'Transfer\x00-Encoding: chunked', 'RFC 9110 §5.1'],
  ['equals sign for the colon', 'Transfer-Encoding=chunked', 'RFC 9112 §5'],
  ['no colon', 'Transfer-Encoding chunked', 'RFC 9112 §5'],
  ['two colons', 'Transfer-Encoding:: chunked', 'RFC 9112 §6.1', badCoding],
  ['vertical tab before the value', 'Transfer-Encoding:\x0bchunked', 'RFC 9110 §5.5'],
  ['form feed before the value', 'Transfer-Encoding: \x0cchunked', 'RFC 9110 §5.5'],
  ['NUL before the value', 'Transfer-Encoding: \x00chunked', 'RFC 9110 §5.5'],
  ['no-break space before the value', 'Transfer-Encoding: \xa0chunked', 'RFC 9112 §6.1', badCoding],
  ['next-line byte before the value', 'Transfer-Encoding:\x85chunked', 'RFC 9112 §6.1', badCoding],
  ['backspace before the value', 'Transfer-Encoding: x\x08chunked', 'RFC 9110 §5.5'],
  ['vertical tab after the value', 'Transfer-Encoding: chunked\x0b', 'RFC 9110 §5.5'],
  ['form feed after the value', 'Transfer-Encoding: chunked\x0c', 'RFC 9110 §5.5'],
  ['NUL after the value', 'Transfer-Encoding: chunked\x00', 'RFC 9110 §5.5'],
  ['unit separator after the value', 'Transfer-Encoding: chunked\x1f', 'RFC 9110 §5.5'],
  ['delete after the value', 'Transfer-Encoding: chunked\x7f', 'RFC 9110 §5.5'],
  ['no-break space after the value', 'Transfer-Encoding: chunked\xa0', 'RFC 9112 §6.1', badCoding],
  ['0xFF after the value', 'Transfer-Encoding: chunked\xff', 'RFC 9112 §6.1', badCoding],
  ['folded before the value', 'Transfer-Encoding:\r\n chunked', 'RFC 9112 §5.2'],
  ['folded by a tab before the value', 'Transfer-Encoding:\r\n\tchunked', 'RFC 9112 §5.2'],
  ['folded within the value', 'Transfer-Encoding: chun\r\n ked', 'RFC 9112 §5.2'],
  ['folded after the value', 'Transfer-Encoding: chunked\r\n , identity', 'RFC 9112 §5.2'],
  ['line feed before the value', 'Transfer-Encoding:\n chunked', 'RFC 9112 §2.2'],
  ['carriage return before the value', 'Transfer-Encoding:\rchunked', 'RFC 9112 §2.2'],
  ['carriage return after the value', 'Transfer-Encoding: chunked\r', 'RFC 9112 §2.2'],
  ['hidden behind a bare line feed', 'X-A: 1\nTransfer-Encoding: chunked', 'RFC 9112 §2.2'],
  ['hidden behind a bare carriage return', 'X-A: 1\rTransfer-Encoding: chunked', 'RFC 9112 §2.2'],
  ['hidden behind a line feed and carriage return', 'X-A: 1\n\rTransfer-Encoding: chunked', 'RFC 9112 §2.2'],
  ['in double quotes', 'Transfer-Encoding: "chunked"', 'RFC 9112 §6.1', badCoding],
  ['in single quotes', "Transfer-Encoding: 'chunked'", 'RFC 9112 §6.1', badCoding],
  ['in brackets', 'Transfer-Encoding: [chunked]', 'RFC 9112 §6.1', badCoding],
  ['behind a comment', 'Transfer-Encoding: (x)chunked', 'RFC 9112 §6.1', badCoding],
  ['xchunked', 'Transfer-Encoding: xchunked', 'RFC 9112 §6.1', badCoding],
  ['chunkedx', 'Transfer-Encoding: chunkedx', 'RFC 9112 §6.1', badCoding],
  ['x-chunked', 'Transfer-Encoding: x-chunked', 'RFC 9112 §6.1', badCoding],
  ['chunke', 'Transfer-Encoding: chunke', 'RFC 9112 §6.1', badCoding],
  ['chunked with a Kelvin sign', 'Transfer-Encoding: chun\xe2\x84\xaaed', 'RFC 9112 §6.1', badCoding],
  ['chunked twice with a space', 'Transfer-Encoding: chunked chunked', 'RFC 9112 §6.1', badCoding],
  ['chunked twice with a comma', 'Transfer-Encoding: chunked, chunked', 'RFC 9112 §6.1', badCoding],
  ['chunked on two lines', 'Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked', 'RFC 9112 §6.1', badCoding],
  [
    'chunked on two lines of another case',
    'Transfer-Encoding: chunked\r\nTransfer-encoding: CHUNKED',
    'RFC 9112 §6.1',
    badCoding,
  ],
  ['chunked then identity', 'Transfer-Encoding: chunked, identity', 'RFC 9112 §6.3 item 4', badCoding],
  ['identity then chunked', 'Transfer-Encoding: identity, chunked', 'RFC 9112 §6.1', badCoding],
  ['identity', 'Transfer-Encoding: identity', 'RFC 9112 §6.3 item 4', badCoding],
  [
    'chunked line, then identity line',
    'Transfer-Encoding: chunked\r\nTransfer-Encoding: identity',
    'RFC 9112 §6.3 item 4',
    badCoding,
  ],
  [
    'identity line, then chunked line',
    'Transfer-Encoding: identity\r\nTransfer-Encoding: chunked',
    'RFC 9112 §6.1',
    badCoding,
  ],
  [
    'chunked line, then a made-up line',
    'Transfer-Encoding: chunked\r\nTransfer-encoding: cow',
    'RFC 9112 §6.3 item 4',
    badCoding,
  ],
  [
    'made-up line, then chunked line',
    'Transfer-Encoding: cow\r\nTransfer-Encoding: chunked',
    'RFC 9112 §6.1',
    badCoding,
  ],
  ['made-up coding', 'Transfer-Encoding: cow', 'RFC 9112 §6.3 item 4', badCoding],
  ['gzip', 'Transfer-Encoding: gzip', 'RFC 9112 §6.3 item 4', badCoding],
  ['deflate', 'Transfer-Encoding: deflate', 'RFC 9112 §6.3 item 4', badCoding],
  ['compress', 'Transfer-Encoding: compress', 'RFC 9112 §6.3 item 4', badCoding],
  [
    'gzip then chunked, which the gateway does not decode',
    'Transfer-Encoding: gzip, chunked',
    'RFC 9112 §6.1',
    badCoding,
  ],
  ['chunked then gzip', 'Transfer-Encoding: chunked, gzip', 'RFC 9112 §6.3 item 4', badCoding],
  ['chunked with a parameter', 'Transfer-Encoding: chunked;q=1', 'RFC 9112 §7.1', badCoding],
  ['chunked with a spaced parameter', 'Transfer-Encoding: chunked; a=b', 'RFC 9112 §7.1', badCoding],
  ['chunked with an empty parameter', 'Transfer-Encoding: chunked;', 'RFC 9112 §7.1', badCoding],
  ['an empty value', 'Transfer-Encoding:', 'RFC 9112 §6.1', badCoding],
  ['a comma', 'Transfer-Encoding: ,', 'RFC 9112 §6.1', badCoding],
  ['an empty line, then a made-up line', 'Transfer-Encoding:\r\nTransfer-Encoding: cow', 'RFC 9112 §6.1', badCoding],
];

function codings(): InvalidMessage[] {
  const length = `Content-Length: ${5 + smuggled.length}`;
  return [
    ...obfuscatedCodings.map(([name, line, clause, statusOneOf]) =>
      invalid('TE obfuscated, with CL', name, clause, bothFramings(line, length), {
        statusOneOf: statusOneOf ?? badRequest,
      }),
    ),
    ...obfuscatedCodings.map(([name, line, clause, statusOneOf]) =>
      invalid('TE obfuscated, without CL', name, clause, `${head(post, host, line)}0\r\n\r\n${smuggled}`, {
        statusOneOf: statusOneOf ?? badRequest,
      }),
    ),
    // An empty list element alone is contested; beside a length the message has two framings whatever it means.
    ...['chunked,', ',chunked', 'chunked ,', ', , chunked'].map((value) =>
      invalid(
        'TE obfuscated, with CL',
        `list written as ${shown(value)}`,
        'RFC 9112 §6.3 item 3',
        bothFramings(`Transfer-Encoding: ${value}`, length),
        {
          statusOneOf: badCoding,
        },
      ),
    ),
  ];
}

function codingOnHttp10(): InvalidMessage[] {
  const family = 'TE on HTTP/1.0';
  const clause = 'RFC 9112 §6.1';
  const post10 = 'POST /echo/x HTTP/1.0';
  const coding = 'Transfer-Encoding: chunked';
  const content = '5\r\nhello\r\n0\r\n\r\n';
  return [
    invalid(family, 'chunked', clause, `${head(post10, host, coding)}${content}`),
    invalid(
      family,
      'chunked with keep-alive',
      clause,
      `${head(post10, host, 'Connection: keep-alive', coding)}${content}${smuggled}`,
    ),
    invalid(family, 'chunked with a length', clause, `${head(post10, host, 'Content-Length: 15', coding)}${content}`),
    invalid(family, 'chunked without Host', clause, `${head(post10, coding)}${content}`),
    invalid(family, 'identity', clause, `${head(post10, host, 'Transfer-Encoding: identity')}`, {
      statusOneOf: badCoding,
    }),
    invalid(family, 'chunked on a GET', clause, `${head('GET /echo/x HTTP/1.0', host, coding)}0\r\n\r\n`),
  ];
}

function lengths(): InvalidMessage[] {
  const family = 'Content-Length';
  const clause = 'RFC 9112 §6.3 item 5';
  const values = [
    '+5',
    '-5',
    '-0',
    '+0',
    '--5',
    '5 5',
    '5, 5',
    '5,5',
    '5, 6',
    '6,5',
    '5, 5, 5',
    '5 , 5',
    '5,',
    ',5',
    ',',
    '5;',
    '5.',
    '5.0',
    '.5',
    '0x5',
    '0X5',
    'x5',
    '5h',
    '5e0',
    '1e1',
    '0o5',
    '0b1',
    '5_0',
    '5L',
    '"5"',
    "'5'",
    '(5)',
    '[5]',
    'five',
    'NaN',
    'Infinity',
    'null',
    '',
    '5\x00',
    '\x005',
    '\x0b5',
    '5\x0b',
    '5\x0c',
    '5\x7f',
    '5\x1f',
    '\xa05',
    '5\xa0',
    '\xd9\xa5',
    '\xef\xbc\x95',
    '5\xff',
    '5\t5',
    '5:5',
    '5=5',
  ];
  const tooLarge = [
    '9007199254740993',
    '9223372036854775808',
    '18446744073709551616',
    '18446744073709551621',
    '99999999999999999999',
    '9'.repeat(100),
    '9'.repeat(1_000),
  ];
  const withLines = (name: string, clauseOfIt: string, ...lines: readonly string[]) =>
    invalid(family, name, clauseOfIt, `${head(post, host, ...lines)}hello${smuggled}`);
  return [
    ...values.map((value) => withLines(`value ${shown(value)}`, clause, `Content-Length: ${value}`)),
    ...tooLarge.map((value) =>
      invalid(
        family,
        `value too large: ${value.length} digits, ${value.slice(0, 20)}`,
        'RFC 9110 §8.6',
        `${head(post, host, `Content-Length: ${value}`)}hello`,
        {
          statusOneOf: [400, 413],
        },
      ),
    ),
    withLines('two lines that differ', clause, 'Content-Length: 5', 'Content-Length: 6'),
    withLines('two lines that differ, the smaller last', clause, 'Content-Length: 60', 'Content-Length: 5'),
    withLines('two lines that agree', clause, 'Content-Length: 5', 'Content-Length: 5'),
    withLines('two lines that agree but for leading zeros', clause, 'Content-Length: 5', 'Content-Length: 05'),
    withLines('two lines of which one is empty', clause, 'Content-Length: 5', 'Content-Length:'),
    withLines('two lines of different case', clause, 'Content-Length: 5', 'CONTENT-LENGTH: 0'),
    withLines('three lines', clause, 'Content-Length: 5', 'Content-Length: 5', 'Content-Length: 5'),
    withLines('two lines with fields between', clause, 'Content-Length: 5', 'X-A: 1', 'Content-Length: 0'),
    withLines('space before the colon', 'RFC 9112 §5.1', 'Content-Length : 5'),
    withLines('tab before the colon', 'RFC 9112 §5.1', 'Content-Length\t: 5'),
    withLines(
      'space before the colon, a proper line after',
      'RFC 9112 §5.1',
      'Content-Length : 0',
      'Content-Length: 5',
    ),
    withLines('space before the name', 'RFC 9112 §5.2', 'X-A: 1', ' Content-Length: 5'),
    withLines('space within the name', 'RFC 9110 §5.1', 'Content Length: 5'),
    withLines('folded before the value', 'RFC 9112 §5.2', 'Content-Length:\r\n 5'),
    withLines('folded after the value', 'RFC 9112 §5.2', 'Content-Length: 5\r\n 0'),
    withLines('hidden behind a bare line feed', 'RFC 9112 §2.2', 'X-A: 1\nContent-Length: 5'),
    withLines('hidden behind a bare carriage return', 'RFC 9112 §2.2', 'X-A: 1\rContent-Length: 5'),
    withLines('no colon', 'RFC 9112 §5', 'Content-Length 5'),
    withLines('equals sign for the colon', 'RFC 9112 §5', 'Content-Length=5'),
    invalid(
      family,
      'on HTTP/1.0 two lines that differ',
      clause,
      `${head('POST /echo/x HTTP/1.0', host, 'Content-Length: 5', 'Content-Length: 6')}hello!`,
    ),
    invalid(
      family,
      'on HTTP/1.0 not a number',
      clause,
      `${head('POST /echo/x HTTP/1.0', host, 'Content-Length: x')}hello`,
    ),
    invalid(family, 'on a GET not a number', clause, `${head(get, host, 'Content-Length: x')}`),
    invalid(
      family,
      'on a HEAD two lines that differ',
      clause,
      `${head('HEAD /echo/x HTTP/1.1', host, 'Content-Length: 0', 'Content-Length: 5')}`,
    ),
  ];
}

function hosts(): InvalidMessage[] {
  const family = 'Host';
  const clause = 'RFC 9112 §3.2';
  const values = [
    '',
    'data.example.test, data.example.test',
    'data.example.test other.example.test',
    'data example.test',
    'user@data.example.test',
    'user:pass@data.example.test',
    '@data.example.test',
    'data.example.test/',
    'data.example.test/echo',
    '/data.example.test',
    'http://data.example.test',
    'data.example.test?x',
    'data.example.test#x',
    'data.example.test:x',
    'data.example.test:80x',
    'data.example.test:-1',
    'data.example.test:+80',
    'data.example.test: 80',
    'data.example.test :80',
    'data.example.test:80:80',
    'data.example.test:65536',
    'data.example.test:99999999999',
    ':80',
    ':',
    '[::1',
    '::1]',
    '[::1]x',
    '[]',
    '[data.example.test]',
    '[::1]:x',
    '[::g]',
    '[::1%25eth0',
    'data.example.test\\',
    'data\\example.test',
    '"data.example.test"',
    '<data.example.test>',
    'data.example.test\x00',
    'data\x00.example.test',
    'data.example.test\x0b',
    'data.example.test\x7f',
    'd\xe4ta.example.test',
    '\xffdata.example.test',
    'data^example.test',
    'data{example}.test',
    'data|example.test',
    'data`example.test',
    'data.example.test%',
    'data.example.test%zz',
    'data\texample.test',
  ];
  const sent = (name: string, ...lines: readonly string[]) => invalid(family, name, clause, head(get, ...lines));
  return [
    sent('absent'),
    sent('absent, with other fields', 'X-A: 1', 'Accept: */*'),
    sent('absent, with X-Forwarded-Host', 'X-Forwarded-Host: data.example.test'),
    sent('absent, with an underscore in its place', 'Host_: data.example.test'),
    ...values.map((value) => sent(`value ${shown(value)}`, `Host: ${value}`)),
    sent('empty without whitespace', 'Host:'),
    sent('two lines that agree', host, host),
    sent('two lines that differ', host, 'Host: other.example.test'),
    sent('two lines, the first empty', 'Host:', host),
    sent('two lines of different case', host, 'HOST: other.example.test'),
    sent('two lines with fields between', host, 'X-A: 1', host),
    sent('three lines', host, host, host),
    invalid(family, 'space before the colon', 'RFC 9112 §5.1', head(get, 'Host : data.example.test')),
    invalid(family, 'tab before the colon', 'RFC 9112 §5.1', head(get, 'Host\t: data.example.test')),
    invalid(family, 'space before the name', 'RFC 9112 §2.2', head(get, ' Host: data.example.test')),
    invalid(
      family,
      'proper, and one with a space before the name',
      'RFC 9112 §5.2',
      head(get, host, ' Host: other.example.test'),
    ),
    invalid(
      family,
      'proper, and one with a space before the colon',
      'RFC 9112 §5.1',
      head(get, host, 'Host : other.example.test'),
    ),
    invalid(family, 'folded', 'RFC 9112 §5.2', head(get, 'Host: data.example.test\r\n other.example.test')),
    invalid(family, 'absent beside an absolute-form', clause, head('GET http://data.example.test/echo/x HTTP/1.1')),
    invalid(
      family,
      'twice beside an absolute-form',
      clause,
      head('GET http://data.example.test/echo/x HTTP/1.1', host, host),
    ),
    invalid(
      family,
      'invalid beside an absolute-form',
      clause,
      head('GET http://data.example.test/echo/x HTTP/1.1', 'Host: a b'),
    ),
    invalid(family, 'twice on HTTP/1.0', clause, head('GET /echo/x HTTP/1.0', host, 'Host: other.example.test')),
    invalid(family, 'invalid on HTTP/1.0', clause, head('GET /echo/x HTTP/1.0', 'Host: user@data.example.test')),
  ];
}

function bareLineEnds(): InvalidMessage[] {
  const family = 'bare CR and bare LF';
  const clause = 'RFC 9112 §2.2';
  const sent = (name: string, text: string) => invalid(family, name, clause, text);
  return [
    sent('every line ends in LF', `${get}\n${host}\n\n`),
    sent('request line ends in LF', `${get}\n${host}\r\n\r\n`),
    sent('Host line ends in LF', `${get}\r\n${host}\n\r\n`),
    sent('last field line ends in LF', `${get}\r\n${host}\r\nX-A: 1\n\r\n`),
    sent('head ends in LF', `${get}\r\n${host}\r\n\n`),
    sent('head ends in LF LF', `${get}\r\n${host}\n\n${smuggled}`),
    sent('head ends in LF CR LF', `${get}\r\n${host}\r\nX-A: 1\n\r\n${smuggled}`),
    invalid(family, 'every line ends in CR', clause, `${get}\r${host}\r\r`, {
      expect: 'closed-or-refused',
      clientEnds: 'half-close',
      statusOneOf: [400, 408],
    }),
    sent('request line ends in CR', `${get}\r${host}\r\n\r\n`),
    sent('field line ends in CR', `${get}\r\n${host}\r\nX-A: 1\rX-B: 2\r\n\r\n`),
    sent('request line ends in CR CR LF', `${get}\r\r\n${host}\r\n\r\n`),
    sent('field line ends in CR CR LF', `${get}\r\n${host}\r\nX-A: 1\r\r\n\r\n`),
    sent('head ends in CR CR LF', `${get}\r\n${host}\r\n\r\r\n`),
    sent('lines end in LF CR', `${get}\n\r${host}\n\r\n\r`),
    sent('CR within the method', `G\rET /echo/x HTTP/1.1\r\n${host}\r\n\r\n`),
    sent('CR within the target', `GET /echo/\rx HTTP/1.1\r\n${host}\r\n\r\n`),
    sent('LF within the target', `GET /echo/\nx HTTP/1.1\r\n${host}\r\n\r\n`),
    sent('CR within the version', `GET /echo/x HTTP\r/1.1\r\n${host}\r\n\r\n`),
    sent('CR within a field name', `${get}\r\n${host}\r\nX-\rA: 1\r\n\r\n`),
    sent('LF within a field name', `${get}\r\n${host}\r\nX-\nA: 1\r\n\r\n`),
    sent('CR within a field value', `${get}\r\n${host}\r\nX-A: a\rb\r\n\r\n`),
    sent('LF within a field value', `${get}\r\n${host}\r\nX-A: a\nb\r\n\r\n`),
    sent('CR before the colon', `${get}\r\n${host}\r\nX-A\r: 1\r\n\r\n`),
    sent('CR before a field value', `${get}\r\n${host}\r\nX-A:\r1\r\n\r\n`),
    sent('CR at the beginning of a field line', `${get}\r\n${host}\r\n\rX-A: 1\r\n\r\n`),
    sent('a request hidden behind CR in a value', `${get}\r\n${host}\r\nX-A: 1\r\r${smuggled}`),
    sent('a request hidden behind LF in a value', `${get}\r\n${host}\r\nX-A: 1\n\n${smuggled}`),
    sent('LF before the request line', `\n${head(get, host)}`),
    sent('CR before the request line', `\r${head(get, host)}`),
    sent('LF CR before the request line', `\n\r${head(get, host)}`),
    sent('CR before the space of the request line', `GET\r /echo/x HTTP/1.1\r\n${host}\r\n\r\n`),
  ];
}

// All control bytes but HTAB, CR and LF, which have families of their own.
const controls = [...Array.from({ length: 0x20 }, (_, code) => code), 0x7f].filter(
  (code) => ![0x09, 0x0a, 0x0d].includes(code),
);

function controlBytes(): InvalidMessage[] {
  const family = 'control bytes';
  return controls.flatMap((code) => {
    const byte = String.fromCharCode(code);
    const label = `0x${hexByte(code)}`;
    return [
      invalid(family, `${label} in the target`, 'RFC 9112 §3.2', head(`GET /echo/a${byte}b HTTP/1.1`, host)),
      invalid(family, `${label} in a field name`, 'RFC 9110 §5.1', head(get, host, `X-${byte}A: 1`)),
      invalid(family, `${label} in a field value`, 'RFC 9110 §5.5', head(get, host, `X-A: a${byte}b`)),
    ];
  });
}

function fieldLines(): InvalidMessage[] {
  const family = 'field lines';
  const sent = (name: string, clause: string, ...lines: readonly string[]) =>
    invalid(family, name, clause, head(get, host, ...lines));
  const delimiters = '"(),/;<=>?@[\\]{}'.split('');
  return [
    ...delimiters.map((delimiter) => sent(`name holds ${delimiter}`, 'RFC 9110 §5.6.2', `X${delimiter}A: 1`)),
    ...[0x80, 0xa0, 0xe9, 0xff].map((code) =>
      sent(`name holds 0x${hexByte(code)}`, 'RFC 9110 §5.6.2', `X${String.fromCharCode(code)}A: 1`),
    ),
    sent('name holds a space', 'RFC 9110 §5.6.2', 'X A: 1'),
    sent('name holds a tab', 'RFC 9110 §5.6.2', 'X\tA: 1'),
    sent('name is UTF-8', 'RFC 9110 §5.6.2', 'X-\xc3\xa9: 1'),
    sent('space before the colon', 'RFC 9112 §5.1', 'X-A : 1'),
    sent('tab before the colon', 'RFC 9112 §5.1', 'X-A\t: 1'),
    sent('spaces before the colon', 'RFC 9112 §5.1', 'X-A    : 1'),
    sent('name is empty', 'RFC 9112 §5', ': 1'),
    // CVE-2023-25725: an empty name once ended the list of fields, and with it the framing.
    sent('name is empty, framing after it', 'RFC 9112 §5', ': 1', 'Content-Length: 5', 'Transfer-Encoding: chunked'),
    sent('name and value are empty', 'RFC 9112 §5', ':'),
    sent('name is a space', 'RFC 9112 §5.2', ' : 1'),
    sent('no colon', 'RFC 9112 §5', 'X-A'),
    sent('no colon, two words', 'RFC 9112 §5', 'X-A 1'),
    sent('no colon, looks like a request line', 'RFC 9112 §5', `GET ${smuggledPath} HTTP/1.1`),
    sent('line of one space', 'RFC 9112 §5.2', ' '),
    sent('line of one tab', 'RFC 9112 §5.2', '\t'),
    sent('folded by a space', 'RFC 9112 §5.2', 'X-A: 1\r\n 2'),
    sent('folded by a tab', 'RFC 9112 §5.2', 'X-A: 1\r\n\t2'),
    sent('folded twice', 'RFC 9112 §5.2', 'X-A: 1\r\n 2\r\n 3'),
    sent('folded into an empty line', 'RFC 9112 §5.2', 'X-A: 1\r\n '),
    sent('folded, the rest looks like a field', 'RFC 9112 §5.2', 'X-A: 1\r\n X-B: 2'),
    sent('folded from an empty value', 'RFC 9112 §5.2', 'X-A:\r\n 1'),
    invalid(family, 'space before the first field', 'RFC 9112 §2.2', head(get, ' X-A: 1', host)),
    invalid(family, 'tab before the first field', 'RFC 9112 §2.2', head(get, '\tX-A: 1', host)),
    invalid(family, 'space line after the request line', 'RFC 9112 §2.2', head(get, ' ', host)),
    invalid(family, 'fold after Host', 'RFC 9112 §5.2', head(get, host, ' continued')),
  ];
}

function requestLines(): InvalidMessage[] {
  const family = 'request line';
  const sent = (name: string, clause: string, requestLine: string, statusOneOf: readonly number[] = badRequest) =>
    invalid(family, name, clause, head(requestLine, host), { statusOneOf });
  const versions = [
    'HTTP/2.0',
    'HTTP/2',
    'HTTP/3.0',
    'HTTP/0.9',
    'HTTP/0.0',
    'HTTP/9.9',
    'HTTP/1',
    'HTTP/1.',
    'HTTP/.1',
    'HTTP/',
    'HTTP',
    'HTTP/1.10',
    'HTTP/1.01',
    'HTTP/01.1',
    'HTTP/11.1',
    'HTTP/1.1.1',
    'HTTP/1,1',
    'HTTP/1-1',
    'HTTP/1.a',
    'HTTP/a.1',
    'HTTP/+1.1',
    'HTTP/1.+1',
    'HTTP/1.-1',
    'HTTP/-1.1',
    'HTTP/ 1.1',
    'HTTP /1.1',
    'HTTP/1 .1',
    'HTTP/1. 1',
    'http/1.1',
    'Http/1.1',
    'hTTP/1.1',
    'HTTPS/1.1',
    'HTP/1.1',
    'XHTTP/1.1',
    'HTTP\\1.1',
    'HTTP1.1',
    'HTTP//1.1',
    'HTTP/1.1x',
    'HTTP/1.1/',
    'HTTP/1.1,',
    'HTTP/1.1\x0b',
    'HTTP/1.\xb9',
    'ICY/1.1',
    'RTSP/1.0',
    'SIP/2.0',
    'FTP/1.1',
    'HTTP/4294967297.1',
    'HTTP/1.4294967297',
  ];
  const methodCharacters = [...'"(),/:;<=>?@[\\]{}'.split(''), '\x80', '\xc3\xa9', '\xff', '\x01', '\x7f'];
  return [
    ...versions.map((version) =>
      sent(`version ${shown(version)}`, 'RFC 9112 §2.3', `GET /echo/x ${version}`, badVersion),
    ),
    sent('no version', 'RFC 9112 §3', 'GET /echo/x', badVersion),
    sent('no version, a space in its place', 'RFC 9112 §3', 'GET /echo/x ', badVersion),
    sent('no target', 'RFC 9112 §3', 'GET HTTP/1.1', badVersion),
    sent('no target, two spaces', 'RFC 9112 §3', 'GET  HTTP/1.1', badVersion),
    sent('no method', 'RFC 9112 §3', '/echo/x HTTP/1.1', badVersion),
    sent('no method, a space in its place', 'RFC 9112 §3', ' /echo/x HTTP/1.1'),
    sent('method alone', 'RFC 9112 §3', 'GET', badVersion),
    sent('version alone', 'RFC 9112 §3', 'HTTP/1.1', badVersion),
    sent('a space alone', 'RFC 9112 §3', ' '),
    sent('two spaces after the method', 'RFC 9112 §3', 'GET  /echo/x HTTP/1.1', badVersion),
    sent('two spaces before the version', 'RFC 9112 §3', 'GET /echo/x  HTTP/1.1', badVersion),
    sent('space before the method', 'RFC 9112 §3', ' GET /echo/x HTTP/1.1'),
    sent('tab before the method', 'RFC 9112 §3', '\tGET /echo/x HTTP/1.1'),
    sent('space after the version', 'RFC 9112 §3', 'GET /echo/x HTTP/1.1 ', badVersion),
    sent('tab after the version', 'RFC 9112 §3', 'GET /echo/x HTTP/1.1\t', badVersion),
    sent('a word after the version', 'RFC 9112 §3', 'GET /echo/x HTTP/1.1 x', badVersion),
    sent('two versions', 'RFC 9112 §3', 'GET /echo/x HTTP/1.1 HTTP/1.1', badVersion),
    sent('tab after the method', 'RFC 9112 §3', 'GET\t/echo/x HTTP/1.1', badVersion),
    sent('tab before the version', 'RFC 9112 §3', 'GET /echo/x\tHTTP/1.1', badVersion),
    sent('tabs for both spaces', 'RFC 9112 §3', 'GET\t/echo/x\tHTTP/1.1', badVersion),
    sent('vertical tab after the method', 'RFC 9112 §3', 'GET\x0b/echo/x HTTP/1.1', badVersion),
    sent('form feed after the method', 'RFC 9112 §3', 'GET\x0c/echo/x HTTP/1.1', badVersion),
    sent('NUL after the method', 'RFC 9112 §3', 'GET\x00/echo/x HTTP/1.1', badVersion),
    sent('no-break space after the method', 'RFC 9112 §3', 'GET\xa0/echo/x HTTP/1.1', badVersion),
    ...methodCharacters.map((character) =>
      sent(`method holds ${shown(character)}`, 'RFC 9110 §9.1', `G${character}ET /echo/x HTTP/1.1`),
    ),
  ];
}

function targets(): InvalidMessage[] {
  const family = 'target';
  const sent = (name: string, clause: string, target: string, statusOneOf: readonly number[] = badRequest) =>
    invalid(family, name, clause, head(`GET ${target} HTTP/1.1`, host), { statusOneOf });
  const refusedMethod = [400, 403, 404, 405, 421, 501] as const;
  const connect = (name: string, target: string, hostValue = target) =>
    invalid(family, name, 'RFC 9110 §9.3.6', head(`CONNECT ${target} HTTP/1.1`, `Host: ${hostValue}`), {
      statusOneOf: refusedMethod,
    });
  return [
    sent('fragment', 'RFC 9112 §3.2', '/echo/x#part'),
    sent('empty fragment', 'RFC 9112 §3.2', '/echo/x#'),
    sent('fragment after a query', 'RFC 9112 §3.2', '/echo/x?a=1#part'),
    sent('fragment in the absolute-form', 'RFC 9112 §3.2', 'http://data.example.test/echo/x#part'),
    sent('space in the path', 'RFC 9112 §3.2', '/echo/a b'),
    sent('space in the query', 'RFC 9112 §3.2', '/echo/x?a b'),
    sent('tab in the path', 'RFC 9112 §3.2', '/echo/a\tb'),
    sent('backslash in the path', 'RFC 3986 §3.3', '/echo/a\\b'),
    sent('backslash for the first slash', 'RFC 9112 §3.2', '\\echo\\x'),
    sent('raw 0x80 in the path', 'RFC 9112 §3.2', '/echo/\x80'),
    sent('raw UTF-8 in the path', 'RFC 9112 §3.2', '/echo/caf\xc3\xa9'),
    sent('raw Latin-1 in the path', 'RFC 9112 §3.2', '/echo/caf\xe9'),
    sent('raw 0xFF in the path', 'RFC 9112 §3.2', '/echo/\xff'),
    sent('raw UTF-8 in the query', 'RFC 9112 §3.2', '/echo/x?a=\xe2\x82\xac'),
    sent('no-break space in the path', 'RFC 9112 §3.2', '/echo/a\xa0b'),
    sent('overlong UTF-8 slash in the path', 'RFC 9112 §3.2', '/echo/a\xc0\xafb'),
    sent('no slash at the beginning', 'RFC 9112 §3.2', 'echo/x'),
    sent('query alone', 'RFC 9112 §3.2', '?a=1'),
    sent('dot at the beginning', 'RFC 9112 §3.2', './echo/x'),
    sent('authority-form with GET', 'RFC 9112 §3.2.3', 'data.example.test:80'),
    sent('asterisk-form with GET', 'RFC 9112 §3.2.4', '*', [400, 405]),
    sent('asterisk with a path', 'RFC 9112 §3.2.4', '*/echo/x'),
    sent('asterisk with a query', 'RFC 9112 §3.2.4', '*?a'),
    invalid(family, 'asterisk-form with POST', 'RFC 9112 §3.2.4', head('POST * HTTP/1.1', host, 'Content-Length: 0'), {
      statusOneOf: [400, 405],
    }),
    invalid(
      family,
      'authority-form with POST',
      'RFC 9112 §3.2.3',
      head('POST data.example.test:80 HTTP/1.1', host, 'Content-Length: 0'),
    ),
    sent('absolute-form with a user', 'RFC 9110 §4.2.4', 'http://user@data.example.test/echo/x'),
    sent('absolute-form with a user and a password', 'RFC 9110 §4.2.4', 'http://user:pass@data.example.test/echo/x'),
    sent('absolute-form with an empty user', 'RFC 9110 §4.2.4', 'http://@data.example.test/echo/x'),
    sent(
      'absolute-form with a user that looks like the host',
      'RFC 9110 §4.2.4',
      'http://data.example.test@other.example.test/echo/x',
    ),
    sent('absolute-form without a host', 'RFC 9110 §4.2.1', 'http:///echo/x'),
    sent('absolute-form with a port alone', 'RFC 9110 §4.2.1', 'http://:80/echo/x'),
    sent('absolute-form with one slash', 'RFC 9110 §4.2.1', 'http:/echo/x'),
    sent('absolute-form without slashes', 'RFC 9110 §4.2.1', 'http:echo/x'),
    sent('absolute-form with a bad port', 'RFC 9110 §4.2.1', 'http://data.example.test:x/echo/x'),
    sent('absolute-form with a port too large', 'RFC 9110 §4.2.1', 'http://data.example.test:65536/echo/x'),
    sent('absolute-form with two ports', 'RFC 9110 §4.2.1', 'http://data.example.test:80:81/echo/x'),
    sent('absolute-form with a backslash', 'RFC 9110 §4.2.1', 'http:\\\\data.example.test\\echo\\x'),
    sent(
      'absolute-form with a backslash after the host',
      'RFC 9110 §4.2.1',
      'http://data.example.test\\@other.example.test/echo/x',
    ),
    sent('absolute-form with an unfinished IPv6 host', 'RFC 9110 §4.2.1', 'http://[::1/echo/x'),
    sent('absolute-form with a raw byte in its host', 'RFC 9110 §4.2.1', 'http://d\xe4ta.example.test/echo/x'),
    sent('absolute-form of another scheme', 'RFC 9112 §3.2.2', 'ftp://data.example.test/echo/x', refusedMethod),
    sent('absolute-form of a file', 'RFC 9112 §3.2.2', 'file:///etc/hosts', refusedMethod),
    sent('absolute-form of a scheme with a digit first', 'RFC 9112 §3.2.2', '1http://data.example.test/echo/x'),
    connect('CONNECT to a host and port', 'data.example.test:443'),
    connect('CONNECT to another host', 'other.example.test:443'),
    connect('CONNECT to an address', '127.0.0.1:22'),
    connect('CONNECT to an IPv6 address', '[::1]:443'),
    connect('CONNECT without a port', 'data.example.test'),
    connect('CONNECT with a path', '/echo/x', 'data.example.test'),
    connect('CONNECT with an absolute-form', 'http://data.example.test/echo/x', 'data.example.test'),
    connect('CONNECT with an asterisk', '*', 'data.example.test'),
    invalid(
      family,
      'CONNECT, then a request inside',
      'RFC 9110 §9.3.6',
      `${head('CONNECT data.example.test:443 HTTP/1.1', 'Host: data.example.test:443')}${smuggled}`,
      {
        statusOneOf: refusedMethod,
      },
    ),
  ];
}

// The head is in order, so an upstream may have seen it; it must never see the end of such a message.
function chunks(): InvalidMessage[] {
  const family = 'chunked content';
  const start = head(post, host, 'Transfer-Encoding: chunked');
  const sent = (name: string, clause: string, body: string, rest: Rest = {}) =>
    invalid(family, name, clause, `${start}${body}`, { expect: 'closed-or-refused', fault: 'body', ...rest });
  const sizes = [
    '',
    ' ',
    ' 5',
    '\t5',
    '5 ',
    '5\t',
    '+5',
    '-5',
    '-0',
    '0x5',
    '0X5',
    'x5',
    '5x',
    'g',
    'Z',
    '5g',
    '5h',
    '5.0',
    '5,',
    '5,5',
    '5 5',
    '5_0',
    '#5',
    '"5"',
    "'5'",
    '(5)',
    '5:',
    '5=',
    '\x005',
    '5\x00',
    '\x0b5',
    '5\x0b',
    '5\x0c',
    '5\x7f',
    '5\x80',
    '\xa05',
    '5\xa0',
    '\xd9\xa5',
    '\\x05',
    '%35',
    'five',
    '=5',
  ];
  const overflows = [
    'fffffffffffffffff',
    '10000000000000005',
    '100000000000000005',
    '8000000000000005',
    'ffffffffffffffff',
    '7fffffffffffffff',
    'f'.repeat(40),
    `1${'0'.repeat(64)}5`,
  ];
  const size = 'RFC 9112 §7.1';
  const extension = 'RFC 9112 §7.1.1';
  const rest = `hello\r\n0\r\n\r\n${smuggled}`;
  return [
    ...sizes.map((text) => sent(`size ${shown(text)}`, size, `${text}\r\n${rest}`)),
    ...sizes.slice(0, 12).map((text) => sent(`second size ${shown(text)}`, size, `5\r\nhello\r\n${text}\r\n${rest}`)),
    ...overflows.map((text) =>
      sent(`size overflows: ${shown(text)}`, size, `${text}\r\n${rest}`, { statusOneOf: [400, 413] }),
    ),
    sent('size line ends in LF', size, `5\nhello\r\n0\r\n\r\n${smuggled}`),
    sent('size line ends in CR', size, `5\rhello\r\n0\r\n\r\n${smuggled}`),
    sent('size line ends in CR CR LF', size, `5\r\r\n${rest}`),
    sent('size line ends in LF CR', size, `5\n\rhello\r\n0\r\n\r\n${smuggled}`),
    sent('data ends in LF', size, `5\r\nhello\n0\r\n\r\n${smuggled}`),
    sent('data ends in CR', size, `5\r\nhello\r0\r\n\r\n${smuggled}`),
    sent('data ends in LF CR', size, `5\r\nhello\n\r0\r\n\r\n${smuggled}`),
    sent('data ends in CR CR LF', size, `5\r\nhello\r\r\n0\r\n\r\n${smuggled}`),
    sent('data ends in nothing', size, `5\r\nhello0\r\n\r\n${smuggled}`),
    sent('data is one byte too long', size, `5\r\nhello!\r\n0\r\n\r\n${smuggled}`),
    sent('data is two bytes too long', size, `5\r\nhello!!\r\n0\r\n\r\n${smuggled}`),
    sent('data is one byte too short', size, `5\r\nhell\r\n0\r\n\r\n${smuggled}`),
    sent('data is two bytes too short', size, `7\r\nhello\r\n0\r\n\r\n${smuggled}`),
    sent('data ends in two wrong bytes', size, `5\r\nhelloXX0\r\n\r\n${smuggled}`),
    sent('empty line before the first size', size, `\r\n5\r\n${rest}`),
    sent('empty line between chunks', size, `5\r\nhello\r\n\r\n5\r\n${rest}`),
    sent('last chunk ends in LF', size, `5\r\nhello\r\n0\n\r\n${smuggled}`),
    sent('content ends in LF', size, `5\r\nhello\r\n0\r\n\n${smuggled}`),
    sent('last chunk ends in LF LF', size, `5\r\nhello\r\n0\n\n${smuggled}`),
    sent('content ends in CR', size, `5\r\nhello\r\n0\r\n\r${smuggled}`),
    sent('last chunk of a negative zero', size, `5\r\nhello\r\n-0\r\n\r\n${smuggled}`),
    sent('last chunk of 0x0', size, `5\r\nhello\r\n0x0\r\n\r\n${smuggled}`),
    sent('extension ends in LF', extension, `5;a=b\n${rest}`),
    sent('extension of nothing but a semicolon ends in LF', extension, `5;\n${rest}`),
    sent('extension holds LF', extension, `5;a\nb\r\n${rest}`),
    sent('extension holds CR', extension, `5;a\rb\r\n${rest}`),
    sent('extension holds NUL', extension, `5;a=\x00\r\n${rest}`),
    sent('extension holds a control byte', extension, `5;a=\x01b\r\n${rest}`),
    sent('extension holds delete', extension, `5;a=\x7f\r\n${rest}`),
    sent('extension hides a size behind LF', extension, `5;a\n0\r\n\r\n${smuggled}`),
    sent('extension without a name', extension, `5;\r\n${rest}`),
    sent('extension without a semicolon', extension, `5 a=b\r\n${rest}`),
    sent('quoted extension holds LF', extension, `5;a="b\nc"\r\n${rest}`),
    sent('quoted extension holds CR', extension, `5;a="b\rc"\r\n${rest}`),
    sent('quoted extension holds CR LF', extension, `5;a="b\r\nc"\r\n${rest}`),
    sent('quoted extension holds NUL', extension, `5;a="\x00"\r\n${rest}`),
    sent('last chunk extension ends in LF', extension, `5\r\nhello\r\n0;a\n\r\n${smuggled}`),
    sent('extension of 100,000 characters', extension, `5;a=${'b'.repeat(100_000)}\r\n${rest}`, {
      statusOneOf: headTooLarge,
    }),
    sent('trailer line ends in LF', 'RFC 9112 §2.2', `0\r\nX-T: 1\n\r\n${smuggled}`),
    sent('trailer holds a bare CR', 'RFC 9112 §2.2', `0\r\nX-T: a\rb\r\n\r\n${smuggled}`),
    sent('trailer holds NUL', 'RFC 9110 §5.5', `0\r\nX-T: a\x00b\r\n\r\n${smuggled}`),
    sent('trailer without a colon', 'RFC 9112 §7.1.2', `0\r\nX-T\r\n\r\n${smuggled}`),
    sent('trailer that is a request line', 'RFC 9112 §7.1.2', `0\r\nGET ${smuggledPath} HTTP/1.1\r\n\r\n${smuggled}`),
    sent('trailer with an empty name', 'RFC 9112 §7.1.2', `0\r\n: 1\r\n\r\n${smuggled}`),
    sent('trailer with a space before the colon', 'RFC 9112 §5.1', `0\r\nX-T : 1\r\n\r\n${smuggled}`),
    sent('folded trailer', 'RFC 9112 §5.2', `0\r\nX-T: 1\r\n 2\r\n\r\n${smuggled}`),
    sent('space before the first trailer', 'RFC 9112 §5.2', `0\r\n X-T: 1\r\n\r\n${smuggled}`),
    sent('trailer section of 100,000 bytes', 'RFC 9110 §5.4', `0\r\nX-T: ${'t'.repeat(100_000)}\r\n\r\n`, {
      statusOneOf: headTooLarge,
    }),
    sent('10,000 trailers', 'RFC 9110 §5.4', `0\r\n${'X-T: 1\r\n'.repeat(10_000)}\r\n`, { statusOneOf: headTooLarge }),
  ];
}

function oversizes(): InvalidMessage[] {
  const family = 'over the limits';
  const fields = 'RFC 9110 §5.4';
  const line = 'RFC 9112 §3';
  const sent = (name: string, clause: string, text: string, statusOneOf: readonly number[]) =>
    invalid(family, name, clause, text, { statusOneOf });
  const manyLines = (count: number, value: string) =>
    Array.from({ length: count }, (_, index) => `X-Field-${index}: ${value}`);
  return [
    sent(
      'header section of 66,000 bytes in 66 fields',
      fields,
      head(get, host, ...manyLines(66, 'v'.repeat(1_000))),
      headTooLarge,
    ),
    sent(
      'header section of 72,000 bytes in 9 fields',
      fields,
      head(get, host, ...manyLines(9, 'v'.repeat(8_000))),
      headTooLarge,
    ),
    // The client may still be writing when the refusal comes, and lose it to a reset.
    invalid(
      family,
      'header section of 1,000,000 bytes',
      fields,
      head(get, host, ...manyLines(100, 'v'.repeat(10_000))),
      { expect: 'closed-or-refused', statusOneOf: headTooLarge },
    ),
    sent('1,000 fields', fields, head(get, host, ...manyLines(1_000, '1')), headTooLarge),
    sent('10,000 empty fields', fields, head(get, host, ...Array.from({ length: 10_000 }, () => 'X:')), headTooLarge),
    sent('field name of 100,000 characters', fields, head(get, host, `${'n'.repeat(100_000)}: 1`), headTooLarge),
    sent(
      'field name of 100,000 characters without an end',
      fields,
      `${get}\r\n${host}\r\n${'n'.repeat(100_000)}`,
      headTooLarge,
    ),
    sent('field value of 100,000 characters', fields, head(get, host, `X-A: ${'v'.repeat(100_000)}`), headTooLarge),
    sent('field value of 100,000 spaces', fields, head(get, host, `X-A:${' '.repeat(100_000)}1`), headTooLarge),
    sent('field value without an end', fields, `${get}\r\n${host}\r\nX-A: ${'v'.repeat(100_000)}`, headTooLarge),
    sent('Host of 100,000 characters', fields, head(get, `Host: ${'h'.repeat(100_000)}`), headTooLarge),
    sent(
      'request line of 100,000 characters',
      line,
      head(`GET /echo/${'p'.repeat(99_981)} HTTP/1.1`, host),
      targetTooLong,
    ),
    sent('query of 100,000 characters', line, head(`GET /echo/x?${'q'.repeat(100_000)} HTTP/1.1`, host), targetTooLong),
    sent('request line without an end', line, `GET /echo/${'p'.repeat(100_000)}`, targetTooLong),
    sent('method of 100,000 characters', line, head(`${'M'.repeat(100_000)} /echo/x HTTP/1.1`, host), [
      ...targetTooLong,
      405,
      501,
    ]),
    sent('version of 100,000 characters', line, head(`GET /echo/x HTTP/1.${'1'.repeat(100_000)}`, host), [
      ...targetTooLong,
      505,
    ]),
    sent('letters without an end', line, 'A'.repeat(100_000), [...targetTooLong, 405, 501]),
    invalid(family, '100,000 empty lines', 'RFC 9112 §2.2', `${'\r\n'.repeat(100_000)}`, {
      expect: 'closed-or-refused',
      statusOneOf: headTooLarge,
    }),
  ];
}

function otherProtocols(): InvalidMessage[] {
  const family = 'other protocols and garbage';
  const sent = (name: string, clause: string, text: string, statusOneOf: readonly number[] = badVersion) =>
    invalid(family, name, clause, text, { statusOneOf });
  // No line or no head ends in these, so a reader of lines cannot know before the client ends.
  const unended = (name: string, clause: string, text: string) =>
    invalid(family, name, clause, text, {
      expect: 'closed-or-refused',
      clientEnds: 'half-close',
      statusOneOf: [...badVersion, 408],
    });
  const line = 'RFC 9112 §3';
  // Record header, ClientHello header, TLS 1.2, 32 bytes of random, no session, one suite, no compression.
  const clientHello = `\x16\x03\x01\x00\x2d\x01\x00\x00\x29\x03\x03${'\x5a'.repeat(32)}\x00\x00\x02\x13\x01\x01\x00`;
  const proxyV2 = '\r\n\r\n\x00\r\nQUIT\n\x21\x11\x00\x0c\x7f\x00\x00\x01\x7f\x00\x00\x01\x30\x39\x00\x50';
  return [
    unended('TLS client hello', line, clientHello),
    sent('TLS client hello, then a request', line, `${clientHello}${smuggled}`),
    unended('TLS alert', line, '\x15\x03\x01\x00\x02\x02\x28'),
    unended('SSL 2 client hello', line, '\x80\x2e\x01\x00\x02\x00\x15\x00\x00\x00\x10'),
    sent('HTTP/2 preface', 'RFC 9112 §2.3', 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n'),
    sent(
      'HTTP/2 preface and settings',
      'RFC 9112 §2.3',
      'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\x00\x00\x00\x04\x00\x00\x00\x00\x00',
    ),
    unended('HTTP/0.9 request', line, 'GET /echo/x\r\n'),
    sent('HTTP/0.9 request, then another', line, `GET /echo/x\r\n${smuggled}`),
    sent('HTTP response', line, 'HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n'),
    sent('PROXY protocol line where none is expected', line, `PROXY TCP4 192.0.2.1 192.0.2.2 12345 80\r\n${smuggled}`),
    sent('PROXY protocol 2 header where none is expected', line, `${proxyV2}${smuggled}`),
    unended('SMTP', line, 'EHLO data.example.test\r\n'),
    unended('SSH', line, 'SSH-2.0-corpus\r\n'),
    sent('JSON', line, '{"method":"GET"}\r\n\r\n'),
    sent('XML', line, '<?xml version="1.0"?>\r\n\r\n'),
    sent('byte order mark before the request', line, `\xef\xbb\xbf${head(get, host)}`),
    sent('NUL before the request', line, `\x00${head(get, host)}`),
    sent('0xFF before the request', line, `\xff${head(get, host)}`),
    sent('a word and a line end before the request', line, `hello\r\n${smuggled}`),
    sent('a space line before the request', line, ` \r\n${smuggled}`),
    sent('a tab line before the request', line, `\t\r\n${smuggled}`),
    unended('zero bytes', line, '\x00'.repeat(64)),
    sent(
      'a line of every high byte',
      line,
      `${Array.from({ length: 128 }, (_, index) => String.fromCharCode(0x80 + index)).join('')}\r\n\r\n`,
    ),
    sent('line ends and a word', line, '\r\nhello\r\n\r\n'),
    sent('chunked content without a head', line, `5\r\nhello\r\n0\r\n\r\n${smuggled}`),
  ];
}

// RFC 9112 §8: a client that ends before its message does has sent an incomplete message.
function incompletes(): InvalidMessage[] {
  const family = 'incomplete';
  const sent = (name: string, text: string, fault: 'head' | 'body' = 'head') =>
    invalid(family, name, 'RFC 9112 §8', text, {
      expect: 'closed-or-refused',
      clientEnds: 'half-close',
      fault,
      statusOneOf: [400, 408],
    });
  const sized = head(post, host, 'Content-Length: 5');
  const chunked = head(post, host, 'Transfer-Encoding: chunked');
  return [
    sent('one letter', 'G'),
    sent('method', 'GET'),
    sent('method and space', 'GET '),
    sent('half a target', 'GET /echo'),
    sent('request line without its end', get),
    sent('request line and CR', `${get}\r`),
    sent('request line', `${get}\r\n`),
    sent('half a field name', `${get}\r\nHo`),
    sent('field name and colon', `${get}\r\nHost:`),
    sent('field line without its end', `${get}\r\n${host}`),
    sent('field line and CR', `${get}\r\n${host}\r`),
    sent('field line', `${get}\r\n${host}\r\n`),
    sent('head without its last LF', `${get}\r\n${host}\r\n\r`),
    sent('head of a POST without its last LF', sized.slice(0, -1)),
    sent('no content of five bytes', sized, 'body'),
    sent('four bytes of five', `${sized}hell`, 'body'),
    sent('one byte of 1,048,576', `${head(post, host, 'Content-Length: 1048576')}h`, 'body'),
    sent('HTTP/1.0, four bytes of five', `${head('POST /echo/x HTTP/1.0', host, 'Content-Length: 5')}hell`, 'body'),
    sent('no chunk', chunked, 'body'),
    sent('half a chunk size', `${chunked}1`, 'body'),
    sent('chunk size and CR', `${chunked}5\r`, 'body'),
    sent('chunk size', `${chunked}5\r\n`, 'body'),
    sent('half a chunk', `${chunked}5\r\nhel`, 'body'),
    sent('chunk data without its end', `${chunked}5\r\nhello`, 'body'),
    sent('chunk data and CR', `${chunked}5\r\nhello\r`, 'body'),
    sent('a chunk but not the last', `${chunked}5\r\nhello\r\n`, 'body'),
    sent('last chunk size', `${chunked}5\r\nhello\r\n0`, 'body'),
    sent('last chunk without the end of content', `${chunked}5\r\nhello\r\n0\r\n`, 'body'),
    sent('last chunk and CR', `${chunked}5\r\nhello\r\n0\r\n\r`, 'body'),
    sent('half a trailer', `${chunked}5\r\nhello\r\n0\r\nX-T: 1`, 'body'),
    sent('a trailer without the end of content', `${chunked}5\r\nhello\r\n0\r\nX-T: 1\r\n`, 'body'),
    sent('Expect and no content', head(post, host, 'Expect: 100-continue', 'Content-Length: 5'), 'body'),
  ];
}

// A refusal ends the connection: what follows it in the stream is not a request any more.
function streams(): InvalidMessage[] {
  const family = 'streams';
  const valid = head(get, host);
  const sent = (name: string, text: string, rest: Rest = {}) => invalid(family, name, 'RFC 9112 §9.3.2', text, rest);
  return [
    sent('no Host, then a request', `${head(get)}${smuggled}`),
    sent('bare LF, then a request', `${get}\n${host}\n\n${smuggled}`),
    sent('fold, then a request', `${head(get, host, 'X-A: 1\r\n 2')}${smuggled}`),
    sent('bad length, then a request', `${head(post, host, 'Content-Length: x')}${smuggled}`),
    sent('bad version, then a request', `${head('GET /echo/x HTTP/2.0', host)}${smuggled}`, {
      statusOneOf: badVersion,
    }),
    sent('a request, then no Host', `${valid}${head(get)}`, { validBefore: 1 }),
    sent('a request, then a bare LF', `${valid}${get}\n${host}\n\n`, { validBefore: 1 }),
    sent('a request, then a fold, then a request', `${valid}${head(get, host, 'X-A: 1\r\n 2')}${smuggled}`, {
      validBefore: 1,
    }),
    sent('a request, then garbage', `${valid}\x00\x01\x02\r\n\r\n`, { validBefore: 1 }),
    sent(
      'a request with more content than its length',
      `${head(post, host, 'Content-Length: 5')}hello, world\r\n\r\n`,
      {
        validBefore: 1,
      },
    ),
    sent(
      'a chunked request with content after its end',
      `${head(post, host, 'Transfer-Encoding: chunked')}5\r\nhello\r\n0\r\n\r\n5\r\nhello\r\n\r\n`,
      {
        validBefore: 1,
      },
    ),
    sent('two requests, then two Hosts', `${valid}${valid}${head(get, host, host)}${smuggled}`, { validBefore: 2 }),
  ];
}

/** Every invalid message, at least 250; none may reach an upstream as a complete request. */
export const invalidMessages: readonly InvalidMessage[] = [
  ...codingWithLength(),
  ...codings(),
  ...codingOnHttp10(),
  ...lengths(),
  ...hosts(),
  ...bareLineEnds(),
  ...controlBytes(),
  ...fieldLines(),
  ...requestLines(),
  ...targets(),
  ...chunks(),
  ...oversizes(),
  ...otherProtocols(),
  ...incompletes(),
  ...streams(),
];
