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

/** What a thread is started with. */
interface Orders {
  readonly memory: ThreadMemory;
  readonly owner: number;
  readonly kind: Kind;
}

/** What a thread found, in nanoseconds per decision, and the part that was admitted. */
interface Found {
  readonly decisionNs: number;
  readonly fieldNs: number;
  readonly admitted: number;
}

/** Calls that have room, and calls most of which have none. */
const kinds = ['admitted', 'refused'] as const;
type Kind = (typeof kinds)[number];

const decisions = 1_000_000;
const callers = 256;
const rounds = 5;

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
function chargesOf(kind: Kind): readonly (readonly Charge[])[] {
  const quotas = kind === 'admitted' ? [4_000, 4_000, 4_000] : [30, 1, 4_000];
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
      source: `192.0.2.${caller}`,
      credential: caller.toString(16).padStart(64, 'a'),
      participant: `participant-${caller}`,
    } as const;
    return rules.map((rule) => ({ rule, key: toAllowanceKey(rule, subject) }));
  });
}

function measure({ memory, owner, kind }: Orders): Found {
  const { counters } = openThreadMemory(memory, owner);
  const calls = chargesOf(kind);
  const starts = limitFieldStarts((calls[0] ?? []).map(({ rule }) => rule));
  let admitted = 0;
  const run = (count: number, startMs: number): void => {
    // 256 calls a millisecond: the clock of a busy gateway, and no more events than windows hold.
    for (let at = 0; at < count; at += 1)
      if (counters.decide(calls[(at * 7 + owner) % callers] ?? [], startMs + (at >> 8)).admitted) admitted += 1;
  };
  run(decisions / 4, 1_000_000);
  admitted = 0;
  const decisionNs = nsPer(decisions, () => run(decisions, 2_000_000));
  let characters = 0;
  const fieldNs = nsPer(decisions, () => {
    for (let at = 0; at < decisions; at += 1)
      characters += limitField(calls[at % callers] ?? [], starts, 2_003_000).length;
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
        found.push(...(await Promise.all(owners.map((owner) => inThread({ memory, owner, kind })))));
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
