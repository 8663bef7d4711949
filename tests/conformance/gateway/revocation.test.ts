// Revocation lists as an operator brings them, as files and by URL: in force without anyone doing anything, on live and on resumed
// connections, and over restarts.
import assert from 'node:assert/strict';
import { rename, rm, writeFile } from 'node:fs/promises';
import { createServer, type RequestListener } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { describe, type TestContext, test } from 'node:test';
import type { TLSSocket } from 'node:tls';
import { askGateway, type GatewayNotice, startGateway } from '@headgate/gateway';
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
      config: {
        ...kit.config,
        node: 'watched',
        threads: 2,
        evidence: { ...kit.config.evidence, folder: 'evidence-watched' },
      },
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

  for (const [what, change] of [
    ['broken', (gateway) => bring(gateway, Buffer.from('no list'))],
    ['emptied', (gateway) => bring(gateway, Buffer.of())],
    ['deleted', (gateway) => rm(join(gateway.folder, 'users.crl'))],
  ] as const satisfies readonly (readonly [string, (gateway: TestGateway) => Promise<void>])[])
    test(`a caller who is revoked stays out over a restart that finds the list ${what}, and others are served`, async (t) => {
      const kit = await startWithList();
      await bring(kit, listFor(kit, 6, true));
      await kit.running.lookAtLists();
      await change(kit);
      await kit.running.close();
      const notices: GatewayNotice[] = [];
      const restarted = await startGateway({
        config: kit.config,
        base: kit.folder,
        clock: () => kit.clock.now(),
        notice: (notice) => notices.push(notice),
      });
      t.after(async () => {
        await restarted.close();
        await kit.close(); // Last: it takes the folder away that the other writes its evidence into.
      });
      const port = restarted.listeners.find(({ name }) => name === 'secure')?.port ?? 0;
      const other = await kit.authority.user('current', { name: 'BETAx0002', organisation: 'Alpha' });
      const [revoked, served] = [
        await openRawCaller({ ...kit, port }, { serverName: host }),
        await openRawCaller({ ...kit, port }, { serverName: host, user: other }),
      ];
      assert.equal(codeOf(await ask(revoked)), 'identity.certificate_revoked');
      assert.equal((await ask(served)).status, 200);
      assert.deepEqual(
        notices.flatMap((notice) => (notice.kind === 'revocation-list-refused' ? [notice.source] : [])),
        ['users.crl'],
      );
      for (const caller of [revoked, served]) caller.destroy();
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
    assert.equal(codeOf(await gateway.call()), 'identity.certificate_on_hold');
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

  /** A server that offers one list after another, and what it was asked. */
  const startServer = async (t: TestContext) => {
    let answer: RequestListener = (_request, response) => response.writeHead(503).end();
    const server = createServer((request, response) => answer(request, response));
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    t.after(() => server.close().closeAllConnections());
    return {
      url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/users.crl`,
      offer(bytes: Uint8Array) {
        answer = (_request, response) => response.end(bytes);
      },
      fail() {
        answer = (_request, response) => response.end('<html>Out of order</html>');
      },
    };
  };

  test('a first list comes with `trust apply`, fetched at once and in force in every thread, and goes with it again', async (t) => {
    const server = await startServer(t);
    const kit = await start({ policy: noLimits, clock: fakeClock(Date.now()), threads: 2 });
    t.after(() => kit.close());
    const apply = () => askGateway(kit.config, kit.folder, 'apply');
    const callers = await Promise.all(Array.from({ length: 12 }, () => openRawCaller(kit, { serverName: host })));
    const [bundle] = kit.config.trustBundles;
    assert.ok(bundle);
    const crlUrls = [
      { url: server.url, everyMs: 30_000, timeoutMs: 10_000, bytesMax: 1_000_000, authorities: undefined },
    ];

    kit.rewrite({ trustBundles: [{ ...bundle, crlUrls }] });
    const refused = await apply();
    assert.ok(!refused.ok && refused.reason === 'files', 'of a first list nothing is in force before');
    assert.match(refused.findings[0]?.found ?? '', /status 503/);
    for (const caller of callers) assert.equal((await ask(caller)).status, 200);

    server.offer(listFor(kit, 1, true));
    const applied = await apply();
    assert.ok(applied.ok);
    assert.deepEqual([applied.changes, applied.needRestart], [['revocation lists of users'], []]);
    for (const caller of callers) assert.equal(codeOf(await ask(caller)), 'identity.certificate_revoked');

    server.fail();
    const kept = await apply();
    assert.ok(kept.ok);
    assert.deepEqual(
      kept.listFaults.map(({ bundle: name, source, code }) => [name, source, code]),
      [['users', server.url, 'html']],
    );
    assert.equal(codeOf(await ask(callers[0] ?? assert.fail())), 'identity.certificate_revoked');

    kit.rewrite({ trustBundles: [bundle] });
    const removed = await apply();
    assert.ok(removed.ok);
    assert.deepEqual([removed.changes, removed.listFaults], [['revocation lists of users'], []]);
    for (const caller of callers) assert.equal((await ask(caller)).status, 200);
    for (const caller of callers) caller.destroy();
  });

  test('a list of a URL is in force by the timer alone, and after a restart while its server is out of order', async (t) => {
    const server = await startServer(t);
    const kit = await start({ policy: noLimits });
    t.after(() => kit.close());
    server.offer(listFor(kit, 1, false));
    const [bundle] = kit.config.trustBundles;
    assert.ok(bundle);
    const crlUrls = [
      { url: server.url, everyMs: 30_000, timeoutMs: 10_000, bytesMax: 1_000_000, authorities: undefined },
    ];
    kit.rewrite({ trustBundles: [{ ...bundle, crlUrls }] });
    await kit.running.reload();
    assert.equal((await kit.call()).status, 200);
    server.offer(listFor(kit, 2, true));
    assert.equal(await kit.running.lookAtLists(), false, 'it is not due');
    kit.clock.advanceMs(30_000);
    assert.equal(await kit.running.lookAtLists(), true);
    assert.equal(codeOf(await kit.call()), 'identity.certificate_revoked');

    await kit.running.close();
    server.fail();
    const config = { ...kit.config, trustBundles: [{ ...bundle, crlUrls }] };
    const restarted = await startGateway({ config, base: kit.folder, clock: () => kit.clock.now() });
    const port = restarted.listeners.find(({ name }) => name === 'secure')?.port ?? 0;
    const caller = await openRawCaller({ ...kit, port }, { serverName: host });
    assert.equal(codeOf(await ask(caller)), 'identity.certificate_revoked');
    assert.equal(await restarted.lookAtLists(), false);
    assert.equal((await restarted.inForce()).listFaults[0]?.code, 'html');
    caller.destroy();
    await restarted.close();
  });

  test('a bundle is added by a reload, and one that a host needs cannot be taken away', async (t) => {
    const kit = await start({ policy: noLimits });
    t.after(() => kit.close());
    const [bundle] = kit.config.trustBundles;
    assert.ok(bundle);
    kit.rewrite({ trustBundles: [bundle, { ...bundle, name: 'more' }] });
    const added = await kit.running.reload();
    assert.deepEqual([added.changes, added.needRestart], [['trust bundle more'], []]);
    kit.rewrite({ trustBundles: [{ ...bundle, name: 'more' }] });
    await assert.rejects(kit.running.reload(), /trust bundle "users"/);
    assert.equal((await kit.call()).status, 200);
    kit.rewrite({ trustBundles: [bundle] });
    assert.deepEqual((await kit.running.reload()).changes, ['trust bundle more']);
  });

  test('an older list is refused after a restart, and taken where somebody accepts it on purpose', async (t) => {
    const kit = await startWithList();
    t.after(() => kit.close());
    await bring(kit, listFor(kit, 6, true));
    await kit.running.lookAtLists();
    await kit.running.close();
    await bring(kit, listFor(kit, 4, false));
    const options = { config: kit.config, base: kit.folder, clock: () => kit.clock.now() };
    const kept = await startGateway(options);
    const [fault] = (await kept.inForce()).listFaults;
    assert.match(`${fault?.reason} ${fault?.fix}`, /number 4, .* is older .*number 6, .*--accept-older-lists/);
    await kept.close();
    const restarted = await startGateway({ ...options, acceptOlderLists: true });
    await restarted.close();
    const again = await startGateway(options);
    await bring(kit, listFor(kit, 3, false));
    const refused = await askGateway(kit.config, kit.folder, 'apply');
    assert.ok(refused.ok);
    assert.equal(refused.listFaults[0]?.code, 'older');
    const accepted = await askGateway(kit.config, kit.folder, 'apply-older-lists');
    assert.ok(accepted.ok);
    assert.deepEqual(accepted.listFaults, []);
    await again.close();
  });
}
