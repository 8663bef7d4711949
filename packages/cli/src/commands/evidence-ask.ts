// The words of `headgate evidence` that ask the ledger of control: who still calls old addresses, who was refused, one exchange.
import type { Command } from 'commander';
import { Option } from 'commander';
import { toInstantText, toRows } from '../command-values.ts';
import type { CliContext } from '../context.ts';
import { type AskedControl, askControl } from '../control/ask-control.ts';
import { type ControlFlag, readControlProfile, withControlOption } from '../control/control-profile.ts';
import {
  type ExchangeAnswer,
  exchangeStoryText,
  knownText,
  type LedgerAnswer,
  type NeverOnNewRow,
  narrowedText,
  neverOnNewText,
  type OldAddressRow,
  oldAddressesText,
  type RefusalRow,
  refusalsText,
  type SenderRow,
  sendersOfControlText,
} from '../render/ledger-text.ts';
import { registerEvidenceExport } from './evidence-export.ts';

/** Most rows of one page that control gives. */
const pageRows = 200;

const rowsDefault = 200;

interface AskFlags extends ControlFlag {
  readonly since?: string;
  readonly until?: string;
  readonly asOf?: string;
  readonly participant?: string;
  readonly environment?: string;
  readonly system?: string;
  readonly rows: number;
  readonly json?: true;
}

interface SenderFlags extends AskFlags {
  readonly chunked?: true;
  readonly unencoded?: true;
  readonly cookies?: true;
}

interface RefusalFlags extends AskFlags {
  readonly by: string;
  readonly code?: string;
  readonly rule?: string;
  readonly caller?: string;
}

/** Adds the words that ask control. */
export function registerEvidenceAsk(evidence: Command, context: CliContext): void {
  withAskOptions(evidence.command('old-addresses'))
    .description('list who still calls an old address: from where, with which certificate, and when last')
    .action((flags: AskFlags) => list<OldAddressRow>('old-addresses', {}, flags, context, oldAddressesText));
  withAskOptions(evidence.command('never-on-new'))
    .description('list who calls a system by an old address and has never been seen on the new one')
    .action((flags: AskFlags) => list<NeverOnNewRow>('never-on-new', {}, flags, context, neverOnNewText));
  withAskOptions(evidence.command('senders'))
    .description('list who sends in a way that should end; every caller where no way is named')
    .option('--chunked', 'those that send bodies in chunks')
    .option('--unencoded', 'those that send large bodies of which nothing says that they are packed')
    .option('--cookies', 'programs that send cookies')
    .action((flags: SenderFlags) => {
      const ways = (['chunked', 'unencoded', 'cookies'] as const).filter((way) => flags[way] === true).join(',');
      return list<SenderRow>('senders', ways === '' ? {} : { ways }, flags, context, sendersOfControlText);
    });
  withAskOptions(evidence.command('refusals'))
    .description('list who was refused, how often, and why')
    .addOption(
      new Option('--by <what>', 'what they are told by')
        .choices(['caller', 'participant', 'code', 'rule'])
        .default('caller'),
    )
    .option('--code <code>', 'only refusals with this code')
    .option('--rule <name>', 'only refusals by this rule')
    .option('--caller <name>', 'only those of one caller: a fingerprint, a subject or a source address')
    .action(({ by, code, rule, caller, ...flags }: RefusalFlags) =>
      list<RefusalRow>('refusals', { by, code, rule, caller }, flags, context, refusalsText),
    );
  withControlOption(evidence.command('exchange'))
    .description('tell one exchange along the path, and what to do about its end')
    .argument('<id>', 'the field Headgate-Exchange of an answer, or the line `exchange` of a problem')
    .option('--json', 'print JSON and nothing else')
    .action((id: string, flags: ControlFlag & { readonly json?: true }) => tell(id, flags, context));
  registerEvidenceExport(evidence, context);
}

function withAskOptions(command: Command): Command {
  return withControlOption(command)
    .option('--since <date>', 'only calls from a day on, or an instant (UTC)', toInstantText)
    .option('--until <date>', 'only calls before a day, or an instant', toInstantText)
    .option('--as-of <date>', 'as it was known then', toInstantText)
    .option('--participant <id>', 'only callers of this participant')
    .option('--environment <id>', 'only addresses of this environment')
    .option('--system <id>', 'only addresses of this system')
    .option('--rows <n>', 'most rows', toRows, rowsDefault)
    .option('--json', 'print JSON and nothing else');
}

type Query = Readonly<Record<string, string | undefined>>;

async function list<Row>(
  question: string,
  more: Query,
  flags: AskFlags,
  context: CliContext,
  toText: (rows: readonly Row[], context: CliContext) => string,
): Promise<void> {
  const asked = askControl(await readControlProfile(flags, context));
  const { since, until, asOf, participant, environment, system } = flags;
  const query = { since, until, asOf, participant, environment, system, ...more };
  const answer = await pagesOf<Row>(asked, question, query, flags.rows);
  asked.close();
  if (flags.json === true) {
    context.stdout.write(`${JSON.stringify(answer, null, 2)}\n`);
    return;
  }
  context.stdout.write(toText(answer.rows, context));
  if (answer.rows.length === 0) context.stderr.write(narrowedText({ participant, environment, system, ...more }));
  context.stderr.write(knownText(answer));
}

/** As many rows as are wanted, page by page. */
async function pagesOf<Row>(
  asked: AskedControl,
  question: string,
  query: Query,
  rowsMax: number,
): Promise<LedgerAnswer<Row>> {
  const rows: Row[] = [];
  for (let cursor: string | undefined; ; ) {
    const limit = String(Math.max(1, Math.min(pageRows, rowsMax - rows.length)));
    const page = await asked.get<LedgerAnswer<Row>>(
      `/v1/evidence/${question}${queryText({ ...query, limit, cursor })}`,
    );
    rows.push(...page.rows);
    if (page.next === null || rows.length >= rowsMax) return { ...page, rows };
    cursor = page.next;
  }
}

/** A query of what is said; empty where nothing is. */
function queryText(query: Query): string {
  const said = new URLSearchParams(
    Object.entries(query).flatMap(([name, value]) => (value === undefined ? [] : [[name, value] as [string, string]])),
  ).toString();
  return said === '' ? '' : `?${said}`;
}

async function tell(id: string, flags: ControlFlag & { readonly json?: true }, context: CliContext): Promise<void> {
  const asked = askControl(await readControlProfile(flags, context));
  const story = await asked.get<ExchangeAnswer>(`/v1/exchanges/${encodeURIComponent(id)}`);
  asked.close();
  context.stdout.write(
    flags.json === true ? `${JSON.stringify(story, null, 2)}\n` : exchangeStoryText(story, context.stdout),
  );
}
