import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type Endorsement, holdsFromMs, holdsUntilMs, operationsOf, type ProvisionedRight } from '@headgate/contract';
import fc from 'fast-check';
import {
  certificate,
  credential,
  deskSubject,
  enrolled,
  provisioning,
  right,
  vendorSubject,
} from './rights.fixture.ts';
import { type CallForRights, compileRights, findEnrolment, mayCall } from './rights.ts';

const dayMs = 86_400_000;
const begin = Date.UTC(2024, 0, 1);
const instants = fc.integer({ min: 0, max: 60 * dayMs }).map((ms) => begin + ms);
const days = fc.integer({ min: 0, max: 59 }).map((day) => new Date(begin + day * dayMs).toISOString().slice(0, 10));
const dates = fc.record({ from: fc.option(days, { nil: undefined }), until: fc.option(days, { nil: undefined }) });
const systems = fc.constantFrom('cmri', 'sibr');
const environments = fc.constantFrom('production', 'map-stage');
const channels = fc.constantFrom('ui', 'api');

const rightsGiven: fc.Arbitrary<ProvisionedRight> = fc
  .record({
    system: fc.oneof(systems, fc.constant('all')),
    environment: environments,
    channels: fc.uniqueArray(channels, { minLength: 1, maxLength: 2 }),
    role: fc.constantFrom('none', 'read', 'submit'),
    dates,
  })
  .map(({ dates: { from, until }, ...said }) => right({ ...said, from, until }));
const endorsements: fc.Arbitrary<Endorsement> = fc
  .record({ by: fc.constantFrom('harbor', 'mesa'), dates, rights: fc.array(rightsGiven, { maxLength: 4 }) })
  .map(({ dates: { from, until }, ...said }) => ({ ...said, from, until }));
const calls: fc.Arbitrary<CallForRights> = fc.record({
  system: systems,
  environment: environments,
  channel: channels,
  operation: fc.constantFrom('retrieve', 'submit'),
});
const manyRights = fc.array(rightsGiven, { maxLength: 6 });
const manyEndorsements = fc.array(endorsements, { maxLength: 4 });

const vendorOf = (rights: readonly ProvisionedRight[], given: readonly Endorsement[]) =>
  enrolled(provisioning([], given, { rights: [...rights] }), { subject: vendorSubject });

test('a right or an endorsement more never takes one away', () => {
  fc.assert(
    fc.property(
      manyRights,
      manyEndorsements,
      rightsGiven,
      endorsements,
      calls,
      instants,
      (own, given, r, e, call, at) => {
        const before = mayCall(vendorOf(own, given), call, at);
        if (!before.allowed) return;
        const after = mayCall(vendorOf([...own, r], [...given, e]), call, at);
        assert.ok(after.allowed);
        assert.ok(before.scids.every((scid) => after.scids.includes(scid)));
        assert.ok(before.endorsers.every((endorser) => after.endorsers.includes(endorser)));
      },
    ),
  );
});

test('a call is allowed exactly when a right that covers it holds at that instant, read from the words of the file', () => {
  const holdsAt = ({ from, until }: { from?: string | undefined; until?: string | undefined }, at: number) =>
    holdsFromMs(from) <= at && at < holdsUntilMs(until);
  fc.assert(
    fc.property(manyRights, manyEndorsements, calls, instants, (own, given, call, at) => {
      const inForce = [own, ...given.filter((one) => holdsAt(one, at)).map(({ rights }) => rights)].flat();
      const isCovered = inForce.some(
        (each) =>
          holdsAt(each, at) &&
          ['all', call.system].includes(each.system) &&
          each.environment === call.environment &&
          each.channels.includes(call.channel) &&
          operationsOf(each).includes(call.operation),
      );
      assert.equal(mayCall(vendorOf(own, given), call, at).allowed, isCovered);
    }),
  );
});

test('a verdict is the same at every instant for which it says that it holds', () => {
  const told = (verdict: ReturnType<typeof mayCall>) =>
    verdict.allowed ? { ...verdict, holds: null } : verdict.missing;
  fc.assert(
    fc.property(manyRights, manyEndorsements, calls, instants, instants, (own, given, call, at, later) => {
      const enrolment = vendorOf(own, given);
      const verdict = mayCall(enrolment, call, at);
      assert.ok(verdict.holds.fromMs <= at && at < verdict.holds.untilMs);
      if (later < verdict.holds.fromMs || later >= verdict.holds.untilMs) return;
      assert.deepEqual(told(mayCall(enrolment, call, later)), told(verdict));
    }),
  );
});

test('an SCID tells whose right is used, and gives no right that the call has not without it', () => {
  const owner: Readonly<Record<string, string>> = { HPA1: 'harbor', HPA2: 'harbor', MESA: 'mesa' };
  fc.assert(
    fc.property(manyEndorsements, calls, instants, fc.constantFrom('HPA1', 'HPA2', 'MESA'), (given, call, at, scid) => {
      const enrolment = vendorOf([], given);
      const verdict = mayCall(enrolment, { ...call, scid }, at);
      if (!verdict.allowed) return;
      assert.equal(verdict.participant, owner[scid]);
      const without = mayCall(enrolment, call, at);
      assert.ok(without.allowed && without.scids.includes(scid));
    }),
  );
});

test('a fingerprint decides before a subject, whatever order they stand in', () => {
  const fingerprint = 'cd'.repeat(32);
  fc.assert(
    fc.property(fc.boolean(), manyRights, (isFirst, bySubject) => {
      const written = provisioning([]);
      const [harbor] = written.participants;
      assert.ok(harbor);
      const general = credential({ rights: bySubject, label: 'by subject' });
      const closer = credential({ fingerprint, label: 'by fingerprint' });
      const credentials = isFirst ? [closer, general] : [general, closer];
      const rights = compileRights({ ...written, participants: [{ ...harbor, credentials }] });
      const labelOf = (fingerprint256: string) =>
        findEnrolment(rights, certificate({ subject: deskSubject, fingerprint256 }))?.credential.label;
      assert.equal(labelOf(fingerprint), 'by fingerprint');
      assert.equal(labelOf('00'.repeat(32)), 'by subject');
    }),
  );
});
