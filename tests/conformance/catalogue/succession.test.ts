// What is announced of an old address whose path several systems share, and of one that has a host for itself.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type Catalogue, compileCatalogue, successionOf } from '@headgate/contract';
import { readCatalogue } from './read-catalogue.ts';

type Announcement = Catalogue['announcements'][number];

const example = await readCatalogue('example');
const [sample] = example.announcements;
assert.ok(sample);

/** An announcement about one system of the programs' channel, by its day. */
function announced(
  event: Announcement['event'],
  system: string,
  day: string,
  more: Partial<Announcement> = {},
): Announcement {
  const generation = event === 'available' ? 'new' : 'old';
  const { confirmedOn: _confirmedOn, ...rest } = sample as Announcement;
  return {
    ...rest,
    id: `${event}-${system}-${day}`,
    subject: { environment: 'live', channel: 'api', generation, systems: [system] },
    event,
    date: { kind: 'day', day },
    announcedOn: { kind: 'day', day: '2025-11-03' },
    ...more,
  };
}

/** The days on which a succession is told for the path that meters and balances share, as instants in Oslo. */
function daysOf(announcements: readonly Announcement[], generation: 'old' | 'new' = 'old', asOf = '2026-03-02') {
  const index = compileCatalogue({ ...example, announcements });
  const address = [...index.addresses.values()].find(
    (each) => each.systems.length > 1 && each.generation === generation && each.path.endsWith('/exchange'),
  );
  assert.deepEqual(address?.systems.toSorted(), ['balances', 'meters']);
  const found = successionOf(index, address, asOf);
  return found === null ? null : [found.deprecatedMs, found.sunsetMs];
}

/** Midnight in Oslo, in winter. */
const midnight = (day: string) => Date.parse(`${day}T00:00:00+01:00`);

test('an address that systems share has its successor when the last of them has, and ends when the last ends', () => {
  const both = [
    announced('available', 'meters', '2026-02-01'),
    announced('available', 'balances', '2026-01-15'),
    announced('decommission', 'meters', '2026-03-05'),
    announced('decommission', 'balances', '2026-03-09'),
  ];
  const told = [midnight('2026-02-01'), midnight('2026-03-09')];
  assert.deepEqual(daysOf(both), told);
  assert.deepEqual(daysOf(both.toReversed()), told);
});

test('nothing is told for all of those who share an address while it is announced of one alone', () => {
  const one = [announced('available', 'meters', '2026-02-01'), announced('decommission', 'balances', '2026-03-09')];
  assert.deepEqual(daysOf(one), [null, null]);
});

test('of several announcements in force the earliest counts, and none that was not made yet', () => {
  const twice = ['meters', 'balances'].flatMap((system) => [
    announced('available', system, '2026-02-20'),
    announced('available', system, '2026-02-01'),
    announced('available', system, '2026-01-15', { announcedOn: { kind: 'day', day: '2026-03-03' } }),
  ]);
  assert.deepEqual(daysOf(twice), [midnight('2026-02-01'), null]);
});

test('nothing is told of a new address, though its own end were announced', () => {
  const end = ['meters', 'balances'].map((system) =>
    announced('decommission', system, '2026-03-09', {
      subject: { environment: 'live', channel: 'api', generation: 'new', systems: [system] },
    }),
  );
  assert.equal(daysOf(end, 'new'), null);
});
