import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { LimitRule, Policy } from '@headgate/contract';
import { createOracle } from '@headgate/testkit';
import fc from 'fast-check';
import { ruleWith, subjectWith } from '../testdata.ts';
import type { Arrival } from './arrival.ts';
import { createBacktest, warmUpMs } from './backtest.ts';

const hourMs = 3_600_000;

function policyOf(...rules: readonly Partial<LimitRule>[]): Policy {
  return { limits: rules.map(ruleWith) };
}

interface Call {
  readonly atMs: number;
  readonly caller?: string;
  readonly service?: string;
  readonly was?: boolean | null;
  readonly requestBytes?: number;
  readonly durationMs?: number;
}

function arrivalOf({ atMs, caller = 'alpha', service = 'Awards', was = null, ...size }: Call): Arrival {
  const subject = subjectWith({
    source: '192.0.2.1',
    credential: caller,
    participant: caller,
    system: 'cmri',
    service,
  });
  return { atMs, subject, caller, requestBytes: null, durationMs: null, ...size, wasAdmitted: was };
}

function run(inForce: Policy, candidate: Policy, calls: readonly Call[], fromMs?: number) {
  const backtest = createBacktest({ inForce, candidate, ...(fromMs === undefined ? {} : { fromMs }) });
  for (const call of calls) backtest.take(arrivalOf(call));
  return backtest.report();
}

test('a call that one policy admits and the other refuses is counted by caller, system, rule and hour', () => {
  const report = run(policyOf({ name: 'aup', quota: 2 }), policyOf({ name: 'aup', quota: 1 }), [
    { atMs: 0 },
    { atMs: 1_000 },
    { atMs: hourMs, caller: 'bravo' },
    { atMs: hourMs + 4_999, caller: 'bravo' },
  ]);
  assert.deepEqual([report.arrivals, report.newlyRefused, report.newlyAdmitted], [4, 2, 0]);
  assert.deepEqual(report.byCaller, [
    { caller: 'alpha', calls: 2, newlyRefused: 1, newlyAdmitted: 0 },
    { caller: 'bravo', calls: 2, newlyRefused: 1, newlyAdmitted: 0 },
  ]);
  assert.deepEqual(report.bySystem, [{ system: 'cmri', calls: 4, newlyRefused: 2, newlyAdmitted: 0 }]);
  assert.deepEqual(report.byRule, [
    { rule: 'aup', refusedInForce: 0, refusedByCandidate: 2, newlyRefused: 2, newlyAdmitted: 0 },
  ]);
  assert.deepEqual(
    report.byHour.map(({ hourMs: at, newlyRefused }) => [at, newlyRefused]),
    [
      [0, 1],
      [hourMs, 1],
    ],
  );
  assert.deepEqual(
    report.examples.map(({ atMs, kind, rule, caller }) => [atMs, kind, rule, caller]),
    [
      [1_000, 'newly-refused', 'aup', 'alpha'],
      [hourMs + 4_999, 'newly-refused', 'aup', 'bravo'],
    ],
  );
});

test('a call that the candidate alone admits is told with the rule that refuses it in force', () => {
  const report = run(policyOf({ name: 'aup' }), policyOf({ name: 'wider', quota: 2 }), [{ atMs: 0 }, { atMs: 1 }]);
  assert.deepEqual([report.newlyRefused, report.newlyAdmitted], [0, 1]);
  assert.equal(report.examples[0]?.rule, 'aup');
  assert.deepEqual([report.inForce.refused, report.candidate.refused], [1, 0]);
});

test('calls before the span fill the windows and count in nothing', () => {
  const report = run(policyOf({ quota: 2 }), policyOf({ quota: 1 }), [{ atMs: 9_000 }, { atMs: 10_000 }], 10_000);
  assert.deepEqual([report.arrivals, report.warmUp, report.newlyRefused], [1, 1, 1]);
  assert.deepEqual([report.inForce.admitted, report.candidate.refused, report.firstMs], [1, 1, 10_000]);
  assert.equal(
    warmUpMs({
      inForce: policyOf({}),
      candidate: policyOf({ windowMs: 60_000 }, { windowMs: 86_400_000, mode: 'off' }),
    }),
    60_000,
  );
});

test('what was recorded is compared with the replay of the policy in force', () => {
  const { recorded } = run(policyOf({}), policyOf({}), [
    { atMs: 0, was: true },
    { atMs: 1, was: true },
    { atMs: 2, was: false },
    { atMs: 5_000, was: false },
    { atMs: 5_001 },
  ]);
  assert.deepEqual(recorded, { told: 4, alike: 2, refusedThenAdmittedNow: 1, admittedThenRefusedNow: 1 });
});

test('rules of the candidate in shadow mode flip nothing, and what they would have refused is told', () => {
  const report = run(policyOf(), policyOf({ name: 'quiet', mode: 'shadow' }), [{ atMs: 0 }, { atMs: 1 }]);
  assert.equal(report.newlyRefused, 0);
  assert.deepEqual(report.candidate.shadowRefused, { quiet: 1 });
});

test('callers, systems and rules add up to the sums, whatever comes', () => {
  const rule = fc.record({
    name: fc.constantFrom('one', 'two', 'three'),
    layer: fc.constantFrom('global' as const, 'acceptable-use' as const),
    key: fc.constantFrom<LimitRule['key'][]>(['source'], ['credential'], ['credential', 'service']),
    quota: fc.integer({ min: 1, max: 4 }),
    windowMs: fc.integer({ min: 100, max: 3_000 }),
  });
  const rules = fc.uniqueArray(rule, { selector: ({ name }) => name, maxLength: 3 });
  const calls = fc.array(
    fc.record({
      waitMs: fc.integer({ min: 0, max: 900 }),
      caller: fc.constantFrom('alpha', 'bravo'),
      service: fc.constantFrom('Awards', 'Prices'),
    }),
    { maxLength: 120 },
  );
  fc.assert(
    fc.property(rules, rules, calls, (before, after, gaps) => {
      let atMs = 0;
      const arrivals = gaps.map(({ waitMs, ...call }) => {
        atMs += waitMs;
        return { atMs, ...call };
      });
      const report = run(policyOf(...before), policyOf(...after), arrivals);
      const [inForce, candidate] = [before, after].map(oracleOf);
      const expected = { newlyRefused: 0, newlyAdmitted: 0 };
      for (const call of arrivals) {
        const [then, now] = [inForce?.(call), candidate?.(call)];
        if (then === null && now !== null) expected.newlyRefused += 1;
        if (then !== null && now === null) expected.newlyAdmitted += 1;
      }
      assert.deepEqual({ newlyRefused: report.newlyRefused, newlyAdmitted: report.newlyAdmitted }, expected);
      for (const list of [report.byCaller, report.bySystem, report.byRule, report.byHour]) {
        assert.equal(
          list.reduce((sum, each) => sum + each.newlyRefused, 0),
          expected.newlyRefused,
        );
        assert.equal(
          list.reduce((sum, each) => sum + each.newlyAdmitted, 0),
          expected.newlyAdmitted,
        );
      }
    }),
  );
});

type OracleCall = { readonly atMs: number; readonly caller: string; readonly service: string };

function oracleOf(rules: readonly Pick<LimitRule, 'name' | 'layer' | 'key' | 'quota' | 'windowMs'>[]) {
  return createOracle<OracleCall>(
    rules.map(({ name, layer, key, quota, windowMs }) => ({
      name,
      isGlobal: layer === 'global',
      counts: () => true,
      keyOf: ({ caller, service }) =>
        key.map((part) => ({ source: '', credential: caller, service })[part as 'source']).join(),
      quota,
      windowMs,
    })),
  );
}

test('bytes are judged by what came, and calls at once by when each ended', () => {
  const bytes = { name: 'bytes', unit: 'request-bytes', windowMs: 1_000 } as const;
  const atOnce = { name: 'at-once', unit: 'concurrent-requests', windowMs: 1_000 } as const;
  const inForce = policyOf({ ...bytes, quota: 100 }, { ...atOnce, quota: 9 });
  const candidate = policyOf({ ...bytes, quota: 60 }, { ...atOnce, quota: 2 });
  const report = run(inForce, candidate, [
    { atMs: 0, requestBytes: 30, durationMs: 5_000 },
    { atMs: 10, requestBytes: 30, durationMs: 100 },
    // Two are open by the candidate, and its bytes are used up.
    { atMs: 20, requestBytes: 0, durationMs: 10 },
    { atMs: 500, requestBytes: 40, durationMs: 10 },
    { atMs: 600, requestBytes: 10, durationMs: 10 },
    // The second has ended, the window is over: one place, and room for bytes.
    { atMs: 2_000, requestBytes: 60, durationMs: 4_000 },
    { atMs: 4_999, requestBytes: 0, durationMs: 1 },
    { atMs: 5_000, requestBytes: 0, durationMs: 1 },
  ]);
  const refused = report.byRule.map(({ rule, refusedInForce, refusedByCandidate }) => [
    rule,
    refusedInForce,
    refusedByCandidate,
  ]);
  assert.deepEqual(Object.fromEntries(refused.map(([rule, ...counts]) => [rule, counts])), {
    bytes: [1, 2],
    'at-once': [0, 2],
  });
  assert.deepEqual(report.candidate.untold, {});
});

test('a call that was refused then holds nothing, and of one without a size or a duration it is told', () => {
  const candidate = policyOf({ name: 'at-once', unit: 'concurrent-requests', quota: 1, windowMs: 1_000 });
  const report = run(policyOf({ name: 'bytes', unit: 'request-bytes', quota: 1, windowMs: 1_000 }), candidate, [
    { atMs: 0, durationMs: 9_000, was: false },
    { atMs: 1 },
    { atMs: 2, durationMs: 9_000, was: true },
    { atMs: 3, durationMs: 9_000, was: true },
  ]);
  assert.deepEqual([report.candidate.admitted, report.candidate.refused], [3, 1]);
  assert.deepEqual([report.candidate.untold, report.inForce.untold], [{ 'at-once': 1 }, { bytes: 4 }]);
});

test('a call that a rule over calls at once would have refused in shadow mode holds no place of it, and gives none back', () => {
  const candidate = policyOf({ name: 'at-once', unit: 'concurrent-requests', quota: 1, mode: 'shadow' });
  const { shadowRefused } = run(policyOf(), candidate, [
    { atMs: 0, durationMs: 1_000 },
    { atMs: 1, durationMs: 9_000 },
    { atMs: 2, durationMs: 1 },
    // What was refused has ended; what was admitted has not.
    { atMs: 20, durationMs: 1 },
    { atMs: 1_000, durationMs: 1 },
  ]).candidate;
  assert.deepEqual(shadowRefused, { 'at-once': 3 });
});

test('a rule over connections is named, with the reason why it is not judged', () => {
  const doors = policyOf({ name: 'doors', unit: 'connections', where: {}, key: ['source'] });
  const { candidate, inForce } = run(policyOf({ name: 'aup' }), doors, [{ atMs: 0 }]);
  assert.deepEqual(candidate.notJudged, [{ rule: 'doors', reason: 'evidence does not say connections' }]);
  assert.deepEqual(inForce.notJudged, []);
});
