// What back ends do wrong becomes a refusal that says whether the request may have been carried out; a submit is never sent
// twice, and a program never reads a page.
import assert from 'node:assert/strict';
import { posix } from 'node:path';
import { after, before, describe, test } from 'node:test';
import type { ProblemCode } from '@headgate/contract';
import { readFault } from '@headgate/soap';
import {
  type RawUpstream,
  type RawUpstreamTurn,
  soapRequest,
  startRawUpstream,
  type TestGateway,
} from '@headgate/testkit';
import { callsTo, noLimits } from './calls.ts';
import { type Operator, operators } from './operators.ts';

const ok = 'HTTP/1.1 200 OK\r\nContent-Type: text/xml\r\nContent-Length: 5\r\n\r\n<ok/>';
const answered = (head: string, body = '') => `HTTP/1.1 ${head}\r\n\r\n${body}`;

/** True once a whole request of this suite arrived: its body ends the text. */
const whole = (text: string) => text.endsWith('</soapenv:Envelope>') || text.endsWith('\r\n\r\n');
/** Answers each whole request with bytes, and closes when told. */
const answers =
  (bytes: string, close = true): RawUpstreamTurn =>
  (socket, text) => {
    if (!whole(text)) return;
    if (close) socket.end(bytes, 'latin1');
    else socket.write(bytes, 'latin1');
  };

for (const operator of operators) describe(`at ${operator.name}`, () => judgesBackEndsOf(operator));

function judgesBackEndsOf(operator: Operator): void {
  const { open, post, start } = callsTo(operator);
  const { otherSubmit, page, submit } = operator;
  const isSubmit = (text: string) => text.startsWith(`POST ${submit.call.path} `);
  const retrievedService = posix.basename(operator.retrieve.call.path);
  let upstream: RawUpstream;
  let gateway: TestGateway;
  let turn: RawUpstreamTurn = () => undefined;
  before(async () => {
    upstream = await startRawUpstream((socket, text, number) => turn(socket, text, number));
    gateway = await start({
      policy: noLimits,
      path: { responseTimeoutMs: 200, responseIdleMs: 200, connectTimeoutMs: 200 },
      upstreams: [
        { system: '*', environment: '*', infrastructure: '*', endpoints: [upstream.url] },
        {
          system: otherSubmit.systemId,
          environment: '*',
          infrastructure: '*',
          endpoints: ['http://127.0.0.1:9', upstream.url],
        },
      ],
    });
  });
  after(async () => {
    await gateway.close();
    await upstream.close();
  });

  describe('an answer that is no answer', () => {
    const cases: readonly (readonly [what: string, turn: RawUpstreamTurn, code: ProblemCode, forwarded: string])[] = [
      ['that never comes', () => undefined, 'forward.response_timeout', 'yes'],
      [
        'cut before its first byte',
        (socket, text) => whole(text) && socket.end(),
        'forward.response_incomplete',
        'yes',
      ],
      [
        'reset before its first byte',
        (socket, text) => whole(text) && socket.resetAndDestroy(),
        'forward.response_incomplete',
        'yes',
      ],
      ['cut in its head', answers('HTTP/1.1 200 OK\r\nContent-Ty'), 'forward.response_incomplete', 'yes'],
      ['that is garbage', answers('\x16\x03\x01 not HTTP at all\r\n\r\n'), 'forward.invalid_response', 'yes'],
      [
        'with two lengths',
        answers(answered('200 OK\r\nContent-Length: 5\r\nContent-Length: 6', '<ok/>')),
        'forward.invalid_response',
        'yes',
      ],
      [
        'with a length beside chunks',
        answers(answered('200 OK\r\nContent-Length: 5\r\nTransfer-Encoding: chunked', '5\r\n<ok/>\r\n0\r\n\r\n')),
        'forward.invalid_response',
        'yes',
      ],
      [
        'with a folded field',
        answers(answered('200 OK\r\nX-A: b\r\n c\r\nContent-Length: 0')),
        'forward.invalid_response',
        'yes',
      ],
      ['with a status below 100', answers(answered('042 Odd\r\nContent-Length: 0')), 'forward.invalid_response', 'yes'],
      ['with a status above 599', answers(answered('999 Odd\r\nContent-Length: 0')), 'forward.invalid_response', 'yes'],
      [
        'that switches protocols',
        answers(answered('101 Switching Protocols\r\nUpgrade: h2c\r\nConnection: Upgrade')),
        'forward.invalid_response',
        'yes',
      ],
      [
        'of one interim line and then the end',
        answers(answered('103 Early Hints\r\nLink: </x>')),
        'forward.response_incomplete',
        'yes',
      ],
      [
        'with a control character in a field',
        answers(answered('200 OK\r\nX-A: a\x01b\r\nContent-Length: 0')),
        'forward.invalid_response',
        'yes',
      ],
    ];
    for (const [what, behaviour, code, forwarded] of cases)
      test(`${what} is refused with ${code}`, async () => {
        turn = behaviour;
        const answer = await gateway.call(submit.call);
        const fault = readFault(answer.body);
        assert.equal(fault?.problem.code, code);
        assert.equal(fault.problem.forwarded, forwarded);
        const record = await gateway.recordOf(answer);
        assert.equal(record.forward?.attempts, 1);
        assert.equal(record.response.defect, null);
      });
  });

  describe('a page where SOAP was due', () => {
    const logout = '<html><head><title>BIG-IP logout page</title></head><body>bye</body></html>';
    const sized = (type: string, body: string, status = '200 OK') =>
      answered(`${status}\r\nContent-Type: ${type}\r\nContent-Length: ${Buffer.byteLength(body)}`, body);
    const pages: readonly (readonly [what: string, turn: RawUpstreamTurn])[] = [
      ['declared as HTML', answers(sized('text/html', logout))],
      ['declared as XHTML', answers(sized('application/xhtml+xml', logout))],
      ['declared as HTML in capitals', answers(sized('Text/HTML; charset=utf-8', logout))],
      ['declared as HTML without a body', answers(sized('text/html', ''))],
      ['behind a redirect', answers(sized('text/html', logout, '302 Found\r\nLocation: /vdesk/hangup.php3'))],
      ['with status 500', answers(sized('text/html', logout, '500 Oops'))],
      ['declared as XML', answers(sized('text/xml', logout))],
      ['declared as nothing', answers(answered('200 OK', logout))],
      ['with a document type', answers(sized('text/xml', `<!DOCTYPE html>\n${logout}`))],
      [
        'with white space, comments and a byte order mark',
        answers(sized('text/xml', `\xef\xbb\xbf \r\n<!-- a --><!-- b -->\n${logout}`)),
      ],
      [
        'as XHTML behind an XML declaration',
        answers(
          sized(
            'text/xml',
            `<?xml version="1.0"?>\n<!DOCTYPE html PUBLIC "-//W3C//DTD XHTML 1.0 Strict//EN" "x">${logout}`,
          ),
        ),
      ],
      ['with an HTML prefix of its own', answers(sized('text/xml', '<HTML lang="en"><body/></HTML>'))],
      ['that begins with its head', answers(sized('text/xml', '<head><title>x</title></head>'))],
      ['that begins with its body', answers(sized('text/xml', '<body onload="x">'))],
      [
        'that comes one byte at a time',
        (socket, text) => {
          if (!whole(text)) return;
          socket.setNoDelay(true);
          const bytes = sized('text/xml', logout);
          let at = 0;
          const drip = setInterval(() => {
            const next = at + (at < 60 ? 60 : 1);
            socket.write(bytes.slice(at, next));
            at = next;
            if (at >= bytes.length) clearInterval(drip);
          }, 1);
        },
      ],
    ];
    for (const [what, behaviour] of pages)
      test(`${what} is withheld from a program`, async () => {
        turn = behaviour;
        const answer = await gateway.call();
        assert.equal(readFault(answer.body)?.problem.code, 'forward.html_answer', `${answer.status} ${answer.body}`);
        assert.doesNotMatch(answer.body, /BIG-IP|<html/i);
      });

    test('reaches a browser at a page host', async () => {
      turn = answers(sized('text/html', logout));
      const answer = await gateway.call(page.call);
      assert.equal(answer.body, logout);
    });

    test('is not seen in XML that only speaks of HTML', async () => {
      const xml = '<report><!-- <html> --><html>inside</html></report>';
      turn = answers(sized('text/xml', xml));
      assert.equal((await gateway.call()).body, xml);
    });

    test('is not seen in an empty answer without a type', async () => {
      turn = answers(answered('200 OK\r\nContent-Length: 0'));
      assert.equal((await gateway.call()).status, 200);
    });
  });

  describe('an answer that breaks off', () => {
    for (const [what, behaviour] of [
      ['cut', answers(answered('200 OK\r\nContent-Type: text/xml\r\nContent-Length: 5000', '<report>'))],
      [
        'reset',
        (socket, text) => {
          if (!whole(text)) return;
          socket.write(answered('200 OK\r\nContent-Type: text/xml\r\nContent-Length: 5000', '<report>'));
          setImmediate(() => socket.resetAndDestroy());
        },
      ],
      [
        'cut between chunks',
        answers(answered('200 OK\r\nContent-Type: text/xml\r\nTransfer-Encoding: chunked', '8\r\n<report>\r\n')),
      ],
      ['stalled', answers(answered('200 OK\r\nContent-Type: text/xml\r\nContent-Length: 5000', '<report>'), false)],
    ] as readonly (readonly [string, RawUpstreamTurn])[])
      test(`because it is ${what} never looks whole to the caller`, async () => {
        turn = behaviour;
        const records = gateway.records.length;
        const caller = await open(gateway);
        caller.write(post(soapRequest));
        await assert.rejects(caller.answer());
        await gateway.recorded(records + 1);
        assert.equal(gateway.records.at(-1)?.response.complete, false);
        assert.equal(gateway.records.at(-1)?.response.defect, null);
      });
  });

  describe('answers without a body', () => {
    for (const status of ['204 No Content', '304 Not Modified'])
      test(`${status} passes`, async () => {
        turn = answers(answered(`${status}\r\nETag: "1"`));
        const answer = await gateway.call();
        assert.equal(String(answer.status), status.slice(0, 3));
        assert.equal(answer.fields.etag, '"1"');
      });

    test('HEAD passes with its length and without a body', async () => {
      turn = answers(answered('200 OK\r\nContent-Type: text/html\r\nContent-Length: 75'));
      const answer = await gateway.call({ ...page.call, method: 'HEAD' });
      assert.equal(answer.status, 200);
      assert.equal(answer.fields['content-length'], '75');
    });

    test('interim answers are not passed on', async () => {
      turn = answers(`${answered('103 Early Hints\r\nLink: </x>')}${ok}`);
      const caller = await open(gateway);
      caller.write(post(soapRequest));
      assert.equal((await caller.answer()).status, 200);
      caller.destroy();
    });
  });

  describe('fields of an answer', () => {
    test('of one hop and of ours are dropped, repeated ones are kept', async () => {
      turn = answers(
        answered(
          '200 OK\r\nContent-Type: text/xml\r\nContent-Length: 5\r\nConnection: close, X-Hop\r\nX-Hop: 1\r\nKeep-Alive: 5\r\nHeadgate-Exchange: forged\r\nProxy-Status: forged\r\nSet-Cookie: a=1\r\nSet-Cookie: b=2',
          '<ok/>',
        ),
      );
      const answer = await gateway.call();
      assert.equal(answer.fields['x-hop'], undefined);
      assert.equal(answer.fields['proxy-status'], undefined);
      assert.notEqual(answer.fields['headgate-exchange'], 'forged');
      assert.deepEqual(answer.fields['set-cookie'], ['a=1', 'b=2']);
    });
  });

  describe('a kept-alive connection that the back end closes as it is used', () => {
    const closing: RawUpstreamTurn = (socket, text, number) => {
      if (!whole(text)) return;
      const requests = text.split('POST ').length - 1;
      if (requests === 1) socket.write(ok);
      else socket.destroy();
      closed.add(number);
    };
    const closed = new Set<number>();

    test('costs a retrieve nothing: it is sent again on another', async () => {
      turn = closing;
      const connections = upstream.connections();
      assert.equal((await gateway.call()).status, 200);
      const second = await gateway.call();
      assert.equal(second.status, 200);
      const record = await gateway.recordOf(second);
      assert.equal(record.forward?.attempts, 2);
      assert.ok(upstream.connections() > connections);
    });

    test('costs a submit its answer: it is never sent twice', async () => {
      turn = closing;
      let answer = await gateway.call(submit.call);
      if (answer.status === 200) answer = await gateway.call(submit.call);
      const fault = readFault(answer.body);
      assert.equal(fault?.problem.code, 'forward.response_incomplete');
      assert.match(fault.text, /may have been carried out/);
      const record = await gateway.recordOf(answer);
      assert.equal(record.forward?.attempts, 1);
      const marked = upstream.received.filter((text) => text.includes(record.exchange));
      assert.equal(marked.length, 1);
    });
  });

  describe('a connection that the back end closes', () => {
    test('though it is new costs a retrieve its answer too: nobody knows that it was not carried out', async (t) => {
      const heads: string[] = [];
      const fresh = await startRawUpstream((socket, text) => {
        if (!whole(text)) return;
        heads.push(text);
        if (heads.length === 1) socket.destroy();
        else socket.write(ok);
      });
      t.after(() => fresh.close());
      const gateway = await start({
        policy: noLimits,
        upstreams: [{ system: '*', environment: '*', infrastructure: '*', endpoints: [fresh.url] }],
      });
      t.after(() => gateway.close());
      const answer = await gateway.call();
      assert.equal(readFault(answer.body)?.problem.code, 'forward.response_incomplete');
      assert.equal(readFault(answer.body)?.problem.forwarded, 'yes');
      assert.equal(heads.length, 1);
      const record = await gateway.recordOf(answer);
      assert.equal(record.forward?.attempts, 1);
      assert.equal(record.forward?.reusedConnection, false);
    });

    test('costs a retrieve its answer when its body was streamed: it cannot be sent twice', async (t) => {
      let requests = 0;
      const closing = await startRawUpstream((socket, text) => {
        if (whole(text) && text.split('POST ').length === 2) socket.write(ok);
        // The second request of a connection ends it, at its head.
        if (text.split('POST ').length === 3) socket.destroy();
        requests = Math.max(requests, text.split('POST ').length - 1);
      });
      t.after(() => closing.close());
      const gateway = await start({
        policy: noLimits,
        upstreams: [{ system: '*', environment: '*', infrastructure: '*', endpoints: [closing.url] }],
      });
      t.after(() => gateway.close());
      assert.equal((await gateway.call()).status, 200);
      const answer = await gateway.call({ body: soapRequest + ' '.repeat(200_000) });
      assert.equal(readFault(answer.body)?.problem.code, 'forward.response_incomplete');
      const record = await gateway.recordOf(answer);
      assert.equal(record.forward?.attempts, 1);
      assert.equal(record.forward?.reusedConnection, true);
      assert.equal(closing.connections(), 1);
      assert.equal(requests, 2);
    });
  });

  describe('an answer that comes slowly', () => {
    test('is waited for as long as no pause in it is too long', async () => {
      turn = (socket, text) => {
        if (!whole(text)) return;
        const pieces = 12;
        socket.write(answered(`200 OK\r\nContent-Type: text/xml\r\nContent-Length: ${pieces + 4}`, '<ok/'));
        let sent = 0;
        // Together far longer than responseIdleMs, each far shorter.
        const drip = setInterval(() => {
          sent += 1;
          socket.write(sent === pieces ? '>' : ' ');
          if (sent === pieces) clearInterval(drip);
        }, 30);
      };
      const answer = await gateway.call();
      assert.equal(answer.status, 200);
      assert.equal(answer.body, `<ok/${' '.repeat(11)}>`);
    });
  });

  describe('an endpoint that does not accept', () => {
    test('is passed over for the next, also for a submit: nothing was sent', async () => {
      turn = answers(ok);
      for (let at = 0; at < 2; at += 1) {
        const answer = await gateway.call(otherSubmit.call);
        assert.equal(answer.status, 200, answer.body);
      }
    });
  });

  describe('an endpoint that is busy', () => {
    test('for longer than the wait is refused with forward.connect_timeout, and nothing was forwarded', async (t) => {
      const [held, arrived] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()];
      const narrow = await start({
        policy: noLimits,
        path: { upstreamConnectionsMax: 1, connectTimeoutMs: 400, responseTimeoutMs: 5_000 },
        answer: (_request, response) => {
          arrived.resolve();
          void held.promise.then(() => response.end('<ok/>'));
        },
      });
      t.after(() => narrow.close());
      const first = narrow.call(submit.call);
      await arrived.promise;
      const second = await narrow.call(submit.call);
      assert.equal(readFault(second.body)?.problem.code, 'forward.connect_timeout');
      assert.equal(readFault(second.body)?.problem.forwarded, 'no');
      held.resolve();
      assert.equal((await first).status, 200);
      assert.equal(narrow.upstream.received.length, 1);
    });
  });

  describe('an answer that comes before the request was sent whole', () => {
    test('is passed on, and the rest of the body never mixes with the next request', async () => {
      const seen: string[] = [];
      turn = (socket, text, number) => {
        seen[number] = text;
        if (isSubmit(text) && !text.includes('answered')) {
          // Answers at the head, then reads nothing for a while, so that the gateway must wait to send on.
          if (text.length < 70_000) socket.write(ok);
          socket.pause();
          setTimeout(() => socket.resume(), 20);
        } else if (whole(text)) socket.write(ok);
      };
      const size = 1_000_000;
      const caller = await open(gateway);
      caller.write(post(soapRequest, { path: submit.call.path, fields: { 'Content-Length': String(size) } }));
      caller.write(' '.repeat(100_000));
      const early = await caller.answer();
      assert.equal(early.status, 200);
      caller.write(' '.repeat(size - 100_000 - soapRequest.length));
      const next = await Promise.all(Array.from({ length: 5 }, () => gateway.call()));
      for (const answer of next) assert.equal(answer.status, 200, answer.body);
      for (const text of seen.filter((each) => each !== undefined && isSubmit(each)))
        assert.ok(!text.includes(retrievedService), text.slice(0, 500));
      caller.destroy();
    });
  });
}
