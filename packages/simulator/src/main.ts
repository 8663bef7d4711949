// Runs a simulator on its own: `node packages/simulator/src/main.ts --port 8080 --host 127.0.0.1 --seed demo`.
import { parseArgs } from 'node:util';
import { delayMsMax, type Faults } from './faults.ts';
import { startSimulator } from './start-simulator.ts';

const usage = `Usage: node packages/simulator/src/main.ts [options]
  --host HOST             address to listen on (default 127.0.0.1)
  --port PORT             port from 0 to 65535; 0 takes any that is free (default 8080)
  --seed SEED             text that everything follows from (default headgate)
  --environment NAME      told in every answer (default production)
  --infrastructure NAME   legacy or current (default current)
  --fault NAME            html, closeBeforeAnswer, closeMidAnswer, garbage or refuse; may be repeated
  --delay-ms MS           wait before every answer (default 0)`;

const faultNames = ['html', 'closeBeforeAnswer', 'closeMidAnswer', 'garbage', 'refuse'] as const;

try {
  await run();
} catch (error) {
  process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n${usage}\n`);
  process.exitCode = 2;
}

async function run(): Promise<void> {
  const { values } = parseArgs({
    options: {
      host: { type: 'string', default: '127.0.0.1' },
      port: { type: 'string', default: '8080' },
      seed: { type: 'string', default: 'headgate' },
      environment: { type: 'string', default: 'production' },
      infrastructure: { type: 'string', default: 'current' },
      fault: { type: 'string', multiple: true, default: [] },
      'delay-ms': { type: 'string', default: '0' },
    },
  });
  const simulator = await startSimulator({
    host: values.host,
    port: toNumber('--port', values.port, 65_535),
    seed: values.seed,
    clock: Date.now,
    environment: values.environment,
    infrastructure: toInfrastructure(values.infrastructure),
    log: say,
  });
  stopOn(['SIGTERM', 'SIGINT'], () => simulator.close());
  const faults = toFaults(values.fault, toNumber('--delay-ms', values['delay-ms'], delayMsMax));
  if (Object.keys(faults).length > 0) await simulator.setFaults(faults);
  say(`simulator pid ${process.pid}`);
  say(`simulator listening on ${simulator.url}`);
  say('ready');
}

function say(line: string): void {
  process.stdout.write(`${line}\n`);
}

function stopOn(signals: readonly NodeJS.Signals[], close: () => Promise<void>): void {
  for (const signal of signals) {
    process.once(signal, () => {
      say(`stopping on ${signal}`);
      // Nothing else holds the process: when the port is closed, it ends with status 0.
      void close().then(() => say('stopped'));
    });
  }
}

function toNumber(option: string, text: string, most: number): number {
  const value = Number(text);
  if (/^\d+$/.test(text) && value <= most) return value;
  throw new RangeError(`${option} is a whole number from 0 to ${most}, not ${JSON.stringify(text)}.`);
}

function toInfrastructure(text: string): 'legacy' | 'current' {
  if (text === 'legacy' || text === 'current') return text;
  throw new RangeError(`--infrastructure is legacy or current, not ${JSON.stringify(text)}.`);
}

function toFaults(names: readonly string[], delayMs: number): Faults {
  const unknown = names.find((name) => !faultNames.some((known) => known === name));
  if (unknown !== undefined) throw new RangeError(`--fault is one of ${faultNames.join(', ')}, not ${unknown}.`);
  return { ...Object.fromEntries(names.map((name) => [name, true])), ...(delayMs > 0 ? { delayMs } : {}) };
}
