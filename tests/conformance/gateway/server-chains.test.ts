// The server chain belongs to a host: it shows the legacy one until its own step and the current one from then on, and whatever
// callers would refuse is refused before they see it.
import assert from 'node:assert/strict';
import { chmod, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import type { TLSSocket } from 'node:tls';
import { createTestAuthority, type Family, readCertificate } from '@headgate/pki';
import { fakeClock, soapRequest, type TestGateway, type TestGatewayOptions } from '@headgate/testkit';
import { callsTo, noLimits } from './calls.ts';
import { type Operator, operators } from './operators.ts';

for (const operator of operators) describe(`at ${operator.name}`, () => showsChainsAt(operator));

function showsChainsAt(operator: Operator): void {
  const { open, post, start } = callsTo(operator);
  const [oldHost, current] = operator.old.moves;
  const legacy = operator.old.infrastructure;
  const startWith = (options: TestGatewayOptions = {}) =>
    start({ policy: noLimits, chains: { hosts: [oldHost], legacy, current }, ...options });
  /** Which family the host shows to a new handshake. */
  const shownBy = async (gateway: TestGateway, serverName: string | null = oldHost): Promise<Family | 'neither'> => {
    const caller = await open(gateway, { serverName });
    const { raw } = (caller.socket as TLSSocket).getPeerCertificate();
    caller.destroy();
    const { issuer } = readCertificate(raw);
    return (/Test (Legacy|Current) Server/.exec(issuer)?.[1]?.toLowerCase() ?? 'neither') as Family | 'neither';
  };

  test('a host of old addresses shows its legacy chain, also where its addresses have moved', async (t) => {
    const gateway = await startWith({ positions: { [oldHost]: current } });
    t.after(() => gateway.close());
    assert.equal(await shownBy(gateway), 'legacy');
    assert.equal(await shownBy(gateway, operator.retrieve.call.host), 'current');
  });

  test('from its own step on a host shows the current chain to the next handshake, and back again, and no call is lost', async (t) => {
    const gateway = await startWith({});
    t.after(() => gateway.close());
    const live = await open(gateway, { serverName: oldHost });
    const ask = async () => {
      live.write(post(soapRequest, { path: operator.old.call.path, fields: { Host: oldHost } }));
      assert.equal((await live.answer()).status, 200);
    };
    await ask();
    gateway.rewrite({ chainPositions: { [oldHost]: current } });
    const moved = await gateway.running.reload();
    assert.deepEqual(moved.changes, [`chain of ${oldHost}: ${legacy} → ${current}`, `certificate of ${oldHost}`]);
    assert.equal(await shownBy(gateway), 'current');
    await ask();
    gateway.rewrite({ chainPositions: {} });
    await gateway.running.reload();
    assert.equal(await shownBy(gateway), 'legacy');
    await ask();
    assert.deepEqual(new Set(gateway.records.map(({ route }) => route?.infrastructure)), new Set([legacy]));
    live.destroy();
  });

  test('a host that is an IP address is shown a certificate of that address, and of no other', async (t) => {
    const gateway = await start({ anonymousHosts: ['127.0.0.1'] });
    t.after(() => gateway.close());
    const pem = await gateway.authority.serverChain('current', ['127.0.0.2']);
    await writeFile(join(gateway.folder, 'server.pem'), pem.certificatePem);
    await writeFile(join(gateway.folder, 'server.key'), pem.keyPem);
    await assert.rejects(gateway.running.reload(), /IP Address:127\.0\.0\.2/);
  });

  test('addresses move by a reload too, and the chain of their host stays', async (t) => {
    const gateway = await startWith({});
    t.after(() => gateway.close());
    const infrastructureNow = async () =>
      (await gateway.recordOf(await gateway.call(operator.old.call))).route?.infrastructure;
    assert.equal(await infrastructureNow(), legacy);
    gateway.rewrite({ positions: { [oldHost]: current } });
    await gateway.running.reload();
    assert.equal(await infrastructureNow(), current);
    assert.equal(await shownBy(gateway), 'legacy');
  });

  test('in every thread a host shows the chain of its position once a reload resolves', async (t) => {
    const gateway = await startWith({ threads: 3, clock: fakeClock(Date.now()) });
    t.after(() => gateway.close());
    gateway.rewrite({ chainPositions: { [oldHost]: current } });
    const { number, threads } = await gateway.running.reload();
    assert.deepEqual(
      threads,
      [0, 1, 2].map((thread) => ({ thread, snapshot: number })),
    );
    const served = new Set<number>();
    for (let calls = 1; served.size < 3; calls += 1) {
      const caller = await open(gateway, { serverName: oldHost });
      const { issuer } = readCertificate((caller.socket as TLSSocket).getPeerCertificate().raw);
      assert.match(issuer, /Test Current Server/);
      caller.write(post(soapRequest, { path: operator.old.call.path, fields: { Host: oldHost } }));
      await caller.answer();
      served.add((await gateway.recorded(calls)).at(-1)?.thread ?? -1);
      caller.destroy();
    }
  });

  describe('a chain is compared with what callers were told to trust', () => {
    const told = ({ notices }: TestGateway) =>
      notices.flatMap((notice) =>
        notice.kind === 'trust-warning' && /leads to/.test(notice.sentence)
          ? [`${notice.about}: ${notice.sentence}`]
          : [],
      );
    const about = (warnings: readonly { readonly about: string; readonly sentence: string }[]) =>
      warnings.filter(({ sentence }) => /leads to/.test(sentence)).map((each) => each.about);
    const rewriteTrust = async ({ folder }: TestGateway, change: (text: string) => string) => {
      const file = join(folder, 'trust.yaml');
      await writeFile(file, change(await readFile(file, 'utf8')));
    };

    test('nothing is told of one that leads to an announced authority, by its signature', async (t) => {
      const gateway = await startWith();
      t.after(() => gateway.close());
      assert.deepEqual(told(gateway), []);
    });

    test('one that leads elsewhere is told at start and at reload: where it leads, what is announced, where, and what to do', async (t) => {
      const gateway = await startWith({ announced: false });
      t.after(() => gateway.close());
      const found = told(gateway).filter((each) => each.startsWith(`${oldHost}: `));
      assert.equal(found.length, 1);
      assert.match(
        found[0] ?? '',
        new RegExp(
          `${oldHost}-legacy\\.pem leads to CN=Headgate Test Legacy Server Root,\\S.*, and the trust file announces ".+" for ${operator.environment}, ${legacy}, api now: callers who trust what is announced refuse it\\. Show a chain that leads there, or announce its anchor in \\S+ and tell callers before$`,
        ),
      );
      assert.ok(about((await gateway.running.reload()).warnings).includes(oldHost));
    });

    test('an authority of the same name with another key is another one', async (t) => {
      const gateway = await startWith();
      t.after(() => gateway.close());
      const twin = await createTestAuthority({ nowMs: operator.startMs });
      await writeFile(join(gateway.folder, 'legacy-server.pem'), twin.trustBundlePem('legacy', 'server').anchorsPem);
      assert.deepEqual(about((await gateway.running.reload()).warnings), [oldHost]);
    });

    test('one that is announced for later counts for a chain that is held ready, and not for one that is shown', async (t) => {
      const gateway = await startWith();
      t.after(() => gateway.close());
      await rewriteTrust(gateway, (text) =>
        text.replaceAll('-server.pem, from: done,', '-server.pem, from: 2040-01-01,'),
      );
      const found = about((await gateway.running.reload()).warnings);
      assert.ok(found.includes(oldHost), found.join());
      assert.ok(!found.some((each) => each.includes('not shown')), found.join());
      await rewriteTrust(gateway, (text) => text.replaceAll('2040-01-01, until: tbd', 'done, until: done'));
      assert.ok(about((await gateway.running.reload()).warnings).includes(`${oldHost} (${current}, not shown)`));
    });

    test('one whose certificate is not at hand is known by its name', async (t) => {
      const gateway = await startWith();
      t.after(() => gateway.close());
      await rewriteTrust(gateway, (text) =>
        text.replaceAll(/ file: (legacy|current)-server\.pem,/g, ' authority: of-$1,').replace(
          '\nanchors:\n',
          ['legacy', 'Current']
            .map(
              (family) =>
                `  - { id: of-${family.toLowerCase()}, name: HEADGATE test ${family} Server Root, role: root, sha256: null, fingerprintSource: Of this test, links: [], from: done, until: tbd, pages: [1] }\n`,
            )
            .reduce((all, each) => all + each, '\nanchors:\n'),
        ),
      );
      assert.deepEqual(about((await gateway.running.reload()).warnings), []);
      await rewriteTrust(gateway, (text) =>
        text.replace('HEADGATE test legacy Server', 'HEADGATE test legacy Servers'),
      );
      assert.deepEqual(about((await gateway.running.reload()).warnings), [oldHost]);
    });

    test('a file of an announced authority that cannot be used is told, and stands in nobody’s way', async (t) => {
      const gateway = await startWith();
      t.after(() => gateway.close());
      await writeFile(join(gateway.folder, 'legacy-server.pem'), 'nothing');
      const { warnings } = await gateway.running.reload();
      const faults = warnings.filter((each) => each.about.startsWith('announced bundle'));
      assert.match(
        faults[0]?.sentence ?? '',
        /legacy-server\.pem of legacy-server: 0 certificates, where one is expected/,
      );
    });
  });

  describe('what callers would refuse is refused at reload, and the old chain stays', () => {
    const pair = `${oldHost}-current`;
    const stranger = (gateway: TestGateway) => gateway.authority.serverChain('current', ['elsewhere.example.net']);
    for (const [what, spoil, said] of [
      [
        'a key of another certificate, though the chain is not shown yet',
        async (gateway) => [`${pair}.key`, (await stranger(gateway)).keyPem],
        /the key belongs to another certificate/,
      ],
      [
        'a certificate of another host',
        async (gateway) => {
          const { certificatePem, keyPem } = await stranger(gateway);
          await writeFile(join(gateway.folder, `${pair}.key`), keyPem);
          return [`${pair}.pem`, certificatePem];
        },
        /it is for DNS:elsewhere\.example\.net/,
      ],
      [
        'an intermediate that did not issue the certificate before it',
        async (gateway) => {
          const [leaf] = (await readFile(join(gateway.folder, `${pair}.pem`), 'utf8')).split(
            /(?<=END CERTIFICATE-----\n)/,
          );
          return [`${pair}.pem`, `${leaf}${gateway.authority.trustBundlePem('legacy', 'server').intermediatesPem}`];
        },
        /its certificate 1 was not issued by certificate 2/,
      ],
    ] as const satisfies readonly (readonly [
      string,
      (gateway: TestGateway) => Promise<readonly [string, string]>,
      RegExp,
    ])[])
      test(what, async (t) => {
        const gateway = await startWith();
        t.after(() => gateway.close());
        const [file, text] = await spoil(gateway);
        await writeFile(join(gateway.folder, file), text);
        await assert.rejects(gateway.running.reload(), (fault: Error) => {
          assert.equal(fault.name, 'UnusableFiles', fault.stack);
          assert.match(fault.message, said);
          return true;
        });
        assert.equal(await shownBy(gateway), 'legacy');
      });

    test('a host without a chain for where it is', async (t) => {
      const gateway = await startWith();
      t.after(() => gateway.close());
      gateway.rewrite({ chainPositions: { [oldHost]: 'moon' } });
      await assert.rejects(gateway.running.reload(), /chainPositions\.\S+: found "moon"; expected \S+ or \S+/);
      gateway.rewrite({ chainPositions: { 'nowhere.example.net': current } });
      await assert.rejects(gateway.running.reload(), /found "nowhere\.example\.net"; expected a host of the catalogue/);
    });

    test('a chain that is past its dates in place of one that is not; where it is not shown, it is told', async (t) => {
      const gateway = await startWith();
      t.after(() => gateway.close());
      const past = await createTestAuthority({ nowMs: operator.startMs - 9.5 * 365 * 86_400_000 });
      const ended = await past.serverChain('current', [oldHost]);
      await writeFile(join(gateway.folder, `${pair}.pem`), ended.certificatePem);
      await writeFile(join(gateway.folder, `${pair}.key`), ended.keyPem);
      const { warnings } = await gateway.running.reload();
      assert.deepEqual(new Set(warnings.map(({ about }) => about)), new Set([`${oldHost} (${current}, not shown)`]));
      assert.ok(warnings.some(({ sentence }) => /ended on .*callers refuse it/.test(sentence)));
      gateway.rewrite({ chainPositions: { [oldHost]: current } });
      await assert.rejects(gateway.running.reload(), /which is not now; expected one that is valid now/);
      assert.equal(await shownBy(gateway), 'legacy');
    });

    test('a chain that ran out by itself stands in the way of no reload, and is told as a warning', async (t) => {
      const gateway = await startWith();
      t.after(() => gateway.close());
      gateway.clock.advanceMs(9.5 * 365 * 86_400_000); // The chains of this test end after nine years.
      const { warnings } = await gateway.running.reload();
      assert.ok(warnings.some(({ about, sentence }) => about === oldHost && /callers refuse it/.test(sentence)));
      assert.deepEqual(gateway.notices.filter(({ kind }) => kind === 'trust-warning').length, warnings.length);
    });
  });

  test('a private key that others may read or a group may write is refused, one that a group may read is not', async (t) => {
    const gateway = await startWith();
    t.after(() => gateway.close());
    const key = join(gateway.folder, 'server.key');
    for (const mode of [0o644, 0o604, 0o620, 0o602]) {
      await chmod(key, mode);
      await assert.rejects(
        gateway.running.reload(),
        new RegExp(`server\\.key:1:1 found a private key with mode ${mode.toString(8)}; expected .*chmod 600`),
      );
    }
    await chmod(key, 0o640);
    assert.deepEqual((await gateway.running.reload()).changes, []);
  });
}
