import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Snapshot } from '@headgate/contract';
import { type DocumentHistory, historyWith } from './document-history.ts';
import { writeDocuments } from './written-documents.ts';

interface ToldChanges {
  readonly whole: boolean;
  readonly changes: readonly { readonly version: number }[];
}

/** A catalogue of these systems alone. */
function catalogueOf(systems: readonly object[]): Pick<Snapshot, 'policy' | 'catalogue'> {
  const nothing = { environments: [], namespaces: [], hosts: [], announcements: [], trust: { bundles: [] } };
  const catalogue = { operator: { name: 'o' }, document: 'd', ...nothing, systems };
  return { policy: { limits: [] }, catalogue } as unknown as Pick<Snapshot, 'policy' | 'catalogue'>;
}

test('every change after a version is told, and of 256 at most', () => {
  let snapshot = catalogueOf([{ id: 's0' }]);
  let history: DocumentHistory = historyWith(null, snapshot, 0);
  for (let version = 2; version <= 300; version += 1) {
    snapshot = catalogueOf([{ id: `s${version}` }]);
    history = historyWith(history, snapshot, version);
  }
  const documents = writeDocuments(snapshot, history, null);
  const told = (since: number) => JSON.parse(documents.catalogue(since).body.toString()) as ToldChanges;
  assert.deepEqual(
    told(297).changes.map(({ version }) => version),
    [298, 299, 300],
  );
  assert.deepEqual([told(300).whole, told(300).changes], [false, []]);
  assert.equal(told(44).changes.length, 256);
  assert.deepEqual(
    [43, 0, 301].map((since) => told(since).whole),
    [true, true, true],
  );
});
