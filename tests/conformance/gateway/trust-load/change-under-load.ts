// A real gateway of two threads, callers who never stop, and everything that an operator changes in a transition, again and again.
import assert from 'node:assert/strict';
import { performance } from 'node:perf_hooks';
import type { ControlAnswer } from '@headgate/gateway';
import type { Operator } from '../operators.ts';
import { type Answered, type CallerOptions, type Load, startLoad, type Way } from './callers.ts';
import { type Breakage, type Change, type Step, stepsOfOneRound } from './changes.ts';
import { type GatewayProcess, recordsIn, startGatewayProcess } from './gateway-process.ts';
import { createHistory, type Errand, type History } from './history.ts';
import { type Ledger, startLedger } from './ledger.ts';
import { createWorld, type UserName, userNames, type World } from './world.ts';

const threads = 2;

/** What a run is given. */
export interface RunOptions {
  readonly operator: Operator;
  /** A generator of numbers from 0 to 1: the order of the changes. */
  readonly random: () => number;
  /** Goes on for another round of every change while it says so. */
  readonly anotherRound: () => boolean;
  /** Every so many times `apply` is the command, a process that takes half a second of CPU; else its question at the same socket. */
  readonly commandEvery: number;
}

/** What a run did. */
export interface RunCounts {
  readonly calls: number;
  readonly callsPerSecond: number;
  /** By code of the refusal, `served` for none. */
  readonly outcomes: Readonly<Record<string, number>>;
  readonly changes: number;
  /** Milliseconds that each took, the start of a process included. */
  readonly applyMs: readonly number[];
  /** From the moment a list was written, without anyone asking for it, until no other was in force, in milliseconds. */
  readonly listByItselfMs: number;
}

interface Run extends RunOptions {
  readonly gateway: GatewayProcess;
  readonly world: World;
  readonly history: History;
  readonly ledger: Ledger;
  readonly load: Load;
  readonly applyMs: number[];
}

/** Makes every change under load, and asserts of each call what became of it. */
export async function changeUnderLoad(options: RunOptions): Promise<RunCounts> {
  const { operator } = options;
  const ends: (() => Promise<void>)[] = [];
  try {
    const ledger = await startLedger();
    ends.unshift(ledger.close);
    const world = await createWorld(operator, ledger, threads);
    ends.unshift(world.close);
    const gateway = await startGatewayProcess(world.config);
    ends.unshift(gateway.stop);
    const history = createHistory(world.first, 1, performance.now());
    const { port } = gateway;
    const load = startLoad({ operator, port, ledger, history, anchors: world.anchors, callers: callersOf(world) });
    ends.splice(1, 0, load.stop); // Behind the gateway: what it does not answer ends with it.
    return await changeEverything({ gateway, world, history, ledger, load, applyMs: [], ...options });
  } finally {
    for (const end of ends) await end();
  }
}

async function changeEverything(run: Run): Promise<RunCounts> {
  const { gateway, history, ledger, load, random, anotherRound, applyMs } = run;
  const startMs = performance.now();
  await haveEveryoneInEveryThread(run);
  let lastList = 1;
  do {
    const round = stepsOfOneRound(random, lastList);
    ({ lastList } = round);
    for (const step of round.steps) await takeStep(run, step);
  } while (anotherRound());
  const listByItselfMs = await revokeByListAlone(run, lastList + 1);
  await load.stop();
  const seconds = (performance.now() - startMs) / 1_000;
  await gateway.stop();
  assertNoFaults(run);
  assert.deepEqual(ledger.strays, [], 'calls came to the back end that nobody made, or that were over');
  const outcomes = await assertEvidence(run);
  const [calls, changes] = [load.answered.size, history.phases.length - 1];
  return { calls, callsPerSecond: calls / seconds, outcomes, changes, applyMs, listByItselfMs };
}

/** How many callers a user has at first. */
const perWay: Readonly<Record<Way, number>> = { kept: 6, new: 1, resumed: 2 };

/** For each user: kept connections to two hosts, new ones, resumed sessions, in both versions of TLS; and callers of the host that moves. */
function callersOf({ users }: World): readonly CallerOptions[] {
  const errandsOf = (at: number): readonly Errand[] => (at % 3 === 2 ? ['page'] : ['retrieve', 'retrieve', 'submit']);
  const versionOf = (at: number) => (at % 2 === 0 ? 'TLSv1.3' : 'TLSv1.2');
  const everyones = userNames.flatMap((name) =>
    (Object.keys(perWay) as Way[]).flatMap((way) =>
      Array.from(
        { length: perWay[way] },
        (_, at): CallerOptions => ({ user: users[name], way, errands: errandsOf(at), tlsVersion: versionOf(at) }),
      ),
    ),
  );
  const movers = (['kept', 'new', 'resumed'] as const).map(
    (way): CallerOptions => ({ user: users.steady, way, errands: ['old'], tlsVersion: 'TLSv1.3' }),
  );
  return [...everyones, ...movers];
}

/** The system chooses the thread of a connection: more of them are opened until every user has kept ones in each. */
async function haveEveryoneInEveryThread({ load, world }: Run): Promise<void> {
  for (;;) {
    // Twice: the first call of a session is not a resumed one.
    await load.everyoneAnswered();
    await load.everyoneAnswered();
    const kept = new Map([...load.answered].filter(([, { caller }]) => caller.way === 'kept'));
    const threadsOf = new Map(userNames.map((name) => [name, new Set<number>()]));
    while (kept.size > 0)
      for await (const { exchange, thread } of recordsIn(world.evidenceFolder)) {
        threadsOf.get(kept.get(exchange)?.caller.user.name as UserName)?.add(thread);
        kept.delete(exchange);
      }
    const more = userNames.filter((name) => (threadsOf.get(name)?.size ?? 0) < threads);
    if (more.length === 0) return;
    load.join(
      more.map((name) => ({ user: world.users[name], way: 'kept', errands: ['retrieve'], tlsVersion: 'TLSv1.3' })),
    );
  }
}

async function takeStep(run: Run, step: Step): Promise<void> {
  if (step.kind === 'breakage') await breakFile(run, step);
  else await makeChange(run, step, step.together === true);
  assertNoFaults(run, step.what);
}

async function makeChange(run: Run, { what, write }: Change, together: boolean): Promise<void> {
  const { gateway, world, history, load } = run;
  const now = history.state();
  // What it becomes is known once the files are written, and may be in force from the first byte on.
  history.begin(now, performance.now());
  const becomes = { ...now, ...(await write(world, now)) };
  history.become(becomes);
  if (together) for (const signal of ['SIGHUP', 'SIGHUP'] as const) gateway.signal(signal);
  const ends = await Promise.all(Array.from({ length: together ? 2 : 1 }, () => apply(run)));
  const doneMs = performance.now();
  const numbers = ends.map((end) => assertInForce(end, what));
  history.done(Math.min(...numbers), doneMs);
  await load.everyoneAnswered();
}

/** What a gateway was asked, by the command or at its socket, and the exit code that either stands for. */
interface Asked {
  readonly status: number;
  readonly text: string;
}

async function apply({ gateway, world, applyMs, commandEvery }: Run): Promise<Asked> {
  const startMs = performance.now();
  const at = applyMs.length;
  applyMs.push(0);
  const asked = at % commandEvery === 0 ? await gateway.trust('apply', '--json') : await world.ask('apply');
  applyMs[at] = performance.now() - startMs;
  return asked;
}

/** The snapshot that is in force in every thread, as `apply` says. */
function assertInForce({ status, text }: Asked, what: string, expected = 0): number {
  assert.equal(status, expected, `${what}: ${text}`);
  const { number, threads: told } = JSON.parse(text) as Extract<ControlAnswer, { ok: true }>;
  assert.deepEqual(
    told.map(({ thread, snapshot }) => [thread, (snapshot ?? 0) >= number]),
    Array.from({ length: threads }, (_, thread) => [thread, true]),
    what,
  );
  return number;
}

/** Nothing of it is ever in force: the history is told of nothing. */
async function breakFile(run: Run, { what, file, text, finding, toldBy }: Breakage): Promise<void> {
  const { gateway, world, load } = run;
  const good = await world.read(file);
  await world.write(file, text);
  const told = gateway.said.filter((line) => finding.test(line)).length;
  if (toldBy === 'signal') gateway.signal('SIGHUP');
  else {
    const asked = await apply(run);
    if (toldBy === 'notice')
      assertInForce(asked, what, 7); // All is in force, and a list that is none is not.
    else assert.deepEqual([asked.status, finding.test(asked.text)], [4, true], `${what}: ${asked.text}`);
  }
  if (toldBy !== 'apply') await gateway.says(finding, told + 1);
  await load.everyoneAnswered();
  await world.write(file, good);
}

/** A list that is written and left alone: the gateway finds it. */
async function revokeByListAlone(run: Run, number: number): Promise<number> {
  const { gateway, world, history, load } = run;
  const statusNow = async () => assertInForce(await world.ask('status'), 'the status');
  const before = await statusNow();
  const taken = gateway.said.filter((line) => listsTaken.test(line)).length;
  const startMs = performance.now();
  const now = history.state();
  history.begin({ ...now, revoked: ['listed'] }, startMs);
  await world.writeList({ number, revoked: ['listed'] });
  await gateway.says(listsTaken, taken + 1);
  let inForce = before;
  while (inForce === before) inForce = await statusNow();
  history.done(inForce, performance.now());
  await load.everyoneAnswered();
  assertNoFaults(run, 'a list is left alone');
  return performance.now() - startMs;
}

const listsTaken = /"revocation-lists-taken"/;

function assertNoFaults({ load, gateway }: Run, what = 'the whole run'): void {
  if (load.faults.length === 0) return;
  const first = load.faults.slice(0, 10).join('\n');
  assert.fail(
    `${what}: ${load.faults.length} faults\n${first}\nThe gateway said at last:\n${gateway.said.slice(-10).join('\n')}`,
  );
}

/** One record for every call and none besides, which says what the caller was told; by code. */
async function assertEvidence({ world, load, history }: Run): Promise<Readonly<Record<string, number>>> {
  const outcomes: Record<string, number> = {};
  const seen = new Set<string>();
  const covered = new Map<string, Set<number>>();
  for await (const { exchange, snapshot, thread, listener, response } of recordsIn(world.evidenceFolder)) {
    const told = load.answered.get(exchange);
    assert.ok(told, `a record of ${exchange}, which nobody was answered`);
    assert.ok(!seen.has(exchange), `a second record of ${exchange}`);
    seen.add(exchange);
    assert.equal(response.refusal, told.code, exchange);
    assert.ok(response.complete, exchange);
    assert.equal(listener.tlsResumed, told.resumed, exchange);
    assert.ok(snapshot >= told.snapshotMin, `${exchange} was judged by ${snapshot}, begun behind ${told.snapshotMin}`);
    const key = coverKey(told);
    covered.set(key, (covered.get(key) ?? new Set()).add(thread));
    const outcome = told.code ?? 'served';
    outcomes[outcome] = (outcomes[outcome] ?? 0) + 1;
  }
  assert.equal(seen.size, load.answered.size, 'records, and calls that were answered');
  assertCovered(covered, history);
  return outcomes;
}

function coverKey({ caller, wholePhases, resumed }: Answered): string {
  return `${wholePhases} ${caller.user.name} ${resumed ? 'resumed' : caller.way}`;
}

/** Behind each change every user was judged in each thread on a connection that was open before it, and on a resumed session. */
function assertCovered(covered: ReadonlyMap<string, ReadonlySet<number>>, { phases }: History): void {
  for (const [at] of phases.entries())
    for (const name of userNames) {
      const on = (how: string) => covered.get(`${at + 1} ${name} ${how}`)?.size ?? 0;
      assert.equal(on('kept'), threads, `behind change ${at}, ${name} on kept connections`);
      assert.ok(on('resumed') > 0, `behind change ${at}, ${name} on resumed sessions`);
    }
}
