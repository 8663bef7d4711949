import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { EvidenceRecord } from '@headgate/contract';
import fc from 'fast-check';
import { bodyOf, generatedStartMs, generateRecords, naiveSums } from './generated-records.fixture.ts';
import { idOf } from './ledger-call.ts';
import { addCall, createRollup, hourMs, type Rollup, type RollupBounds, rollupBounds, startOf } from './rollup.ts';
import { createTaking, type Mark, nameOf, type TakenBatch } from './take-batch.ts';

const takenMs = generatedStartMs + 86_400_000;

/** A ledger of which a commit can fail: what a batch changed is then forgotten, as after a crash between reading and committing. */
function createMemory(bounds: RollupBounds = rollupBounds) {
  const take = createTaking();
  const marks = new Map<string, Mark>();
  const rollup = createRollup();
  const lines: Buffer[] = [];
  return {
    rollup,
    lines,
    send(node: string, body: Buffer, commits: boolean): TakenBatch {
      const taken = take(node, body, marks, takenMs);
      if (!commits) return taken;
      for (const mark of taken.marks) marks.set(nameOf(mark), mark);
      for (const call of taken.calls) addCall(rollup, call, takenMs, bounds);
      lines.push(...taken.lines);
      return taken;
    },
  };
}

function keyOf({ listener, identity, route }: EvidenceRecord): string {
  const caller = idOf('credential', identity?.fingerprint ?? '');
  const address =
    route === null ? 'unrouted' : idOf(route.environment, route.channel, route.generation, route.system, route.address);
  return [startOf(listener.receivedMs, hourMs), caller, address, route?.service ?? '', route?.operation ?? ''].join(
    ' ',
  );
}

function sumsOf({ uses }: Rollup) {
  return new Map(
    [...uses.values()].map(({ periodMs, caller, address, service, operation, measures }) => {
      const { calls, refused, chunked, requestBytes, responseBytes, lastMs } = measures;
      const key = [periodMs, caller, address, service, operation].join(' ');
      return [key, { calls, refused, chunked, requestBytes, responseBytes, lastMs }];
    }),
  );
}

test('rows of uses are what a plain count finds, whatever the split, the order of nodes, repetition and lost commits', () => {
  const nodes = ['gateway-1', 'gateway-2', 'gateway-3'];
  const made = nodes.map((node, at) =>
    generateRecords({ seed: at + 1, node, count: 80, threads: 3, spanMs: 4 * hourMs }),
  );
  const expected = naiveSums(made.flat(), keyOf);
  const step = fc.record({
    node: fc.nat({ max: nodes.length - 1 }),
    length: fc.integer({ min: 1, max: 40 }),
    commits: fc.boolean(),
    again: fc.boolean(),
  });
  fc.assert(
    fc.property(fc.array(step, { minLength: 0, maxLength: 40 }), (steps) => {
      const memory = createMemory();
      const sent = nodes.map(() => 0);
      const send = (node: number, length: number, commits: boolean): void => {
        const from = sent[node] ?? 0;
        memory.send(nodes[node] ?? '', bodyOf((made[node] ?? []).slice(from, from + length)), commits);
        if (commits) sent[node] = from + length;
      };
      for (const { node, length, commits, again } of steps) {
        send(node, length, commits);
        // An answer that was lost: the node sends once more what stands already.
        if (again) memory.send(nodes[node] ?? '', bodyOf((made[node] ?? []).slice(0, sent[node])), true);
      }
      for (const node of nodes.keys()) send(node, 1_000, true);
      assert.deepEqual(sumsOf(memory.rollup), expected);
      assert.equal(memory.lines.length, 240);
      assert.equal(memory.rollup.calls, 240);
    }),
    { numRuns: 40 },
  );
});

test('an attacker with a new source, user agent, host, path and certificate in every call grows nothing past the bounds', () => {
  const bounds: RollupBounds = { uses: 100, refusals: 50, parties: 40 };
  const memory = createMemory(bounds);
  const hostile = generateRecords({ seed: 9, count: 3_000, threads: 1, spanMs: hourMs }).map((record, at) => ({
    ...record,
    listener: { ...record.listener, source: `2001:db8::${at.toString(16)}`, userAgent: `agent ${at}`, path: `/${at}` },
    identity: { ...record.identity, subject: `CN=${at}`, fingerprint: `${at}`.padStart(64, '0'), verdict: 'refused' },
    route:
      record.route === null ? null : { ...record.route, address: `https://${at}.example`, service: `service ${at}` },
    admission: { ...record.admission, participant: `party ${at}` },
    response: { ...record.response, refusal: `made.up_${at}` },
  }));
  memory.send('gateway-1', bodyOf(hostile), true);
  const { uses, refusals, parties, callers, addresses } = memory.rollup;
  assert.ok(uses.size <= bounds.uses + 2, `${uses.size} rows`);
  assert.ok(refusals.size <= bounds.refusals + 2, `${refusals.size} refusals`);
  assert.ok(parties.size <= bounds.parties + 2, `${parties.size} parties`);
  assert.ok(callers.size <= bounds.uses + 1, `${callers.size} callers`);
  assert.ok(addresses.size <= bounds.uses + 1, `${addresses.size} addresses`);
  const sum = (values: Iterable<number>) => [...values].reduce((total, each) => total + each, 0);
  assert.equal(sum([...uses.values()].map(({ measures }) => measures.calls)), 3_000, 'and every call is counted');
  assert.equal(sum([...refusals.values()].map(({ calls }) => calls)), 3_000);
  assert.equal(sum([...parties.values()].map(({ measures }) => measures.calls)), 3_000);
  for (const { bags, measures } of uses.values()) {
    assert.ok(bags.sources.values.size <= 16 && bags.agents.values.size <= 8);
    const inBag = sum([...bags.agents.values.values()].map(({ calls }) => calls)) + bags.agents.others;
    assert.equal(inBag, measures.calls, 'a bag counts what it does not list');
  }
});

test('the day on which clocks change in California has 24 hours here, as every day of UTC has', () => {
  const take = createTaking();
  const rollup = createRollup();
  // On 10 March 2024 its clocks have no hour from 02:00 to 03:00.
  const startMs = Date.UTC(2024, 2, 10);
  const records = generateRecords({ seed: 4, count: 960, threads: 1, startMs, spanMs: 86_400_000 - 2_000 });
  const { calls } = take('gateway-1', bodyOf(records), new Map(), startMs + 86_400_000);
  for (const call of calls) addCall(rollup, call, startMs);
  const hours = new Set([...rollup.uses.values()].map(({ periodMs }) => (periodMs - startMs) / hourMs));
  assert.deepEqual(
    [...hours].toSorted((a, b) => a - b),
    Array.from({ length: 24 }, (_, hour) => hour),
  );
});
