// What two readers could read differently is refused, in words that the caller reads, and never reaches a back end.
// Bytes over a real TLS connection, judged by RFC 9112.
import assert from 'node:assert/strict';
import { after, before, beforeEach, describe, test } from 'node:test';
import type { ProblemCode } from '@headgate/contract';
import { readFault } from '@headgate/soap';
import { openRawCaller, rawPost, soapAnswer, soapRequest, startTestGateway, type TestGateway } from '@headgate/testkit';

const size = Buffer.byteLength(soapRequest);
const chunked = `${size.toString(16)}\r\n${soapRequest}\r\n0\r\n\r\n`;
const head = (line: string, ...lines: string[]) =>
  `${[line, 'Host: ws.prod.caiso.com', 'Content-Type: text/xml', ...lines].join('\r\n')}\r\n\r\n`;
const post = (...lines: string[]) => head('POST /sst/cmri/RetrieveMarketAwards_CMRIv4_AP HTTP/1.1', ...lines);
const withoutHost = (...lines: string[]) =>
  `${['POST /sst/cmri/RetrieveMarketAwards_CMRIv4_AP HTTP/1.1', 'Content-Type: text/xml', ...lines].join('\r\n')}\r\n\r\n`;
const sized = `Content-Length: ${size}`;
const hidden =
  'POST /sst/drrs/SubmitDRLocations_DRRSv1_AP HTTP/1.1\r\nHost: ws.prod.caiso.com\r\nX-Hidden: yes\r\n\r\n';

const malformed = 'listener.malformed_request';
const ambiguous = 'listener.ambiguous_framing';
const version = 'listener.version_not_supported';

const cases: readonly (readonly [clause: string, found: string, bytes: string, code: ProblemCode])[] = [
  ['RFC 9112 §3.2', 'no Host', withoutHost(sized) + soapRequest, malformed],
  ['RFC 9112 §3.2', 'two Host fields', post('Host: wsmap.caiso.com', sized) + soapRequest, malformed],
  ['RFC 9112 §3.2', 'the same Host twice', post('Host: ws.prod.caiso.com', sized) + soapRequest, malformed],
  ['RFC 9112 §3.2', 'an empty Host', withoutHost('Host:', sized) + soapRequest, malformed],
  ['RFC 9112 §3.2', 'a Host list', withoutHost('Host: ws.prod.caiso.com, a.example', sized) + soapRequest, malformed],
  [
    'RFC 9112 §3.2',
    'a Host with user information',
    withoutHost('Host: a@ws.prod.caiso.com', sized) + soapRequest,
    malformed,
  ],
  ['RFC 9112 §3.2', 'a Host with a path', withoutHost('Host: ws.prod.caiso.com/x', sized) + soapRequest, malformed],
  [
    'RFC 9112 §3.2',
    'a Host after a no-break space',
    withoutHost('Host: \xa0ws.prod.caiso.com', sized) + soapRequest,
    malformed,
  ],
  [
    'RFC 9112 §6.1',
    'Content-Length with Transfer-Encoding',
    post(sized, 'Transfer-Encoding: chunked') + chunked + hidden,
    ambiguous,
  ],
  [
    'RFC 9112 §6.1',
    'Transfer-Encoding with Content-Length',
    post('Transfer-Encoding: chunked', 'Content-Length: 4') + chunked + hidden,
    ambiguous,
  ],
  ['RFC 9112 §6.3', 'two Content-Length fields', post(sized, 'Content-Length: 5') + soapRequest, ambiguous],
  ['RFC 9112 §6.3', 'the same Content-Length twice', post(sized, sized) + soapRequest, ambiguous],
  ['RFC 9112 §6.3', 'a Content-Length list', post(`Content-Length: ${size}, ${size}`) + soapRequest, ambiguous],
  ['RFC 9112 §6.3', 'a Content-Length with a sign', post(`Content-Length: +${size}`) + soapRequest, ambiguous],
  ['RFC 9112 §6.3', 'a negative Content-Length', post('Content-Length: -1') + soapRequest, ambiguous],
  ['RFC 9112 §6.3', 'a hexadecimal Content-Length', post('Content-Length: 0x10') + soapRequest, ambiguous],
  ['RFC 9112 §6.3', 'a Content-Length with a space inside', post('Content-Length: 1 0') + soapRequest, ambiguous],
  ['RFC 9112 §6.3', 'an empty Content-Length', post('Content-Length:') + soapRequest, ambiguous],
  [
    'RFC 9112 §6.3',
    'a Content-Length beyond 64 bits',
    post('Content-Length: 99999999999999999999999') + soapRequest,
    ambiguous,
  ],
  [
    'RFC 9112 §6.1',
    'a Transfer-Encoding not ending in chunked',
    post('Transfer-Encoding: chunked, gzip') + chunked,
    ambiguous,
  ],
  [
    'RFC 9112 §6.1',
    'a Transfer-Encoding before chunked',
    post('Transfer-Encoding: gzip, chunked') + chunked,
    ambiguous,
  ],
  ['RFC 9112 §6.1', 'an identity Transfer-Encoding', post('Transfer-Encoding: identity') + chunked, ambiguous],
  ['RFC 9112 §6.1', 'chunked twice', post('Transfer-Encoding: chunked, chunked') + chunked, ambiguous],
  [
    'RFC 9112 §6.1',
    'two Transfer-Encoding fields',
    post('Transfer-Encoding: chunked', 'Transfer-Encoding: chunked') + chunked,
    ambiguous,
  ],
  ['RFC 9112 §6.1', 'a misspelt chunked', post('Transfer-Encoding: xchunked') + chunked, ambiguous],
  ['RFC 9112 §6.1', 'chunked behind a vertical tab', post('Transfer-Encoding: \x0bchunked') + chunked, malformed],
  [
    'RFC 9112 §6.1',
    'chunked in HTTP/1.0',
    head('POST /sst/cmri/RetrieveMarketAwards_CMRIv4_AP HTTP/1.0', 'Transfer-Encoding: chunked') + chunked + hidden,
    ambiguous,
  ],
  ['RFC 9112 §5.2', 'obsolete line folding', post('X-Folded: one', ' two', sized) + soapRequest, malformed],
  ['RFC 9112 §5.1', 'a space before the colon', post('Content-Length : 5') + soapRequest, malformed],
  ['RFC 9112 §5.1', 'a space before the first field', `POST / HTTP/1.1\r\n Host: ws.prod.caiso.com\r\n\r\n`, malformed],
  ['RFC 9112 §5', 'a field without a colon', post('Content-Length', sized) + soapRequest, malformed],
  ['RFC 9112 §5', 'an empty field name', post(': x', sized) + soapRequest, malformed],
  ['RFC 9112 §2.2', 'a bare CR in a value', post('X-Bare: a\rb', sized) + soapRequest, malformed],
  [
    'RFC 9112 §2.2',
    'a bare LF after a field',
    `${post(sized).replace('text/xml\r\n', 'text/xml\n')}${soapRequest}`,
    malformed,
  ],
  ['RFC 9112 §2.2', 'bare LF everywhere', `${post(sized).replaceAll('\r\n', '\n')}${soapRequest}`, malformed],
  ['RFC 9110 §5.5', 'a NUL in a value', post('X-Nul: a\0b', sized) + soapRequest, malformed],
  ['RFC 9110 §5.5', 'a NUL in a name', post('X-N\0l: a', sized) + soapRequest, malformed],
  ['RFC 9110 §5.5', 'a control character in a value', post('X-Control: a\x01b', sized) + soapRequest, malformed],
  [
    'RFC 9112 §3',
    'an unknown version',
    head('POST /sst/cmri/RetrieveMarketAwards_CMRIv4_AP HTTP/1.2', sized) + soapRequest,
    version,
  ],
  ['RFC 9112 §3', 'a version of another protocol', head('POST /x HTTPS/1.1', sized) + soapRequest, version],
  [
    'RFC 9112 §3',
    'two spaces in the request line',
    `${post(sized).replace('POST ', 'POST  ')}${soapRequest}`,
    malformed,
  ],
  [
    'RFC 9110 §15.5.15',
    'a target of 9,000 bytes',
    head(`POST /sst/${'a'.repeat(9_000)} HTTP/1.1`, sized) + soapRequest,
    'listener.target_too_long',
  ],
  ['RFC 9112 §3', 'no version', 'GET /\r\n\r\n', malformed],
  ['RFC 9112 §3', 'a space in the target', head('POST /x y HTTP/1.1', sized) + soapRequest, malformed],
  ['RFC 9112 §3', 'an unknown method', head('FETCH /x HTTP/1.1', sized) + soapRequest, 'route.not_found'],
  [
    'RFC 9112 §3.2',
    'a fragment in the target',
    head('POST /sst/cmri/RetrieveMarketAwards_CMRIv4_AP?a#b HTTP/1.1', sized) + soapRequest,
    malformed,
  ],
  [
    'RFC 9112 §3.2',
    'a byte above ASCII in the query',
    head('POST /sst/cmri/RetrieveMarketAwards_CMRIv4_AP?a=\xe9 HTTP/1.1', sized) + soapRequest,
    malformed,
  ],
  ['RFC 9112 §3.2', 'a target without a slash', head('POST sst/cmri HTTP/1.1', sized) + soapRequest, malformed],
  [
    'RFC 9112 §3.2.2',
    'a URL of another scheme',
    head('POST ftp://ws.prod.caiso.com/x HTTP/1.1', sized) + soapRequest,
    malformed,
  ],
  [
    'RFC 9112 §3.2.2',
    'a URL with user information',
    head('POST https://a@ws.prod.caiso.com/x HTTP/1.1', sized) + soapRequest,
    malformed,
  ],
  ['RFC 9112 §3.2.4', 'the asterisk form', head('OPTIONS * HTTP/1.1'), 'route.method_not_allowed'],
  [
    'RFC 9112 §3.2.3',
    'CONNECT',
    'CONNECT ws.prod.caiso.com:443 HTTP/1.1\r\nHost: ws.prod.caiso.com\r\nContent-Type: text/xml\r\n\r\n',
    'route.method_not_allowed',
  ],
  ['RFC 9113 §3.4', 'the preface of HTTP/2', 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n', version],
  [
    'RFC 3986 §5.2.4',
    'a dot segment',
    head('POST /sst/drrs/../cmri/RetrieveMarketAwards_CMRIv4_AP HTTP/1.1', sized) + soapRequest,
    malformed,
  ],
  [
    'RFC 3986 §5.2.4',
    'an encoded dot segment',
    head('POST /sst/drrs/%2e%2e/cmri/RetrieveMarketAwards_CMRIv4_AP HTTP/1.1', sized) + soapRequest,
    malformed,
  ],
  [
    'RFC 3986 §6.2.2.2',
    'an encoded letter',
    head('POST /sst/cmri/RetrieveMarketAward%73_CMRIv4_AP HTTP/1.1', sized) + soapRequest,
    malformed,
  ],
  ['RFC 3986 §2.1', 'a broken percent-encoding', head('POST /sst/cmri/%zz HTTP/1.1', sized) + soapRequest, malformed],
  [
    'RFC 3986 §2',
    'a byte above ASCII in the path',
    head('POST /sst/cmri/\xe9 HTTP/1.1', sized) + soapRequest,
    malformed,
  ],
  [
    'RFC 3986 §3.3',
    'an empty path segment',
    head('POST //sst/cmri/RetrieveMarketAwards_CMRIv4_AP HTTP/1.1', sized) + soapRequest,
    malformed,
  ],
  [
    'RFC 9112 §7.1',
    'a chunk size that is not hexadecimal',
    `${post('Transfer-Encoding: chunked')}zz\r\n${soapRequest}\r\n0\r\n\r\n`,
    ambiguous,
  ],
  [
    'RFC 9112 §7.1',
    'a chunk size with 0x',
    `${post('Transfer-Encoding: chunked')}0x${size.toString(16)}\r\n${soapRequest}\r\n0\r\n\r\n`,
    ambiguous,
  ],
  [
    'RFC 9112 §7.1',
    'a chunk longer than its size',
    `${post('Transfer-Encoding: chunked')}4\r\n${soapRequest}\r\n0\r\n\r\n`,
    ambiguous,
  ],
  [
    'RFC 9112 §7.1',
    'a chunk size ended by a bare LF',
    `${post('Transfer-Encoding: chunked')}${size.toString(16)}\n${soapRequest}\r\n0\r\n\r\n`,
    ambiguous,
  ],
  [
    'RFC 9112 §7.1',
    'a chunk size beyond 64 bits',
    `${post('Transfer-Encoding: chunked')}fffffffffffffffff\r\n${soapRequest}\r\n0\r\n\r\n`,
    ambiguous,
  ],
  [
    'our bound',
    'too long a header section',
    post(`X-Long: ${'x'.repeat(16_384)}`, sized) + soapRequest,
    'listener.header_too_large',
  ],
  [
    'our bound',
    'more fields than Node keeps, the length last',
    post(...Array.from({ length: 2_001 }, () => 'a:'), 'Transfer-Encoding: chunked') + chunked,
    'listener.header_too_large',
  ],
  [
    'our bound',
    'too many fields',
    post(...Array.from({ length: 4_000 }, (_, at) => `${at}:x`), sized) + soapRequest,
    'listener.header_too_large',
  ],
];

let gateway: TestGateway;
before(async () => {
  gateway = await startTestGateway({ policy: 'limits: []\n' });
});
after(() => gateway.close());

describe('a request that two readers could read differently', () => {
  let recordsBefore = 0;
  let receivedBefore = 0;
  beforeEach(() => {
    recordsBefore = gateway.records.length;
    receivedBefore = gateway.upstream.received.length;
  });
  for (const [clause, found, bytes, code] of cases) {
    test(`${clause}: ${found} is refused with ${code}`, async () => {
      const caller = await openRawCaller(gateway);
      caller.write(bytes);
      caller.end();
      const answer = await caller.answer();
      await caller.ended();
      const records = await gateway.recorded(recordsBefore + 1);

      assert.equal(gateway.upstream.received.length, receivedBefore, 'nothing reaches the back end');
      assert.equal(records.length, recordsBefore + 1, 'one record');
      assert.equal(records.at(-1)?.response.refusal, code, records.at(-1)?.response.detail ?? '');
      assert.equal(answer.fields.get('headgate-exchange'), records.at(-1)?.exchange);
      assert.doesNotMatch(answer.fields.get('content-type') ?? '', /html/);
      if (answer.fields.get('content-type')?.startsWith('text/xml') === true)
        assert.equal(readFault(answer.body)?.problem.code, code);
      else assert.equal(JSON.parse(answer.body).code, code);
    });
  }
});

describe('a request with one plain reading', () => {
  const arrives = async (bytes: string) => {
    const [before, caller] = [gateway.upstream.received.length, await openRawCaller(gateway)];
    caller.write(bytes);
    const answer = await caller.answer();
    caller.destroy();
    assert.equal(answer.status, 200, answer.body);
    const request = gateway.upstream.received[before];
    assert.ok(request);
    return { answer, request };
  };

  test('arrives with a length, whether it was chunked or not', async () => {
    const plain = await arrives(rawPost(soapRequest));
    const inChunks = await arrives(post('Transfer-Encoding: chunked') + chunked);
    assert.equal(plain.request.fields['content-length'], String(size));
    assert.equal(inChunks.request.fields['content-length'], String(size));
    assert.equal(inChunks.request.fields['transfer-encoding'], undefined);
    assert.equal(inChunks.request.body.toString(), soapRequest);
  });

  test('loses chunk extensions and trailers', async () => {
    const extended = `${size.toString(16)};name="va;lue"\r\n${soapRequest}\r\n0;last\r\nClient-Cert: forged\r\nX-Trailer: yes\r\n\r\n`;
    const { request } = await arrives(post('Transfer-Encoding: chunked', 'Trailer: X-Trailer') + extended);
    assert.equal(request.body.toString(), soapRequest);
    assert.equal(request.fields['x-trailer'], undefined);
    assert.equal(request.fields.trailer, undefined);
    assert.notEqual(request.fields['client-cert'], 'forged');
  });

  test('in absolute form goes to the host of its URL, whatever Host says, and arrives in origin form', async () => {
    const line = 'POST https://ws.prod.caiso.com/sst/cmri/RetrieveMarketAwards_CMRIv4_AP HTTP/1.1';
    const bytes = `${line}\r\nHost: wsmap.caiso.com\r\nContent-Type: text/xml\r\n${sized}\r\n\r\n${soapRequest}`;
    const { request } = await arrives(bytes);
    assert.equal(request.target, '/sst/cmri/RetrieveMarketAwards_CMRIv4_AP');
    assert.equal(request.fields.host, 'ws.prod.caiso.com');
  });

  test('loses hop-by-hop fields and those that Connection names', async () => {
    const { request } = await arrives(
      post(
        sized,
        'Connection: keep-alive, X-Named',
        'X-Named: 1',
        'Keep-Alive: 5',
        'TE: trailers',
        'Upgrade: h2c',
        'Proxy-Connection: x',
      ) + soapRequest,
    );
    for (const name of ['x-named', 'keep-alive', 'te', 'upgrade', 'proxy-connection'])
      assert.equal(request.fields[name], undefined, name);
  });

  test('loses field names with an underscore', async () => {
    const { request } = await arrives(
      post(sized, 'transfer_encoding: chunked', '__proto__: x', 'content_length: 1') + soapRequest,
    );
    assert.ok(request.rawFields.every((name, at) => at % 2 === 1 || !name.includes('_')));
  });

  test('in HTTP/1.0 is answered without interim answers, and the connection closes', async () => {
    const caller = await openRawCaller(gateway);
    caller.write(
      head('POST /sst/cmri/RetrieveMarketAwards_CMRIv4_AP HTTP/1.0', sized, 'Expect: 100-continue') + soapRequest,
    );
    const answer = await caller.answer();
    assert.equal(answer.status, 200);
    await caller.ended();
  });

  test('sees one interim answer and then the final one when it waits for 100 Continue', async () => {
    const caller = await openRawCaller(gateway);
    caller.write(post(sized, 'Expect: 100-continue'));
    assert.equal((await caller.answer()).status, 100);
    caller.write(soapRequest);
    assert.equal((await caller.answer()).status, 200);
    caller.destroy();
  });

  test('is served in order when several are pipelined', async () => {
    const caller = await openRawCaller(gateway);
    caller.write(
      rawPost(soapRequest) +
        rawPost(soapRequest) +
        rawPost(soapRequest, { path: '/sst/nowhere' }) +
        rawPost(soapRequest),
    );
    const statuses = [];
    for (let at = 0; at < 4; at += 1) statuses.push((await caller.answer()).status);
    assert.deepEqual(statuses, [200, 200, 500, 200]);
    caller.destroy();
  });
});

describe('a head that does not come to its end', () => {
  test('is refused with listener.request_timeout, in a readable form', async (t) => {
    const hasty = await startTestGateway({ path: { headerTimeoutMs: 1_000 } });
    t.after(() => hasty.close());
    const caller = await openRawCaller(hasty);
    caller.write('POST /sst/cmri/RetrieveMarketAwards_CMRIv4_AP HTTP/1.1\r\nContent-Type: text/xml\r\nX-A: ');
    const answer = await caller.answer();
    await caller.ended();
    assert.equal(hasty.records.at(-1)?.response.refusal, 'listener.request_timeout');
    assert.match(answer.body, /not complete after 1000 ms/);
    assert.equal(hasty.records.length, 1);
  });
});

describe('a refusal of framing on a connection with other requests', () => {
  test('waits its turn behind the answer of the request before it', async () => {
    const held = Promise.withResolvers<void>();
    gateway.upstream.answerWith(async (_request, response) => {
      await held.promise;
      response.end('first');
    });
    const recordsBefore = gateway.records.length;
    const caller = await openRawCaller(gateway);
    caller.write(`${rawPost(soapRequest)}${withoutHost(sized)}${soapRequest}`);
    caller.write('NONSENSE\r\n\r\n');
    held.resolve();
    const first = await caller.answer();
    assert.equal(first.status, 200, first.body);
    const second = await caller.answer();
    assert.equal(second.status, 500);
    await caller.ended();
    const records = await gateway.recorded(recordsBefore + 2);
    assert.equal(records.length, recordsBefore + 2);
  });

  test('is the last: what follows on the connection is never served', async () => {
    gateway.upstream.answerWith(soapAnswer);
    const [receivedBefore, recordsBefore] = [gateway.upstream.received.length, gateway.records.length];
    const caller = await openRawCaller(gateway);
    caller.write(`${withoutHost(sized)}${soapRequest}${rawPost(soapRequest)}${rawPost(soapRequest)}`);
    await caller.answer();
    await caller.ended();
    assert.equal(gateway.upstream.received.length, receivedBefore);
    assert.equal(gateway.records.length, recordsBefore + 1);
  });

  for (const [kind, start] of [
    ['by our reader', withoutHost('Content-Length: 4194304')],
    ['by the parser', post('Content-Length: +4194304')],
  ] as const)
    test(`is read by a caller that sends four MiB more, when refused ${kind}`, async () => {
      const recordsBefore = gateway.records.length;
      const caller = await openRawCaller(gateway);
      caller.write(start);
      for (let sent = 0; sent < 4 * 1_048_576; sent += 65_536) caller.write(Buffer.alloc(65_536, 'x'));
      caller.end();
      const answer = await caller.answer();
      assert.equal(answer.status, 500);
      const { reset } = await caller.ended();
      assert.equal(reset, false);
      assert.equal(gateway.records.length, recordsBefore + 1);
    });

  test('never is a page on a host for programs, whatever the program accepts', async () => {
    const caller = await openRawCaller(gateway);
    caller.write('GET //x HTTP/1.1\r\nHost: ws.prod.caiso.com\r\nAccept: text/html,application/xhtml+xml\r\n\r\n');
    const answer = await caller.answer();
    assert.doesNotMatch(answer.fields.get('content-type') ?? '', /html/);
  });
});
