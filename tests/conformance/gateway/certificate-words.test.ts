// What a caller whose certificate is refused must know to go on, in each format: which issuers, until when, whom to ask, and who acts.
import assert from 'node:assert/strict';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { readFault } from '@headgate/soap';
import { fakeClock, type TestCall, type TestGateway, type TestTrust } from '@headgate/testkit';
import { callsTo, noLimits } from './calls.ts';
import { type Operator, operators } from './operators.ts';

const dayMs = 86_400_000;
const formats = ['html', 'json', 'soap'] as const;
const person = { name: 'BRAVOx0002', organisation: 'CAISO' };
const both: TestTrust = { legacy: { from: 'done', until: 'tbd' }, current: { from: 'done', until: 'tbd' } };

for (const operator of operators) describe(`at ${operator.name}`, () => tellsAt(operator));

function tellsAt(operator: Operator): void {
  const { start } = callsTo(operator);
  const { startMs } = operator;
  const dayIn = (days: number) => new Date(startMs + days * dayMs).toISOString().slice(0, 10);

  /** What a caller reads in each format, with its tags and references taken out of a page. */
  const toldIn = async (gateway: TestGateway, format: (typeof formats)[number], user: TestCall['user']) => {
    const more = user === undefined ? {} : { user };
    const answer =
      format === 'html'
        ? await gateway.call({ ...operator.page.call, fields: { accept: 'text/html' }, ...more })
        : await gateway.call({
            ...(format === 'json' ? { fields: { 'content-type': 'application/json' }, body: '{}' } : {}),
            ...more,
          });
    const { body } = answer;
    const text = body.replaceAll(/<[^>]+>/g, ' ').replaceAll('&#39;', "'");
    const fault = readFault(body);
    const words = fault === null ? text : `${fault.text} ${Object.values(fault.problem).join(' ')}`;
    return { answer, text: format === 'json' ? body : words };
  };

  describe('an expired certificate', () => {
    for (const format of formats)
      test(`is told with whom to ask, and with the issuers that are accepted, each until when (${format})`, async (t) => {
        const gateway = await start({
          policy: noLimits,
          trust: { ...both, legacy: { from: 'done', until: dayIn(60) } },
        });
        t.after(() => gateway.close());
        const user = await gateway.authority.user('current', { ...person, notAfterMs: startMs - 1_000 });
        const { text } = await toldIn(gateway, format, user);
        assert.match(text, /identity\.certificate_expired/);
        const current = 'CN=Headgate Test Current User Root,O=Headgate Test,C=US';
        const legacy = `CN=Headgate Test Legacy User Root,O=Headgate Test,C=US (until ${dayIn(60)})`;
        assert.ok(text.indexOf(current) > 0, text);
        assert.ok(text.indexOf(legacy) > text.indexOf(current), text);
        assert.match(
          text,
          /Have it renewed by one of the accepted issuers: ask your access administrator, or the contact/,
        );
        assert.match(text, /\w@example\.(?:org|net)\b/);
      });
  });

  test('an authority that ends after more than a year is listed without a day', async (t) => {
    const gateway = await start({ policy: noLimits, trust: { ...both, legacy: { from: 'done', until: dayIn(400) } } });
    t.after(() => gateway.close());
    assert.doesNotMatch((await toldIn(gateway, 'soap', null)).text, /\(until/);
  });

  for (const format of formats)
    test(`a server certificate is told that it is one, though its issuer is not known either (${format})`, async (t) => {
      const gateway = await start({ policy: noLimits });
      t.after(() => gateway.close());
      const server = await gateway.authority.serverChain('current', ['client.example.org']);
      const { text } = await toldIn(gateway, format, server);
      assert.match(text, /identity\.issuer_unknown/);
      assert.match(
        text,
        /Besides, it is a server certificate: its extended key usage does not name client authentication\./,
      );
    });

  for (const format of formats)
    test(`a certificate on hold is told that the hold can be lifted, and nothing of a new one (${format})`, async (t) => {
      const gateway = await start({
        policy: noLimits,
        crls: (authority) => ({ 'users.crl': authority.userRevocationList('current', { number: 5 }) }),
      });
      t.after(() => gateway.close());
      const bring = async (number: number, isHeld: boolean) => {
        const revoked = isHeld ? [gateway.user] : [];
        const list = gateway.authority.userRevocationList('current', { number, revoked, reason: 6 });
        await writeFile(join(gateway.folder, 'users.crl'), list);
        await gateway.running.lookAtLists();
      };
      await bring(6, true);
      const { text } = await toldIn(gateway, format, undefined);
      assert.match(text, /identity\.certificate_on_hold/);
      assert.match(text, /is on hold since .*: its issuer suspended it, and can lift that\./);
      assert.match(text, /the same certificate and key are accepted again/);
      assert.doesNotMatch(text, /Stop using|new one/);
      await bring(7, false);
      assert.equal((await gateway.call()).status, 200);
    });

  for (const format of formats)
    test(`a withdrawn authority is told with the reason of the trust file, with its day and without (${format})`, async (t) => {
      const clock = fakeClock(startMs);
      const gateway = await start({
        policy: noLimits,
        clock,
        trust: { ...both, legacy: { from: 'done', until: dayIn(5) } },
      });
      t.after(() => gateway.close());
      const user = await gateway.authority.user('legacy', person);
      clock.advanceMs(10 * dayMs);
      const dated = await toldIn(gateway, format, user);
      assert.match(dated.text, /was accepted here until \d{4}-\d\d-\d\dT\S+Z\. Reason: Of this test\./);
      await gateway.setTrust({ ...both, legacy: { from: 'done', until: 'done' } });
      await gateway.running.reload();
      const { text } = await toldIn(gateway, format, user);
      assert.match(text, /identity\.authority_withdrawn/);
      assert.match(text, /is no longer accepted here; since which day is not told\. Reason: Of this test\./);
      if (format !== 'html') return;
      assert.match(text, /Check that failed\s+authority: the one that it leads to is no longer accepted/);
      assert.match(text, /In a browser:\s+Ask your company’s access administrator to renew/);
    });

  for (const format of formats)
    test(`a list that is past its end is told as the operator’s to bring, with a time to try again (${format})`, async (t) => {
      const clock = fakeClock(startMs);
      const gateway = await start({
        policy: noLimits,
        clock,
        staleCrls: 'refuse',
        crls: (authority) => ({ 'users.crl': authority.userRevocationList('current', { number: 5 }) }),
      });
      t.after(() => gateway.close());
      clock.advanceMs(2 * dayMs);
      const { answer, text } = await toldIn(gateway, format, undefined);
      assert.match(text, /identity\.revocation_unknown/);
      assert.equal(answer.fields['retry-after'], '60');
      assert.match(
        text,
        /The operator of this gateway must bring the next one; nothing is known against the certificate\./,
      );
      assert.match(text, /only the operator can act/);
      assert.doesNotMatch(text, /may be revoked/);
      if (format === 'html') assert.doesNotMatch(text, /growing pauses/);
    });
}
