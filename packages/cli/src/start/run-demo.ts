// The demo, in order: authority → simulators → gateway → participants → summary, and everything down again on Ctrl-C.
import { createServer } from 'node:net';
import { relative, resolve } from 'node:path';
import type { CliContext } from '../context.ts';
import { type ReadyChild, startChild } from './child.ts';
import { createDemoWorld, demoParticipants } from './demo-world.ts';
import { startFleet } from './fleet.ts';
import { followEvidence } from './follow-evidence.ts';
import { createScreen } from './screen.ts';
import { emptySummary, withRecord } from './summary.ts';
import { tryNext } from './try-next.ts';

/** Ports that the demo prefers; others are taken when these are in use. */
const preferredPorts = { tls: 8443, plain: 8080 } as const;

/** Runs the demo until SIGINT or SIGTERM, or until one of its processes ends by itself. */
export async function runDemo(
  { folder, quiet }: { folder: string; quiet: boolean },
  context: CliContext,
): Promise<void> {
  const say = (line: string) => context.stdout.write(`${line}\n`);
  const stopped = stopSignal();
  const undo: (() => Promise<void> | void)[] = [];
  try {
    const catalogue = resolve(context.workspaceRoot, 'catalogues/caiso');
    const place = resolve(context.workspaceRoot, folder);
    const shown = relative(process.cwd(), place) || '.';

    const simulators = await step(say, 'market systems, old and current infrastructure', async () => {
      const started = await Promise.all(
        (['legacy', 'current'] as const).map((infrastructure) => startSimulator(infrastructure, context)),
      );
      for (const { child } of started) undo.push(() => child.stop());
      return started;
    });
    const ports = { tls: await freePort(preferredPorts.tls), plain: await freePort(preferredPorts.plain) };
    const world = await step(
      say,
      `an authority, server chains of both families, certificates for ${demoParticipants.length} participants`,
      () =>
        createDemoWorld({
          folder: place,
          catalogue,
          nowMs: context.clock(),
          ports,
          upstreams: { legacy: simulators[0]?.url ?? '', current: simulators[1]?.url ?? '' },
        }),
    );
    const gateway = await step(
      say,
      `the gateway on 127.0.0.1:${ports.tls} (TLS) and 127.0.0.1:${ports.plain} (OASIS)`,
      () => startChild('gateway', mainFile(context), ['gateway', '--config', world.gatewayConfig]),
    );
    undo.push(() => gateway.stop());
    let summary = emptySummary;
    const follower = followEvidence(world.evidenceFolder, (record) => {
      summary = withRecord(summary, record);
    });
    undo.push(() => follower.close());
    const fleet = await step(say, 'participants calling through old and new addresses', () =>
      startFleet(world, catalogue, ports),
    );
    undo.push(() => fleet.stop());

    const screen = createScreen(context.stdout, {
      suggestions: tryNext(shown),
      pids: pidLine([...simulators.map(({ child }) => child), gateway]),
      quiet,
    });
    undo.push(() => screen.close());
    const timer = setInterval(() => {
      void follower.catchUp().then(() => screen.draw(summary, fleet.unsent));
    }, 1_000);
    undo.push(() => clearInterval(timer));
    screen.draw(summary, fleet.unsent);
    const children = [gateway, ...simulators.map(({ child }) => child)];
    const why = await Promise.race([
      stopped,
      ...children.map(async (child) => `${child.name} ended with status ${await child.ended}`),
    ]);
    if (why !== 'asked') context.stderr.write(`headgate start: ${why}; stopping everything\n`);
  } finally {
    for (const down of undo.toReversed()) await down();
    say('Everything is stopped.');
  }
}

async function step<T>(say: (line: string) => void, what: string, work: () => Promise<T>): Promise<T> {
  const startedMs = performance.now();
  const result = await work();
  say(`  ✓ ${what}  (${((performance.now() - startedMs) / 1_000).toFixed(1)} s)`);
  return result;
}

async function startSimulator(
  infrastructure: 'legacy' | 'current',
  context: CliContext,
): Promise<{ child: ReadyChild; url: string }> {
  // One seed: both infrastructures show the same market, as the deck's two address generations do.
  const args = ['simulator', '--port', '0', '--seed', 'demo', '--infrastructure', infrastructure];
  const child = await startChild(`simulator (${infrastructure})`, mainFile(context), args);
  const url = child.lines.map((line) => /listening on (http:\S+)/.exec(line)?.[1]).find((found) => found !== undefined);
  if (url === undefined) throw new Error(`the ${infrastructure} simulator did not say where it listens`);
  return { child, url };
}

function mainFile(context: CliContext): string {
  return resolve(context.workspaceRoot, 'packages/cli/src/main.ts');
}

function pidLine(children: readonly ReadyChild[]): string {
  return children.map(({ name, pid }) => `${name} ${pid}`).join(', ');
}

function stopSignal(): Promise<'asked'> {
  const { promise, resolve: asked } = Promise.withResolvers<'asked'>();
  process.once('SIGINT', () => asked('asked'));
  process.once('SIGTERM', () => asked('asked'));
  return promise;
}

/** The preferred port if nobody has it, else any that is free. */
async function freePort(preferred: number): Promise<number> {
  return (await triedPort(preferred)) ?? (await triedPort(0)) ?? 0;
}

async function triedPort(port: number): Promise<number | null> {
  const server = createServer();
  const { promise, resolve: tried } = Promise.withResolvers<number | null>();
  server.once('error', () => tried(null));
  server.listen({ host: '127.0.0.1', port }, () => {
    const address = server.address();
    server.close(() => tried(typeof address === 'object' && address !== null ? address.port : null));
  });
  return promise;
}
