// What must hold of every catalogue, whoever its operator is.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  cellStatuses,
  compileCatalogue,
  findUrl,
  loadCatalogueFolder,
  matrixOf,
  parsePolicy,
  parseProvisioning,
  sayFinding,
} from '@headgate/contract';
import fc from 'fast-check';
import { cataloguesFolder, readCatalogue, readText } from './read-catalogue.ts';

const files = [
  'catalogue.yaml',
  'announcements.yaml',
  'trust.yaml',
  'known-issues.yaml',
  'programme.yaml',
  'policy.yaml',
];
const day = fc
  .date({ min: new Date('2022-01-01'), max: new Date('2028-01-01'), noInvalidDate: true })
  .map((date) => date.toISOString().slice(0, 10));

for (const [name, provisioningFile] of [
  ['caiso', 'provisioning.example.yaml'],
  ['example', 'provisioning.yaml'],
] as const) {
  const catalogue = await readCatalogue(name);
  const index = compileCatalogue(catalogue);

  test(`${name}: every file names the schema that editors read`, async () => {
    for (const file of [...files, provisioningFile]) {
      const schema = file.replace('.example', '').replace('.yaml', '.json');
      const [first] = (await readText(`${name}/${file}`)).split('\n');
      assert.equal(first, `# yaml-language-server: $schema=../schema/${schema}`, file);
    }
  });

  test(`${name}: it is marked where participants try things out, and the first environment is not such a place`, () => {
    const marked = catalogue.environments.map(({ rehearsal }) => rehearsal === true);
    assert.deepEqual(marked, [false, true]);
  });

  test(`${name}: limits and provisioning are valid, and rules speak of ids that exist`, async () => {
    const policy = parsePolicy('policy.yaml', await readText(`${name}/policy.yaml`));
    assert.ok(policy.ok, policy.ok ? '' : policy.findings.map(sayFinding).join('\n'));
    const systems = new Set(catalogue.systems.map(({ id }) => id));
    const namespaces = new Set(catalogue.namespaces.map(({ id }) => id));
    for (const { where } of policy.policy.limits) {
      for (const id of [where.system ?? []].flat()) assert.ok(systems.has(id), id);
      for (const id of [where.namespace ?? []].flat()) assert.ok(namespaces.has(id), id);
    }
    const provisioning = parseProvisioning(provisioningFile, await readText(`${name}/${provisioningFile}`), catalogue);
    assert.ok(provisioning.ok, provisioning.ok ? '' : provisioning.findings.map(sayFinding).join('\n'));
  });

  test(`${name}: the matrix has a row for each system on any day, and an address never appears from nowhere`, () => {
    const printed = new Set([...index.addresses.values()].map(({ url }) => url));
    fc.assert(
      fc.property(day, fc.constantFrom(...catalogue.environments.map(({ id }) => id)), (asOf, environment) => {
        const { rows } = matrixOf(catalogue, environment, asOf);
        assert.equal(rows.length, catalogue.systems.filter(({ matrix }) => matrix).length);
        for (const { ui, api } of rows) {
          for (const cell of [ui.new, ui.old, api.new, api.old]) {
            assert.ok(cellStatuses.includes(cell.status));
            assert.ok(cell.url === null || printed.has(cell.url));
          }
        }
      }),
    );
  });

  test(`${name}: a status only moves forward as days pass`, () => {
    const rank = {
      'not-applicable': 0,
      'moved-in-place': 0,
      future: 0,
      available: 1,
      'to-be-cut-over': 0,
      complete: 2,
      decommissioned: 2,
    };
    fc.assert(
      fc.property(day, day, (one, other) => {
        const [earlier, later] = one < other ? [one, other] : [other, one];
        for (const { id } of catalogue.environments) {
          const before = matrixOf(catalogue, id, earlier).rows;
          for (const [number, after] of matrixOf(catalogue, id, later).rows.entries()) {
            for (const channel of ['ui', 'api'] as const) {
              for (const generation of ['new', 'old'] as const) {
                const was = before[number]?.[channel][generation].status ?? 'future';
                assert.ok(
                  rank[after[channel][generation].status] >= rank[was],
                  `${after.system} ${was} → ${after[channel][generation].status}`,
                );
              }
            }
          }
        }
      }),
      { numRuns: 50 },
    );
  });

  test(`${name}: every address is found, and with a string put after its last segment it is not`, () => {
    for (const address of index.addresses.values()) {
      const found = findUrl(index, address.url, { asOf: catalogue.document.edition });
      assert.equal(found?.address.url, address.url);
      if (address.path === '') continue;
      const longer = findUrl(index, `${address.url.replace(/\/$/, '')}x`, { asOf: catalogue.document.edition });
      assert.notEqual(longer?.address.id, address.id);
    }
  });

  test(`${name}: each listed service is recognised under its own name, and the replacement of an address is new`, () => {
    for (const address of index.addresses.values()) {
      if (address.replacement !== null) assert.equal(index.addresses.get(address.replacement)?.generation, 'new');
      if (address.channel !== 'api') continue;
      for (const system of address.systems) {
        const listed = catalogue.systems.find(({ id }) => id === system);
        for (const { name: service, operation, version } of listed?.endpoints === undefined
          ? (listed?.services ?? [])
          : []) {
          const suffix = version === undefined ? '' : `_v${version}`;
          const found = findUrl(index, `${address.url.replace(/\/$/, '')}/${service}${suffix}`, {
            asOf: catalogue.document.edition,
          })?.service;
          assert.ok(found?.kind === 'service', `${service} at ${address.url}`);
          assert.deepEqual(
            [found.system, found.service, found.operation, found.known],
            [system, service, operation, true],
          );
        }
      }
    }
  });

  test(`${name}: the same folder gives the same catalogue, which is plain data`, async () => {
    const again = await loadCatalogueFolder(new URL(name, cataloguesFolder).pathname);
    assert.ok(again.ok);
    assert.deepEqual(again.catalogue, catalogue);
    assert.deepEqual(JSON.parse(JSON.stringify(catalogue)), catalogue);
  });
}
