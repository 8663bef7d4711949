// Nodes of several threads each against one store, hurt while they are overloaded; and what their calls prove.
import { type ChildProcess, fork } from 'node:child_process';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { LimitRule } from '@headgate/contract';
import { breathe, chargeTo, ruleWith } from './counters.fixture.ts';
import {
  deniedWrongly,
  type Excuse,
  mostInAnyWindow,
  type ProbedLimit,
  type Seen,
  shareUsed,
} from './probe.fixture.ts';
import type { NodeOrders, NodeWord } from './probe-node.fixture.ts';
import { machineMs, numbersPerCall, outcomes } from './probe-thread.fixture.ts';
import { librarySource, type StoreAddress } from './store-link.ts';

/** What is probed. */
export interface ProbeOptions {
  /** The store as each node reaches it. */
  readonly addresses: readonly StoreAddress[];
  readonly threads: number;
  readonly sourceCount: number;
  readonly limit: ProbedLimit;
  /** Calls for each that is due. */
  readonly overload: number;
  readonly degraded: NonNullable<LimitRule['degraded']>;
}

/** Nodes at work. */
export interface Probe {
  /** Lets them work for so long before their share counts: fifteen threads on few cores compile at once. All else is judged from the start. */
  warmUp(forMs: number): Promise<void>;
  /** Lets them work for so long, unharmed. */
  work(forMs: number): Promise<void>;
  /** Hurts the store, and waits until every node counts again. */
  fault(hurt: () => Promise<void>): Promise<void>;
  /** Kills a node and starts it again; resolves once it counts. */
  restartNode(at: number): Promise<void>;
  /** Ends the nodes. */
  judge(): Promise<Judgement>;
  close(): Promise<void>;
}

/** What was proven. */
export interface Judgement {
  readonly callCount: number;
  /** Of any source. */
  readonly mostInAnyWindow: number;
  readonly deniedWrongly: number;
  /** Over all sources, in the unharmed span where it was least. */
  readonly shareUsed: number;
  /** Times that a node lost the store although nobody had hurt it: this machine was too slow. */
  readonly unplanned: number;
  /** Epochs that began while it worked, as the node tells that saw the most: faults that were felt. */
  readonly epochsBegun: number;
}

/** What follows a fault of itself, beside a window: a silent store is not trusted for a second. */
const settleMs = 1_000;
const timeoutMs = 1_500;

/** Starts nodes; resolves once every one has counted. */
export async function startProbe(options: ProbeOptions): Promise<Probe> {
  const { limit, sourceCount, addresses, threads } = options;
  const rule = ruleWith({ ...limit, name: 'probed', degraded: options.degraded });
  const charges = Array.from({ length: sourceCount }, (_, source) => [chargeTo(rule, `${source}`)]);
  const names = addresses.map((_, at) => `node-${at}`);
  const callsPerSecond = (limit.quota * sourceCount * options.overload * 1_000) / limit.windowMs / addresses.length;
  const words: (NodeWord & { readonly node: string })[] = [];
  const folder = await mkdtemp(join(tmpdir(), 'headgate-probe-'));
  const files: string[] = [];
  const heard = (kind: NodeWord['kind'], node: string): number =>
    words.filter((word) => word.kind === kind && word.node === node).length;
  const startNode = (at: number): ChildProcess => {
    const child = fork(new URL('./probe-node.fixture.ts', import.meta.url), { serialization: 'advanced' });
    const node = names[at] ?? '';
    child.on('message', (word: NodeWord) => words.push({ ...word, node }));
    const file = join(folder, `${files.length}`);
    files.push(...Array.from({ length: threads }, (_, thread) => `${file}-${thread}`));
    const address = addresses[at] ?? { endpoints: [], cluster: false };
    const orders: NodeOrders = {
      address,
      node,
      nodes: names,
      threads,
      charges,
      callsPerSecond,
      timeoutMs,
      source,
      file,
    };
    child.send(orders);
    return child;
  };
  const children = names.map((_, at) => startNode(at));
  const spans: { readonly fromMs: number; untilMs: number }[] = [];
  const excuses: Excuse[] = [];
  const awayCount = (node: string): number => awaysOf(words, node);
  const startedMs = machineMs();
  const passed = async (ms: number): Promise<void> => {
    const untilMs = machineMs() + ms;
    while (machineMs() < untilMs) await breathe();
  };
  while (names.some((node) => heard('counting', node) === 0)) await breathe();
  await passed(limit.windowMs);
  excuses.push([startedMs, machineMs()]);
  const work = async (forMs: number): Promise<void> => {
    const fromMs = machineMs();
    await passed(forMs);
    spans.push({ fromMs, untilMs: machineMs() });
  };
  const fault = async (hurt: () => Promise<void>): Promise<void> => {
    const fromMs = machineMs();
    await hurt();
    do await breathe();
    while (names.some((node) => awayCount(node) > 0));
    await passed(settleMs + limit.windowMs);
    excuses.push([fromMs - limit.windowMs, machineMs()]);
  };
  const restartNode = async (at: number): Promise<void> => {
    const node = names[at] ?? '';
    const before = heard('counting', node);
    const dead = new Promise((resolve) => children[at]?.once('exit', resolve));
    children[at]?.kill('SIGKILL');
    await dead;
    words.push({ kind: 'killed', node });
    children[at] = startNode(at);
    while (heard('counting', node) === before) await breathe();
  };
  const judge = async (): Promise<Judgement> => {
    for (const child of children) child.send('end');
    while (names.some((node) => heard('ended', node) === 0)) await breathe();
    const seen = await Promise.all(files.map(seenIn));
    const begun = names.map(
      (node) =>
        words.filter(
          (word) => word.node === node && word.kind === 'notice' && word.notice.kind === 'counters-began-anew',
        ).length,
    );
    const judged = judgementOf(seen, options, excuses, spans, unplannedOf(words, excuses, limit));
    return { ...judged, epochsBegun: Math.max(...begun) };
  };
  return {
    warmUp: passed,
    work,
    fault,
    restartNode,
    judge,
    async close() {
      for (const child of children) child.kill('SIGKILL');
      await rm(folder, { recursive: true, force: true });
    },
  };
}

/** How often a node lost the store and is still without it. One that was killed begins anew. */
function awaysOf(words: readonly (NodeWord & { readonly node: string })[], node: string): number {
  let count = 0;
  for (const word of words) {
    if (word.node !== node) continue;
    if (word.kind === 'killed') count = 0;
    else if (word.kind === 'notice' && word.notice.kind === 'counters-away') count += 1;
    else if (word.kind === 'notice' && word.notice.kind === 'counters-back') count -= 1;
  }
  return count;
}

/** What a thread wrote; of one that was killed the last call may be cut off. */
async function seenIn(file: string): Promise<Float64Array> {
  const bytes = await readFile(file);
  const whole = bytes.subarray(
    0,
    bytes.byteLength - (bytes.byteLength % (numbersPerCall * Float64Array.BYTES_PER_ELEMENT)),
  );
  return new Float64Array(new Uint8Array(whole).buffer);
}

/** The library with a clock that a test sets ahead, by a key beside the state of each domain. */
const source = librarySource.replace(
  'return body(keys, args, now_us())',
  "return body(keys, args, now_us() + (redis.call('GET', keys[1] .. ':ahead') or 0))",
);

/** The key that says by how many microseconds the clock of the domain is ahead. */
export const aheadKey = 'headgate:1:{default}:ahead';

/** Spans in which a node was without the store though nobody had hurt it. */
function unplannedOf(
  words: readonly (NodeWord & { readonly node: string })[],
  planned: readonly Excuse[],
  { windowMs }: ProbedLimit,
): Excuse[] {
  return words.flatMap((word): Excuse[] => {
    if (word.kind !== 'notice' || word.notice.kind !== 'counters-away') return [];
    if (planned.some(([fromMs, untilMs]) => word.atMs >= fromMs && word.atMs <= untilMs)) return [];
    const back = words.find(
      (other) =>
        other.kind === 'notice' &&
        other.node === word.node &&
        other.notice.kind === 'counters-back' &&
        other.atMs >= word.atMs,
    );
    const backMs = back?.kind === 'notice' ? back.atMs : Number.POSITIVE_INFINITY;
    return [[word.atMs - timeoutMs - windowMs, backMs + settleMs + windowMs]];
  });
}

function judgementOf(
  written: readonly Float64Array[],
  { sourceCount, limit }: ProbeOptions,
  planned: readonly Excuse[],
  spans: readonly { readonly fromMs: number; readonly untilMs: number }[],
  unplanned: readonly Excuse[],
): Omit<Judgement, 'epochsBegun'> {
  const bySource: Seen[][] = Array.from({ length: sourceCount }, () => []);
  for (const calls of written)
    for (let at = 0; at < calls.length; at += numbersPerCall) {
      const [source = 0, sentMs = 0, gotMs = 0, outcome = 0] = calls.subarray(at, at + numbersPerCall);
      bySource[source]?.push({ sentMs, gotMs, outcome: outcomes[outcome] ?? 'refused' });
    }
  const excuses = [...planned, ...unplanned];
  const unharmed = spans.filter(({ fromMs, untilMs }) =>
    unplanned.every(([from, until]) => until < fromMs || from > untilMs),
  );
  return {
    callCount: bySource.reduce((count, calls) => count + calls.length, 0),
    mostInAnyWindow: Math.max(...bySource.map((calls) => mostInAnyWindow(calls, limit))),
    deniedWrongly: bySource.reduce((count, calls) => count + deniedWrongly(calls, limit, excuses).length, 0),
    shareUsed: Math.min(
      1,
      ...unharmed.map(({ fromMs, untilMs }) => {
        const shares = bySource.map((calls) => shareUsed(calls, limit, fromMs, untilMs));
        return shares.reduce((sum, share) => sum + share, 0) / sourceCount;
      }),
    ),
    unplanned: unplanned.length,
  };
}
