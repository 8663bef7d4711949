// What one decision costs, over three rules, in one thread and in two that share the table; and what the fields of an answer cost.
// `node bench/decision.ts` prints a table. CPU time of the thread that decides, so that a busy machine blurs less.
import { randomFillSync } from 'node:crypto';
import { isMainThread, parentPort, Worker, workerData } from 'node:worker_threads';
import type { Charge, LimitRule } from '@headgate/contract';
import {
  createThreadMemory,
  limitField,
  limitFieldStarts,
  openThreadMemory,
  type ThreadMemory,
  toAllowanceKey,
} from '@headgate/rules';
import { seededRandom } from '@headgate/testkit';

/** What a thread is started with. */
interface Orders {
  readonly memory: ThreadMemory;
  readonly owner: number;
  readonly kind: Kind;
  readonly threads: number;
}

/** What a thread found, in nanoseconds per decision, and the part that was admitted. */
interface Found {
  readonly decisionNs: number;
  readonly fieldNs: number;
  readonly admitted: number;
}

/**
 * `mixed`: 10,002 keys in an order without pattern, two of three calls admitted. `admitted` and `refused`: few callers, whom both threads
 * ask about in the same order at the same moment, calls that have room and calls most of which have none.
 */
const kinds = ['mixed', 'admitted', 'refused'] as const;
type Kind = (typeof kinds)[number];

const decisions = 1_000_000;
const rounds = 5;

/** Calls in one millisecond of each thread: the clock of a busy gateway, and no more events than windows hold. */
const callsPerMs = 256;

function callersOf(kind: Kind): number {
  return kind === 'mixed' ? 3_334 : 256;
}

/** Which caller each call is of. */
function orderOf(kind: Kind, owner: number): Uint16Array {
  const callers = callersOf(kind);
  const order = Uint16Array.from({ length: callers * 16 }, (_, at) => (at * 7 + owner) % callers);
  if (kind !== 'mixed') return order;
  const random = seededRandom(owner);
  for (let at = order.length - 1; at > 0; at -= 1) {
    const other = Math.floor(random() * (at + 1));
    [order[at], order[other]] = [order[other] ?? 0, order[at] ?? 0];
  }
  return order;
}

const ruleOf = (name: string, layer: LimitRule['layer'], key: LimitRule['key'], quota: number): LimitRule => ({
  name,
  layer,
  where: {},
  key,
  unit: 'requests',
  quota,
  windowMs: 1_000,
  algorithm: 'exact-sliding-window',
  mode: 'enforce',
  counts: 'admitted',
  refusal: { status: 500, text: 'Wait <n> seconds.', seconds: 'remaining' },
  evidence: 'assumed',
  source: 'bench',
});

/** The charges of every caller: a global rule, one per certificate and service, one per participant. */
function chargesOf(kind: Kind, threads: number): readonly (readonly Charge[])[] {
  const callers = callersOf(kind);
  const twoOfThree = Math.round((2 * threads * callsPerMs * 1_000) / callers / 3);
  const quotas = { mixed: [4_000, twoOfThree, 4_000], admitted: [4_000, 4_000, 4_000], refused: [30, 1, 4_000] }[kind];
  const rules = [
    ruleOf('ws-global', 'global', ['source'], quotas[0] ?? 1),
    ruleOf('use', 'acceptable-use', ['credential', 'service'], quotas[1] ?? 1),
    ruleOf('fair', 'acceptable-use', ['participant'], quotas[2] ?? 1),
  ];
  return Array.from({ length: callers }, (_, caller) => {
    const subject = {
      environment: 'production',
      infrastructure: 'current',
      namespace: 'ws',
      channel: 'api',
      generation: 'new',
      system: 'cmri',
      service: 'RetrieveMarketAwards',
      operation: 'retrieve',
      source: `192.0.${caller >> 8}.${caller & 255}`,
      credential: caller.toString(16).padStart(64, 'a'),
      participant: `participant-${caller}`,
    } as const;
    return rules.map((rule) => ({ rule, key: toAllowanceKey(rule, subject) }));
  });
}

function measure({ memory, owner, kind, threads }: Orders): Found {
  const { counters } = openThreadMemory(memory, owner);
  const calls = chargesOf(kind, threads);
  const order = orderOf(kind, owner);
  const starts = limitFieldStarts((calls[0] ?? []).map(({ rule }) => rule));
  let admitted = 0;
  const run = (count: number, startMs: number): void => {
    for (let at = 0, place = 0; at < count; at += 1, place = place + 1 === order.length ? 0 : place + 1)
      if (counters.decide(calls[order[place] ?? 0] ?? [], startMs + Math.floor(at / callsPerMs)).admitted)
        admitted += 1;
  };
  run(decisions / 4, 1_000_000);
  admitted = 0;
  const decisionNs = nsPer(decisions, () => run(decisions, 2_000_000));
  let characters = 0;
  const fieldNs = nsPer(decisions, () => {
    for (let at = 0; at < decisions; at += 1)
      characters += limitField(calls[at % calls.length] ?? [], starts, 2_003_000).length;
  });
  if (characters === 0) throw new Error('no field was written');
  return { decisionNs, fieldNs, admitted: admitted / decisions };
}

function nsPer(count: number, work: () => void): number {
  const before = process.threadCpuUsage();
  work();
  const { user, system } = process.threadCpuUsage(before);
  return ((user + system) * 1_000) / count;
}

function inThread(orders: Orders): Promise<Found> {
  const worker = new Worker(new URL(import.meta.url), { workerData: orders });
  const { promise, resolve, reject } = Promise.withResolvers<Found>();
  worker.once('message', resolve);
  worker.once('error', reject);
  return promise;
}

async function main(): Promise<void> {
  console.log('calls     threads  ns per decision (median, least)  admitted  ns per RateLimit field');
  for (const kind of kinds)
    for (const threads of [1, 2]) {
      const found: Found[] = [];
      for (let round = 0; round < rounds; round += 1) {
        const memory = createThreadMemory(randomFillSync(new Int32Array(4)), { connectionsMax: 1 });
        const owners = Array.from({ length: threads }, (_, at) => at + 1);
        found.push(...(await Promise.all(owners.map((owner) => inThread({ memory, owner, kind, threads })))));
      }
      const sorted = found.map(({ decisionNs }) => decisionNs).toSorted((one, other) => one - other);
      const fields = found.map(({ fieldNs }) => fieldNs).toSorted((one, other) => one - other);
      const admitted = found.reduce((sum, each) => sum + each.admitted, 0) / found.length;
      const [median, least] = [sorted[sorted.length >> 1] ?? 0, sorted[0] ?? 0];
      console.log(
        `${kind.padEnd(9)} ${String(threads).padEnd(8)} ${`${median.toFixed(0)}, ${least.toFixed(0)}`.padEnd(32)} ${admitted.toFixed(2).padEnd(9)} ${(fields[fields.length >> 1] ?? 0).toFixed(0)}`,
      );
    }
}

if (isMainThread) await main();
else parentPort?.postMessage(measure(workerData as Orders));
