// `headgate control --config FILE`: runs control. Its other words look at a configuration, or ask a control that runs.
import { readFile } from 'node:fs/promises';
import { dirname, resolve } from 'node:path';
import { sayFinding } from '@headgate/contract';
import type { ControlConfig, DoorAnswer, DoorAsk, RunningControl } from '@headgate/control';
import { type Command, Option } from 'commander';
import { CliRefusal } from '../cli-refusal.ts';
import type { CliContext, Register } from '../context.ts';
import { askControl } from '../control/ask-control.ts';
import { type ControlFlag, readControlProfile, withControlOption } from '../control/control-profile.ts';
import { endWithInput } from '../end-with-parent.ts';
import { exitCodes } from '../exit-codes.ts';
import { isSystemFault, sayFault } from '../system-fault.ts';

/** The words that read a configuration, or ask the control that runs by it, through a socket that its own user alone may open. */
interface ConfigFlags {
  readonly config: string;
  readonly json?: true;
}

function withConfig(command: Command): Command {
  return command
    .option('--config <file>', 'configuration file of control', 'control.yaml')
    .option('--json', 'print JSON and nothing else');
}

interface RunFlags {
  readonly config?: string;
  readonly endWithInput?: true;
}

/** Adds `control` with its words. Control itself is loaded only when it is needed. */
export const registerControl: Register = (program, context) => {
  const control: Command = program
    .command('control')
    // Its words have options of the same name, which stand behind them.
    .enablePositionalOptions()
    .description('run control from a configuration file until SIGTERM; SIGHUP reads accounts, nodes and trust again')
    .option('--config <file>', 'configuration file')
    .addOption(new Option('--end-with-input', 'end when standard input closes').hideHelp())
    .action((flags: RunFlags) => runControl(flags, context));
  control
    .command('example')
    .description('print a commented configuration with every option')
    .action(async () => {
      const { exampleControlConfig } = await import('@headgate/control');
      context.stdout.write(exampleControlConfig());
    });
  withConfig(control.command('check'))
    .description('read and check a configuration and every file that it names, then stop')
    .action((flags: ConfigFlags) => check(flags, context));
  withConfig(control.command('apply'))
    .description('make a running control take accounts, nodes and trust into use; on return they are in force')
    .action((flags: ConfigFlags) => apply(flags, context));
  withConfig(control.command('sign-in'))
    .description('make a one-time link that signs an account in at a browser, on the machine that control runs on')
    .requiredOption('--account <name>', 'account of the configuration')
    .action((flags: ConfigFlags & { readonly account: string }) => signIn(flags, context));
  withControlOption(control.command('who-am-i'))
    .description('ask control as whom it knows the certificate of a profile')
    .option('--json', 'print JSON and nothing else')
    .action((flags: ControlFlag & { readonly json?: true }) => whoAmI(flags, context));
};

async function runControl({ config: file, endWithInput: isPart }: RunFlags, context: CliContext): Promise<void> {
  if (isPart === true) endWithInput();
  if (file === undefined)
    throw new CliRefusal(
      'which configuration? Give --config FILE; `npx --no headgate control example` prints one',
      exitCodes.usage,
    );
  const { startControl } = await import('@headgate/control');
  const say = (line: string) => context.stdout.write(`${line}\n`);
  const complain = (lines: string) => context.stderr.write(`headgate control: ${lines}\n`);
  await usable(context, async () => {
    const running = await startControl({
      config: await readConfig(file),
      base: dirname(resolve(file)),
      databaseUrl: context.env.DATABASE_URL ?? null,
      readConfig: () => readConfig(file),
      clock: context.clock,
      notice: (notice) => complain(JSON.stringify(notice)),
    });
    // A control that serves must not end for want of a reader of its log.
    context.goOnUnseen();
    const stopped = untilStopped(running, say, complain);
    say(`control pid ${process.pid}`);
    say(`listening on ${running.address}:${running.port}`);
    say(`reached at ${running.url}`);
    say(`store ${running.storeKind}`);
    say('ready');
    await stopped;
    say('draining');
    await running.close();
    say('stopped');
  });
}

/** Does what needs files, a store and a port; where one of them cannot be used, says so and sets the exit code. */
async function usable(context: CliContext, act: () => Promise<void>): Promise<void> {
  const { ControlNotAsked, StoreRefused, UnusableControlFiles } = await import('@headgate/control');
  const complain = (lines: string) => context.stderr.write(`headgate control: ${lines}\n`);
  try {
    await act();
  } catch (fault) {
    if (fault instanceof UnusableControlFiles) complain(fault.findings.map(sayFinding).join('\n  '));
    else if (fault instanceof StoreRefused) complain(`${fault.message}. ${fault.fix}`);
    else if (fault instanceof ControlNotAsked) complain(fault.message);
    else if (isSystemFault(fault)) complain(sayFault(fault, '`listen.port`'));
    else throw fault;
    context.exitWith(exitCodes.unusable);
  }
}

function check({ config: file, json }: ConfigFlags, context: CliContext): Promise<void> {
  return usable(context, async () => {
    const { checkSnapshotSources, readControlFiles } = await import('@headgate/control');
    const config = await readConfig(file);
    await readControlFiles(config, dirname(resolve(file)));
    await checkSnapshotSources(config, dirname(resolve(file)));
    const counted = { accounts: config.accounts.length, nodes: config.nodes.length };
    const words = `every file can be used: ${counted.accounts} accounts, ${counted.nodes} nodes`;
    context.stdout.write(json === true ? `${JSON.stringify({ ok: true, ...counted })}\n` : `${words}\n`);
  });
}

/** What the control of a configuration answers through its local door; a refusal of it ends the command. */
async function askDoor(file: string, ask: DoorAsk): Promise<Extract<DoorAnswer, { readonly ok: true }>> {
  const { askLocalDoor } = await import('@headgate/control');
  const { store } = await readConfig(file);
  const answer = await askLocalDoor(resolve(dirname(file), store.folder), ask);
  if (!answer.ok) throw new CliRefusal(answer.refused, exitCodes.failed);
  return answer;
}

function apply({ config: file, json }: ConfigFlags, context: CliContext): Promise<void> {
  return usable(context, async () => {
    const answer = await askDoor(file, { ask: 'apply' });
    const needRestart = 'needRestart' in answer ? answer.needRestart : [];
    if (needRestart.length > 0) context.exitWith(exitCodes.needsRestart);
    const rest = needRestart.length === 0 ? '' : `; a restart is needed for what changed in ${needRestart.join(', ')}`;
    const words = `accounts, nodes and trust are in force${rest}`;
    context.stdout.write(json === true ? `${JSON.stringify({ ok: true, needRestart })}\n` : `${words}\n`);
  });
}

function signIn(
  { config: file, json, account }: ConfigFlags & { readonly account: string },
  context: CliContext,
): Promise<void> {
  return usable(context, async () => {
    const answer = await askDoor(file, { ask: 'sign-in', account });
    if (!('link' in answer)) throw new CliRefusal('control gave no link: is it of another version?', exitCodes.failed);
    const { link, ends } = answer;
    context.stdout.write(json === true ? `${JSON.stringify({ link, ends })}\n` : `${link}\n`);
    if (json !== true) context.stderr.write(`signs ${account} in once, until ${ends}\n`);
  });
}

async function readConfig(file: string): Promise<ControlConfig> {
  const { parseControlConfig, UnusableControlFiles } = await import('@headgate/control');
  const parsed = parseControlConfig(file, await configText(file));
  if (!parsed.ok) throw new UnusableControlFiles(parsed.findings);
  return parsed.config;
}

async function configText(file: string): Promise<string> {
  try {
    return await readFile(file, 'utf8');
  } catch (fault) {
    const { code = 'unreadable' } = fault as NodeJS.ErrnoException;
    const found = code === 'ENOENT' ? `there is no ${file}` : `${file} cannot be read (${code})`;
    throw new CliRefusal(found, exitCodes.unusable);
  }
}

/** Resolves on SIGTERM or SIGINT; a reload that fails leaves what was in force and says why. */
function untilStopped(
  running: RunningControl,
  say: (line: string) => void,
  complain: (lines: string) => void,
): Promise<void> {
  const { promise, resolve: stop } = Promise.withResolvers<void>();
  const onReload = () => {
    running.apply().then(
      ({ needRestart }) => {
        say('applied: accounts, nodes and trust are in force');
        if (needRestart.length > 0) complain(`a restart is needed for what changed in ${needRestart.join(', ')}`);
      },
      (fault: unknown) =>
        complain(`the old files stay in force: ${fault instanceof Error ? fault.message : 'unknown'}`),
    );
  };
  process.on('SIGHUP', onReload);
  process.once('SIGTERM', stop);
  process.once('SIGINT', stop);
  return promise.finally(() => process.off('SIGHUP', onReload)).then(() => undefined);
}

interface Me {
  readonly name: string;
  readonly roles: readonly string[];
  readonly participant: string | null;
}

async function whoAmI(flags: ControlFlag & { readonly json?: true }, context: CliContext): Promise<void> {
  const asked = askControl(await readControlProfile(flags, context));
  const me = await asked.get<Me>('/v1/me');
  asked.close();
  const of = me.participant === null ? '' : ` of ${me.participant}`;
  context.stdout.write(
    flags.json === true ? `${JSON.stringify(me, null, 2)}\n` : `${me.name}${of}: ${me.roles.join(', ')}\n`,
  );
}
