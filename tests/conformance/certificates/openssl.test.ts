// Every kind asked of the openssl program: whatever it refuses for a reason of RFC 5280, we must refuse.
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { type KindName, kinds } from './kinds.ts';
import { askOpenssl, withoutOpenssl } from './openssl.ts';
import { type Differences, weAccept, weRefuse } from './openssl-differences.ts';
import { recipesIn } from './recipes.ts';
import { createWorld, toSpecimen } from './world.ts';

const world = await createWorld();
const recipes = recipesIn(world);

const reasonFor = (name: KindName, differences: Differences) =>
  differences.find(([, names]) => names.includes(name))?.[0];

describe('openssl agrees, or differs for a reason that is written down, on', { skip: withoutOpenssl }, () => {
  for (const name of Object.keys(kinds) as KindName[])
    test(name, () => {
      const { accepted, words } = askOpenssl(toSpecimen(world, recipes[name]()));
      if (accepted === kinds[name].accepted) return;
      const reason = reasonFor(name, accepted ? weRefuse : weAccept);
      assert.ok(reason, `openssl ${accepted ? 'accepts' : `refuses: ${words}`}; there is no reason for it`);
    });
});

test('no difference is written down for a kind that is judged the other way', () => {
  for (const [reason, names] of weAccept) for (const name of names) assert.ok(kinds[name].accepted, reason);
  for (const [reason, names] of weRefuse) for (const name of names) assert.ok(!kinds[name].accepted, reason);
});
