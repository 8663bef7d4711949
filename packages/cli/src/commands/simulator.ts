// `headgate simulator`: runs the market systems alone, to develop against or to put behind a gateway.
import { InvalidArgumentError, Option } from 'commander';
import { CliRefusal } from '../cli-refusal.ts';
import type { CliContext, Register } from '../context.ts';
import { endWithInput } from '../end-with-parent.ts';
import { exitCodes } from '../exit-codes.ts';
import { isSystemFault, sayFault } from '../system-fault.ts';

interface SimulatorFlags {
  readonly host: string;
  readonly port: number;
  readonly seed: string;
  readonly environment: string;
  readonly infrastructure: 'legacy' | 'current';
  readonly endWithInput?: true;
}

/** Adds `simulator`. */
export const registerSimulator: Register = (program, context) => {
  program
    .command('simulator')
    .description('run simulated market systems on plain HTTP until SIGTERM')
    .option('--host <address>', 'address to listen on', '127.0.0.1')
    .option('--port <n>', 'port; 0 lets the system choose', parsePort, 9080)
    .option('--seed <word>', 'the same seed and clock give the same bytes', 'headgate')
    .option('--environment <name>', 'production or map-stage', 'production')
    .option('--infrastructure <which>', 'legacy or current', parseInfrastructure, 'current')
    .addOption(new Option('--end-with-input', 'end when standard input closes').hideHelp())
    .action((flags: SimulatorFlags) => runSimulator(flags, context));
};

async function runSimulator({ endWithInput: isPart, ...flags }: SimulatorFlags, context: CliContext): Promise<void> {
  if (isPart === true) endWithInput();
  const { startSimulator } = await import('@headgate/simulator');
  const say = (line: string) => context.stdout.write(`${line}\n`);
  const running = await startSimulator({ ...flags, clock: context.clock, log: say }).catch((fault: unknown) => {
    if (isSystemFault(fault)) throw new CliRefusal(sayFault(fault, '--port'), exitCodes.unusable);
    throw fault;
  });
  say(`simulator pid ${process.pid}`);
  say(`listening on ${running.url}`);
  say('ready');
  const { promise, resolve } = Promise.withResolvers<unknown>();
  process.once('SIGTERM', resolve);
  process.once('SIGINT', resolve);
  await promise;
  await running.close();
  say('stopped');
  context.exitWith(exitCodes.ok);
}

function parsePort(text: string): number {
  const port = Number(text);
  if (!Number.isInteger(port) || port < 0 || port > 65_535)
    throw new InvalidArgumentError('It must be a port from 0 to 65535.');
  return port;
}

function parseInfrastructure(text: string): 'legacy' | 'current' {
  if (text === 'legacy' || text === 'current') return text;
  throw new InvalidArgumentError('It must be legacy or current.');
}
