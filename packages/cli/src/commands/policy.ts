// `headgate policy`: judge a policy, compare two, ask what becomes of a call, and try a candidate on what was recorded.
import { existsSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { openCatalogue } from '@headgate/client';
import { type EvidenceRecord, type LimitSubject, sayFinding } from '@headgate/contract';
import type { Config, ControlRequest } from '@headgate/gateway';
import { explainMatch, warmUpMs } from '@headgate/rules';
import type { Command } from 'commander';
import { createDecoders } from '../backtest/decode-arrival.ts';
import { CliRefusal } from '../cli-refusal.ts';
import { toCount, toInstant, toSpanMs } from '../command-values.ts';
import type { CliContext, Register } from '../context.ts';
import { readEvidence } from '../evidence/read-evidence.ts';
import { withRecordsOfControl } from '../evidence/records-of-control.ts';
import { exitCodes } from '../exit-codes.ts';
import { backtestPolicy } from '../policy/backtest-policy.ts';
import { type BreakGlassFlags, breakGlassAsk } from '../policy/break-glass-ask.ts';
import { callOf } from '../policy/call-words.ts';
import { checkPolicy, countedHow } from '../policy/check-policy.ts';
import { diffPolicies } from '../policy/diff-policies.ts';
import { type NamedPolicy, readPolicy } from '../policy/policy-file.ts';
import { statusText } from '../render/control-text.ts';
import { countedText, differencesText, explainedText, policyText, remarksText } from '../render/policy-text.ts';
import { folderOf } from './catalogue.ts';
import { configText } from './gateway.ts';
import { usable } from './trust.ts';

/** How late a record may come behind others of its file unless told otherwise: 60 s, most calls are answered by then. */
const reorderMsDefault = 60_000;
const reorderMsMax = 86_400_000;

interface CatalogueOptions {
  readonly catalogue?: string;
  readonly json?: true;
}

interface CheckOptions extends CatalogueOptions {
  readonly strict?: true;
  readonly provisioning?: string;
}

interface ExplainOptions extends CatalogueOptions {
  readonly policy?: string;
  readonly call?: readonly string[];
  readonly record?: string;
  readonly exchange?: string;
}

interface ConfigOptions {
  readonly config: string;
  readonly json?: true;
}

type BreakGlassOptions = ConfigOptions & BreakGlassFlags & { readonly end?: string };

interface BacktestOptions extends CatalogueOptions {
  readonly policy: string;
  readonly against?: string;
  readonly config?: string;
  readonly evidence?: readonly string[];
  readonly arrivals?: readonly string[];
  readonly from?: number;
  readonly to?: number;
  readonly reorder: number;
  readonly html?: string;
  readonly maxNewDenials?: number;
  readonly fromControl?: true;
  readonly control?: string;
}

/** Adds `policy` with its commands. */
export const registerPolicy: Register = (program, context) => {
  const policy = program.command('policy').description('judge a policy, compare two, and try one on recorded calls');
  withCatalogue(policy.command('check'))
    .description('say of a policy what no schema can judge: names the catalogue does not have, rules that never act')
    .argument('[file]', 'policy file (default: policy.yaml of the catalogue)')
    .option('--strict', 'end with 1 for warnings too')
    .option('--provisioning <file>', 'provisioning file (default: provisioning.yaml of the catalogue, if it has one)')
    .action((file: string | undefined, options: CheckOptions) => check(file, options, context));
  policy
    .command('diff')
    .description('say in sentences what the second policy says otherwise than the first')
    .argument('<a>', 'policy file')
    .argument('<b>', 'policy file')
    .option('--json', 'print JSON and nothing else')
    .action((a: string, b: string, options: CatalogueOptions) => diff(a, b, options, context));
  withCatalogue(policy.command('explain'))
    .description('say which rules count a call, under which keys, and why the others do not')
    .option('--policy <file>', 'policy file (default: policy.yaml of the catalogue)')
    .option('--call <word...>', 'the call: a URL, names of the catalogue, name=value; as cmri retrieve scid=EXA1')
    .option('--record <file>', 'the call: a record of an evidence file, its last unless --exchange names one')
    .option('--exchange <id>', 'with --record: the exchange that is meant')
    .action((options: ExplainOptions) => explain(options, context));
  withCatalogue(policy.command('backtest'))
    .description('replay recorded calls through the policy in force and a candidate, and count what would change')
    .requiredOption('--policy <file>', 'the candidate')
    .option('--against <file>', 'policy in force (default: that of --config, else policy.yaml of the catalogue)')
    .option('--config <file>', 'configuration of a gateway: its catalogue, policy and evidence')
    .option('--evidence <file...>', 'evidence files or folders of them, .ndjson or .ndjson.gz')
    .option('--arrivals <file...>', 'lists of calls, .csv or .ndjson, packed or not')
    .option('--from-control', 'the records that control keeps')
    .option('--control <file>', 'profile that says where control is (default: as for `headgate evidence`)')
    .option('--from <date>', 'count calls from a day, or an instant, on; those before only fill the windows', toInstant)
    .option('--to <date>', 'until before a day, or an instant', toInstant)
    .option('--reorder <span>', 'how late a record may come behind others of its file', toReorderMs, reorderMsDefault)
    .option('--html <file>', 'write a page with a chart as well')
    .option('--max-new-denials <n>', 'end with 6 when the candidate refuses more calls that are admitted now', toCount)
    .action((options: BacktestOptions) => backtest(options, context));
  withConfig(policy.command('show'))
    .description('list the rules of a gateway, and what break-glass changes of them; the gateway need not run')
    .action((options: ConfigOptions) => show(options, context));
  withConfig(policy.command('status'))
    .description('say what a running gateway has in force, thread by thread, with what break-glass changes')
    .action((options: ConfigOptions) => askAndTell({ ask: 'status' }, options, context));
  withConfig(policy.command('break-glass'))
    .description('for some hours, let a rule refuse nobody or one caller do more; in force in every thread on return')
    .option('--rule <name>', 'the rule')
    .option('--shadow', 'it refuses nobody, and goes on to be counted')
    .option('--quota <n>', 'its quota for one caller', toCount)
    .option('--participant <id>', 'whose calls it is about: those made for this participant')
    .option('--source <address>', 'whose calls it is about: those from this address')
    .option('--credential <fingerprint>', 'whose calls it is about: those with this certificate')
    .option('--reason <text>', 'why; it stands wherever the override is told of')
    .option('--author <name>', 'who says so (default: the user of this system)')
    .option('--for <span>', 'how long, as 30m or 2h', toSpanMs)
    .option('--until <date>', 'until when: an instant, as 2024-02-21T18:00:00Z', toInstant)
    .option('--end <id>', 'end this one before its time')
    .action((options: BreakGlassOptions) => breakGlass(options, context));
};

function withConfig(command: Command): Command {
  return command
    .requiredOption('--config <file>', 'configuration file of the gateway')
    .option('--json', 'print JSON and nothing else');
}

function withCatalogue(command: Command): Command {
  return command
    .option('--catalogue <folder>', 'catalogue folder (default: the one that comes with Headgate)')
    .option('--json', 'print JSON and nothing else');
}

async function check(named: string | undefined, options: CheckOptions, context: CliContext): Promise<void> {
  const folder = folderOf(options, context);
  const file = named ?? join(folder, 'policy.yaml');
  const read = await readPolicy(file);
  const { index } = await openCatalogue(folder);
  const provisioned = existsSync(options.provisioning ?? join(folder, 'provisioning.yaml'));
  const remarks = checkPolicy(read, index, provisioned);
  const counted = countedHow(read.policy);
  const failing = remarks.filter(({ level }) => level === 'error' || (options.strict === true && level === 'warning'));
  if (failing.length > 0) context.exitWith(exitCodes.failed);
  if (options.json === true) {
    const located = remarks.map(({ path, ...remark }) => ({
      file,
      ...read.placeOf(path),
      path: path.join('.'),
      ...remark,
    }));
    context.stdout.write(`${JSON.stringify({ ok: failing.length === 0, file, remarks: located, counted }, null, 2)}\n`);
    return;
  }
  context.stdout.write(remarksText(read, remarks, context.stdout));
  const count = (level: string) => remarks.filter((remark) => remark.level === level).length;
  context.stderr.write(
    `${read.policy.limits.length} rules: ${count('error')} errors, ${count('warning')} warnings, ${count('notice')} notices\n${countedText(counted)}`,
  );
}

async function diff(a: string, b: string, options: CatalogueOptions, context: CliContext): Promise<void> {
  const [before, after] = [await readPolicy(a), await readPolicy(b)];
  const differences = diffPolicies(before.policy, after.policy);
  context.stdout.write(
    options.json === true
      ? `${JSON.stringify({ before: a, after: b, differences }, null, 2)}\n`
      : differencesText(differences, context.stdout),
  );
}

async function explain(options: ExplainOptions, context: CliContext): Promise<void> {
  const folder = folderOf(options, context);
  const { index } = await openCatalogue(folder);
  const { policy, file } = await readPolicy(options.policy ?? join(folder, 'policy.yaml'));
  const subject = await subjectOf(options, index);
  const matches = explainMatch(policy, subject);
  context.stdout.write(
    options.json === true
      ? `${JSON.stringify({ policy: file, call: subject, rules: matches.map(({ rule, ...match }) => ({ rule: rule.name, mode: rule.mode, quota: rule.quota, windowMs: rule.windowMs, unit: rule.unit, ...match })) }, null, 2)}\n`
      : explainedText(subject, matches, context.stdout),
  );
}

type Index = Awaited<ReturnType<typeof openCatalogue>>['index'];

async function subjectOf({ call, record, exchange }: ExplainOptions, index: Index): Promise<LimitSubject> {
  if (record !== undefined) return subjectOfRecord(record, exchange, index);
  if (call === undefined)
    throw new CliRefusal(
      'which call? Give --call WORD…, as --call cmri RetrieveMarketAwards, or --record FILE',
      exitCodes.usage,
    );
  const said = callOf(
    index,
    call.flatMap((words) => words.split(/\s+/)).filter((word) => word !== ''),
  );
  if (!said.ok) throw new CliRefusal(said.sentence, exitCodes.notFound);
  return said.subject;
}

async function subjectOfRecord(file: string, exchange: string | undefined, index: Index): Promise<LimitSubject> {
  let found: EvidenceRecord | null = null;
  await readEvidence(
    [{ file, bytes: 0 }],
    (record) => {
      if (exchange === undefined || record.exchange === exchange) found = record;
    },
    () => undefined,
  ).catch((fault: unknown) => {
    const { code } = fault as NodeJS.ErrnoException;
    if (code === undefined) throw fault;
    throw new CliRefusal(`${file} cannot be read (${code})`, exitCodes.unusable);
  });
  if (found === null)
    throw new CliRefusal(
      exchange === undefined ? `${file} holds no record` : `${file} holds no exchange ${exchange}`,
      exitCodes.notFound,
    );
  const decoded = createDecoders(index).evidence()(JSON.stringify(found));
  if (decoded.kind === 'arrival') return decoded.arrival.subject;
  const why = decoded.kind === 'no-arrival' ? decoded.why : 'no record of a call';
  throw new CliRefusal(`no limit was asked of that call: ${why}`, exitCodes.failed);
}

async function backtest(options: BacktestOptions, context: CliContext): Promise<void> {
  const gateway = options.config === undefined ? null : await filesOfGateway(options.config);
  const folder = options.catalogue === undefined && gateway !== null ? gateway.catalogue : folderOf(options, context);
  const { index } = await openCatalogue(folder);
  const inForce: NamedPolicy = await readPolicy(options.against ?? gateway?.policy ?? join(folder, 'policy.yaml'));
  const candidate = await readPolicy(options.policy);
  const named = options.evidence ?? options.arrivals ?? options.fromControl;
  const ask = {
    inForce,
    candidate,
    index,
    evidence: options.evidence ?? (named !== undefined || gateway === null ? [] : [gateway.evidence]),
    arrivals: options.arrivals ?? [],
    fromMs: options.from ?? null,
    untilMs: options.to ?? null,
    reorderMs: options.reorder,
    html: options.html ?? null,
    maxNewDenials: options.maxNewDenials ?? null,
    json: options.json === true,
  };
  if (options.fromControl !== true) return backtestPolicy(ask, context);
  const warmUp = warmUpMs({ inForce: inForce.policy, candidate: candidate.policy });
  const span = { fromMs: ask.fromMs === null ? null : ask.fromMs - warmUp, untilMs: ask.untilMs };
  await withRecordsOfControl(options, span, context, (folder) =>
    backtestPolicy({ ...ask, evidence: [...ask.evidence, folder] }, context),
  );
}

async function show({ config: file, json }: ConfigOptions, context: CliContext): Promise<void> {
  const { baseOf, breakGlassFile, readOverrides } = await import('@headgate/gateway');
  const { policy } = await readPolicy((await filesOfGateway(file)).policy);
  const held = breakGlassFile(await readConfig(file), baseOf(file));
  const overrides = await usable(() => readOverrides(held, context.clock()));
  context.stdout.write(
    json === true
      ? `${JSON.stringify({ rules: policy.limits, overrides }, null, 2)}\n`
      : policyText(policy, overrides, context.stdout),
  );
}

async function breakGlass(options: BreakGlassOptions, context: CliContext): Promise<void> {
  const author = options.author ?? context.env.SUDO_USER ?? context.env.USER ?? context.env.LOGNAME ?? null;
  if (options.end !== undefined) {
    if (author === null) throw new CliRefusal('who says so? Give --author NAME', exitCodes.usage);
    return askAndTell({ ask: 'break-glass-end', id: options.end, author }, options, context);
  }
  const asked = breakGlassAsk(options, author, context.clock());
  if (typeof asked === 'string') throw new CliRefusal(asked, exitCodes.usage);
  return askAndTell({ ask: 'break-glass', override: asked }, options, context);
}

async function askAndTell(
  request: ControlRequest,
  { config: file, json }: ConfigOptions,
  context: CliContext,
): Promise<void> {
  const { askGateway, baseOf, GatewayNotAsked } = await import('@headgate/gateway');
  const config = await readConfig(file);
  const answer = await askGateway(config, baseOf(file), request).catch((fault: unknown) => {
    if (!(fault instanceof GatewayNotAsked)) throw fault;
    throw new CliRefusal(fault.message, exitCodes.failed);
  });
  if (json === true) context.stdout.write(`${JSON.stringify(answer)}\n`);
  if (!answer.ok) {
    const why = answer.reason === 'files' ? answer.findings.map(sayFinding).join('\n  ') : answer.detail;
    if (json !== true) context.stderr.write(`headgate policy: the gateway refused, and nothing changed: ${why}\n`);
    context.exitWith(answer.reason === 'files' ? exitCodes.unusable : exitCodes.failed);
    return;
  }
  if (json !== true) context.stdout.write(statusText(answer));
}

async function filesOfGateway(file: string): Promise<{ catalogue: string; policy: string; evidence: string }> {
  const { baseOf } = await import('@headgate/gateway');
  const config = await readConfig(file);
  const base = baseOf(file);
  const catalogue = resolve(base, config.catalogue);
  return {
    catalogue,
    policy: config.policy === undefined ? join(catalogue, 'policy.yaml') : resolve(base, config.policy),
    evidence: resolve(base, config.evidence.folder),
  };
}

async function readConfig(file: string): Promise<Config> {
  const { parseConfig } = await import('@headgate/gateway');
  const parsed = parseConfig(file, await configText(file));
  if (parsed.ok) return parsed.config;
  throw new CliRefusal(parsed.findings.map(sayFinding).join('\n  '), exitCodes.unusable);
}

function toReorderMs(text: string): number {
  return Math.min(reorderMsMax, toSpanMs(text));
}
