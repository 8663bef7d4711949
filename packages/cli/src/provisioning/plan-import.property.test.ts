import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { type Provisioning, parseProvisioning, sayFinding } from '@headgate/contract';
import fc from 'fast-check';
import { workspaceRoot } from '../cli.fixture.ts';
import { parseCsv } from './csv.ts';
import { changesBetween } from './import-changes.ts';
import { type ImportRow, readImportRows } from './import-rows.ts';
import { planImport } from './plan-import.ts';
import { cellKey, cellWords } from './right-cells.ts';

const text = await readFile(join(workspaceRoot, 'catalogues', 'caiso', 'provisioning.example.yaml'), 'utf8');
const sample = parseProvisioning('p.yaml', text);
assert.ok(sample.ok);
const now: Provisioning = sample.provisioning;
const against = {
  environments: ['production', 'map-stage'].map((id) => ({ id })),
  systems: ['cmri', 'sibr', 'stlmt'].map((id) => ({ id, channels: ['ui', 'api'] as const })),
};
const vendor = '"CN=SETTLEx0003,OU=people,O=EXAMPLE,C=US"';
const harbor = '"CN=HARBORx0001,OU=people,O=EXAMPLE,C=US"';

const lines = fc
  .record({
    who: fc.constantFrom(
      `harbor-power,${harbor},`,
      `settle-soft,${vendor},harbor-power`,
      `settle-soft,${vendor},mesa-demand`,
    ),
    environment: fc.constantFrom('production', 'map-stage', 'production;map-stage'),
    system: fc.constantFrom('cmri', 'sibr', 'stlmt', 'all'),
    channel: fc.constantFrom('ui', 'api', 'ui;api'),
    role: fc.constantFrom('none', 'read', 'submit'),
    until: fc.constantFrom('', '2024-06-30'),
  })
  .map(
    ({ who, environment, system, channel, role, until }) =>
      `${who},${environment},${system},${channel},${role},all,${until}`,
  );

function rowsOf(said: readonly string[]): readonly ImportRow[] {
  const header = 'participant,subject,endorsed_by,environment,system,channel,role,scids,until';
  const csv = parseCsv('a.csv', Buffer.from([header, ...said].join('\n')));
  assert.deepEqual(csv.findings, []);
  const { rows, findings } = readImportRows('a.csv', csv.rows);
  assert.deepEqual(findings.map(sayFinding), []);
  return rows;
}

const manyLines = fc.array(lines, { minLength: 1, maxLength: 8 });

test('an import that was made changes nothing the second time', () => {
  fc.assert(
    fc.property(manyLines, (said) => {
      const rows = rowsOf(said);
      const first = planImport(now, rows, against);
      fc.pre(first.findings.length === 0);
      const second = planImport(first.next, rows, against);
      assert.deepEqual(second.findings, []);
      assert.deepEqual(second.next, first.next);
      assert.deepEqual(changesBetween(first.next, second.next), []);
    }),
  );
});

test('after an import every place that a row states is as stated, and every other place is as it was', () => {
  const wordsIn = ({ participants }: Provisioning, subject: string, endorsedBy: string | undefined) => {
    const credential = participants.flatMap(({ credentials }) => credentials).find((each) => each.subject === subject);
    const given = credential?.endorsements?.filter(({ by }) => by === endorsedBy) ?? [];
    return cellWords(endorsedBy === undefined && credential !== undefined ? [{ rights: credential.rights }] : given);
  };
  fc.assert(
    fc.property(manyLines, (said) => {
      const rows = rowsOf(said);
      const { next, findings } = planImport(now, rows, against);
      fc.pre(findings.length === 0);
      for (const { credential, endorsedBy } of rows) {
        const subject = credential?.subject ?? '';
        const mine = rows.filter((each) => each.credential?.subject === subject && each.endorsedBy === endorsedBy);
        const [before, after] = [wordsIn(now, subject, endorsedBy), wordsIn(next, subject, endorsedBy)];
        const stated = new Map<string, Set<string>>();
        for (const { right, environments } of mine) {
          assert.ok(right);
          for (const environment of environments) {
            for (const channel of right.channels) {
              const words =
                right.role === 'none'
                  ? []
                  : [`${right.role} for all SCIDs${right.until === undefined ? '' : ` until ${right.until}`}`];
              const key = cellKey({ environment, system: right.system, channel });
              stated.set(key, new Set([...(stated.get(key) ?? []), ...words]));
            }
          }
        }
        for (const place of new Set([...before.keys(), ...after.keys(), ...stated.keys()]))
          assert.deepEqual(after.get(place) ?? new Set(), stated.get(place) ?? before.get(place) ?? new Set(), place);
      }
    }),
  );
});
