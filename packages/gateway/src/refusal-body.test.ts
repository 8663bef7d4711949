import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { type ProblemCode, problems, Refusal } from '@headgate/contract';
import type { CertificateFacts } from '@headgate/pki';
import { readFault } from '@headgate/soap';
import fc from 'fast-check';
import { refusalBody } from './refusal-body.ts';

const context = { exchange: '3f0c', forwarded: 'no', atMs: Date.UTC(2024, 1, 21) } as const;
const facts = {
  found: 'x',
  limitBytes: 1,
  waitedMs: 1,
  source: 's',
  limit: 1,
  host: 'h',
  serverName: 'n',
  issuers: ['i'],
  subject: 's',
  issuer: 'i',
  serial: '1',
  notAfter: 'a',
  notBefore: 'b',
  check: 'c',
  environment: 'e',
  path: '/',
  system: 'S',
  service: 'v',
  candidates: ['c'],
  method: 'M',
  allowed: ['A'],
  address: 'a',
  since: 's',
  replacement: null,
  operation: 'o',
  rule: 'r',
  text: 't',
  seenBytes: 1,
  declared: true,
  expected: ['e'],
  status: 200,
  right: 'read',
  channel: 'ui',
  has: 'h',
  at: 'a',
  enrolled: ['e'],
  grantedBy: [],
  otherCertificate: false,
  endorser: null,
  authority: 'a',
  until: null,
  reason: null,
  otherPurpose: null,
  held: 'h',
  fault: 'f',
  endedAt: 'a',
  because: 'b',
  outcome: 'differs',
  username: 'u',
  element: 'e',
  part: 'subject',
} as const;
const refusalOf = (code: ProblemCode) => new Refusal(code, facts);

describe('every code of the catalogue', () => {
  for (const code of Object.keys(problems) as ProblemCode[])
    test(`${code} says the same in every format`, () => {
      const { status, fix, title } = problems[code];
      const refusal = refusalOf(code);
      for (const format of ['soap-1.1', 'soap-1.2'] as const) {
        const fault = refusalBody(refusal, { ...context, format });
        const read = readFault(fault.body.toString());
        assert.equal(fault.status, 500);
        assert.equal(read?.text, refusal.detail);
        assert.equal(read.description, refusal.detail);
        assert.deepEqual(
          [
            read.problem.code,
            read.problem.fix,
            read.problem.exchange,
            read.problem.by,
            read.problem.forwarded,
            read.problem.status,
          ],
          [code, fix, '3f0c', 'gateway', 'no', String(status)],
        );
      }
      const json = refusalBody(refusal, { ...context, format: 'problem+json' });
      assert.equal(json.status, status);
      assert.deepEqual(
        { ...JSON.parse(json.body.toString()) },
        {
          type: `urn:headgate:problem:${code}`,
          title,
          status,
          detail: refusal.detail,
          instance: 'urn:headgate:exchange:3f0c',
          code,
          exchange: '3f0c',
          fix,
          by: 'gateway',
          forwarded: 'no',
          retry: problems[code].retry,
        },
      );
      const page = refusalBody(refusal, { ...context, format: 'html' });
      assert.equal(page.status, status);
      assert.match(page.body.toString(), new RegExp(`<code>${code}</code>`));
    });
});

test('a fault says Client where the caller must act, and Server where nobody there can, or where a limit says so', () => {
  const limit = { key: 'k', unit: 'requests', quota: 1, windowMs: 1, violated: ['r'] };
  const sideOf = (code: ProblemCode, more: object = {}) => {
    const refusal = new Refusal(code, { ...facts, ...more });
    return /<faultcode>SOAP-ENV:(\w+)</.exec(
      refusalBody(refusal, { ...context, format: 'soap-1.1' }).body.toString(),
    )?.[1];
  };
  for (const code of [
    'identity.certificate_expired',
    'admission.other_environment',
    'admission.not_permitted',
    'admission.right_ended',
    'admission.right_not_begun',
    'admission.foreign_scid',
  ] as const)
    assert.equal(sideOf(code), 'Client', code);
  for (const code of ['identity.revocation_unknown', 'admission.uncounted', 'forward.queue_full'] as const)
    assert.equal(sideOf(code), 'Server', code);
  for (const code of ['admission.acceptable_use', 'admission.global_limit'] as const)
    assert.equal(sideOf(code, limit), 'Server', code);
});

test('a page tells no person to space tries as programs do', () => {
  for (const code of Object.keys(problems) as ProblemCode[])
    assert.doesNotMatch(refusalBody(refusalOf(code), { ...context, format: 'html' }).body.toString(), /growing pauses/);
});

test('words of a caller stay words in every format', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary', maxLength: 50 }), (host) => {
      const refusal = new Refusal('route.unknown_host', { host });
      const page = refusalBody(refusal, { ...context, format: 'html' }).body.toString();
      assert.equal(
        page.split('<').length,
        refusalBody(refusalOf('route.unknown_host'), { ...context, format: 'html' })
          .body.toString()
          .split('<').length,
      );
      const fault = readFault(refusalBody(refusal, { ...context, format: 'soap-1.1' }).body.toString());
      assert.equal(fault?.problem.code, 'route.unknown_host');
      const json = refusalBody(refusal, { ...context, format: 'problem+json' }).body.toString();
      assert.equal(JSON.parse(json).detail, refusal.detail.toWellFormed());
    }),
  );
});

test('a refusal of a certificate tells a program which it was and whom to ask, apart from its sentence', () => {
  const page = {
    host: 'h',
    operator: 'Operator',
    contact: 'help@example.org',
    issuers: ['i'],
    target: null,
    certificate: {
      subject: 'CN=me',
      issuer: 'CN=authority',
      serial: '0a',
      notBeforeMs: Date.UTC(2023, 1, 21),
      notAfterMs: Date.UTC(2024, 1, 20),
      fingerprint256: 'f0',
    } as CertificateFacts,
  };
  const told = {
    subject: 'CN=me',
    issuer: 'CN=authority',
    serial: '0a',
    notBefore: '2023-02-21T00:00:00.000Z',
    notAfter: '2024-02-20T00:00:00.000Z',
    fingerprint: 'f0',
  };
  for (const code of ['identity.certificate_expired', 'identity.not_enrolled', 'identity.issuer_unknown'] as const) {
    const said = { ...context, page };
    const json = refusalBody(refusalOf(code), { ...said, format: 'problem+json' }).body.toString();
    assert.deepEqual(JSON.parse(json).certificate, told);
    assert.equal(JSON.parse(json).contact, 'help@example.org');
    const fault = readFault(refusalBody(refusalOf(code), { ...said, format: 'soap-1.1' }).body.toString());
    for (const [name, value] of Object.entries(told)) assert.equal(fault?.problem[`certificate.${name}`], value);
    assert.equal(fault?.problem.contact, 'help@example.org');
  }
  const granted = new Refusal('admission.not_permitted', { ...facts, grantedBy: ['a@x.example', 'b@x.example'] });
  const json = JSON.parse(refusalBody(granted, { ...context, page, format: 'problem+json' }).body.toString());
  assert.deepEqual(
    [json.certificate, json.contact, json.grantedBy],
    [told, 'help@example.org', ['a@x.example', 'b@x.example']],
  );
  const fault = refusalBody(granted, { ...context, page, format: 'soap-1.1' }).body.toString();
  const read = readFault(fault)?.problem;
  assert.deepEqual(
    [read?.['certificate.serial'], read?.contact, read?.grantedBy],
    ['0a', 'help@example.org', 'a@x.example; b@x.example'],
  );
  const other = refusalBody(refusalOf('admission.global_limit'), { ...context, page, format: 'problem+json' });
  assert.equal(JSON.parse(other.body.toString()).certificate, undefined);
});
