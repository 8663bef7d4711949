// What two readers could read differently is refused, in words that the caller reads, and never reaches a back end.
// Bytes over a real TLS connection, judged by RFC 9112.
import assert from 'node:assert/strict';
import { posix } from 'node:path';
import { after, before, beforeEach, describe, test } from 'node:test';
import type { ProblemCode } from '@headgate/contract';
import { readFault } from '@headgate/soap';
import { soapAnswer, soapRequest, type TestGateway } from '@headgate/testkit';
import { callsTo, noLimits } from './calls.ts';
import { type Operator, operators } from './operators.ts';

const size = Buffer.byteLength(soapRequest);
const chunked = `${size.toString(16)}\r\n${soapRequest}\r\n0\r\n\r\n`;
const malformed = 'listener.malformed_request';
const ambiguous = 'listener.ambiguous_framing';
const version = 'listener.version_not_supported';

for (const operator of operators) describe(`at ${operator.name}`, () => refusesFramingsAt(operator));

function refusesFramingsAt(operator: Operator): void {
  const { open, post, start } = callsTo(operator);
  const { otherSubmit, secondHost } = operator;
  const { host, path } = operator.retrieve.call;
  const [folder, service] = [posix.dirname(path), posix.basename(path)];
  const otherFolder = posix.dirname(otherSubmit.call.path);
  const encodedLetter = `${folder}/${service.replace('s', '%73')}`;
  const head = (line: string, ...lines: string[]) =>
    `${[line, `Host: ${host}`, 'Content-Type: text/xml', ...lines].join('\r\n')}\r\n\r\n`;
  const posted = (...lines: string[]) => head(`POST ${path} HTTP/1.1`, ...lines);
  const withoutHost = (...lines: string[]) =>
    `${[`POST ${path} HTTP/1.1`, 'Content-Type: text/xml', ...lines].join('\r\n')}\r\n\r\n`;
  const sized = `Content-Length: ${size}`;
  const hidden = `POST ${otherSubmit.call.path} HTTP/1.1\r\nHost: ${host}\r\nX-Hidden: yes\r\n\r\n`;

  const cases: readonly (readonly [clause: string, found: string, bytes: string, code: ProblemCode])[] = [
    ['RFC 9112 §3.2', 'no Host', withoutHost(sized) + soapRequest, malformed],
    ['RFC 9112 §3.2', 'two Host fields', posted(`Host: ${secondHost}`, sized) + soapRequest, malformed],
    ['RFC 9112 §3.2', 'the same Host twice', posted(`Host: ${host}`, sized) + soapRequest, malformed],
    ['RFC 9112 §3.2', 'an empty Host', withoutHost('Host:', sized) + soapRequest, malformed],
    ['RFC 9112 §3.2', 'a Host list', withoutHost(`Host: ${host}, a.example`, sized) + soapRequest, malformed],
    ['RFC 9112 §3.2', 'a Host with user information', withoutHost(`Host: a@${host}`, sized) + soapRequest, malformed],
    ['RFC 9112 §3.2', 'a Host with a path', withoutHost(`Host: ${host}/x`, sized) + soapRequest, malformed],
    [
      'RFC 9112 §3.2',
      'a Host after a no-break space',
      withoutHost(`Host: \xa0${host}`, sized) + soapRequest,
      malformed,
    ],
    [
      'RFC 9112 §6.1',
      'Content-Length with Transfer-Encoding',
      posted(sized, 'Transfer-Encoding: chunked') + chunked + hidden,
      ambiguous,
    ],
    [
      'RFC 9112 §6.1',
      'Transfer-Encoding with Content-Length',
      posted('Transfer-Encoding: chunked', 'Content-Length: 4') + chunked + hidden,
      ambiguous,
    ],
    ['RFC 9112 §6.3', 'two Content-Length fields', posted(sized, 'Content-Length: 5') + soapRequest, ambiguous],
    ['RFC 9112 §6.3', 'the same Content-Length twice', posted(sized, sized) + soapRequest, ambiguous],
    ['RFC 9112 §6.3', 'a Content-Length list', posted(`Content-Length: ${size}, ${size}`) + soapRequest, ambiguous],
    ['RFC 9112 §6.3', 'a Content-Length with a sign', posted(`Content-Length: +${size}`) + soapRequest, ambiguous],
    ['RFC 9112 §6.3', 'a negative Content-Length', posted('Content-Length: -1') + soapRequest, ambiguous],
    ['RFC 9112 §6.3', 'a hexadecimal Content-Length', posted('Content-Length: 0x10') + soapRequest, ambiguous],
    ['RFC 9112 §6.3', 'a Content-Length with a space inside', posted('Content-Length: 1 0') + soapRequest, ambiguous],
    ['RFC 9112 §6.3', 'an empty Content-Length', posted('Content-Length:') + soapRequest, ambiguous],
    [
      'RFC 9112 §6.3',
      'a Content-Length beyond 64 bits',
      posted('Content-Length: 99999999999999999999999') + soapRequest,
      ambiguous,
    ],
    [
      'RFC 9112 §6.1',
      'a Transfer-Encoding not ending in chunked',
      posted('Transfer-Encoding: chunked, gzip') + chunked,
      ambiguous,
    ],
    [
      'RFC 9112 §6.1',
      'a Transfer-Encoding before chunked',
      posted('Transfer-Encoding: gzip, chunked') + chunked,
      ambiguous,
    ],
    ['RFC 9112 §6.1', 'an identity Transfer-Encoding', posted('Transfer-Encoding: identity') + chunked, ambiguous],
    ['RFC 9112 §6.1', 'chunked twice', posted('Transfer-Encoding: chunked, chunked') + chunked, ambiguous],
    [
      'RFC 9112 §6.1',
      'two Transfer-Encoding fields',
      posted('Transfer-Encoding: chunked', 'Transfer-Encoding: chunked') + chunked,
      ambiguous,
    ],
    ['RFC 9112 §6.1', 'a misspelt chunked', posted('Transfer-Encoding: xchunked') + chunked, ambiguous],
    ['RFC 9112 §6.1', 'chunked behind a vertical tab', posted('Transfer-Encoding: \x0bchunked') + chunked, malformed],
    [
      'RFC 9112 §6.1',
      'chunked in HTTP/1.0',
      head(`POST ${path} HTTP/1.0`, 'Transfer-Encoding: chunked') + chunked + hidden,
      ambiguous,
    ],
    ['RFC 9112 §5.2', 'obsolete line folding', posted('X-Folded: one', ' two', sized) + soapRequest, malformed],
    ['RFC 9112 §5.1', 'a space before the colon', posted('Content-Length : 5') + soapRequest, malformed],
    ['RFC 9112 §5.1', 'a space before the first field', `POST / HTTP/1.1\r\n Host: ${host}\r\n\r\n`, malformed],
    ['RFC 9112 §5', 'a field without a colon', posted('Content-Length', sized) + soapRequest, malformed],
    ['RFC 9112 §5', 'an empty field name', posted(': x', sized) + soapRequest, malformed],
    ['RFC 9112 §2.2', 'a bare CR in a value', posted('X-Bare: a\rb', sized) + soapRequest, malformed],
    [
      'RFC 9112 §2.2',
      'a bare LF after a field',
      `${posted(sized).replace('text/xml\r\n', 'text/xml\n')}${soapRequest}`,
      malformed,
    ],
    ['RFC 9112 §2.2', 'bare LF everywhere', `${posted(sized).replaceAll('\r\n', '\n')}${soapRequest}`, malformed],
    ['RFC 9110 §5.5', 'a NUL in a value', posted('X-Nul: a\0b', sized) + soapRequest, malformed],
    ['RFC 9110 §5.5', 'a NUL in a name', posted('X-N\0l: a', sized) + soapRequest, malformed],
    ['RFC 9110 §5.5', 'a control character in a value', posted('X-Control: a\x01b', sized) + soapRequest, malformed],
    ['RFC 9112 §3', 'an unknown version', head(`POST ${path} HTTP/1.2`, sized) + soapRequest, version],
    ['RFC 9112 §3', 'a version of another protocol', head('POST /x HTTPS/1.1', sized) + soapRequest, version],
    [
      'RFC 9112 §3',
      'two spaces in the request line',
      `${posted(sized).replace('POST ', 'POST  ')}${soapRequest}`,
      malformed,
    ],
    [
      'RFC 9110 §15.5.15',
      'a target of 9,000 bytes',
      head(`POST ${posix.dirname(folder)}/${'a'.repeat(9_000)} HTTP/1.1`, sized) + soapRequest,
      'listener.target_too_long',
    ],
    ['RFC 9112 §3', 'no version', 'GET /\r\n\r\n', malformed],
    ['RFC 9112 §3', 'a space in the target', head('POST /x y HTTP/1.1', sized) + soapRequest, malformed],
    ['RFC 9112 §3', 'an unknown method', head('FETCH /x HTTP/1.1', sized) + soapRequest, 'route.not_found'],
    ['RFC 9112 §3.2', 'a fragment in the target', head(`POST ${path}?a#b HTTP/1.1`, sized) + soapRequest, malformed],
    [
      'RFC 9112 §3.2',
      'a byte above ASCII in the query',
      head(`POST ${path}?a=\xe9 HTTP/1.1`, sized) + soapRequest,
      malformed,
    ],
    [
      'RFC 9112 §3.2',
      'a target without a slash',
      head(`POST ${folder.slice(1)} HTTP/1.1`, sized) + soapRequest,
      malformed,
    ],
    [
      'RFC 9112 §3.2.2',
      'a URL of another scheme',
      head(`POST ftp://${host}/x HTTP/1.1`, sized) + soapRequest,
      malformed,
    ],
    [
      'RFC 9112 §3.2.2',
      'a URL with user information',
      head(`POST https://a@${host}/x HTTP/1.1`, sized) + soapRequest,
      malformed,
    ],
    ['RFC 9112 §3.2.4', 'the asterisk form', head('OPTIONS * HTTP/1.1'), 'route.method_not_allowed'],
    [
      'RFC 9112 §3.2.3',
      'CONNECT',
      `CONNECT ${host}:443 HTTP/1.1\r\nHost: ${host}\r\nContent-Type: text/xml\r\n\r\n`,
      'route.method_not_allowed',
    ],
    ['RFC 9113 §3.4', 'the preface of HTTP/2', 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n', version],
    [
      'RFC 3986 §5.2.4',
      'a dot segment',
      head(`POST ${otherFolder}/../${posix.basename(folder)}/${service} HTTP/1.1`, sized) + soapRequest,
      malformed,
    ],
    [
      'RFC 3986 §5.2.4',
      'an encoded dot segment',
      head(`POST ${otherFolder}/%2e%2e/${posix.basename(folder)}/${service} HTTP/1.1`, sized) + soapRequest,
      malformed,
    ],
    ['RFC 3986 §6.2.2.2', 'an encoded letter', head(`POST ${encodedLetter} HTTP/1.1`, sized) + soapRequest, malformed],
    ['RFC 3986 §2.1', 'a broken percent-encoding', head(`POST ${folder}/%zz HTTP/1.1`, sized) + soapRequest, malformed],
    [
      'RFC 3986 §2',
      'a byte above ASCII in the path',
      head(`POST ${folder}/\xe9 HTTP/1.1`, sized) + soapRequest,
      malformed,
    ],
    ['RFC 3986 §3.3', 'an empty path segment', head(`POST /${path} HTTP/1.1`, sized) + soapRequest, malformed],
    [
      'RFC 9112 §7.1',
      'a chunk size that is not hexadecimal',
      `${posted('Transfer-Encoding: chunked')}zz\r\n${soapRequest}\r\n0\r\n\r\n`,
      ambiguous,
    ],
    [
      'RFC 9112 §7.1',
      'a chunk size with 0x',
      `${posted('Transfer-Encoding: chunked')}0x${size.toString(16)}\r\n${soapRequest}\r\n0\r\n\r\n`,
      ambiguous,
    ],
    [
      'RFC 9112 §7.1',
      'a chunk longer than its size',
      `${posted('Transfer-Encoding: chunked')}4\r\n${soapRequest}\r\n0\r\n\r\n`,
      ambiguous,
    ],
    [
      'RFC 9112 §7.1',
      'a chunk size ended by a bare LF',
      `${posted('Transfer-Encoding: chunked')}${size.toString(16)}\n${soapRequest}\r\n0\r\n\r\n`,
      ambiguous,
    ],
    [
      'RFC 9112 §7.1',
      'a chunk size beyond 64 bits',
      `${posted('Transfer-Encoding: chunked')}fffffffffffffffff\r\n${soapRequest}\r\n0\r\n\r\n`,
      ambiguous,
    ],
    [
      'our bound',
      'too long a header section',
      posted(`X-Long: ${'x'.repeat(16_384)}`, sized) + soapRequest,
      'listener.header_too_large',
    ],
    [
      'our bound',
      'more fields than Node keeps, the length last',
      posted(...Array.from({ length: 2_001 }, () => 'a:'), 'Transfer-Encoding: chunked') + chunked,
      'listener.header_too_large',
    ],
    [
      'our bound',
      'too many fields',
      posted(...Array.from({ length: 4_000 }, (_, at) => `${at}:x`), sized) + soapRequest,
      'listener.header_too_large',
    ],
  ];

  let gateway: TestGateway;
  before(async () => {
    gateway = await start({ policy: noLimits });
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
        const caller = await open(gateway);
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
      const [before, caller] = [gateway.upstream.received.length, await open(gateway)];
      caller.write(bytes);
      const answer = await caller.answer();
      caller.destroy();
      assert.equal(answer.status, 200, answer.body);
      const request = gateway.upstream.received[before];
      assert.ok(request);
      return { answer, request };
    };

    test('arrives with a length, whether it was chunked or not', async () => {
      const plain = await arrives(post(soapRequest));
      const inChunks = await arrives(posted('Transfer-Encoding: chunked') + chunked);
      assert.equal(plain.request.fields['content-length'], String(size));
      assert.equal(inChunks.request.fields['content-length'], String(size));
      assert.equal(inChunks.request.fields['transfer-encoding'], undefined);
      assert.equal(inChunks.request.body.toString(), soapRequest);
    });

    test('loses chunk extensions and trailers', async () => {
      const extended = `${size.toString(16)};name="va;lue"\r\n${soapRequest}\r\n0;last\r\nClient-Cert: forged\r\nX-Trailer: yes\r\n\r\n`;
      const { request } = await arrives(posted('Transfer-Encoding: chunked', 'Trailer: X-Trailer') + extended);
      assert.equal(request.body.toString(), soapRequest);
      assert.equal(request.fields['x-trailer'], undefined);
      assert.equal(request.fields.trailer, undefined);
      assert.notEqual(request.fields['client-cert'], 'forged');
    });

    test('in absolute form goes to the host of its URL, whatever Host says, and arrives in origin form', async () => {
      const line = `POST https://${host}${path} HTTP/1.1`;
      const bytes = `${line}\r\nHost: ${secondHost}\r\nContent-Type: text/xml\r\n${sized}\r\n\r\n${soapRequest}`;
      const { request } = await arrives(bytes);
      assert.equal(request.target, path);
      assert.equal(request.fields.host, host);
    });

    test('loses hop-by-hop fields and those that Connection names', async () => {
      const { request } = await arrives(
        posted(
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
        posted(sized, 'transfer_encoding: chunked', '__proto__: x', 'content_length: 1') + soapRequest,
      );
      assert.ok(request.rawFields.every((name, at) => at % 2 === 1 || !name.includes('_')));
    });

    test('in HTTP/1.0 is answered without interim answers, and the connection closes', async () => {
      const caller = await open(gateway);
      caller.write(head(`POST ${path} HTTP/1.0`, sized, 'Expect: 100-continue') + soapRequest);
      const answer = await caller.answer();
      assert.equal(answer.status, 200);
      await caller.ended();
    });

    test('sees one interim answer and then the final one when it waits for 100 Continue', async () => {
      const caller = await open(gateway);
      caller.write(posted(sized, 'Expect: 100-continue'));
      assert.equal((await caller.answer()).status, 100);
      caller.write(soapRequest);
      assert.equal((await caller.answer()).status, 200);
      caller.destroy();
    });

    for (const [what, next, statuses] of [
      ['an interim answer', posted(sized, 'Expect: 100-continue'), [100]],
      ['a request that is none', 'GET / HTTP/1.1\r\nHost\r\n\r\n', [400]],
      ['a last request', post(soapRequest, { fields: { Connection: 'close' } }), [200]],
      ['an answer that is not forwarded', post(soapRequest, { path: `${posix.dirname(folder)}/nowhere` }), [500]],
    ] as const)
      test(`comes before what follows it on its connection: ${what}`, async () => {
        const caller = await open(gateway);
        caller.write(post(soapRequest, { path: `${posix.dirname(folder)}/nowhere` }) + next);
        assert.equal((await caller.answer()).status, 500);
        for (const status of statuses) assert.equal((await caller.answer()).status, status);
        caller.destroy();
      });

    test('is served in order when several are pipelined', async () => {
      const caller = await open(gateway);
      caller.write(
        post(soapRequest) +
          post(soapRequest) +
          post(soapRequest, { path: `${posix.dirname(folder)}/nowhere` }) +
          post(soapRequest),
      );
      const statuses = [];
      for (let at = 0; at < 4; at += 1) statuses.push((await caller.answer()).status);
      assert.deepEqual(statuses, [200, 200, 500, 200]);
      caller.destroy();
    });
  });

  describe('a head that does not come to its end', () => {
    test('is refused with listener.request_timeout, in a readable form', async (t) => {
      const hasty = await start({ path: { headerTimeoutMs: 1_000 } });
      t.after(() => hasty.close());
      const caller = await open(hasty);
      caller.write(`POST ${path} HTTP/1.1\r\nContent-Type: text/xml\r\nX-A: `);
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
      const caller = await open(gateway);
      caller.write(`${post(soapRequest)}${withoutHost(sized)}${soapRequest}`);
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
      const caller = await open(gateway);
      caller.write(`${withoutHost(sized)}${soapRequest}${post(soapRequest)}${post(soapRequest)}`);
      await caller.answer();
      await caller.ended();
      assert.equal(gateway.upstream.received.length, receivedBefore);
      assert.equal(gateway.records.length, recordsBefore + 1);
    });

    for (const [kind, start] of [
      ['by our reader', withoutHost('Content-Length: 4194304')],
      ['by the parser', posted('Content-Length: +4194304')],
    ] as const)
      test(`is read by a caller that sends four MiB more, when refused ${kind}`, async () => {
        const recordsBefore = gateway.records.length;
        const caller = await open(gateway);
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
      const caller = await open(gateway);
      caller.write(`GET //x HTTP/1.1\r\nHost: ${host}\r\nAccept: text/html,application/xhtml+xml\r\n\r\n`);
      const answer = await caller.answer();
      assert.doesNotMatch(answer.fields.get('content-type') ?? '', /html/);
    });
  });
}
