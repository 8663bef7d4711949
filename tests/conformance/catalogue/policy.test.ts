// The first catalogue's policy, rule by rule and number by number, against a table that says where each number is from.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parsePolicy } from '@headgate/contract';
import * as deck from './deck-table.ts';
import { policyRows } from './policy-table.ts';
import { readText } from './read-catalogue.ts';

const policy = parsePolicy('policy.yaml', await readText('caiso/policy.yaml'));
assert.ok(policy.ok);
const { limits } = policy.policy;
const printedOn13 = deck.limits.flatMap((row) => (row.page === 13 ? [row.printed] : []));

test('p. 13: the policy has the rules of the table and no other in force', () => {
  assert.deepEqual(
    limits.filter(({ mode }) => mode !== 'off').map(({ name }) => name),
    policyRows.map(({ name }) => name),
  );
});

for (const row of policyRows) {
  const numbers = [row.quota, row.windowMs];

  test(`p. 13: the rule ${row.name} has the numbers, key and reach of the table, and nothing else`, () => {
    const { source, ...rule } = limits.find(({ name }) => name === row.name) ?? { source: '' };
    assert.deepEqual(rule, {
      name: row.name,
      layer: row.layer,
      where: row.where,
      key: row.key,
      unit: 'requests',
      quota: row.quota.value,
      windowMs: row.windowMs.value,
      algorithm: 'exact-sliding-window',
      mode: 'enforce',
      counts: 'admitted',
      refusal: { status: 500, text: row.refusal, seconds: 'remaining' },
      evidence: row.evidence,
    });
    assert.ok(source.includes('deck p. 13'), 'the source cites the page that has the pool or the period');
  });

  test(`p. 13: the rule ${row.name} says of each number whether it is printed, observed or assumed`, () => {
    const source = limits.find(({ name }) => name === row.name)?.source ?? '';
    for (const number of numbers) {
      if ('printed' in number)
        assert.ok(
          printedOn13.some((printed) => printed.includes(number.printed)),
          number.printed,
        );
      else assert.match(source, 'observed' in number ? /observed/ : /assumed/);
    }
    const weakest = numbers.some((number) => 'assumed' in number)
      ? 'assumed'
      : numbers.some((number) => 'observed' in number)
        ? 'observed'
        : 'stated';
    assert.equal(row.evidence, weakest);
  });
}

test('p. 13: 1800 a minute is 30 a second, the number of the ws pool', () => {
  const [global] = deck.limits;
  assert.equal(global.connectionsPerMinute, global.perSecond * 60);
  assert.equal(limits.find(({ name }) => name === 'ws-global')?.quota, global.perSecond);
});
