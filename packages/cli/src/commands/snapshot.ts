// `headgate snapshot`: what gateways serve by, as control published it. Asks control over HTTP, as a program can.
import { type Command, InvalidArgumentError } from 'commander';
import { CliRefusal } from '../cli-refusal.ts';
import type { CliContext, Register } from '../context.ts';
import { type AskedControl, askControl } from '../control/ask-control.ts';
import { type ControlFlag, readControlProfile, withControlOption } from '../control/control-profile.ts';
import { exitCodes } from '../exit-codes.ts';
import {
  behindText,
  diffText,
  historyText,
  inForceText,
  outcomeText,
  type SnapshotDiffAnswer,
  type SnapshotHeadAnswer,
  type SnapshotNodesAnswer,
  type SnapshotOutcomeAnswer,
  type SnapshotShownAnswer,
  shownText,
} from '../render/snapshot-text.ts';

interface Flags extends ControlFlag {
  readonly json?: true;
}

/** Adds `snapshot` with its words. */
export const registerSnapshot: Register = (program, context) => {
  const snapshot: Command = program
    .command('snapshot')
    .description('what gateways serve by, as control published it: catalogue, policy, trust, provisioning, positions');
  const word = (name: string) =>
    withControlOption(snapshot.command(name)).option('--json', 'print JSON and nothing else');
  word('show')
    .description('which gateway serves by which snapshot, and since when; with a number, what that one holds')
    .argument('[number]', 'number of a snapshot', toNumber)
    .option('--text <name>', 'print one text of it, such as policy.yaml')
    .action((number: number | undefined, flags: Flags & { readonly text?: string }) =>
      asking(flags, context, (control) => show(control, number, flags, context)),
    );
  word('diff')
    .description('what differs between two snapshots, in sentences; without numbers, what the latest changed')
    .argument('[before]', 'number of the one', toNumber)
    .argument('[next]', 'number of the other; left out: the latest', toNumber)
    .action((before: number | undefined, next: number | undefined, flags: Flags) =>
      asking(flags, context, (control) => diff(control, before, next, flags, context)),
    );
  word('history')
    .description('what was published, by whom and why, the latest first')
    .option('--limit <count>', 'how many', toLimit, 20)
    .action((flags: Flags & { readonly limit: number }) =>
      asking(flags, context, (control) => history(control, flags, context)),
    );
  word('adopt')
    .description('publish what the sources say now; with a number, go back to what that snapshot said')
    .argument('[number]', 'number of an earlier snapshot', toNumber)
    .requiredOption('--reason <text>', 'why: it stands in the history for ever')
    .option('--dry-run', 'say what would differ, and publish nothing')
    .action((number: number | undefined, flags: AdoptFlags) =>
      asking(flags, context, (control) => adopt(control, number, flags, context)),
    );
};

interface AdoptFlags extends Flags {
  readonly reason: string;
  readonly dryRun?: true;
}

async function asking(flags: Flags, context: CliContext, act: (control: AskedControl) => Promise<void>): Promise<void> {
  const control = askControl(await readControlProfile(flags, context));
  try {
    await act(control);
  } finally {
    control.close();
  }
}

/** Prints an answer as it came, or for a person. */
function print<Answer>(answer: Answer, { json }: Flags, context: CliContext, text: (answer: Answer) => string): void {
  context.stdout.write(json === true ? `${JSON.stringify(answer, null, 2)}\n` : text(answer));
}

async function show(
  control: AskedControl,
  number: number | undefined,
  flags: Flags & { readonly text?: string },
  context: CliContext,
): Promise<void> {
  const inForce = await control.get<SnapshotNodesAnswer>('/v1/snapshots/in-force');
  const { columns } = context.stdout;
  if (flags.text !== undefined) {
    const of = number ?? latestOf(inForce);
    const path = `/v1/snapshots/${of}/texts/${encodeURIComponent(flags.text)}`;
    print(await control.get<{ readonly text: string }>(path), flags, context, ({ text }) => text);
    return;
  }
  if (number !== undefined) {
    const shown = await control.get<SnapshotShownAnswer>(`/v1/snapshots/${number}`);
    const nodes = inForce.nodes.filter((node) => node.number === number).map(({ node }) => node);
    print({ ...shown, nodes }, flags, context, (answer) => shownText(answer, columns));
    return;
  }
  print(inForce, flags, context, (answer) => inForceText(answer, { nowMs: context.clock(), columns }));
  const behind = behindText(inForce);
  if (behind !== '') context.stderr.write(behind);
}

function latestOf({ latest }: SnapshotNodesAnswer): number {
  if (latest !== null) return latest.number;
  throw new CliRefusal(
    'nothing was published yet; `npx --no headgate snapshot adopt --reason …` publishes what the sources say',
    exitCodes.notFound,
  );
}

async function diff(
  control: AskedControl,
  before: number | undefined,
  next: number | undefined,
  flags: Flags,
  context: CliContext,
): Promise<void> {
  const to = next ?? latestOf(await control.get<SnapshotNodesAnswer>('/v1/snapshots/in-force'));
  const from = before ?? (await control.get<SnapshotHeadAnswer>(`/v1/snapshots/${to}`)).previous;
  if (from === null)
    throw new CliRefusal(
      `snapshot ${to} is the first: there is none before it; \`headgate snapshot show ${to}\` says what it holds`,
      exitCodes.notFound,
    );
  const answer = await control.get<SnapshotDiffAnswer>(`/v1/snapshots/${from}/diff/${to}`);
  print({ before: from, next: to, ...answer }, flags, context, (told) => `${from} → ${to}\n${diffText(told)}`);
}

async function history(
  control: AskedControl,
  flags: Flags & { readonly limit: number },
  context: CliContext,
): Promise<void> {
  const answer = await control.get<{ readonly snapshots: readonly SnapshotHeadAnswer[] }>(
    `/v1/snapshots?limit=${flags.limit}`,
  );
  print(answer, flags, context, ({ snapshots }) => historyText(snapshots, context.stdout.columns));
}

async function adopt(
  control: AskedControl,
  number: number | undefined,
  { reason, dryRun = false, ...flags }: Omit<AdoptFlags, 'dryRun'> & { readonly dryRun?: boolean },
  context: CliContext,
): Promise<void> {
  const path = number === undefined ? '/v1/snapshots' : `/v1/snapshots/${number}/restore`;
  const answer = await control.post<SnapshotOutcomeAnswer>(path, { reason, dryRun });
  print(answer, flags, context, (outcome) => outcomeText(outcome, dryRun));
}

function toNumber(text: string): number {
  const number = /^\d{1,10}$/.test(text) ? Number(text) : 0;
  if (number < 1 || number > 2_147_483_647)
    throw new InvalidArgumentError('It must be the number of a snapshot, as `snapshot history` lists them.');
  return number;
}

function toLimit(text: string): number {
  const limit = /^\d{1,3}$/.test(text) ? Number(text) : 0;
  if (limit < 1 || limit > 200) throw new InvalidArgumentError('It must be a number from 1 to 200.');
  return limit;
}
