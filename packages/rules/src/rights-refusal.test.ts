import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Endorsement, ProvisionedRight, Provisioning } from '@headgate/contract';
import { certificate, credential, deskSubject, provisioning, right, vendorSubject } from './rights.fixture.ts';
import { type CallForRights, compileRights, findEnrolment, mayCall } from './rights.ts';
import { notEnrolled, rightRefusal, scidRefusal } from './rights-refusal.ts';

const noon = Date.UTC(2024, 1, 21, 12);
const submit: CallForRights = { environment: 'production', system: 'sibr', channel: 'api', operation: 'submit' };

function refusalOf(written: Provisioning, subject = deskSubject, call = submit) {
  const rights = compileRights(written);
  const names = certificate({ subject });
  const enrolment = findEnrolment(rights, names);
  assert.ok(enrolment);
  const judged = mayCall(enrolment, call, noon);
  assert.ok(!judged.allowed);
  return rightRefusal(rights, enrolment, judged, { certificate: names, call, systemName: 'SIBR' }, noon);
}

const said = (rights: readonly ProvisionedRight[]) => refusalOf(provisioning(rights)).detail;
const wanted = `${deskSubject} may not submit on SIBR (api, production).`;
const granted = 'access@harbor.example.org grants it.';

test('a missing right is named whole, with what the credential has instead and who grants it', () => {
  const sibr = { system: 'sibr' };
  assert.equal(said([]), `${wanted} It has nothing there. ${granted}`);
  assert.equal(said([right(sibr)]), `${wanted} It may only read there. ${granted}`);
  assert.equal(
    said([right({ ...sibr, role: 'submit', channels: ['ui'] })]),
    `${wanted} It may read and submit on its ui channel, and has nothing on api. ${granted}`,
  );
  assert.equal(
    said([right({ ...sibr, role: 'submit', environment: 'map-stage' })]),
    `${wanted} It may do so in map-stage, and has nothing there. ${granted}`,
  );
  assert.equal(said([right({ ...sibr, environment: 'map-stage' })]), `${wanted} It has nothing there. ${granted}`);
  assert.equal(refusalOf(provisioning([])).code, 'admission.not_permitted');
});

test('a right that ended or has not begun is told with its date, and of an endorsement by whom', () => {
  const ended = refusalOf(provisioning([right({ system: 'sibr', role: 'submit', until: '2024-01-31' })]));
  assert.equal(ended.code, 'admission.right_ended');
  assert.equal(
    ended.detail,
    `${deskSubject} could submit on SIBR (api, production) until 2024-02-01T00:00:00.000Z. access@harbor.example.org renews it.`,
  );
  const later: Endorsement = { by: 'mesa', from: '2024-03-01', rights: [right({ system: 'sibr', role: 'submit' })] };
  const coming = refusalOf(provisioning([], [later]), vendorSubject);
  assert.equal(coming.code, 'admission.right_not_begun');
  assert.equal(
    coming.detail,
    `${vendorSubject} may submit on SIBR (api, production) only from 2024-03-01T00:00:00.000Z, by endorsement of mesa company. access@mesa.example.org changes that.`,
  );
});

test('of a right that ended and comes again, the instant at which it begins is told', () => {
  const rights = [
    right({ system: 'sibr', role: 'submit', until: '2024-01-31' }),
    right({ system: 'sibr', role: 'submit', from: '2024-04-01' }),
    right({ system: 'sibr', role: 'submit', from: '2024-03-01' }),
  ];
  assert.match(said(rights), /only from 2024-03-01T/);
});

test('whoever lives by endorsements is sent to those who endorse it, and others to the system or the operator', () => {
  const endorsed = refusalOf(
    provisioning(
      [],
      [
        { by: 'harbor', rights: [] },
        { by: 'mesa', rights: [] },
      ],
    ),
    vendorSubject,
  );
  assert.match(endorsed.detail, / access@harbor\.example\.org or access@mesa\.example\.org grants it\.$/);
  const written = provisioning([]);
  const nameless = written.participants.map((participant) => ({ ...participant, grantedBy: undefined }));
  assert.match(refusalOf({ ...written, participants: nameless }).detail, / access@operator\.example\.org grants it\.$/);
  const systems = [{ id: 'sibr', grantedBy: 'bids@operator.example.org' }];
  const bySystem = refusalOf({ ...written, systems, participants: nameless });
  assert.match(bySystem.detail, / bids@operator\.example\.org grants it\.$/);
  assert.match(
    refusalOf({ ...written, grantedBy: undefined, participants: nameless }).detail,
    /It has nothing there\.$/,
  );
});

test('a certificate enrolled elsewhere only is told where', () => {
  const elsewhere = refusalOf(provisioning([]), deskSubject, { ...submit, environment: 'moon' });
  assert.equal(elsewhere.code, 'admission.other_environment');
  assert.equal(
    elsewhere.detail,
    `The certificate ${deskSubject} is enrolled in production, map-stage, and not in moon. access@harbor.example.org enrols it.`,
  );
});

test('a certificate that nobody holds is told who enrols, and whether another with its subject is enrolled', () => {
  const written = provisioning([]);
  const [harbor] = written.participants;
  assert.ok(harbor);
  const named = credential({ fingerprint: 'cd'.repeat(32), subject: 'CN=RENEWED' });
  const rights = compileRights({ ...written, participants: [{ ...harbor, credentials: [named] }] });
  const detail = (subject: string) => notEnrolled(rights, certificate({ subject }), 'production').detail;
  assert.equal(
    detail('CN=NOBODY'),
    'The certificate CN=NOBODY is valid but not enrolled in production. access@operator.example.org enrols certificates.',
  );
  assert.match(
    detail('CN=RENEWED'),
    /Another certificate with this subject is enrolled, by its fingerprint or serial\./,
  );
});

test('a foreign SCID is told with a few of those that the caller may act for', () => {
  const rights = compileRights(provisioning([]));
  const names = certificate({ subject: deskSubject });
  const enrolment = findEnrolment(rights, names);
  assert.ok(enrolment);
  const told = (scids: readonly string[]) =>
    scidRefusal(
      { rights, enrolment, scids },
      { certificate: names, call: submit, systemName: 'SIBR' },
      { scid: 'X9', rule: 'by-scid' },
    ).detail;
  const start = `${deskSubject} may not submit on SIBR (api, production) for SCID X9, over which limit by-scid counts.`;
  const end = `The call was charged to its own sender. ${granted}`;
  assert.equal(told([]), `${start} It may for none. ${end}`);
  assert.equal(told(['A', 'B']), `${start} It may for A, B. ${end}`);
  assert.equal(told(['A', 'B', 'C', 'D', 'E', 'F', 'G']), `${start} It may for A, B, C, D, E and 2 more. ${end}`);
});
