// Whatever breaks a connection costs that connection: the process lives, neighbours are answered, and every exchange has one
// record. A failed promise nobody awaited would end this file.
import assert from 'node:assert/strict';
import { connect } from 'node:net';
import { posix } from 'node:path';
import { text } from 'node:stream/consumers';
import { after, afterEach, before, describe, test } from 'node:test';
import { connect as connectTls } from 'node:tls';
import { readFault } from '@headgate/soap';
import { type RawCaller, soapAnswer, soapRequest, type TestGateway } from '@headgate/testkit';
import fc from 'fast-check';
import { callsTo, noLimits } from './calls.ts';
import { type Operator, operators } from './operators.ts';

for (const operator of operators) describe(`at ${operator.name}`, () => survivesAttacksAt(operator));

function survivesAttacksAt(operator: Operator): void {
  const { open, post, start } = callsTo(operator);
  const { page } = operator;
  const { host } = operator.retrieve.call;
  const folder = posix.dirname(operator.retrieve.call.path);
  let gateway: TestGateway;
  before(async () => {
    gateway = await start({
      policy: noLimits,
      path: { bodyTimeoutMs: 300, responseTimeoutMs: 5_000, drainMs: 300, connectionsPerSourceMax: 150 },
    });
  });
  after(() => gateway.close());
  afterEach(async () => {
    gateway.upstream.answerWith(soapAnswer);
    assert.equal((await gateway.call({ source: '127.0.9.9' })).status, 200, 'a bystander is served');
    assert.deepEqual(
      gateway.notices.filter(({ kind }) => kind === 'connection-defect'),
      [],
    );
    assert.deepEqual(
      gateway.records.filter(({ response }) => response.defect !== null),
      [],
    );
    const ids = gateway.records.map(({ exchange }) => exchange);
    assert.equal(new Set(ids).size, ids.length, 'one record per exchange');
  });

  describe('a caller that goes away', () => {
    test('in the middle of its answer is recorded as such, and the upstream call is given up', async () => {
      const closed = Promise.withResolvers<void>();
      gateway.upstream.answerWith((_request, response) => {
        response.writeHead(200, { 'content-type': 'text/xml' });
        response.write('<report>');
        const more = setInterval(() => response.write('x'.repeat(65_536)), 1);
        response.on('close', () => {
          clearInterval(more);
          closed.resolve();
        });
      });
      const records = gateway.records.length;
      const caller = await open(gateway);
      caller.write(post(soapRequest));
      await new Promise((resolve) => caller.socket.once('data', resolve));
      caller.destroy();
      await gateway.recorded(records + 1);
      await closed.promise;
      assert.equal(gateway.records.at(-1)?.response.complete, false);
    });

    test('before its answer leaves one record and no upstream call behind', async () => {
      const arrived = Promise.withResolvers<void>();
      const closed = Promise.withResolvers<void>();
      gateway.upstream.answerWith((_request, response) => {
        response.on('close', closed.resolve);
        arrived.resolve();
      });
      const records = gateway.records.length;
      const caller = await open(gateway);
      caller.write(post(soapRequest));
      await arrived.promise;
      caller.reset(); // An end would leave the caller half-closed, and due its answer.
      await closed.promise;
      await gateway.recorded(records + 1);
      assert.equal(gateway.records.length, records + 1);
      assert.equal(gateway.records.at(-1)?.response.complete, false);
    });

    test('while its streamed body is forwarded leaves no upstream call behind', async () => {
      const records = gateway.records.length;
      const received = gateway.upstream.received.length;
      const caller = await open(gateway);
      caller.write(post(soapRequest, { fields: { 'Content-Length': '900000' } }));
      caller.write(' '.repeat(200_000));
      caller.destroy();
      await gateway.recorded(records + 1);
      assert.equal(gateway.records.at(-1)?.response.complete, false);
      assert.equal(gateway.upstream.received.length, received);
    });

    test('without reading a large answer is given up after the idle wait', async (t) => {
      const patient = await start({
        policy: noLimits,
        path: { sendTimeoutMs: 150 },
        answer: (_request, response) => {
          response.writeHead(200, { 'content-type': 'text/xml' });
          response.end(Buffer.alloc(32 * 1_048_576, 'x'));
        },
      });
      t.after(() => patient.close());
      const caller = await open(patient);
      caller.socket.pause();
      caller.write(post(soapRequest));
      const [record] = await patient.recorded(1);
      assert.equal(record?.response.complete, false);
      caller.destroy();
    });
  });

  describe('bytes that are no handshake', () => {
    for (const [what, bytes] of [
      ['nothing', ''],
      ['plain HTTP', `GET / HTTP/1.1\r\nHost: ${host}\r\n\r\n`],
      ['noise', '\x00\xff\x16\x03\x01\x00\x05\x01garbage'],
      ['half a hello', '\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03'],
    ] as const)
      test(`(${what}) cost one connection`, async () => {
        const socket = connect(gateway.port, '127.0.0.1');
        const { promise, resolve } = Promise.withResolvers<void>();
        socket.on('error', () => undefined);
        socket.on('close', () => resolve());
        socket.on('connect', () => {
          socket.write(bytes, 'latin1');
          socket.end();
        });
        socket.resume();
        await promise;
      });

    test('but plain HTTP are answered in words, and recorded', async () => {
      const socket = connect(gateway.port, '127.0.0.1');
      socket.on('error', () => undefined);
      socket.write(`GET ${folder} HTTP/1.1\r\nHost: ${host}\r\n\r\n`);
      const answer = await text(socket);
      assert.match(answer, /^HTTP\/1\.1 400 /);
      const problem = JSON.parse(answer.slice(answer.indexOf('\r\n\r\n'))) as Record<string, string>;
      assert.equal(problem.code, 'listener.plain_http');
      assert.match(problem.detail ?? '', new RegExp(`port ${gateway.port}`, 'i'));
      assert.match(problem.fix ?? '', /https:/);
      const record = gateway.records.find(({ exchange }) => exchange === problem.exchange);
      assert.equal(record?.response.refusal, 'listener.plain_http');
      assert.equal(record.listener.source, '127.0.0.1');
    });

    test('are noticed with source and reason', async () => {
      await assert.rejects(
        new Promise((_resolve, reject) => {
          const socket = connectTls({
            host: '127.0.0.1',
            port: gateway.port,
            maxVersion: 'TLSv1.1',
            minVersion: 'TLSv1',
            ciphers: 'ALL@SECLEVEL=0',
          });
          socket.on('error', reject);
        }),
      );
      const failed = gateway.notices.find(({ kind }) => kind === 'handshake-failed');
      assert.ok(failed?.kind === 'handshake-failed');
      assert.match(failed.source, /^127\./);
    });

    for (const serverName of [
      'a'.repeat(63),
      host.replace(/^[^.]+/, '*'),
      '__proto__',
      'constructor',
      'xn--nxasmq6b.example',
      host.toUpperCase(),
    ])
      test(`a handshake for ${serverName.slice(0, 30)} is answered`, async () => {
        const caller = await open(gateway, { serverName });
        caller.write(post(soapRequest));
        const answer = await caller.answer();
        const code = readFault(answer.body)?.problem.code;
        assert.equal(code, serverName === host.toUpperCase() ? undefined : 'identity.host_mismatch', answer.body);
        caller.destroy();
      });
  });

  describe('words that try to leave their place', () => {
    for (const [what, path] of [
      ['markup', `${folder}/<script>alert(1)</script>`],
      ['an entity', `${folder}/&amp;&xxe;`],
      ['encoded line ends', `${folder}/%0d%0aSet-Cookie:%20a=b`],
      ['a quote', `${folder}/"x"`],
      ['a CDATA end', `${folder}/]]%3E`],
    ] as const)
      test(`(${what} in the path) are quoted in SOAP, JSON and HTML alike`, async () => {
        for (const fields of [{}, { 'Content-Type': 'application/json' }] as Record<string, string>[]) {
          const caller = await open(gateway);
          caller.write(post(soapRequest, { path, fields }));
          const answer = await caller.answer();
          assert.equal(answer.fields.get('set-cookie'), undefined);
          assert.doesNotMatch(answer.body, /<script>/);
          if (answer.body.startsWith('<')) assert.ok(readFault(answer.body), answer.body);
          else assert.ok(JSON.parse(answer.body).code);
          caller.destroy();
        }
        const browser = await open(gateway, { serverName: page.call.host });
        browser.write(
          `DELETE /x HTTP/1.1\r\nHost: ${page.call.host}\r\nAccept: text/html,application/xhtml+xml\r\n\r\n`,
        );
        assert.doesNotMatch((await browser.answer()).body, /<script>/);
        browser.destroy();
      });

    test('in a content type are quoted too', async () => {
      const answer = await gateway.call({ fields: { 'content-type': 'text/x-"<b>]]>&' } });
      assert.equal(readFault(answer.body)?.problem.code, 'inspection.unsupported_content_type');
    });
  });

  describe('hostile envelopes', () => {
    const head = '<e:Envelope xmlns:e="http://schemas.xmlsoap.org/soap/envelope/">';
    for (const [what, body] of [
      [
        'an external entity',
        `<!DOCTYPE a [<!ENTITY x SYSTEM "file:///etc/passwd">]>${head}<e:Body>&x;</e:Body></e:Envelope>`,
      ],
      [
        'a billion laughs',
        `<!DOCTYPE a [<!ENTITY a "aaaaaaaaaa">${'<!ENTITY b "&a;&a;&a;">'.repeat(50)}]>${head}</e:Envelope>`,
      ],
      [
        'sixty thousand attributes',
        `${head}<e:Body ${Array.from({ length: 6_000 }, (_, at) => `a${at}=""`).join(' ')}/></e:Envelope>`,
      ],
      ['depth without end', `${head}<e:Header>${'<a>'.repeat(20_000)}`],
      ['a name without end', `${head}<e:Body><${'a'.repeat(60_000)}/></e:Body></e:Envelope>`],
      ['a processing instruction', `<?xml-stylesheet href="x"?>${head}<e:Body/></e:Envelope>`],
      ['UTF-16', Buffer.from(`\ufeff${head}<e:Body/></e:Envelope>`, 'utf16le')],
      ['NUL bytes', Buffer.alloc(1_000)],
      ['nothing', ''],
    ] as const)
      test(`with ${what} are refused, and nothing is forwarded`, async () => {
        const received = gateway.upstream.received.length;
        const answer = await gateway.call({ body });
        assert.equal(readFault(answer.body)?.problem.code, 'inspection.malformed_envelope', answer.body.slice(0, 300));
        assert.equal(gateway.upstream.received.length, received);
      });
  });

  describe('noise', () => {
    test('in any field never makes a defect, and forwards only canonical values', async () => {
      const caller = { current: await open(gateway) };
      await fc.assert(
        fc.asyncProperty(
          fc.stringMatching(/^[!#$%&'*+.^`|~0-9A-Za-z_-]{1,20}$/),
          fc.string({ unit: fc.integer({ min: 0, max: 255 }).map((code) => String.fromCharCode(code)), maxLength: 40 }),
          async (name, value) => {
            if (/^(host|content-length|content-type|transfer-encoding|connection|expect|upgrade)$/i.test(name)) return;
            const received = gateway.upstream.received.length;
            caller.current.write(post(soapRequest, { fields: { [name]: value.replaceAll('\n', '') } }));
            const answer = await caller.current.answer();
            if (answer.status === 200) {
              const sent = gateway.upstream.received[received];
              assert.ok(sent?.rawFields.every((text) => /^[\t\x20-\x7e\x80-\xff]*$/.test(text)));
              assert.equal(sent?.body.toString(), soapRequest);
            } else assert.ok(readFault(answer.body)?.problem.code?.startsWith('listener.'), answer.body);
            if (answer.fields.get('connection') === 'close') {
              caller.current.destroy();
              caller.current = await open(gateway);
            }
          },
        ),
        { numRuns: 150 },
      );
      caller.current.destroy();
    });

    test('in any target never makes a defect', async () => {
      let caller = await open(gateway);
      await fc.assert(
        fc.asyncProperty(
          fc.string({
            unit: fc.integer({ min: 33, max: 255 }).map((code) => String.fromCharCode(code)),
            maxLength: 60,
          }),
          async (tail) => {
            caller.write(post(soapRequest, { path: `${folder}/${tail}` }));
            const answer = await caller.answer();
            if (answer.status !== 200) assert.ok(readFault(answer.body)?.problem.code, answer.body);
            if (answer.fields.get('connection') === 'close') {
              caller.destroy();
              caller = await open(gateway);
            }
          },
        ),
        { numRuns: 150 },
      );
      caller.destroy();
    });

    test('instead of a request never makes a defect or costs more than its connection', async () => {
      await fc.assert(
        fc.asyncProperty(fc.uint8Array({ minLength: 1, maxLength: 300 }), async (bytes) => {
          const caller = await open(gateway);
          caller.write(bytes);
          caller.end();
          await caller.ended();
        }),
        { numRuns: 60 },
      );
    });
  });

  describe('many at once', () => {
    test('a hundred attackers of one source leave every call of a bystander answered', async () => {
      const source = '127.0.5.1';
      const attackers = await Promise.all(Array.from({ length: 100 }, () => open(gateway, { source })));
      const attack = (caller: RawCaller, at: number) => {
        const kinds = [
          () => caller.write(post('<', { fields: { 'Content-Length': '99999' } })),
          () => caller.write('GARBAGE\r\n\r\n'),
          () => caller.write(`POST ${folder}/x HTTP/1.1\r\nHo`),
          () => caller.write(post('', { fields: { 'Content-Length': '9000000000' } }) + ' '.repeat(500_000)),
          () => caller.write(post(soapRequest).repeat(20)),
          () => caller.destroy(),
        ];
        kinds[at % kinds.length]?.();
      };
      attackers.forEach(attack);
      const answers = await Promise.all(Array.from({ length: 50 }, () => gateway.call({ source: '127.0.5.2' })));
      assert.deepEqual(
        answers.filter(({ status }) => status !== 200).map(({ body }) => body),
        [],
      );
      for (const caller of attackers) caller.destroy();
    });

    test('connections past the bound of a source are closed and noticed; another source connects', async () => {
      const source = '127.0.5.3';
      const opened = await Promise.all(Array.from({ length: 150 }, () => open(gateway, { source })));
      await assert.rejects(open(gateway, { source }));
      assert.ok(gateway.notices.some((notice) => notice.kind === 'connection-refused' && notice.source === source));
      assert.equal((await gateway.call({ source: '127.0.5.4' })).status, 200);
      for (const caller of opened) caller.destroy();
    });

    test('fifty pipelined requests are answered one by one, each with its record', async () => {
      const records = gateway.records.length;
      const caller = await open(gateway, { source: '127.0.5.5' });
      caller.write(post(soapRequest, { path: '/nowhere' }).repeat(50));
      for (let at = 0; at < 50; at += 1)
        assert.equal(readFault((await caller.answer()).body)?.problem.code, 'route.not_found');
      caller.destroy();
      await gateway.recorded(records + 50);
      assert.equal(gateway.records.length, records + 50);
    });

    test('a thousand pipelined requests are answered in order, each with its record', async () => {
      const records = gateway.records.length;
      const caller = await open(gateway, { source: '127.0.5.5' });
      caller.write(post(soapRequest, { path: '/nowhere' }).repeat(1_000));
      for (let at = 0; at < 1_000; at += 1) {
        assert.equal(readFault((await caller.answer()).body)?.problem.code, 'route.not_found');
      }
      caller.destroy();
      await gateway.recorded(records + 1_000);
      assert.equal(gateway.records.length, records + 1_000);
    });
  });

  describe('a response that an upstream splits', () => {
    test('keeps its field a field: what follows is body, or the answer is refused', async () => {
      gateway.upstream.answerWith((_request, response) => {
        response.socket?.end(
          'HTTP/1.1 200 OK\r\nX-A: a\r\nContent-Length: 5\r\n\r\n<ok/>HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nevil',
          'latin1',
        );
      });
      const first = await gateway.call();
      assert.equal(first.body, '<ok/>');
      gateway.upstream.answerWith(soapAnswer);
      assert.doesNotMatch((await gateway.call()).body, /evil/);
    });
  });
}
