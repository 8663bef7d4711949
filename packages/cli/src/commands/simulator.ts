// `headgate simulator`: runs the market systems alone, to develop against or to put behind a gateway; with limits of their own, and
// with TLS, as they stand without one.
import { readFile } from 'node:fs/promises';
import { openCatalogue } from '@headgate/client';
import type { Personality, SimulatorLimits, SimulatorOptions, SimulatorTls } from '@headgate/simulator';
import { InvalidArgumentError, Option } from 'commander';
import { CliRefusal } from '../cli-refusal.ts';
import type { CliContext, Register } from '../context.ts';
import { endWithInput } from '../end-with-parent.ts';
import { exitCodes } from '../exit-codes.ts';
import { readPolicy } from '../policy/policy-file.ts';
import { readProvisioning } from '../provisioning/read-files.ts';
import { isSystemFault, sayFault } from '../system-fault.ts';

interface SimulatorFlags {
  readonly host: string;
  readonly port: number;
  readonly seed: string;
  readonly environment: string;
  readonly infrastructure: 'legacy' | 'current';
  readonly catalogue?: string;
  /** True: by the catalogue's own policy. */
  readonly limits?: string | true;
  readonly provisioning?: string;
  readonly personality?: Personality;
  readonly certificate?: string;
  readonly key?: string;
  readonly clientAuthorities?: string;
  readonly endWithInput?: true;
}

/** Adds `simulator`. */
export const registerSimulator: Register = (program, context) => {
  program
    .command('simulator')
    .description('run simulated market systems until SIGTERM')
    .option('--host <address>', 'address to listen on', '127.0.0.1')
    .option('--port <n>', 'port; 0 lets the system choose', parsePort, 9080)
    .option('--seed <word>', 'the same seed and clock give the same bytes', 'headgate')
    .option('--environment <name>', 'production or map-stage', 'production')
    .option('--infrastructure <which>', 'legacy or current', parseInfrastructure, 'current')
    .option('--catalogue <folder>', 'play the systems of this catalogue too')
    .option('--limits [file]', "count limits, by this policy or by the catalogue's own; needs --catalogue")
    .option('--provisioning <file>', 'who may do what, and for whom; needs --limits')
    .addOption(
      new Option('--personality <how>', 'how limits are counted; the first is as the gateway does').choices(
        personalityNames,
      ),
    )
    .option('--certificate <file>', 'speak TLS with this chain, PEM; needs --key and --client-authorities')
    .option('--key <file>', 'its key, PEM')
    .option('--client-authorities <file>', 'roots and intermediates whose client certificates are taken, PEM')
    .addOption(new Option('--end-with-input', 'end when standard input closes').hideHelp())
    .action((flags: SimulatorFlags) => runSimulator(flags, context));
};

async function runSimulator(flags: SimulatorFlags, context: CliContext): Promise<void> {
  if (flags.endWithInput === true) endWithInput();
  const { host, port, seed, environment, infrastructure } = flags;
  const played = await playedBy(flags);
  const tls = await tlsOf(flags);
  const { startSimulator } = await import('@headgate/simulator');
  const options = { host, port, seed, environment, infrastructure, ...played, ...(tls === null ? {} : { tls }) };
  const say = (line: string) => context.stdout.write(`${line}\n`);
  const running = await startSimulator({ ...options, clock: context.clock, log: say }).catch((fault: unknown) => {
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

// Named here too, so that the simulator is loaded when it runs alone.
const personalityNames: readonly Personality[] = [
  'exact-sliding-window',
  'fixed-window',
  'quiet-period',
  'token-bucket',
  'oasis-as-recorded',
];

/** The catalogue that is played, and what is counted by. */
async function playedBy(flags: SimulatorFlags): Promise<Pick<SimulatorOptions, 'catalogue' | 'limits'>> {
  const { catalogue: folder, limits, provisioning, personality } = flags;
  if (limits === undefined && personality !== undefined) throw needs('--personality', '--limits');
  if (limits === undefined && provisioning !== undefined) throw needs('--provisioning', '--limits');
  if (folder === undefined) {
    if (limits !== undefined) throw needs('--limits', '--catalogue');
    return {};
  }
  const { index, policy } = await openCatalogue(folder);
  if (limits === undefined) return { catalogue: index.catalogue };
  const counted: SimulatorLimits = {
    policy: limits === true ? policy : (await readPolicy(limits)).policy,
    ...(personality === undefined ? {} : { personality }),
    ...(provisioning === undefined
      ? {}
      : { provisioning: (await readProvisioning(provisioning, folder, '--provisioning')).provisioning }),
  };
  return { catalogue: index.catalogue, limits: counted };
}

async function tlsOf({ certificate, key, clientAuthorities }: SimulatorFlags): Promise<SimulatorTls | null> {
  const files = { '--certificate': certificate, '--key': key, '--client-authorities': clientAuthorities };
  const named = Object.entries(files);
  const missing = named.find(([, file]) => file === undefined)?.[0];
  const given = named.find(([, file]) => file !== undefined)?.[0];
  if (given === undefined) return null;
  if (missing !== undefined) throw needs(given, missing);
  return {
    certificatePem: await pemOf('--certificate', certificate),
    keyPem: await pemOf('--key', key),
    clientAuthoritiesPem: await pemOf('--client-authorities', clientAuthorities),
  };
}

async function pemOf(option: string, file = ''): Promise<string> {
  const text = await readFile(file, 'utf8').catch((fault: unknown) => {
    if (!isSystemFault(fault)) throw fault;
    const found = fault.code === 'ENOENT' ? 'does not exist' : `cannot be read (${fault.code})`;
    throw new CliRefusal(`${file} ${found}; ${option} names it`, exitCodes.unusable);
  });
  if (text.includes('-----BEGIN ')) return text;
  throw new CliRefusal(`${file} is no PEM file; name one with ${option}`, exitCodes.unusable);
}

function needs(option: string, other: string): CliRefusal {
  return new CliRefusal(`${option} needs ${other}`, exitCodes.usage);
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
