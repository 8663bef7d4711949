// `headgate gateway --config FILE`: runs one gateway from files, alone. `headgate gateway example` writes such a file.
import { readFile } from 'node:fs/promises';
import { isAbsolute, join, resolve } from 'node:path';
import { sayFinding, sayOverride } from '@headgate/contract';
import type { Config, RunningGateway } from '@headgate/gateway';
import { type Command, Option } from 'commander';
import { CliRefusal } from '../cli-refusal.ts';
import type { CliContext, Register } from '../context.ts';
import { endWithInput } from '../end-with-parent.ts';
import { exitCodes } from '../exit-codes.ts';
import { missingFiles } from '../named-files.ts';
import { candidateText, keptText, listFaultsText } from '../render/control-text.ts';
import { listsLine } from '../render/lists-text.ts';
import { endingText } from '../render/trust-text.ts';
import { isSystemFault, sayFault } from '../system-fault.ts';

/** Adds `gateway` and `gateway example`. The gateway itself is loaded only when it is run. */
export const registerGateway: Register = (program, context) => {
  const gateway: Command = program
    .command('gateway')
    .description('run a gateway from a configuration file until SIGTERM; SIGHUP reads its files again')
    .option('--config <file>', 'configuration file; `headgate gateway example` writes one to begin with')
    .option('--shadow <file>', 'a candidate policy to judge beside the one in force, in place of `shadowPolicy`')
    .option('--check', 'read and check every file, then stop')
    .option(
      '--accept-older-lists',
      'begin with revocation lists that are older than those that were in force before, and remember them as the newest',
    )
    .addOption(new Option('--end-with-input', 'end when standard input closes').hideHelp())
    .action((options: GatewayFlags) => runGateway(options, context));
  gateway
    .command('example')
    .description('print a commented configuration with every option')
    .action(async () => {
      const { exampleConfig } = await import('@headgate/gateway');
      context.stdout.write(exampleConfig());
      context.exitWith(exitCodes.ok);
    });
};

interface GatewayFlags {
  readonly config?: string;
  readonly shadow?: string;
  readonly check?: true;
  readonly acceptOlderLists?: true;
  readonly endWithInput?: true;
}

async function runGateway(
  { config: file, shadow, check, acceptOlderLists, endWithInput: isPart }: GatewayFlags,
  context: CliContext,
): Promise<void> {
  if (isPart === true) endWithInput();
  if (file === undefined) {
    context.stderr.write(
      'headgate gateway: which configuration? Give --config FILE; `npx --no headgate gateway example` prints one.\n',
    );
    context.exitWith(exitCodes.usage);
    return;
  }
  const { baseOf, checkFiles, startGateway, UnusableFiles } = await import('@headgate/gateway');
  const say = (line: string) => context.stdout.write(`${line}\n`);
  const complain = (lines: string) => context.stderr.write(`headgate gateway: ${lines}\n`);
  try {
    const base = baseOf(file);
    const withShadow = shadowing(shadow);
    // A list that is gone leaves the one before it in force, and blocks neither a start nor a reload.
    const readConfig = async () =>
      withShadow(await usableConfig(file, (parsed) => withoutListFiles(withShadow(parsed))));
    const config = await readConfig();
    if (check === true) {
      const lists = { olderToo: acceptOlderLists === true };
      const { hash, warnings, overrides, listFaults } = await checkFiles(config, base, context.clock(), lists);
      for (const { about, sentence } of warnings) complain(`${about}: ${sentence}`);
      for (const override of overrides) complain(sayOverride(override));
      context.stderr.write(listFaultsText(listFaults));
      if (listFaults.length > 0) context.exitWith(exitCodes.listKept);
      const { inForce, atOnce } = await besideRunning(config, base, context);
      const ended = endingText(atOnce);
      if (ended !== '') complain(`${ended}. \`headgate trust plan\` tells whom this strands`);
      const except = listFaults.length === 0 ? '' : `, but for revocation lists: ${keptText(listFaults)}`;
      const beside = inForce === null ? '' : `; ${inForceWords(inForce, hash)}`;
      say(`every file can be used${except}: ${hash.slice(0, 12)}${beside}`);
      return;
    }
    const running = await startGateway({
      config,
      base,
      readConfig,
      acceptOlderLists: acceptOlderLists === true,
      inOwnThreads: true,
      notice: (notice) => complain(JSON.stringify(notice)),
    });
    // A gateway that serves must not end for want of a reader of its log.
    context.goOnUnseen();
    // Before it says that it is ready: a signal in between would end the process.
    const stopped = untilStopped({
      reload: async () => {
        const { number, hash, needRestart } = await running.reload();
        say(`reloaded: snapshot ${number} ${hash.slice(0, 12)}`);
        if (needRestart.length > 0) complain(`a restart is needed for what changed in ${needRestart.join(', ')}`);
      },
      complain,
    });
    for (const line of await startLines(running)) say(line);
    say('ready');
    await stopped;
    say('draining');
    await running.close();
    for (const line of stopLines(running)) say(line);
  } catch (fault) {
    if (fault instanceof UnusableFiles) complain(fault.findings.map(sayFinding).join('\n  '));
    else if (isSystemFault(fault)) complain(sayFault(fault, '`listeners[].port`'));
    else throw fault;
    context.exitWith(exitCodes.unusable);
  }
}

/** What a gateway that runs by this configuration has in force, and what of it an apply would end; null where none runs. */
async function besideRunning(config: Config, base: string, context: CliContext) {
  const { askGateway, GatewayNotAsked, planTrustOf } = await import('@headgate/gateway');
  try {
    const inForce = await askGateway(config, base, 'trust');
    if (!inForce.ok || inForce.trust === undefined) return { inForce: null, atOnce: [] };
    const nowMs = context.clock();
    const question = { fromMs: nowMs, untilMs: nowMs, seen: [], expired: [], inForce: { trust: inForce.trust, nowMs } };
    return { inForce, atOnce: (await planTrustOf(config, base, question)).atOnce ?? [] };
  } catch (fault) {
    if (fault instanceof GatewayNotAsked) return { inForce: null, atOnce: [] };
    throw fault;
  }
}

function inForceWords({ number, hash }: { readonly number: number; readonly hash: string }, checked: string): string {
  const inForce = `snapshot ${number} of the gateway that runs`;
  return hash === checked
    ? `they are ${inForce}`
    : `${inForce} is ${hash.slice(0, 12)}, so that apply changes something`;
}

/** The configuration with the candidate that the command line names, where it names one. */
function shadowing(shadow: string | undefined): (config: Config) => Config {
  return (config) => (shadow === undefined ? config : { ...config, shadowPolicy: resolve(shadow) });
}

/** What a gateway says of itself before it is ready. */
async function startLines(running: RunningGateway): Promise<readonly string[]> {
  const { number, hash } = running.snapshot();
  const { lists, overrides, candidate } = await running.inForce();
  return [
    `gateway pid ${process.pid}`,
    ...running.listeners.map(({ name, address, port }) => `listener ${name} on ${address}:${port}`),
    `snapshot ${number} ${hash.slice(0, 12)}`,
    listsLine(lists),
    ...(candidate === null ? [] : [`shadow policy ${candidate.policy}: judged beside the policy, and refuses nobody`]),
    ...overrides.map(sayOverride),
    `evidence ${running.evidenceFile}`,
  ];
}

/** What it did, once it has stopped. */
function stopLines(running: RunningGateway): readonly string[] {
  const judged = candidateText(running.candidate()).trimEnd();
  return [
    `shed ${JSON.stringify(running.shed())}`,
    ...(judged === '' ? [] : [judged]),
    `handshakes failed ${JSON.stringify(running.handshakeFailures())}`,
    'stopped',
  ];
}

/** A configuration of which every file is there that `needed` leaves. Rejects with `UnusableFiles`. */
async function usableConfig(file: string, needed: (config: Config) => Config): Promise<Config> {
  const { baseOf, parseConfig, UnusableFiles } = await import('@headgate/gateway');
  const text = await configText(file);
  const parsed = parseConfig(file, text);
  if (!parsed.ok) throw new UnusableFiles(parsed.findings);
  const missing = await missingFiles({ file, text }, needed(parsed.config), baseOf(file));
  if (missing.length > 0) throw new UnusableFiles(missing);
  return parsed.config;
}

function withoutListFiles(config: Config): Config {
  return { ...config, trustBundles: config.trustBundles.map((bundle) => ({ ...bundle, crls: [] })) };
}

/** Text of a configuration, or the refusal that says how to come by one. */
export async function configText(file: string): Promise<string> {
  try {
    return await readFile(file, 'utf8');
  } catch (fault) {
    const { code = 'unreadable' } = fault as NodeJS.ErrnoException;
    throw new CliRefusal(configFault(file, code), exitCodes.unusable);
  }
}

function configFault(file: string, code: string): string {
  switch (code) {
    case 'ENOENT':
      return `there is no ${file}${isAbsolute(file) ? '' : ` in ${process.cwd()}`}; \`npx --no headgate gateway example > gateway.yaml\` writes a configuration to begin with`;
    case 'EISDIR':
      return `${file} is a folder; name the configuration file in it, as ${join(file, 'gateway.yaml')}`;
    case 'EACCES':
    case 'EPERM':
      return `this user may not read ${file}; run the command as the user that the gateway runs as`;
    default:
      return `${file} cannot be read (${code})`;
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
