// A storm of calls, each over a connection of its own, while one gateway of several threads takes over from another on the
// same port. Prints how the calls ended. Run alone in a network of its own, whose settings the caller of this program chose.
import { join } from 'node:path';
import { configSchema, startGateway } from '@headgate/gateway';
import { fakeClock, startTestGateway } from '@headgate/testkit';

/** How the calls of the storm ended. */
export interface StormOutcome {
  readonly answered: Readonly<Record<number, number>>;
  readonly lost: Readonly<Record<string, number>>;
}

/** Calls under way at once, and how many are made between two steps. */
const callersMax = 100;
const callsPerStep = 600;

const before = await startTestGateway({ clock: fakeClock(Date.now()), threads: 3, policy: 'limits: []\n' });
const ports = [before.port, before.plainPort];
const config = configSchema.parse({
  ...before.config,
  node: 'after',
  evidence: { folder: join(before.folder, 'evidence-after') },
  listeners: before.config.listeners.map((listener, at) => ({ ...listener, port: ports[at] })),
});

const answered: Record<number, number> = {};
const lost: Record<string, number> = {};
let calls = 0;
let wanted = callsPerStep;
let isOver = false;
let reached = Promise.withResolvers<void>();

async function callOnce(): Promise<void> {
  try {
    const call = { plain: true, host: 'oasis.caiso.com', method: 'GET', path: '/oasisapi/SingleZip' } as const;
    const { status } = await before.call(call);
    answered[status] = (answered[status] ?? 0) + 1;
  } catch (fault) {
    const code = String((fault as NodeJS.ErrnoException).code);
    lost[code] = (lost[code] ?? 0) + 1;
  }
  calls += 1;
  if (calls >= wanted) reached.resolve();
}

const callers = Array.from({ length: callersMax }, async () => {
  while (!isOver) await callOnce();
});

/** Lets the storm blow for another step. */
async function blow(): Promise<void> {
  wanted = calls + callsPerStep;
  reached = Promise.withResolvers();
  await reached.promise;
}

await blow();
const next = await startGateway({ config, base: before.folder });
await blow();
const drained = before.running.close();
await blow();
await drained;
await blow();
isOver = true;
await Promise.all(callers);
await next.close();
await before.close();
process.stdout.write(`${JSON.stringify({ answered, lost } satisfies StormOutcome)}\n`);
