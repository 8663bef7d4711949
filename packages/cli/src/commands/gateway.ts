// `headgate gateway --config FILE`: runs one gateway from files, alone. `headgate gateway example` writes such a file.
import { readFile } from 'node:fs/promises';
import { sayFinding } from '@headgate/contract';
import type { Command } from 'commander';
import type { CliContext, Register } from '../context.ts';
import { exitCodes } from '../exit-codes.ts';

/** Adds `gateway` and `gateway example`. The gateway itself is loaded only when it is run. */
export const registerGateway: Register = (program, context) => {
  const gateway: Command = program
    .command('gateway')
    .description('run a gateway from a configuration file until SIGTERM; SIGHUP reads its files again')
    .option('--config <file>', 'configuration file; `headgate gateway example` writes one to begin with')
    .option('--check', 'read and check every file, then stop')
    .action((options: { config?: string; check?: true }) => runGateway(options, context));
  gateway
    .command('example')
    .description('print a commented configuration with every option')
    .action(async () => {
      const { exampleConfig } = await import('@headgate/gateway');
      context.stdout.write(exampleConfig());
      context.exitWith(exitCodes.ok);
    });
};

async function runGateway(
  { config: file, check }: { config?: string; check?: true },
  context: CliContext,
): Promise<void> {
  if (file === undefined) {
    context.stderr.write(
      'headgate gateway: which configuration? Give --config FILE; `headgate gateway example` prints one.\n',
    );
    context.exitWith(exitCodes.usage);
    return;
  }
  const { baseOf, checkFiles, parseConfig, startGateway, UnusableFiles } = await import('@headgate/gateway');
  const say = (line: string) => context.stdout.write(`${line}\n`);
  const complain = (lines: string) => context.stderr.write(`headgate gateway: ${lines}\n`);
  try {
    const parsed = parseConfig(file, await readFile(file, 'utf8'));
    if (!parsed.ok) throw new UnusableFiles(parsed.findings);
    const base = baseOf(file);
    if (check === true) {
      const { number, hash } = await checkFiles(parsed.config, base);
      say(`every file can be used: snapshot ${number}, ${hash.slice(0, 12)}`);
      return;
    }
    say(`gateway pid ${process.pid}`);
    const running = await startGateway({
      config: parsed.config,
      base,
      clock: context.clock,
      notice: (notice) => complain(JSON.stringify(notice)),
    });
    // Before it says that it is ready: a signal in between would end the process.
    const stopped = untilStopped({
      reload: async () => {
        await running.reload();
        say(`reloaded: snapshot ${running.snapshot().number} ${running.snapshot().hash.slice(0, 12)}`);
      },
      complain,
    });
    for (const { name, address, port } of running.listeners) say(`listener ${name} on ${address}:${port}`);
    say(`snapshot ${running.snapshot().number} ${running.snapshot().hash.slice(0, 12)}`);
    say(`evidence ${running.evidenceFile}`);
    say('ready');
    await stopped;
    say('draining');
    await running.close();
    say('stopped');
  } catch (fault) {
    if (fault instanceof UnusableFiles) complain(fault.findings.map(sayFinding).join('\n  '));
    else if (isSystemFault(fault)) complain(sayFault(fault));
    else throw fault;
    context.exitWith(exitCodes.unusable);
  }
}

/** Resolves on SIGTERM or SIGINT; a reload that fails leaves the old files in force and says why. */
function untilStopped({
  reload,
  complain,
}: {
  reload: () => Promise<void>;
  complain: (lines: string) => void;
}): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>();
  const onReload = () => {
    reload().catch((fault: unknown) => {
      complain(`the old files stay in force: ${fault instanceof Error ? fault.message : String(fault)}`);
    });
  };
  process.on('SIGHUP', onReload);
  process.once('SIGTERM', resolve);
  process.once('SIGINT', resolve);
  return promise.finally(() => process.off('SIGHUP', onReload)).then(() => undefined);
}

/** Faults that name a file, a port or a key: the operator's to mend, without a stack. */
function isSystemFault(fault: unknown): fault is NodeJS.ErrnoException & { address?: string; port?: number } {
  return fault instanceof Error && 'code' in fault && typeof fault.code === 'string';
}

function sayFault(fault: NodeJS.ErrnoException & { address?: string; port?: number }): string {
  if (fault.code === 'EADDRINUSE') {
    return `port ${fault.port} on ${fault.address} is taken by another process; change \`listeners[].port\` or stop that process`;
  }
  if (fault.code === 'EACCES' && fault.port !== undefined) {
    return `port ${fault.port} needs a right that this user lacks; use a port above 1023, or grant CAP_NET_BIND_SERVICE`;
  }
  if (fault.code === 'ENOENT') return `${fault.path} does not exist; the configuration names it`;
  return fault.message;
}
