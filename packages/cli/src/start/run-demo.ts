// The demo, in order: authority → simulators → gateway → participants → summary, and everything down again on Ctrl-C.
import { writeFile } from 'node:fs/promises';
import { join, relative, resolve } from 'node:path';
import { openCatalogue } from '@headgate/client';
import { CliRefusal } from '../cli-refusal.ts';
import type { CliContext } from '../context.ts';
import { exitCodes } from '../exit-codes.ts';
import { type Children, createChildren, type ReadyChild } from './child.ts';
import { takeFolder } from './demo-lock.ts';
import { takePorts } from './demo-ports.ts';
import { createDemoWorld, type DemoPorts, type DemoWorld, demoParticipants } from './demo-world.ts';
import { type Fleet, startFleet } from './fleet.ts';
import { type EvidenceFollower, followEvidence } from './follow-evidence.ts';
import { generationByHost } from './generation-by-host.ts';
import { createScreen } from './screen.ts';
import { type Summary, summaryFor, withRecord } from './summary.ts';
import { tryLater, tryNext, tryPage } from './try-next.ts';

const drawMs = 1_000;
const impatientMs = 1_000;
/** What a shell reports of a program that Ctrl-C ended: 128 and the number of SIGINT. */
const impatientCode = 130;

/** What the demo is asked. */
export interface DemoOptions {
  readonly folder: string;
  readonly quiet: boolean;
}

/** Runs the demo until SIGINT, SIGTERM or SIGHUP. Refuses a folder in use; raises when a part of it ends by itself. */
export async function runDemo(options: DemoOptions, context: CliContext): Promise<void> {
  const place = resolve(context.workspaceRoot, options.folder);
  const stopped = stopSignal();
  const lock = await takeFolder(place);
  const children = createChildren();
  const downs: Down[] = [() => children.stop()];
  let over = false;
  // What begins while everything is being stopped is ended at once.
  const undo = (down: Down) => (over ? void down() : void downs.push(down));
  const isOver = () => over;
  const shown = showDemo({ ...options, folder: place }, { context, children, undo, stopped, isOver });
  try {
    await Promise.race([stopped, shown]);
  } finally {
    over = true;
    for (const down of downs.toReversed()) await down();
    await shown.catch(() => undefined); // A step under way still writes into the folder.
    await lock.release();
    await written(context, 'Everything is stopped.\n');
  }
}

type Down = () => Promise<void> | void;

interface Running {
  readonly context: CliContext;
  readonly children: Children;
  /** Takes what ends a thing that was begun; the last is done first. */
  undo(down: Down): void;
  readonly stopped: Promise<void>;
  /** Whether everything is being stopped: a step that ends now is the last. */
  isOver(): boolean;
}

async function showDemo({ folder, quiet }: DemoOptions, running: Running): Promise<void> {
  const { context, stopped } = running;
  const near = relative(process.cwd(), folder) || '.';
  const shown = near.startsWith('..') ? folder : near;
  const { ports, notes, release } = await takePorts();
  running.undo(release);
  for (const note of notes) say(context, `  · ${note}`);
  const started = await startParts(folder, ports, running);
  const { parts, world, follower, fleet } = started;
  const signIn = await linkOf(world);
  const suggestions = tryNext(shown);
  await writeFile(join(world.folder, 'TRY.md'), tryPage([...suggestions, ...tryLater(shown)]));

  const screen = createScreen(context.stdout, {
    suggestions,
    page: `${shown}/TRY.md`,
    notes,
    signIn,
    pids: parts.map(({ name, pid }) => `${name} ${pid}`).join(', '),
    quiet,
  });
  running.undo(() => screen.close());
  const broken = Promise.withResolvers<never>();
  const draw = () =>
    follower
      .catchUp()
      .then(() => screen.draw(started.summaryNow(), fleet.unsent))
      .catch(broken.reject);
  const timer = setInterval(() => void draw(), drawMs);
  running.undo(() => clearInterval(timer));
  void draw();
  await Promise.race([stopped, fleet.broken, broken.promise, ...parts.map(failWhenEnded)]);
}

/** A one-time link of the operator, asked of control through its local door, as `headgate control sign-in` does. */
async function linkOf({ controlConfig, folder }: DemoWorld): Promise<string> {
  const { askLocalDoor } = await import('@headgate/control');
  const answer = await askLocalDoor(join(folder, 'control'), { ask: 'sign-in', account: 'operator' });
  if ('link' in answer) return answer.link;
  throw new CliRefusal(`control of ${controlConfig} gives no one-time link`, exitCodes.unusable);
}

interface Parts {
  readonly parts: readonly ReadyChild[];
  readonly world: DemoWorld;
  readonly follower: EvidenceFollower;
  readonly fleet: Fleet;
  summaryNow(): Summary;
}

async function startParts(folder: string, ports: DemoPorts, running: Running): Promise<Parts> {
  const { context, children } = running;
  const catalogue = resolve(context.workspaceRoot, 'catalogues/caiso');
  const simulators = await step(running, 'market systems, legacy and current infrastructure', () =>
    Promise.all([startSimulator('legacy', children, context), startSimulator('current', children, context)]),
  );
  const [legacy, current] = simulators;
  const upstreams = { legacy: legacy.url, current: current.url };
  const world = await step(
    running,
    `an authority, server chains of both families, certificates for ${demoParticipants.length} participants`,
    () => createDemoWorld({ folder, catalogue, nowMs: context.clock(), ports, upstreams }),
  );
  // It makes its store meanwhile: the gateway serves with or without it.
  const controlStarting = startPart(
    'control',
    ['control', '--config', world.controlConfig],
    children,
    context,
    world.controlLog,
  );
  controlStarting.catch(() => undefined); // Told by its own step.
  const gateway = await step(
    running,
    `the gateway on 127.0.0.1:${ports.tls} (TLS) and 127.0.0.1:${ports.plain} (plain HTTP, for OASIS)`,
    () => startPart('gateway', ['gateway', '--config', world.gatewayConfig], children, context, world.gatewayLog),
  );
  const control = await step(
    running,
    `control on 127.0.0.1:${ports.control}, where the gateway sends its evidence`,
    () => controlStarting,
  );
  const opened = await openCatalogue(catalogue);
  let summary = summaryFor(generationByHost(opened.index));
  const follower = followEvidence(world.evidenceFolder, (record) => {
    summary = withRecord(summary, record);
  });
  running.undo(() => follower.close());
  const fleet = await step(running, 'participants calling through old and new addresses', () =>
    startFleet(world, opened, ports),
  );
  running.undo(() => fleet.stop());
  const parts = [...simulators.map(({ child }) => child), control, gateway];
  return { parts, world, follower, fleet, summaryNow: () => summary };
}

async function step<T>(running: Running, what: string, work: () => Promise<T>): Promise<T> {
  const startedMs = performance.now();
  const result = await work();
  if (running.isOver()) throw new Error('the demo is stopping');
  say(running.context, `  ✓ ${what}  (${((performance.now() - startedMs) / 1_000).toFixed(1)} s)`);
  return result;
}

async function startSimulator(
  infrastructure: 'legacy' | 'current',
  children: Children,
  context: CliContext,
): Promise<{ child: ReadyChild; url: string }> {
  // One seed: both infrastructures show the same market, as the deck's two address generations do.
  const args = ['simulator', '--port', '0', '--seed', 'demo', '--infrastructure', infrastructure];
  const child = await startPart(`simulator (${infrastructure})`, args, children, context);
  const url = child.lines.map((line) => /listening on (http:\S+)/.exec(line)?.[1]).find((found) => found !== undefined);
  if (url === undefined) throw new Error(`the ${infrastructure} simulator did not say where it listens`);
  return { child, url };
}

async function startPart(
  name: string,
  args: readonly string[],
  children: Children,
  context: CliContext,
  heardIn?: string,
): Promise<ReadyChild> {
  const mainFile = resolve(context.workspaceRoot, 'packages/cli/src/main.ts');
  try {
    return await children.start(name, mainFile, [...args, '--end-with-input'], heardIn);
  } catch (fault) {
    const said = fault instanceof Error ? fault.message : String(fault);
    throw new CliRefusal(`the demo cannot start: ${said}`, exitCodes.unusable);
  }
}

async function failWhenEnded({ name, ended }: ReadyChild): Promise<never> {
  const how = await ended;
  throw new CliRefusal(
    `the demo is over: ${name} ${how}\nWhat to do: \`npm start\` begins anew. If it happens again, docs/runbooks/gateway-does-not-start.md helps.`,
    exitCodes.failed,
  );
}

/** Resolves on the first signal; a Ctrl-C that comes a second later and finds us stopping still ends the process. */
function stopSignal(): Promise<void> {
  const { promise, resolve: asked } = Promise.withResolvers<void>();
  let firstMs = Number.POSITIVE_INFINITY;
  const hear = (signal: NodeJS.Signals) => {
    const nowMs = performance.now();
    // One Ctrl-C may arrive several times: from the terminal, and from each process between it and us. Of a terminal that
    // is closed we hear by SIGHUP, by what we cannot write, and later by the end of npm: nobody is impatient there.
    if (signal === 'SIGINT' && nowMs - firstMs > impatientMs) process.exit(impatientCode);
    firstMs = Math.min(firstMs, nowMs);
    asked();
  };
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(signal, hear);
  return promise;
}

function say(context: CliContext, line: string): void {
  context.stdout.write(`${line}\n`);
}

/** Writes and waits until it is out: the last words must not be lost with the process. */
function written({ stdout }: CliContext, text: string): Promise<void> {
  return new Promise((done) => {
    stdout.write(text, () => done());
  });
}
