import assert from 'node:assert/strict';
import { before, describe, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { findingsMax, sayFinding } from '../yaml-file.ts';
import { loadCatalogueFolder } from './load.ts';
import type { Catalogue } from './model.ts';
import { parseProvisioning } from './provisioning.ts';

const folder = fileURLToPath(new URL('../../../../catalogues/caiso/', import.meta.url));
let catalogue: Catalogue;
before(async () => {
  const loaded = await loadCatalogueFolder(folder);
  assert.ok(loaded.ok);
  catalogue = loaded.catalogue;
});

const fingerprint = 'AB:'.repeat(31).concat('AB');
const good = `format: 1
grantedBy: access@operator.example.org
systems:
  - { id: sibr, grantedBy: bids@operator.example.org }
participants:
  - id: harbor
    name: Harbor Power Authority
    grantedBy: access@harbor.example.org
    scids: [HPA1, HPA2]
    resourceGroups:
      - { id: hydro, scid: HPA1, resources: [LAKE_1, LAKE_2] }
    credentials:
      - subject: CN=HARBORx0001,OU=people,O=EXAMPLE,C=US
        holder: { kind: application, contact: desk@harbor.example.org }
        environments: [production, map-stage]
        rights:
          - { system: cmri, environment: production, channels: [ui, api], role: read, scids: all }
          - { system: sibr, environment: production, channels: [api], role: submit, resourceGroups: [hydro] }
          - { system: drrs, environment: production, channels: [api], role: none }
      - fingerprint: ${fingerprint}
        environments: [production]
        rights:
          - { system: all, environment: production, channels: [api], operations: [submit], scids: [HPA2], from: 2024-03-01, until: 2024-03-31 }
  - id: vendor
    name: Vendor
    scids: []
    credentials:
      - issuer: CN=Issuing CA
        serial: 0A:1B
        environments: [production]
        rights: []
        endorsements:
          - by: harbor
            from: 2024-01-01
            until: 2024-12-31
            rights:
              - { system: cmri, environment: production, channels: [api], role: read, scids: [HPA1] }
`;

function findingsOf(text: string): readonly string[] {
  const parsed = parseProvisioning('p.yaml', text, catalogue);
  return parsed.ok ? [] : parsed.findings.map(sayFinding);
}

test('a file with every kind of entry has no finding', () => {
  assert.deepEqual(findingsOf(good), []);
});

const another = `  - id: mesa
    name: Mesa
    scids: [MESA]
    credentials:
      - subject: CN=MESAx0002
        environments: [production]
        rights: []
`;

describe('a file is refused with line and reason', () => {
  // Rows: what is wrong, the words that make it so, and the finding.
  const rows: readonly (readonly [string, string, string, RegExp])[] = [
    [
      'a subject twice',
      'CN=MESAx0002',
      'CN=HARBORx0001,OU=people,O=EXAMPLE,C=US',
      /^p\.yaml:\d+:\d+ participants\.2\.credentials\.0\.subject: found CN=HARBORx0001\S+ again; expected each certificate subject once$/,
    ],
    [
      'a fingerprint twice, written otherwise',
      'subject: CN=MESAx0002',
      `fingerprint: ${'ab'.repeat(32)}`,
      /credentials\.0\.fingerprint: found abab\S+ again; expected each certificate fingerprint once$/,
    ],
    [
      'an issuer and serial twice, written otherwise',
      'subject: CN=MESAx0002',
      'issuer: CN=Issuing CA\n        serial: "000A1B"',
      /credentials\.0\.serial: found 000A1B again; expected each certificate serial once$/,
    ],
    [
      'a fingerprint whose subject another participant holds',
      'subject: CN=MESAx0002',
      `subject: CN=HARBORx0001,OU=people,O=EXAMPLE,C=US\n        fingerprint: ${'cd'.repeat(32)}`,
      /credentials\.0\.subject: found \S+, which harbor holds; expected a subject of mesa$/,
    ],
    [
      'a serial without its issuer',
      'subject: CN=MESAx0002',
      'serial: 0C',
      /credentials\.0: found \{?.*expected one of: a subject; a fingerprint; an issuer with a serial/,
    ],
    [
      'an SCID of two participants',
      '[MESA]',
      '[HPA2]',
      /^p\.yaml:\d+:13 participants\.2\.scids\.0: found HPA2 again; expected an SCID that harbor does not hold already$/,
    ],
    [
      'a participant twice',
      'id: mesa',
      'id: vendor',
      /participants\.2\.id: found vendor again; expected an id of its own$/,
    ],
    [
      'an unknown system',
      'system: cmri, environment: production, channels: [ui',
      'system: cmr, environment: production, channels: [ui',
      /^p\.yaml:17:23 \S+rights\.0\.system: found cmr; expected a system of the catalogue$/,
    ],
    [
      'an unknown environment',
      'environments: [production, map-stage]',
      'environments: [production, map-stage, moon]',
      /^p\.yaml:15:\d+ \S+environments\.2: found moon; expected one of production, map-stage$/,
    ],
    [
      'an unknown system that somebody grants',
      '{ id: sibr,',
      '{ id: sib,',
      /^p\.yaml:4:\d+ systems\.0\.id: found sib; expected a system of the catalogue$/,
    ],
    [
      'an endorsement by a participant that is unknown',
      'by: harbor',
      'by: harbour',
      /endorsements\.0\.by: found harbour; expected a participant of this file$/,
    ],
    [
      'an endorsement by the holder itself',
      'by: harbor',
      'by: vendor',
      /endorsements\.0\.by: found vendor, whose credential it is; expected another participant; its own are `rights`$/,
    ],
    [
      'an endorsed SCID that the endorser has not',
      'scids: [HPA1] }',
      'scids: [MESA] }',
      /endorsements\.0\.rights\.0\.scids: found MESA; expected one of HPA1, HPA2$/,
    ],
    [
      'a group of resources that the participant has not',
      'resourceGroups: [hydro]',
      'resourceGroups: [wind]',
      /rights\.1\.resourceGroups: found wind; expected one of hydro$/,
    ],
    [
      'a group under an SCID that the participant has not',
      'scid: HPA1',
      'scid: MESA',
      /resourceGroups\.0\.scid: found MESA; expected one of HPA1, HPA2$/,
    ],
    [
      'dates of a right the wrong way round',
      'from: 2024-03-01',
      'from: 2024-04-01',
      /^p\.yaml:23:\d+ \S+rights\.0\.until: found 2024-03-31; expected a date after 2024-04-01$/,
    ],
    [
      'dates of an endorsement the wrong way round',
      'from: 2024-01-01',
      'from: 2025-01-01',
      /endorsements\.0\.until: found 2024-12-31; expected a date after 2025-01-01$/,
    ],
    [
      'a right that never holds within its endorsement',
      'role: read, scids: [HPA1] }',
      'role: read, scids: [HPA1], from: 2025-01-01 }',
      /endorsements\.0\.rights\.0\.from: found 2025-01-01; expected a date within its endorsement: 2024-01-01 to 2024-12-31$/,
    ],
    [
      'a day that does not exist',
      'from: 2024-03-01',
      'from: 2024-02-30',
      /rights\.0\.from: found 2024-02-30; expected a day as 2024-03-31 \(UTC\), or an instant/,
    ],
    [
      'a role on a channel that the system has not',
      'system: drrs, environment: production, channels: [api]',
      'system: eide, environment: production, channels: [ui]',
      /rights\.2\.channels\.0: found ui; expected one of api: eide has no ui$/,
    ],
    [
      'none beside a right that gives it',
      'system: drrs, environment: production, channels: [api], role: none',
      'system: cmri, environment: production, channels: [api], role: none',
      /rights\.2\.role: found none, beside a right of retrieve there; expected one of the two/,
    ],
    [
      'a role and operations together',
      'role: read, scids: all',
      'role: read, operations: [retrieve], scids: all',
      /rights\.0: found .*; expected either role or operations$/,
    ],
    [
      'a right over no SCID and no group',
      'role: read, scids: all',
      'role: read',
      /rights\.0: found .*; expected either scids or resourceGroups$/,
    ],
    [
      'a person in place of a role address',
      'desk@harbor.example.org',
      'Jane Doe',
      /holder\.contact: found Jane Doe; expected the address of a role, as access@example\.org$/,
    ],
  ];
  for (const [what, from, to, finding] of rows)
    test(what, () => {
      const text = good + another;
      assert.ok(text.includes(from));
      const findings = findingsOf(text.replace(from, to));
      assert.equal(findings.length, 1, findings.join('\n'));
      assert.match(findings[0] ?? '', finding);
    });
});

test('a file with more mistakes than anybody reads tells no more of them than the bound', () => {
  const many = Array.from({ length: findingsMax + 20 }, () => another).join('');
  assert.equal(findingsOf(`format: 1\nparticipants:\n${many}`).length, findingsMax);
});
