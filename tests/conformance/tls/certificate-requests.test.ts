// Who is asked for a certificate in the handshake: by the host that it names, and nobody where no address wants one. A browser
// that is asked shows its user a choice, so that pages for everybody must not ask.
import assert from 'node:assert/strict';
import { cp, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import type { TLSSocket } from 'node:tls';
import {
  caisoCatalogue,
  exampleCatalogue,
  fakeClock,
  openRawCaller,
  startTestGateway,
  type TestGateway,
  type TestGatewayOptions,
} from '@headgate/testkit';
import { noLimits } from '../gateway/calls.ts';
import { clientHello, exchangeHello, inRecords } from './client-hello.ts';

const certificateRequest = 13;

/** Whether a TLS 1.2 handshake that names `serverName` is asked for a certificate: there it is said in clear. */
async function isAsked({ port }: TestGateway, serverName: string | null): Promise<boolean> {
  const hello = clientHello({ serverNames: serverName === null ? null : [serverName] });
  const { messages, alert } = await exchangeHello(port, [inRecords(hello)]);
  assert.equal(alert, null);
  assert.deepEqual(messages.slice(0, 3), [2, 11, 12]);
  return messages.includes(certificateRequest);
}

const start = (options: TestGatewayOptions) => startTestGateway({ policy: noLimits, ...options });

describe('a handshake', () => {
  let gateway: TestGateway;
  before(async () => {
    gateway = await start({
      catalogue: exampleCatalogue,
      clock: fakeClock(Date.UTC(2026, 2, 2, 12)),
      hosts: ['api.grid.example.net', 'desk.grid.example.net', 'data.grid.example.net', 'gate.grid.example.net'],
      plainHosts: ['plain.example.net'],
      clientCertificates: { 'gate.grid.example.net': 'none' },
      echo: { environments: ['live'] },
    });
  });
  after(() => gateway.close());

  for (const [what, serverName, asked] of [
    ['a host whose addresses require one', 'api.grid.example.net', true],
    ['a host with addresses of both kinds', 'desk.grid.example.net', true],
    ['a host without an address that wants one', 'data.grid.example.net', false],
    ['the same host in capitals', 'DATA.Grid.Example.NET', false],
    ['the same host with a dot at its end', 'data.grid.example.net.', false],
    ['a host of which the configuration says none', 'gate.grid.example.net', false],
    ['a host that is not served', 'unknown.example.net', false],
    ['no host', null, true],
  ] as const)
    test(`that names ${what} is ${asked ? '' : 'not '}asked for a certificate`, async () => {
      assert.equal(await isAsked(gateway, serverName), asked);
    });

  for (const [host, offered] of [
    ['data.grid.example.net', false],
    ['desk.grid.example.net', true],
  ] as const)
    test(`in TLS 1.3 with ${host} brings ${offered ? 'the' : 'no'} certificate of a caller that has one`, async () => {
      const answer = await gateway.call({ host, path: '/headgate/echo', method: 'GET' });
      const seen = JSON.parse(answer.body) as { tls: { version: string }; certificate: { subject: string | null } };
      assert.equal(seen.tls.version, 'TLSv1.3');
      assert.equal(seen.certificate.subject, offered ? gateway.user.subject : null);
    });
});

test('a handshake with OASIS asks no browser for a certificate, and one with a web service does', async (t) => {
  const gateway = await start({ catalogue: caisoCatalogue, hosts: ['ws.prod.caiso.com', 'oasis.caiso.com'] });
  t.after(() => gateway.close());
  assert.equal(await isAsked(gateway, 'oasis.caiso.com'), false);
  assert.equal(await isAsked(gateway, 'ws.prod.caiso.com'), true);
});

test('handshakes from a reload on ask for what the catalogue then says', async (t) => {
  const folder = await mkdtemp(join(tmpdir(), 'headgate-asks-'));
  t.after(() => rm(folder, { recursive: true }));
  await cp(exampleCatalogue, folder, { recursive: true });
  const gateway = await start({
    catalogue: folder,
    clock: fakeClock(Date.UTC(2026, 2, 2, 12)),
    hosts: ['data.grid.example.net'],
    plainHosts: ['plain.example.net'],
  });
  t.after(() => gateway.close());
  assert.equal(await isAsked(gateway, 'data.grid.example.net'), false);
  const file = join(folder, 'catalogue.yaml');
  await writeFile(file, (await readFile(file, 'utf8')).replaceAll('certificate: none', 'certificate: requested'));
  await gateway.running.reload();
  assert.equal(await isAsked(gateway, 'data.grid.example.net'), true);
});

for (const threads of [1, 2])
  for (const tlsVersion of ['TLSv1.2', 'TLSv1.3'] as const)
    test(`a session of before its host asked is not resumed: its caller shows a certificate at once (${tlsVersion}, threads: ${threads})`, async (t) => {
      const host = 'data.grid.example.net';
      const folder = await mkdtemp(join(tmpdir(), 'headgate-asks-'));
      t.after(() => rm(folder, { recursive: true }));
      await cp(exampleCatalogue, folder, { recursive: true });
      const gateway = await start({
        catalogue: folder,
        threads,
        clock: fakeClock(Date.now()),
        hosts: [host],
        plainHosts: ['plain.example.net'],
      });
      t.after(() => gateway.close());
      const ask = async (session?: Buffer) => {
        const caller = await openRawCaller(gateway, { serverName: host, tlsVersion, ...(session && { session }) });
        const socket = caller.socket as TLSSocket;
        let kept: Buffer | undefined = socket.getSession();
        socket.on('session', (fresh: Buffer) => {
          kept = fresh;
        });
        caller.write(`GET /feed/day-ahead HTTP/1.1\r\nHost: ${host}\r\n\r\n`);
        const { status } = await caller.answer();
        const said = { status, isResumed: socket.isSessionReused() };
        caller.destroy();
        return { said, session: kept };
      };
      const { session } = await ask();
      assert.deepEqual((await ask(session)).said, { status: 200, isResumed: true });
      const file = join(folder, 'catalogue.yaml');
      await writeFile(file, (await readFile(file, 'utf8')).replaceAll('certificate: none', 'certificate: required'));
      await gateway.running.reload();
      const { said, session: next } = await ask(session);
      assert.deepEqual(said, { status: 200, isResumed: false });
      await gateway.running.reload();
      assert.deepEqual((await ask(next)).said, { status: 200, isResumed: true });
    });

test('where every host asked until a reload, a host that then wants none is not asked any more', async (t) => {
  const folder = await mkdtemp(join(tmpdir(), 'headgate-asks-'));
  t.after(() => rm(folder, { recursive: true }));
  await cp(exampleCatalogue, folder, { recursive: true });
  const file = join(folder, 'catalogue.yaml');
  const text = await readFile(file, 'utf8');
  await writeFile(file, text.replaceAll('certificate: none', 'certificate: requested'));
  const hosts = ['data.grid.example.net', 'api.grid.example.net'];
  const gateway = await start({ catalogue: folder, clock: fakeClock(Date.UTC(2026, 2, 2, 12)), hosts });
  t.after(() => gateway.close());
  for (const name of [...hosts, 'unknown.example.net']) assert.equal(await isAsked(gateway, name), true, name);
  await writeFile(file, text);
  await gateway.running.reload();
  for (const [name, asked] of [
    ['data.grid.example.net', false],
    ['api.grid.example.net', true],
    ['unknown.example.net', false],
  ] as const)
    assert.equal(await isAsked(gateway, name), asked, name);
});

test('where every host asks, a handshake with a host that is not served is asked too, until one of them asks no more', async (t) => {
  const hosts = ['api.grid.example.net', 'gate.grid.example.net'];
  const gateway = await start({ catalogue: exampleCatalogue, hosts });
  t.after(() => gateway.close());
  for (const name of [...hosts, 'unknown.example.net', null])
    assert.equal(await isAsked(gateway, name), true, `${name}`);
  const clientCertificates = { 'gate.grid.example.net': 'none' } as const;
  const other = await start({ catalogue: exampleCatalogue, hosts, clientCertificates });
  t.after(() => other.close());
  for (const [name, asked] of [
    ['api.grid.example.net', true],
    ['gate.grid.example.net', false],
    ['unknown.example.net', false],
    [null, true],
  ] as const)
    assert.equal(await isAsked(other, name), asked, `${name}`);
});
