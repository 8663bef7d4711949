// Trust is data with dates: an authority counts from one day until another, on live and on resumed connections alike.
import assert from 'node:assert/strict';
import { readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import type { TLSSocket } from 'node:tls';
import { readFault } from '@headgate/soap';
import { fakeClock, soapRequest, type TestGatewayOptions, type TestTrust } from '@headgate/testkit';
import { callsTo, noLimits } from './calls.ts';
import { type Operator, operators } from './operators.ts';

/** It ends at 21:59 UTC for the one operator, and at 06:59 UTC of the next day for the other. */
const lastDay = '2026-08-31';
const overlap: TestTrust = {
  legacy: { from: 'done', until: lastDay },
  current: { from: '2026-07-15', until: 'tbd' },
};
const person = { name: 'BRAVOx0002', organisation: 'CAISO' };

for (const operator of operators) describe(`at ${operator.name}`, () => trustsByDatesAt(operator));

function trustsByDatesAt(operator: Operator): void {
  const { open, post, start } = callsTo(operator);
  const startAt = (startMs: number, options: TestGatewayOptions = {}) =>
    start({ clock: fakeClock(startMs), trust: overlap, policy: noLimits, ...options });
  const codeOf = (body: string) => readFault(body)?.problem.code;

  test('two user authorities count side by side in their overlap', async (t) => {
    const gateway = await startAt(Date.UTC(2026, 7, 1));
    t.after(() => gateway.close());
    const old = await gateway.authority.user('legacy', person);
    assert.equal((await gateway.call({ user: old })).status, 200);
    assert.equal((await gateway.call()).status, 200);
  });

  test('an authority counts to the end of its last day, and the next call on a live or resumed connection is refused', async (t) => {
    const gateway = await startAt(Date.UTC(2026, 7, 31, 6));
    t.after(() => gateway.close());
    const old = await gateway.authority.user('legacy', person);
    const live = await open(gateway, { user: old, tlsVersion: 'TLSv1.2' });
    const session = (live.socket as TLSSocket).getSession();
    assert.ok(session);
    live.write(post(soapRequest));
    assert.equal((await live.answer()).status, 200);
    gateway.clock.advanceMs(15 * 3_600_000); // Still that day in the zone of the operator.
    live.write(post(soapRequest));
    assert.equal((await live.answer()).status, 200);

    gateway.clock.setMs(Date.UTC(2026, 8, 1, 12));
    live.write(post(soapRequest));
    const refused = await live.answer();
    const resumed = await open(gateway, { user: old, tlsVersion: 'TLSv1.2', session });
    resumed.write(post(soapRequest));
    const refusedToo = await resumed.answer();
    for (const { body } of [refused, refusedToo]) {
      assert.equal(codeOf(body), 'identity.authority_withdrawn');
      assert.match(
        body,
        /Headgate Test Legacy User Root[^;]*accepted here until 2026-(?:08-31T21|09-01T06):59:59\.999Z/,
      );
      assert.match(body, /Accepted issuers: CN=Headgate Test Current User Root,O=Headgate Test,C=US\./);
    }
    const records = await gateway.recorded(4);
    assert.equal(records.at(-1)?.listener.tlsResumed, true);
    assert.equal((await gateway.call()).status, 200);
    for (const caller of [live, resumed]) caller.destroy();
  });

  test('an authority that does not count yet is refused with the day from which it does', async (t) => {
    const gateway = await startAt(Date.UTC(2026, 6, 1));
    t.after(() => gateway.close());
    const refused = await gateway.call();
    assert.equal(codeOf(refused.body), 'identity.authority_not_yet_accepted');
    assert.match(refused.body, /accepted here only from 2026-07-1(?:4T22|5T07):00:00\.000Z/);
    gateway.clock.setMs(Date.UTC(2026, 6, 16));
    assert.equal((await gateway.call()).status, 200);
  });

  test('an authority that is marked as done is withdrawn by a reload, whatever the clock says', async (t) => {
    const gateway = await startAt(Date.UTC(2026, 7, 1));
    t.after(() => gateway.close());
    const old = await gateway.authority.user('legacy', person);
    assert.equal((await gateway.call({ user: old })).status, 200);
    await gateway.setTrust({ ...overlap, legacy: { from: 'done', until: 'done' } });
    await gateway.running.reload();
    const refused = await gateway.call({ user: old });
    assert.equal(codeOf(refused.body), 'identity.authority_withdrawn');
    assert.match(refused.body, /is no longer accepted here/);
  });

  describe('a trust file that cannot be used is refused with the line, and the old one stays in force', () => {
    const memberLine = /trust\.yaml:\d+:\d+ bundles\.0\.members\.0: found /;
    for (const [what, change, said] of [
      [
        'without the file of a member',
        (text) => text.replace(' file: legacy-anchor.pem,', ''),
        /legacy-anchor without file/,
      ],
      [
        'with a file that is not there',
        (text) => text.replace('legacy-anchor.pem', 'nowhere.pem'),
        /nowhere\.pem: no such file/,
      ],
      [
        'with a file that is no certificate',
        (text) => text.replace('legacy-anchor.pem', 'trust.yaml'),
        /there is no certificate/,
      ],
      ['with a file of two', (text) => text.replace('legacy-anchor.pem', 'anchors.pem'), /2 certificates/],
      [
        'with another fingerprint',
        (text) => text.replace('legacy-anchor.pem,', `legacy-anchor.pem, sha256: '${'0A:'.repeat(31)}0A',`),
        /another certificate in .*legacy-anchor\.pem than `sha256` says/,
      ],
      ['with a certificate twice', (text) => text.replace('current-anchor.pem', 'legacy-anchor.pem'), /again/],
      [
        'with an end before its beginning',
        (text) => text.replace(`from: done, until: ${lastDay}`, `from: 2026-12-24, until: ${lastDay}`),
        /a day before `from`/,
      ],
      [
        'with an unknown environment',
        (text) => text.replace(/environments: \[[^\]]*/, 'environments: [moon'),
        /found moon/,
      ],
      [
        'without the bundle',
        (text) => text.replace('id: test-users', 'id: others'),
        /trustBundles\.users\.dated: found "test-users"/,
      ],
      [
        'with a bundle for another environment',
        (text) => text.replace(`environments: [${operator.environment}, `, 'environments: ['),
        new RegExp(`test-users for ${operator.retrieve.call.host} of environment ${operator.environment}`),
      ],
      [
        'with a bundle for another infrastructure',
        (text) => text.replace('    members:', `    infrastructures: [${operator.old.infrastructure}]\n    members:`),
        new RegExp(`test-users for ${operator.retrieve.call.host} of infrastructure`),
      ],
    ] as const satisfies readonly (readonly [string, (text: string) => string, RegExp])[])
      test(what, async (t) => {
        const gateway = await startAt(Date.UTC(2026, 7, 1));
        t.after(() => gateway.close());
        const file = join(gateway.folder, 'trust.yaml');
        const text = await readFile(file, 'utf8');
        assert.notEqual(change(text), text);
        await writeFile(file, change(text));
        await assert.rejects(gateway.running.reload(), (fault: Error) => {
          assert.equal(fault.name, 'UnusableFiles', fault.stack);
          assert.match(fault.message, said);
          if (what.includes('file')) assert.match(fault.message, memberLine);
          return true;
        });
        assert.equal((await gateway.call()).status, 200);
      });
  });

  test('a member that is gone, or whose day is to be determined, needs no file', async (t) => {
    const gateway = await startAt(Date.UTC(2026, 7, 1), {
      trust: { ...overlap, legacy: { from: 'done', until: 'done' } },
    });
    t.after(() => gateway.close());
    const file = join(gateway.folder, 'trust.yaml');
    await rm(join(gateway.folder, 'legacy-anchor.pem'));
    await writeFile(file, (await readFile(file, 'utf8')).replace(' file: legacy-anchor.pem,', ''));
    await gateway.running.reload();
    const old = await gateway.authority.user('legacy', person);
    assert.equal(codeOf((await gateway.call({ user: old })).body), 'identity.issuer_unknown');
  });
}
