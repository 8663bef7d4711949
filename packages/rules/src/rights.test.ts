import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { ProvisionedRight } from '@headgate/contract';
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

const read: CallForRights = { environment: 'production', system: 'cmri', channel: 'api', operation: 'retrieve' };
const submit: CallForRights = { ...read, operation: 'submit' };
const noon = Date.UTC(2024, 1, 21, 12);

const judged = (rights: readonly ProvisionedRight[], call: CallForRights, nowMs = noon) =>
  mayCall(enrolled(provisioning(rights)), call, nowMs);

describe('a role', () => {
  // Rows: the role, whether it may read, whether it may submit.
  for (const [role, mayRead, maySubmit] of [
    ['none', false, false],
    ['read', true, false],
    ['submit', true, true],
  ] as const)
    test(`of ${role} ${mayRead ? 'may' : 'may not'} read and ${maySubmit ? 'may' : 'may not'} submit`, () => {
      assert.equal(judged([right({ role })], read).allowed, mayRead);
      assert.equal(judged([right({ role })], submit).allowed, maySubmit);
    });

  test('is what its operations say where those are listed one by one', () => {
    const only = [right({ operations: ['submit'] })];
    assert.deepEqual([judged(only, read).allowed, judged(only, submit).allowed], [false, true]);
  });

  test('holds on its system, channel and environment alone, which one right must cover together', () => {
    for (const change of [{ system: 'sibr' }, { channel: 'ui' }, { environment: 'map-stage' }] as const)
      assert.equal(judged([right()], { ...read, ...change }).allowed, false);
    assert.equal(judged([right({ system: 'all' })], { ...read, system: 'sibr' }).allowed, true);
    assert.equal(judged([right({ channels: ['ui'] }), right({ system: 'sibr' })], read).allowed, false);
  });
});

describe('a call that may be made', () => {
  test('acts for the holder, for the SCIDs of all rights that cover it', () => {
    const rights = [right({ scids: ['HPA1'] }), right({ system: 'all', scids: ['HPA2'] })];
    const verdict = judged(rights, read);
    assert.ok(verdict.allowed);
    assert.deepEqual([verdict.participant, verdict.endorsers, verdict.scids], ['harbor', [], ['HPA1', 'HPA2']]);
  });

  test('by a right over groups of resources acts for their SCIDs, and names the groups', () => {
    const verdict = judged([right({ resourceGroups: ['hydro'] })], read);
    assert.ok(verdict.allowed);
    assert.deepEqual([verdict.scids, verdict.resourceGroups], [['HPA1'], ['harbor/hydro']]);
  });

  test('for an SCID needs a right that covers this SCID', () => {
    const rights = [right({ scids: ['HPA1'] })];
    assert.equal(judged(rights, { ...read, scid: 'HPA1' }).allowed, true);
    assert.equal(judged(rights, { ...read, scid: 'HPA2' }).allowed, false);
  });
});

describe('dates', () => {
  const march = [right({ from: '2024-03-01', until: '2024-03-31' })];
  // Rows: an instant, and what is missing at it.
  for (const [at, missing] of [
    ['2024-02-29T23:59:59.999Z', 'not-begun'],
    ['2024-03-01T00:00:00.000Z', null],
    ['2024-03-31T23:59:59.999Z', null],
    ['2024-04-01T00:00:00.000Z', 'ended'],
  ] as const)
    test(`of March hold at ${at}: ${missing ?? 'allowed'}`, () => {
      const verdict = judged(march, read, Date.parse(at));
      assert.equal(verdict.allowed ? null : verdict.missing, missing);
    });

  test('of a verdict say from when until when it holds, whichever right changes then', () => {
    const rights = [...march, right({ system: 'sibr', until: '2024-02-25T17:00:00-08:00' })];
    const { holds } = judged(rights, read);
    assert.deepEqual(holds, { fromMs: Number.NEGATIVE_INFINITY, untilMs: Date.UTC(2024, 1, 26, 1) });
    const later = judged(rights, read, Date.UTC(2024, 2, 2)).holds;
    assert.deepEqual(later, { fromMs: Date.UTC(2024, 2, 1), untilMs: Date.UTC(2024, 3, 1) });
  });

  test('of an endorsement bound those of its rights', () => {
    const endorsements = [{ by: 'mesa', until: '2024-02-29', rights: [right({ until: '2024-12-31' })] }];
    const enrolment = enrolled(provisioning([], endorsements), { subject: vendorSubject });
    assert.equal(mayCall(enrolment, read, noon).allowed, true);
    const after = mayCall(enrolment, read, Date.UTC(2024, 2, 1));
    assert.equal(after.allowed ? null : after.missing, 'ended');
  });
});

describe('an endorsed certificate', () => {
  const byHarbor = {
    by: 'harbor',
    rights: [right({ scids: ['HPA1'] }), right({ system: 'sibr', role: 'submit' as const })],
  };
  const byMesa = { by: 'mesa', rights: [right()] };
  const vendor = enrolled(provisioning([], [byHarbor, byMesa]), { subject: vendorSubject });
  const actsFor = (call: CallForRights) => {
    const verdict = mayCall(vendor, call, noon);
    return verdict.allowed ? [verdict.participant, verdict.endorsers, verdict.scids] : null;
  };

  test('acts for the one participant that gave the right', () => {
    assert.deepEqual(actsFor({ ...read, system: 'sibr' }), ['harbor', ['harbor'], ['HPA1', 'HPA2']]);
  });

  test('acts for itself, with all rights together, where several gave the right and no SCID tells which', () => {
    assert.deepEqual(actsFor(read), ['vendor', ['harbor', 'mesa'], ['HPA1', 'MESA']]);
  });

  test('acts for the participant whose SCID the call names', () => {
    assert.deepEqual(actsFor({ ...read, scid: 'MESA' }), ['mesa', ['mesa'], ['MESA']]);
    assert.deepEqual(actsFor({ ...read, scid: 'HPA1' }), ['harbor', ['harbor'], ['HPA1']]);
    assert.equal(actsFor({ ...read, scid: 'HPA2' }), null);
  });

  test('acts for itself also where one of its own rights covers the call', () => {
    const own = enrolled(provisioning([], [byMesa], { rights: [right()] }), { subject: vendorSubject });
    const verdict = mayCall(own, read, noon);
    assert.deepEqual(verdict.allowed && [verdict.participant, verdict.endorsers], ['vendor', ['mesa']]);
  });
});

describe('a certificate', () => {
  const fingerprint = 'AB:'.repeat(31).concat('AB');
  const written = provisioning([]);
  const [harbor, mesa, vendor] = written.participants;
  assert.ok(harbor && mesa && vendor);
  const rights = compileRights({
    ...written,
    participants: [
      harbor,
      { ...mesa, credentials: [credential({ issuer: 'CN=Issuing CA', serial: '00:0a' })] },
      { ...vendor, credentials: [credential({ fingerprint })] },
    ],
  });
  const holder = (names: Parameters<typeof certificate>[0]) =>
    findEnrolment(rights, certificate(names))?.participant.id;

  test('is found by its fingerprint first, then by issuer and serial, then by its subject', () => {
    assert.equal(holder({}), 'vendor');
    assert.equal(holder({ fingerprint256: '00' }), 'mesa');
    assert.equal(holder({ fingerprint256: '00', serial: 'B0' }), 'harbor');
    assert.equal(holder({ fingerprint256: '00', issuer: 'CN=Another CA' }), 'harbor');
    assert.equal(holder({ fingerprint256: '00', serial: 'B0', subject: `${deskSubject},X=Y` }), undefined);
  });

  test('with another subject than its entry states is enrolled nowhere', () => {
    const stated = { ...vendor, credentials: [credential({ fingerprint, subject: vendorSubject })] };
    const strict = compileRights({ ...written, participants: [harbor, stated] });
    assert.equal(findEnrolment(strict, certificate()), null);
    assert.equal(findEnrolment(strict, certificate({ subject: vendorSubject }))?.participant.id, 'vendor');
  });

  test('that is not enrolled in the environment lacks the environment', () => {
    const verdict = judged([right()], { ...read, environment: 'elsewhere' });
    assert.equal(verdict.allowed ? null : verdict.missing, 'environment');
  });
});
