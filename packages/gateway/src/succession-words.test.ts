import assert from 'node:assert/strict';
import { test } from 'node:test';
import { compileCatalogue, loadCatalogueFolder } from '@headgate/contract';
import { exampleCatalogue } from '@headgate/testkit';
import { successionFields, successionWords } from './succession-words.ts';

const loaded = await loadCatalogueFolder(exampleCatalogue);
assert.ok(loaded.ok);
const addresses = [...compileCatalogue(loaded.catalogue).addresses.values()];
const successor = addresses.find(({ url }) => url === 'https://api.grid.example.net/v2/offers');
assert.ok(successor);
const deprecatedMs = Date.UTC(2026, 0, 14, 23);

test('a successor is named from the instant at which it is available, and its date before that', () => {
  const succession = { deprecatedMs, sunsetMs: null, successor };
  const dates = ['deprecation', `@${deprecatedMs / 1_000}`];
  assert.deepEqual(successionWords(succession, deprecatedMs - 1), { dates, successor: null });
  assert.deepEqual(successionWords(succession, deprecatedMs), { dates, successor });
});

test('a successor whose day nobody knows is not named', () => {
  const ends = { deprecatedMs: null, sunsetMs: Date.UTC(2026, 2, 9, 8), successor };
  assert.deepEqual(successionWords(ends, Date.UTC(2027, 0)), {
    dates: ['sunset', 'Mon, 09 Mar 2026 08:00:00 GMT'],
    successor: null,
  });
  assert.equal(successionWords({ deprecatedMs: null, sunsetMs: null, successor }, Date.UTC(2027, 0)), null);
});

test('programs are sent to the very path of their call, and people to the front page', () => {
  const words = { dates: [], successor };
  const link = (path: string) => ['link', `<${path}>; rel="successor-version"`];
  assert.deepEqual(successionFields(words, 'api', 'ReadOffers'), link(`${successor.url}/ReadOffers`));
  assert.deepEqual(successionFields(words, 'api', ''), link(successor.url));
  assert.deepEqual(successionFields(words, 'ui', 'some/page'), link(successor.url));
  const slashed = { dates: [], successor: { ...successor, url: `${successor.url}/` } };
  assert.deepEqual(successionFields(slashed, 'api', 'ReadOffers'), link(`${successor.url}/ReadOffers`));
});
