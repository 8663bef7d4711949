import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createCoverage } from './coverage.ts';
import { bundleOf, dayMs, type Made, makeIntermediate, makeRoot, nowMs } from './hierarchy.fixture.ts';
import type { TrustSpan } from './trust-bundle.ts';

const ever: TrustSpan = { fromMs: Number.NEGATIVE_INFINITY, untilMs: Number.POSITIVE_INFINITY };
const long = { notAfterMs: nowMs + 100 * dayMs };
const root = await makeRoot('Test Root', long);
const issuing = await makeIntermediate(root, 'Test Issuing', long);
const issuedBy = ({ facts }: Made, fingerprint: string | null = facts.fingerprint256) => ({
  issuer: facts.subject,
  issuedBy: fingerprint,
});

/** The last day, counted from now, of a path of leaves that were issued by `issuer`. */
function lastDay(
  issuer: ReturnType<typeof issuedBy>,
  anchors: readonly Made[],
  intermediates: readonly Made[],
  dated: readonly (readonly [Made, Partial<TrustSpan>])[] = [],
): number | null {
  const bundle = bundleOf(
    anchors,
    intermediates,
    dated.map(([made, span]) => [made, { ...ever, ...span }] as const),
  );
  const endMs = createCoverage(bundle).endsFor(issuer, nowMs);
  return endMs === null ? null : (endMs - nowMs) / dayMs;
}

test('a path lasts until the first of its certificates ends', () => {
  assert.equal(lastDay(issuedBy(issuing), [root], [issuing]), 100);
  assert.equal(lastDay(issuedBy(issuing), [root], [issuing], [[root, { untilMs: nowMs + 7 * dayMs }]]), 7);
  assert.equal(lastDay(issuedBy(issuing), [root], [issuing], [[issuing, { untilMs: nowMs + 5 * dayMs }]]), 5);
});

test('a leaf that an anchor issued itself lasts as long as the anchor', () => {
  assert.equal(lastDay(issuedBy(root), [root], [], [[root, { untilMs: nowMs + 7 * dayMs }]]), 7);
});

test('where nothing leads to an anchor now there is no path, whatever begins later', () => {
  assert.equal(lastDay(issuedBy(issuing), [root], []), null);
  assert.equal(lastDay(issuedBy(issuing), [root], [issuing], [[root, { fromMs: nowMs + dayMs }]]), null);
});

test('an authority that is renewed under its key before the first ends carries on, one that comes too late does not', async () => {
  const renewed = await makeRoot('Test Root', { key: root.signer.key, notAfterMs: nowMs + 200 * dayMs });
  const withRenewed = (fromDays: number) =>
    lastDay(
      issuedBy(issuing),
      [root, renewed],
      [issuing],
      [
        [root, { untilMs: nowMs + 7 * dayMs }],
        [renewed, { fromMs: nowMs + fromDays * dayMs, untilMs: nowMs + 50 * dayMs }],
      ],
    );
  assert.equal(withRenewed(3), 50);
  assert.equal(withRenewed(8), 7);
});

test('an authority of the same name and another key helps only where nobody says which one issued', async () => {
  const namesake = await makeIntermediate(root, 'Test Issuing', long);
  const dated = [[issuing, { untilMs: nowMs + 5 * dayMs }]] as const;
  assert.equal(lastDay(issuedBy(issuing), [root], [issuing, namesake], dated), 5);
  assert.equal(lastDay(issuedBy(issuing, null), [root], [issuing, namesake], dated), 100);
});

test('what ends in a span is told with its role and its last instant, and which anchors count then', async () => {
  const other = await makeRoot('Other Root', long);
  const untilMs = nowMs + 7 * dayMs;
  const coverage = createCoverage(bundleOf([root, other], [issuing], [[root, { ...ever, untilMs }]]));
  assert.deepEqual(coverage.ends(nowMs, untilMs), [{ facts: root.facts, role: 'anchor', atMs: untilMs }]);
  assert.deepEqual(coverage.ends(nowMs, untilMs - 1), []);
  assert.deepEqual(coverage.anchorsAt(untilMs), [root.facts, other.facts]);
  assert.deepEqual(coverage.anchorsAt(untilMs + 1), [other.facts]);
  assert.equal(coverage.ends(nowMs, long.notAfterMs).length, 3);
});
