// Rotation under load: server certificates and keys, user authorities and provisioning change by file and apply. No call is lost,
// and once apply returned the very next exchange of every thread, on live and on resumed connections, is judged by the new data.
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { writeFile } from 'node:fs/promises';
import { Agent } from 'node:https';
import { join } from 'node:path';
import { describe, type TestContext, test } from 'node:test';
import type { TLSSocket } from 'node:tls';
import { askGateway } from '@headgate/gateway';
import { readCertificate, type TestUser } from '@headgate/pki';
import { readFault } from '@headgate/soap';
import { fakeClock, type RawCaller, soapRequest, type TestGateway, type TestTrust } from '@headgate/testkit';
import { callsTo, noLimits } from './calls.ts';
import { type Operator, operators } from './operators.ts';

const threads = 3;
const bothCount: TestTrust = { legacy: { from: 'done', until: 'tbd' }, current: { from: 'done', until: 'tbd' } };
const legacyGone: TestTrust = { ...bothCount, legacy: { from: 'done', until: 'done' } };

for (const operator of operators) describe(`at ${operator.name}`, () => rotatesAt(operator));

function rotatesAt(operator: Operator): void {
  const { open, post, start } = callsTo(operator);

  /** A gateway of several threads, and a caller whose authority, rights and server change beneath it. */
  async function startRotating(t: TestContext) {
    const gateway = await start({
      threads,
      policy: noLimits,
      clock: fakeClock(Date.now()),
      trust: bothCount,
      provisioning: provisioningOf(operator, ['ALPHAx0001', 'BRAVOx0002']),
    });
    t.after(() => gateway.close());
    return { gateway, old: await gateway.authority.user('legacy', { name: 'BRAVOx0002', organisation: 'CAISO' }) };
  }

  const ask = async (caller: RawCaller) => {
    caller.write(post(soapRequest));
    const answer = await caller.answer();
    return {
      status: answer.status,
      code: readFault(answer.body)?.problem.code,
      exchange: answer.fields.get('headgate-exchange'),
    };
  };

  /** Live connections of a user, one at least in every thread; the system chooses the thread. */
  async function liveInEveryThread(gateway: TestGateway, user: TestUser): Promise<readonly RawCaller[]> {
    const callers: RawCaller[] = [];
    const seen = new Set<number>();
    while (seen.size < threads) {
      const caller = await open(gateway, { user, tlsVersion: 'TLSv1.2' });
      callers.push(caller);
      const { status, exchange } = await ask(caller);
      assert.equal(status, 200);
      seen.add((await recordOf(gateway, exchange)).thread);
    }
    return callers;
  }

  async function recordOf(gateway: TestGateway, exchange: string | undefined) {
    return gateway.recordOf({ status: 0, body: '', fields: { 'headgate-exchange': exchange ?? '' } });
  }

  /** Calls of another user, without a pause, until it is told to stop; resolves with the status of each. */
  function underLoad(gateway: TestGateway) {
    const agents = Array.from({ length: 6 }, () => new Agent({ keepAlive: true, maxSockets: 1 }));
    let goesOn = true;
    const statuses: number[] = [];
    const callers = agents.map(async (agent, at) => {
      // Half of them over a connection each, which meets handshakes under way.
      while (goesOn) statuses.push((await gateway.call(at % 2 === 0 ? { agent } : {})).status);
    });
    return async () => {
      goesOn = false;
      await Promise.all(callers);
      for (const agent of agents) agent.destroy();
      return statuses;
    };
  }

  /** Applies, and asks on every live and on resumed connections at once: what each is told, with the thread and the snapshot. */
  async function applied(gateway: TestGateway, live: readonly RawCaller[], user: TestUser) {
    const [first] = live;
    assert.ok(first);
    const session = (first.socket as TLSSocket).getSession();
    assert.ok(session);
    const answer = await askGateway(gateway.config, gateway.folder, 'apply');
    assert.ok(answer.ok, JSON.stringify(answer));
    assert.deepEqual(
      answer.threads,
      Array.from({ length: threads }, (_, thread) => ({ thread, snapshot: answer.number })),
    );
    const told = await Promise.all(live.map(ask));
    const resumed = await Promise.all(
      Array.from({ length: 8 }, async () => {
        const caller = await open(gateway, { user, tlsVersion: 'TLSv1.2', session });
        const said = await ask(caller);
        caller.destroy();
        return said;
      }),
    );
    const records = await Promise.all([...told, ...resumed].map(({ exchange }) => recordOf(gateway, exchange)));
    assert.ok(records.slice(told.length).every(({ listener }) => listener.tlsResumed));
    assert.deepEqual(new Set(records.slice(0, told.length).map(({ thread }) => thread)), new Set([0, 1, 2]));
    return {
      number: answer.number,
      snapshots: new Set(records.map(({ snapshot }) => snapshot)),
      codes: new Set([...told, ...resumed].map(({ code }) => code)),
    };
  }

  test('an authority that goes, and comes back, is judged so by the very next exchange of every thread', async (t) => {
    const { gateway, old } = await startRotating(t);
    const live = await liveInEveryThread(gateway, old);
    const stop = underLoad(gateway);
    for (const [trust, code] of [
      [legacyGone, 'identity.authority_withdrawn'],
      [bothCount, undefined],
      [legacyGone, 'identity.authority_withdrawn'],
    ] as const) {
      await gateway.setTrust(trust);
      const { number, snapshots, codes } = await applied(gateway, live, old);
      assert.deepEqual([...snapshots], [number]);
      assert.deepEqual([...codes], [code]);
    }
    assert.deepEqual(new Set(await stop()), new Set([200]));
    for (const caller of live) caller.destroy();
  });

  test('a credential that is taken out of the provisioning is refused by the very next exchange of every thread', async (t) => {
    const { gateway, old } = await startRotating(t);
    const live = await liveInEveryThread(gateway, old);
    const stop = underLoad(gateway);
    for (const [names, code] of [
      [['ALPHAx0001'], 'identity.not_enrolled'],
      [['ALPHAx0001', 'BRAVOx0002'], undefined],
    ] as const) {
      await writeFile(join(gateway.folder, 'provisioning.yaml'), provisioningOf(operator, names));
      const { number, snapshots, codes } = await applied(gateway, live, old);
      assert.deepEqual([...snapshots], [number]);
      assert.deepEqual([...codes], [code]);
    }
    assert.deepEqual(new Set(await stop()), new Set([200]));
    for (const caller of live) caller.destroy();
  });

  test('a new server certificate and key are shown to the very next handshake of every thread, and live connections go on', async (t) => {
    const { gateway, old } = await startRotating(t);
    const live = await liveInEveryThread(gateway, old);
    const stop = underLoad(gateway);
    const hosts = gateway.config.listeners[0]?.hosts.map(({ name }) => name) ?? [];
    for (let turn = 0; turn < 2; turn += 1) {
      const renewed = await gateway.authority.serverChain('current', hosts);
      await writeFile(join(gateway.folder, 'server.pem'), renewed.certificatePem);
      await writeFile(join(gateway.folder, 'server.key'), renewed.keyPem);
      const { codes } = await applied(gateway, live, old);
      assert.deepEqual([...codes], [undefined]);
      const shown = new Set<number>();
      while (shown.size < threads) {
        const caller = await open(gateway, { user: old });
        const { raw } = (caller.socket as TLSSocket).getPeerCertificate();
        assert.equal(readCertificate(raw).fingerprint256, fingerprintOf(renewed.certificatePem));
        shown.add((await recordOf(gateway, (await ask(caller)).exchange)).thread);
        caller.destroy();
        await once(caller.socket, 'close');
      }
    }
    assert.deepEqual(new Set(await stop()), new Set([200]));
    for (const caller of live) caller.destroy();
  });
}

function fingerprintOf(chainPem: string): string {
  const [, base64 = ''] = /-----BEGIN CERTIFICATE-----([^-]+)-----END/.exec(chainPem) ?? [];
  return readCertificate(Buffer.from(base64, 'base64')).fingerprint256;
}

function provisioningOf({ environment }: Operator, names: readonly string[]): string {
  const right = { system: 'all', environment, channels: ['api', 'ui'], role: 'submit', scids: 'all' };
  const participants = names.map((name) => ({
    id: name.toLowerCase(),
    name,
    scids: [],
    credentials: [{ subject: `CN=${name},OU=people,O=CAISO,C=US`, environments: [environment], rights: [right] }],
  }));
  return JSON.stringify({ format: 1, participants });
}
