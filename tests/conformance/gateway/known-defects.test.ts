// Defects that others had, by their numbers: each attack costs its sender one answer or one connection, and nothing of it comes
// through. What is not listed here is in the table of tests/conformance/README.md.
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { type AddressInfo, connect, createServer as createTcpServer } from 'node:net';
import { posix } from 'node:path';
import { after, afterEach, before, describe, test } from 'node:test';
import { connect as connectTls, createServer as createTlsServer, type TLSSocket } from 'node:tls';
import { readFault } from '@headgate/soap';
import { type RawAnswer, soapAnswer, soapRequest, type TestGateway } from '@headgate/testkit';
import { callsTo, noLimits } from './calls.ts';
import { type Operator, operators } from './operators.ts';

/** The first bytes of a handshake that names `serverName`. */
async function clientHello(serverName: string): Promise<Buffer> {
  const ear = createTcpServer().listen(0, '127.0.0.1');
  await once(ear, 'listening');
  const caller = connectTls({ host: '127.0.0.1', port: (ear.address() as AddressInfo).port, servername: serverName });
  caller.on('error', () => undefined);
  const [socket] = (await once(ear, 'connection')) as [import('node:net').Socket];
  const [hello] = (await once(socket, 'data')) as [Buffer];
  socket.destroy();
  caller.destroy();
  ear.close();
  return hello;
}

for (const operator of operators) describe(`at ${operator.name}`, () => withstandsAt(operator));

function withstandsAt(operator: Operator): void {
  const { open, post, start } = callsTo(operator);
  const { host, path } = operator.retrieve.call;
  const size = Buffer.byteLength(soapRequest);
  const hidden = `POST ${operator.otherSubmit.call.path} HTTP/1.1\r\nHost: ${host}\r\nX-Hidden: yes\r\n\r\n`;
  let gateway: TestGateway;
  before(async () => {
    gateway = await start({ policy: noLimits });
  });
  after(() => gateway.close());
  afterEach(async () => {
    gateway.upstream.answerWith(soapAnswer);
    assert.equal((await gateway.call({ source: '127.0.9.9' })).status, 200, 'a bystander is served');
    assert.ok(!gateway.notices.some(({ kind }) => kind === 'connection-defect'));
    assert.ok(gateway.records.every(({ response }) => response.defect === null));
    assert.ok(!gateway.upstream.received.some(({ fields }) => fields['x-hidden'] !== undefined));
  });

  const said = async (bytes: string): Promise<RawAnswer> => {
    const caller = await open(gateway);
    caller.write(bytes);
    const answer = await caller.answer();
    caller.destroy();
    return answer;
  };
  const codeOf = ({ body }: RawAnswer): string | undefined =>
    body.startsWith('{') ? (JSON.parse(body) as { code: string }).code : readFault(body)?.problem.code;
  const lastSent = () => gateway.upstream.received.at(-1);

  describe('names of fields', () => {
    test('that every object has are names like others, and arrive (CVE-2026-21710)', async () => {
      const names = [
        '__proto__',
        'constructor',
        'prototype',
        'toString',
        'hasOwnProperty',
        'valueOf',
        '__defineGetter__',
      ];
      const plain = names.filter((name) => !name.includes('_'));
      assert.equal(
        (await said(post(soapRequest, { fields: Object.fromEntries(names.map((name) => [name, 'x'])) }))).status,
        200,
      );
      const sent = lastSent()?.rawFields.map((text) => text.toLowerCase()) ?? [];
      for (const name of plain) assert.ok(sent.includes(name.toLowerCase()), name);
      // A back end may read an underscore as a hyphen.
      assert.ok(!sent.some((text) => text.includes('_')));
      assert.equal(({} as Record<string, unknown>).x, undefined);
    });

    test('that are indices of an array, or share a hash, cost what others cost (CVE-2026-21717)', async () => {
      const indices = Object.fromEntries(Array.from({ length: 80 }, (_, at) => [`${at * 1_024}`, 'x']));
      assert.equal((await said(post(soapRequest, { fields: indices }))).status, 200);
      for (const name of Object.keys(indices)) assert.equal(lastSent()?.fields[name], 'x');
      // 'Aa' and 'BB' share the hash of most tables: so do all that are made of them.
      const pairs = Array.from({ length: 64 }, (_, at) =>
        Array.from({ length: 6 }, (_each, bit) => ((at >> bit) & 1 ? 'Aa' : 'BB')).join(''),
      );
      const sameHash = Object.fromEntries(pairs.map((name, at) => [name, `${at}`]));
      for (let round = 0; round < 2; round += 1) {
        assert.equal((await said(post(soapRequest, { fields: sameHash }))).status, 200);
        for (const [at, name] of pairs.entries()) {
          const { rawFields } = lastSent() ?? { rawFields: [] };
          const values = rawFields.flatMap((text, index) =>
            index % 2 === 0 && text.toLowerCase() === name.toLowerCase() ? [rawFields[index + 1]] : [],
          );
          assert.ok(values.join(',').split(', ').join(',').includes(`${at}`), name);
        }
      }
    });

    test('of 256 bytes and more hide no length (CVE-2021-40346)', async () => {
      for (const more of [255, 256, 270, 65_000]) {
        const name = `Content-Length0${'a'.repeat(more)}`;
        const answer = await said(
          post('', { fields: { [name]: '', 'Content-Length': String(hidden.length) } }) + hidden + post(soapRequest),
        );
        assert.ok(answer.status >= 400, `${more}: ${answer.status}`);
      }
    });

    test('are a hundred at most: one more is refused', async () => {
      const own = 3; // Host, Content-Type, Content-Length.
      const fields = (count: number) => Object.fromEntries(Array.from({ length: count }, (_, at) => [`x-${at}`, '1']));
      assert.equal((await said(post(soapRequest, { fields: fields(100 - own) }))).status, 200);
      assert.equal(codeOf(await said(post(soapRequest, { fields: fields(101 - own) }))), 'listener.header_too_large');
    });

    test('of ours come from us alone, whoever else sends them (CVE-2024-45806)', async () => {
      const forged = { 'Client-Cert': 'forged', 'X-Forwarded-For': 'forged', 'Headgate-Exchange': 'forged' };
      await said(post(soapRequest, { fields: forged }));
      assert.ok(!lastSent()?.rawFields.includes('forged'));
    });

    test('of ours stay, though Connection names them (CVE-2022-1388)', async () => {
      await said(post(soapRequest, { fields: { Connection: 'keep-alive, Client-Cert, CT-Remote-User, Host' } }));
      assert.equal(lastSent()?.fields.host, host);
      assert.notEqual(lastSent()?.fields['client-cert'], undefined);
    });
  });

  describe('framing', () => {
    for (const [what, bytes] of [
      [
        'an empty field name (CVE-2023-25725)',
        post('', { fields: { '': 'x', 'Content-Length': String(hidden.length) } }),
      ],
      ['an empty Content-Length (CVE-2023-40225)', post('', { fields: { 'Content-Length': '' } })],
      ['a fragment in the target (CVE-2023-45539)', post('', { path: `${path}#.png` })],
    ] as const)
      test(`with ${what} is refused, and what is behind it is no request`, async () => {
        assert.equal((await said(bytes + hidden)).fields.get('connection'), 'close');
      });

    test('by an upgrade opens no tunnel (CVE-2024-23326)', async () => {
      const caller = await open(gateway);
      caller.write(post(soapRequest, { fields: { Connection: 'Upgrade', Upgrade: 'websocket' } }));
      assert.equal((await caller.answer()).status, 200);
      assert.equal(lastSent()?.fields.upgrade, undefined);
      caller.write('not HTTP at all\r\n\r\n');
      assert.equal((await caller.answer()).status, 400);
      caller.destroy();
    });

    test('in 200,000 chunks of one byte comes to its end, and a neighbour is served meanwhile', async () => {
      const tail = 200_000;
      const caller = await open(gateway);
      caller.write(post('', { fields: { 'Content-Length': null, 'Transfer-Encoding': 'chunked' } }));
      caller.write(`${size.toString(16)}\r\n${soapRequest}\r\n${'1\r\n \r\n'.repeat(tail)}0\r\n\r\n`);
      assert.equal((await gateway.call({ source: '127.0.9.9' })).status, 200);
      assert.equal((await caller.answer()).status, 200);
      caller.destroy();
      assert.ok(gateway.upstream.received.some(({ body }) => body.byteLength === size + tail));
    });
  });

  describe('codings of an answer', () => {
    test('are a chain of thousand, and undone by nobody here (CVE-2026-22036)', async () => {
      const chain = Array.from({ length: 1_000 }, () => 'gzip').join(', ');
      gateway.upstream.answerWith((_request, response) => {
        response.writeHead(200, { 'content-type': 'text/xml', 'content-encoding': chain });
        response.end('\x1f\x8b no gzip');
      });
      const answer = await said(post(soapRequest));
      assert.equal(answer.status, 200);
      assert.equal(answer.fields.get('content-encoding'), chain);
    });
  });

  describe('paths', () => {
    const folder = posix.dirname(path);
    for (const [what, target] of [
      ['of another product’s control plane (CVE-2020-5902)', '/tmui/login.jsp/..;/tmui/locallb/workspace/fileRead.jsp'],
      ['of another product’s control plane (CVE-2023-46747)', '/tmui/login.jsp'],
      ['of another product’s control plane (CVE-2022-1388)', '/mgmt/tm/util/bash'],
      ['with a parameter behind two dots, which servlets read as two dots', `${folder}/..;/${posix.basename(path)}`],
      ['with a parameter behind two dots and a name', `${folder}/..;a=b/${posix.basename(path)}`],
      [
        'with two dots behind a service that is served',
        `${path}/..;/..;/${posix.basename(folder)}/${posix.basename(path)}`,
      ],
      ['with two dots and a parameter at its end', `${path}/..;x`],
      ['with a parameter behind one dot', `${folder}/.;/${posix.basename(path)}`],
    ] as const)
      test(`${what} lead nowhere: ${target.slice(0, 60)}`, async () => {
        const received = gateway.upstream.received.length;
        const code = codeOf(await said(post(soapRequest, { path: target })));
        assert.equal(code, /\.;/.test(target) ? 'listener.malformed_request' : 'route.not_found');
        assert.equal(gateway.upstream.received.length, received);
      });

    test('with a parameter behind two dots are refused where pages are served, too', async () => {
      const { call } = operator.page;
      const received = gateway.upstream.received.length;
      const answer = await gateway.call({ ...call, path: `${posix.join(call.path, 'a')}/..;/b` });
      assert.equal(answer.status, 400);
      assert.equal(gateway.upstream.received.length, received);
      assert.equal((await gateway.call({ ...call, path: `${posix.join(call.path, 'a')}..;/.b;/b` })).status, 200);
    });
  });

  describe('handshakes', () => {
    for (const [what, name] of [
      ['NUL bytes', '\0'.repeat(24)],
      ['bytes above ASCII', '\xff'.repeat(24)],
      ['line ends', '\r\n'.repeat(12)],
      ['dots alone', '.'.repeat(24)],
      ['spaces', ' '.repeat(24)],
      ['a path', '../../../etc/passwd/../.'],
    ] as const)
      test(`whose server name is made of ${what} cost one connection (CVE-2026-21637)`, async () => {
        const plain = `${'a'.repeat(name.length - 8)}.example`;
        const hello = await clientHello(plain);
        const at = hello.indexOf(plain);
        assert.notEqual(at, -1);
        hello.write(name, at, 'latin1');
        const socket = connect(gateway.port, '127.0.0.1');
        socket.on('error', () => undefined);
        socket.write(hello);
        const [said] = await Promise.race([once(socket, 'data'), once(socket, 'close')]);
        assert.notEqual(said, undefined);
        socket.destroy();
      });

    test('that offer HTTP/2 get HTTP/1.1, or nothing (CVE-2023-44487, CVE-2024-27316)', async () => {
      const offer = async (ALPNProtocols: string[]): Promise<string | false | null> => {
        const socket: TLSSocket = connectTls({
          host: '127.0.0.1',
          port: gateway.port,
          servername: host,
          ALPNProtocols,
          ca: gateway.authority.trustBundlePem('current', 'server').anchorsPem,
        });
        await once(socket, 'secureConnect');
        const chosen = socket.alpnProtocol;
        socket.destroy();
        return chosen;
      };
      assert.equal(await offer(['h2', 'http/1.1']), 'http/1.1');
      await assert.rejects(offer(['h2']));
      await assert.rejects(offer(['\0'.repeat(200)]));
    });
  });
}

test('a throw in a callback of TLS costs one connection on this Node, not the process (CVE-2026-21637)', async () => {
  const thrown = new Error('a defect of ours');
  const fail = () => {
    throw thrown;
  };
  for (const callback of [{ SNICallback: fail }, { ALPNCallback: fail }]) {
    const server = createTlsServer(callback).listen(0, '127.0.0.1');
    await once(server, 'listening');
    const failed = once(server, 'tlsClientError');
    const caller = connectTls({
      host: '127.0.0.1',
      port: (server.address() as AddressInfo).port,
      servername: 'any.example',
      ALPNProtocols: ['http/1.1'],
    });
    caller.on('error', () => undefined);
    const [error] = (await failed) as [Error];
    assert.equal(error, thrown);
    caller.destroy();
    server.close();
  }
});
