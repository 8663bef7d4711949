// `headgate trust`: what a gateway trusts and shows, whom a planned removal would strand, and taking new files into use.
import { readdir } from 'node:fs/promises';
import { resolve } from 'node:path';
import { type SeenCredential, sayFinding } from '@headgate/contract';
import type { Config, ControlAnswer, ControlAsk, TrustPlan, TrustPlanQuestion } from '@headgate/gateway';
import { type Command, InvalidArgumentError } from 'commander';
import { CliRefusal } from '../cli-refusal.ts';
import { toInstant } from '../command-values.ts';
import type { CliContext, Register } from '../context.ts';
import { countCredentials } from '../evidence/credentials.ts';
import { readNamedEvidence } from '../evidence/named-evidence.ts';
import { evidenceEndings } from '../evidence/read-evidence.ts';
import { exitCodes } from '../exit-codes.ts';
import { appliedText, listFaultsText, statusText } from '../render/control-text.ts';
import { counted, endedText, type PrintedRunning, planText, reportText } from '../render/trust-text.ts';
import { configText } from './gateway.ts';

/** One day, in milliseconds. */
const dayMs = 86_400_000;

/** How far ahead a plan looks, in days: renewing a certificate takes a participant weeks. */
const withinDaysDefault = 90;
const withinDaysMax = 3_650;

interface TrustOptions {
  readonly config: string;
  readonly json?: true;
}

interface ApplyOptions extends TrustOptions {
  readonly acceptOlderLists?: true;
}

interface ShowOptions extends TrustOptions {
  readonly at?: number;
}

interface PlanOptions extends ShowOptions {
  readonly within: number;
  readonly evidence?: readonly string[];
}

/** Adds `trust` with its commands. */
export const registerTrust: Register = (program, context) => {
  const trust = program
    .command('trust')
    .description('look at what a gateway trusts and shows, and take new files into use');
  withConfig(trust.command('show'))
    .description(
      'list trust bundles with members, dates and reasons, the hosts that use them, and the chains that hosts show',
    )
    .option('--at <date>', 'as of a day, or an instant as 2024-02-21T12:00:00Z (default: now)', toInstant)
    .action((options: ShowOptions) => show(options, context));
  withConfig(trust.command('plan'))
    .description('list what ends soon, and the credentials that would have no path to an accepted authority afterwards')
    .option('--at <date>', 'from a day, or an instant, on (default: now)', toInstant)
    .option('--within <days>', 'how far to look ahead, as 90d', toDays, withinDaysDefault)
    .option('--evidence <file...>', 'evidence files, or folders of them (default: those of the gateway)')
    .action((options: PlanOptions) => plan(options, context));
  withConfig(trust.command('apply'))
    .description('make a running gateway take its files into use; returns once every thread has them in force')
    .option(
      '--accept-older-lists',
      'take revocation lists whose number or date goes backwards too, and remember them as the newest',
    )
    .action((options: ApplyOptions) =>
      askAndTell(options.acceptOlderLists === true ? 'apply-older-lists' : 'apply', options, context),
    );
  withConfig(trust.command('status'))
    .description('say which files a running gateway has in force, thread by thread')
    .action((options: TrustOptions) => askAndTell('status', options, context));
};

function withConfig(command: Command): Command {
  return command
    .requiredOption('--config <file>', 'configuration file of the gateway')
    .option('--json', 'print JSON and nothing else');
}

async function show(options: ShowOptions, context: CliContext): Promise<void> {
  const { baseOf, showTrust } = await import('@headgate/gateway');
  const config = await readConfig(options.config);
  const onDisk = await usable(() => showTrust(config, baseOf(options.config), options.at ?? context.clock()));
  const report = { ...onDisk, running: await runningOf(options.config) };
  context.stdout.write(
    options.json === true ? `${JSON.stringify(report, null, 2)}\n` : reportText(report, context.stdout),
  );
}

/** What is in force is the gateway's own word: the disk cannot know it. */
async function runningOf(file: string): Promise<PrintedRunning> {
  try {
    const answer = await askRunning('status', file);
    return answer.ok ? { pid: answer.pid, lists: answer.lists } : { notAsked: 'the gateway does not say what it has' };
  } catch (fault) {
    if (!(fault instanceof CliRefusal)) throw fault;
    return { notAsked: fault.message };
  }
}

async function plan(options: PlanOptions, context: CliContext): Promise<void> {
  const { baseOf, planTrustOf } = await import('@headgate/gateway');
  const config = await readConfig(options.config);
  const base = baseOf(options.config);
  const fromMs = options.at ?? context.clock();
  const { read, seen, expired } = await credentialsOf(options.evidence, resolve(base, config.evidence.folder), context);
  const running = await runningTrust(config, base, context);
  const planned = await usable(() =>
    planTrustOf(config, base, {
      fromMs,
      untilMs: fromMs + options.within * dayMs,
      seen,
      expired,
      inForce: running.inForce,
    }),
  );
  if (options.json === true) context.stdout.write(`${JSON.stringify({ read, ...planned }, null, 2)}\n`);
  else {
    context.stdout.write(planText(planned, context.stdout));
    if (read.files === 0)
      context.stderr.write(
        `no evidence in ${resolve(base, config.evidence.folder)}: whom an end strands is not known. Name that of a gateway that serves with --evidence\n`,
      );
    else
      context.stderr.write(
        `${counted(read.records, 'record')} in ${counted(read.files, 'file')}; ${counted(seen.length, 'credential')} ${seen.length === 1 ? 'was' : 'were'} accepted\n`,
      );
    if (running.why !== null) context.stderr.write(`what would end at once with apply is not known: ${running.why}\n`);
  }
}

/** What the running gateway judges by, or why that is not known. */
type RunningTrust =
  | { readonly inForce: NonNullable<TrustPlanQuestion['inForce']>; readonly why: null }
  | { readonly inForce: null; readonly why: string };

async function runningTrust(config: Config, base: string, context: CliContext): Promise<RunningTrust> {
  const { askGateway, GatewayNotAsked } = await import('@headgate/gateway');
  try {
    const answer = await askGateway(config, base, 'trust');
    if (answer.ok && answer.trust !== undefined)
      return { inForce: { trust: answer.trust, nowMs: context.clock() }, why: null };
    return { inForce: null, why: 'the gateway that runs is of a version that does not tell' };
  } catch (fault) {
    if (!(fault instanceof GatewayNotAsked)) throw fault;
    return { inForce: null, why: fault.message };
  }
}

interface ReadCredentials {
  readonly read: { readonly files: number; readonly records: number; readonly uncounted: number };
  readonly seen: readonly SeenCredential[];
  readonly expired: readonly SeenCredential[];
}

/** A gateway that has not served yet has no evidence; whoever names files means them to be there. */
async function credentialsOf(
  named: readonly string[] | undefined,
  folder: string,
  context: CliContext,
): Promise<ReadCredentials> {
  const count = countCredentials();
  const { files, records } =
    named === undefined && (await isEmpty(folder))
      ? { files: 0, records: 0 }
      : await readNamedEvidence(named ?? [folder], context, (record) => count.take(record));
  return { read: { files, records, uncounted: count.uncounted }, seen: count.credentials(), expired: count.expired() };
}

async function isEmpty(folder: string): Promise<boolean> {
  try {
    return !(await readdir(folder)).some((name) => evidenceEndings.some((ending) => name.endsWith(ending)));
  } catch (fault) {
    return (fault as NodeJS.ErrnoException).code === 'ENOENT'; // Any other fault is told by whoever reads it.
  }
}

/** What the files of a gateway say; those that cannot be used are told with file and line. */
export async function usable<Answer>(question: () => Promise<Answer>): Promise<Answer> {
  const { UnusableFiles } = await import('@headgate/gateway');
  try {
    return await question();
  } catch (fault) {
    if (!(fault instanceof UnusableFiles)) throw fault;
    throw new CliRefusal(fault.findings.map(sayFinding).join('\n  '), exitCodes.unusable);
  }
}

async function askAndTell(ask: ControlAsk, options: TrustOptions, context: CliContext): Promise<void> {
  const ending = ask === 'status' ? [] : await endingAtOnce(options.config, context);
  const answer = await askRunning(ask, options.config);
  if (options.json === true) context.stdout.write(`${JSON.stringify(answer)}\n`);
  if (!answer.ok) {
    if (options.json !== true) context.stderr.write(refusedText(answer));
    context.exitWith(answer.reason === 'files' ? exitCodes.unusable : exitCodes.failed);
    return;
  }
  if ((answer.needRestart ?? []).length > 0) context.exitWith(exitCodes.needsRestart);
  else if (ask !== 'status' && answer.listFaults.length > 0) context.exitWith(exitCodes.listKept);
  if (options.json === true) return;
  context.stdout.write(ask === 'status' ? statusText(answer) : appliedText(answer) + endedText(ending));
  context.stderr.write(listFaultsText(answer.listFaults));
  for (const { about, sentence } of answer.warnings ?? []) context.stderr.write(`warning: ${about}: ${sentence}\n`);
}

/** What an apply of the files ends, before it is asked for. Where that cannot be told, the apply itself says why. */
async function endingAtOnce(file: string, context: CliContext): Promise<NonNullable<TrustPlan['atOnce']>> {
  const { baseOf, planTrustOf, UnusableFiles } = await import('@headgate/gateway');
  const config = await readConfig(file);
  const base = baseOf(file);
  const { inForce } = await runningTrust(config, base, context);
  if (inForce === null) return [];
  const span = { fromMs: inForce.nowMs, untilMs: inForce.nowMs, inForce };
  try {
    const { atOnce } = await planTrustOf(config, base, { ...span, seen: [], expired: [] });
    if (atOnce === null || atOnce.length === 0) return [];
    // Evidence may be long: it is read only where somebody may be stranded.
    const { seen, expired } = await credentialsOf(undefined, resolve(base, config.evidence.folder), context);
    return (await planTrustOf(config, base, { ...span, seen, expired })).atOnce ?? [];
  } catch (fault) {
    if (fault instanceof UnusableFiles) return [];
    throw fault;
  }
}

async function askRunning(ask: ControlAsk, file: string): Promise<ControlAnswer> {
  const { askGateway, baseOf, GatewayNotAsked } = await import('@headgate/gateway');
  const config = await readConfig(file);
  try {
    return await askGateway(config, baseOf(file), ask);
  } catch (fault) {
    if (!(fault instanceof GatewayNotAsked)) throw fault;
    throw new CliRefusal(fault.message, exitCodes.failed);
  }
}

/** The configuration of a gateway. Refuses with every finding. */
export async function readConfig(file: string): Promise<Config> {
  const { parseConfig } = await import('@headgate/gateway');
  const parsed = parseConfig(file, await configText(file));
  if (parsed.ok) return parsed.config;
  throw new CliRefusal(parsed.findings.map(sayFinding).join('\n  '), exitCodes.unusable);
}

function refusedText(answer: Extract<ControlAnswer, { ok: false }>): string {
  if (answer.reason !== 'files') return `headgate trust: the gateway refused: ${answer.detail}\n`;
  const found = answer.findings.map((finding) => `  ${sayFinding(finding)}\n`).join('');
  return `headgate trust: nothing changed, snapshot ${answer.number} stays in force:\n${found}`;
}

function toDays(text: string): number {
  const [, count = '', unit = 'd'] = /^(\d{1,4})([dw]?)$/.exec(text) ?? [];
  const days = Number(count) * (unit === 'w' ? 7 : 1);
  if (count === '' || days > withinDaysMax)
    throw new InvalidArgumentError(`It must be a number of days or weeks, as 90d or 12w, at most ${withinDaysMax}d.`);
  return days;
}
