import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Charge, LimitRule } from '@headgate/contract';
import { createChargeBook } from './charge-book.ts';

const rule = (name: string) => ({ name }) as LimitRule;

test('charges of the same rule and key are one object, whoever brings them', () => {
  const book = createChargeBook();
  const ofSource = rule('source');
  const [first] = book.shared([{ rule: ofSource, key: 'source|a' }]);
  const [again, other] = book.shared([
    { rule: ofSource, key: 'source|a' },
    { rule: ofSource, key: 'source|b' },
  ]);
  assert.equal(again, first);
  assert.notEqual(other, first);
});

test('a rule that was overridden has a charge of its own, though it counts under the same key', () => {
  const book = createChargeBook();
  const [usual] = book.shared([{ rule: rule('limit'), key: 'limit|a' }]);
  const raised: Charge = { rule: { ...rule('limit'), quota: 9 }, key: 'limit|a' };
  const [own] = book.shared([raised]);
  assert.equal(own, raised);
  assert.notEqual(own, usual);
});

test('of charges without end the latest are kept', () => {
  const book = createChargeBook();
  const ofSource = rule('source');
  const keyed = (at: number): Charge => ({ rule: ofSource, key: `source|${at}` });
  const [first] = book.shared([keyed(0)]);
  for (let at = 1; at <= 20_000; at += 1) book.shared([keyed(at)]);
  assert.notEqual(book.shared([keyed(0)])[0], first);
  const [latest] = book.shared([keyed(20_000)]);
  assert.equal(book.shared([keyed(20_000)])[0], latest);
});
