// Revocation lists as an operator brings them: in force without anyone doing anything, on live and on resumed connections.
import assert from 'node:assert/strict';
import { rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import type { TLSSocket } from 'node:tls';
import { type GatewayNotice, startGateway } from '@headgate/gateway';
import { fakeClock, openRawCaller, type RawCaller, rawPost, soapRequest, type TestGateway } from '@headgate/testkit';
import { callsTo, noLimits } from './calls.ts';
import { operators } from './operators.ts';
import { codeOf } from './told.ts';

for (const operator of operators) describe(`at ${operator.name}`, () => listsOf(operator));

function listsOf(operator: (typeof operators)[number]): void {
  const { host, path } = operator.retrieve.call;
  const { start } = callsTo(operator);
  const ask = async (caller: RawCaller) => {
    caller.write(rawPost(soapRequest, { path, fields: { Host: host } }));
    return caller.answer();
  };
  const listFor = (gateway: TestGateway, number: number, isRevoked: boolean, changes = {}) =>
    gateway.authority.userRevocationList('current', { number, revoked: isRevoked ? [gateway.user] : [], ...changes });
  const bring = async (gateway: TestGateway, bytes: Uint8Array, name = 'users.crl') => {
    await writeFile(join(gateway.folder, `${name}.new`), bytes);
    await rename(join(gateway.folder, `${name}.new`), join(gateway.folder, name));
  };
  /** A gateway whose only list has nobody on it. */
  const startWithList = (options: Parameters<typeof start>[0] = {}) =>
    start({
      policy: noLimits,
      crls: (authority) => ({ 'users.crl': authority.userRevocationList('current', { number: 5 }) }),
      ...options,
    });

  for (const tlsVersion of ['TLSv1.2', 'TLSv1.3'] as const)
    test(`a caller who is revoked while connected is out at the next exchange, live and resumed (${tlsVersion})`, async (t) => {
      const gateway = await startWithList();
      t.after(() => gateway.close());
      const live = await openRawCaller(gateway, { tlsVersion, serverName: host });
      let session: Buffer | undefined = (live.socket as TLSSocket).getSession();
      live.socket.on('session', (fresh: Buffer) => {
        session = fresh;
      });
      const resume = () =>
        openRawCaller(gateway, { tlsVersion, serverName: host, ...(session === undefined ? {} : { session }) });
      assert.equal((await ask(live)).status, 200);
      const resumedBefore = await resume();
      assert.equal((await ask(resumedBefore)).status, 200);
      assert.equal((resumedBefore.socket as TLSSocket).isSessionReused(), true);

      await bring(gateway, listFor(gateway, 6, true));
      assert.equal(await gateway.running.lookAtLists(), true);

      assert.equal(codeOf(await ask(live)), 'identity.certificate_revoked');
      assert.equal(codeOf(await ask(resumedBefore)), 'identity.certificate_revoked');
      const resumedAfter = await resume();
      assert.equal(codeOf(await ask(resumedAfter)), 'identity.certificate_revoked');
      assert.equal((resumedAfter.socket as TLSSocket).isSessionReused(), true);
      for (const caller of [live, resumedBefore, resumedAfter]) caller.destroy();
    });

  test('a list is in force by the timer alone, in every thread', async (t) => {
    const kit = await startWithList({ clock: fakeClock(Date.now()) });
    const turns: (() => void)[] = [];
    const notices: GatewayNotice[] = [];
    const heard = Promise.withResolvers<void>();
    const running = await startGateway({
      config: { ...kit.config, node: 'watched', threads: 2, evidence: { folder: 'evidence-watched' } },
      base: kit.folder,
      repeat: (_everyMs, work) => {
        turns.push(work);
        return { close: () => undefined };
      },
      notice(notice) {
        notices.push(notice);
        if (notice.kind === 'revocation-lists-taken') heard.resolve();
      },
    });
    t.after(async () => {
      await running.close();
      await kit.close(); // Last: it takes the folder away that the other writes its evidence into.
    });
    const { number } = running.snapshot();
    const port = running.listeners.find(({ name }) => name === 'secure')?.port ?? 0;
    const watched = { ...kit, port };
    const callers = await Promise.all(Array.from({ length: 12 }, () => openRawCaller(watched, { serverName: host })));
    for (const caller of callers) assert.equal((await ask(caller)).status, 200);
    await bring(kit, listFor(kit, 6, true));
    for (const turn of turns) turn();
    await heard.promise;
    while (running.snapshot().number === number) await new Promise(setImmediate);
    for (const caller of callers) assert.equal(codeOf(await ask(caller)), 'identity.certificate_revoked');
    for (const caller of callers) caller.destroy();
  });

  test('a list that did not change changes nothing', async (t) => {
    const gateway = await startWithList();
    t.after(() => gateway.close());
    const before = gateway.running.snapshot();
    await bring(gateway, listFor(gateway, 5, false));
    const same = await gateway.running.lookAtLists();
    assert.equal(await gateway.running.lookAtLists(), false);
    // An elliptic signature is another each time, so that only the second look finds the same bytes.
    assert.equal(gateway.running.snapshot().number, before.number + (same ? 1 : 0));
  });

  test('a broken list leaves the one before in force, also over a reload, and everything else is taken', async (t) => {
    const gateway = await startWithList();
    t.after(() => gateway.close());
    await bring(gateway, listFor(gateway, 6, true));
    assert.equal(await gateway.running.lookAtLists(), true);
    await bring(gateway, Buffer.from('no list'));
    assert.equal(await gateway.running.lookAtLists(), false);
    assert.equal(codeOf(await gateway.call()), 'identity.certificate_revoked');
    const { number } = gateway.running.snapshot();
    await gateway.running.reload();
    assert.equal(gateway.running.snapshot().number, number + 1);
    assert.equal(codeOf(await gateway.call()), 'identity.certificate_revoked');
    const told = gateway.notices.flatMap((notice) =>
      notice.kind === 'revocation-list-refused' ? [notice.sentence] : [],
    );
    assert.match(told[0] ?? '', /neither DER nor a PEM file.*The lists before it stay in force\./);
  });

  test('a list whose number goes backwards gives nobody back', async (t) => {
    const gateway = await startWithList();
    t.after(() => gateway.close());
    await bring(gateway, listFor(gateway, 6, true));
    await gateway.running.lookAtLists();
    await bring(gateway, listFor(gateway, 4, false));
    assert.equal(await gateway.running.lookAtLists(), false);
    assert.equal(codeOf(await gateway.call()), 'identity.certificate_revoked');
  });

  test('who comes off a newer list is served again', async (t) => {
    const gateway = await startWithList();
    t.after(() => gateway.close());
    await bring(gateway, listFor(gateway, 6, true, { reason: 6 }));
    await gateway.running.lookAtLists();
    assert.equal(codeOf(await gateway.call()), 'identity.certificate_revoked');
    await bring(gateway, listFor(gateway, 7, false));
    await gateway.running.lookAtLists();
    assert.equal((await gateway.call()).status, 200);
  });

  test('a reload that fails on another file does not hold a new list back', async (t) => {
    const gateway = await startWithList();
    t.after(() => gateway.close());
    await bring(gateway, listFor(gateway, 6, true));
    await rm(join(gateway.folder, 'server.key'));
    await assert.rejects(gateway.running.reload());
    assert.equal((await gateway.call()).status, 200, 'a reload is taken whole or not at all');
    assert.equal(await gateway.running.lookAtLists(), true);
    assert.equal(codeOf(await gateway.call()), 'identity.certificate_revoked');
  });

  test('where stale lists do not count, nobody is served from the end of the list on, and all are by the next list', async (t) => {
    const gateway = await startWithList({ staleCrls: 'refuse' });
    t.after(() => gateway.close());
    const caller = await openRawCaller(gateway, { serverName: host });
    assert.equal((await ask(caller)).status, 200);
    gateway.clock.advanceMs(86_400_000);
    assert.equal((await ask(caller)).status, 200);
    gateway.clock.advanceMs(1);
    assert.equal(codeOf(await ask(caller)), 'identity.revocation_unknown');
    const nextUpdateMs = gateway.clock.now() + 86_400_000;
    await bring(gateway, listFor(gateway, 6, false, { nextUpdateMs }));
    await gateway.running.lookAtLists();
    assert.equal((await ask(caller)).status, 200);
    caller.destroy();
  });
}
