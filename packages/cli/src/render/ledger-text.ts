// What the ledger of control answers, as tables and sentences.
import type { CliContext, Output } from '../context.ts';
import { paint } from './paint.ts';
import { tableOrEntries } from './text-table.ts';

/** One page or several, as control answers. */
export interface LedgerAnswer<Row> {
  readonly rows: readonly Row[];
  readonly next: string | null;
  readonly counted: { readonly since: string | null; readonly until: string | null };
  readonly known: readonly { readonly node: string; readonly sentence: string }[];
}

interface Caller {
  readonly kind: string;
  readonly fingerprint: string | null;
  readonly subject: string | null;
  readonly source: string | null;
  readonly participant: string | null;
}

/** A caller at an old address. */
export interface OldAddressRow {
  readonly caller: Caller;
  readonly address: { readonly system: string; readonly address: string };
  readonly calls: number;
  readonly last: string | null;
  readonly lastSource: string;
  readonly sources: { readonly values: readonly { readonly value: string }[]; readonly others: number };
  readonly onNew: boolean;
}

/** A caller that has not been seen on the new address. */
export interface NeverOnNewRow {
  readonly caller: Caller;
  readonly system: string;
  readonly oldAddresses: readonly string[];
  readonly calls: number;
  readonly last: string | null;
  readonly lastSource: string;
  readonly participantOnNew: boolean;
}

/** A caller and how it sends. */
export interface SenderRow {
  readonly caller: Caller;
  readonly calls: number;
  readonly chunked: number;
  readonly unencoded: number;
  readonly withCookies: number;
  readonly largestBytes: number;
  readonly last: string | null;
}

/** Refusals of one kind. */
export interface RefusalRow {
  readonly caller: Caller | null;
  readonly participant: string | null;
  readonly code: string | null;
  readonly rule: string | null;
  readonly calls: number;
  readonly callers: number;
  readonly last: string | null;
  readonly fix: string | null;
}

/** One exchange, told. */
export interface ExchangeAnswer {
  readonly exchange: string;
  readonly node: string;
  readonly at: string | null;
  readonly told: readonly { readonly stage: string; readonly sentence: string }[];
  readonly problem: {
    readonly code: string;
    readonly title: string | null;
    readonly detail: string | null;
    readonly fix: string | null;
  } | null;
}

type Context = Pick<CliContext, 'stdout'>;

function table(headers: readonly string[], rows: readonly (readonly string[])[], { stdout }: Context): string {
  return tableOrEntries(headers, rows, stdout.isTTY === true ? stdout.columns : undefined);
}

/** Who still calls an old address. */
export function oldAddressesText(rows: readonly OldAddressRow[], context: Context): string {
  if (rows.length === 0) return 'nobody calls an old address, as far as the nodes below are known\n';
  const cells = rows.map(({ caller, address, calls, last, lastSource, sources, onNew }) => [
    callerWords(caller),
    caller.participant ?? '',
    address.address,
    grouped(calls),
    second(last),
    sourceWords(lastSource, sources),
    onNew ? 'yes' : 'never',
    caller.fingerprint?.slice(0, 16) ?? '',
  ]);
  const headers = [
    'caller',
    'participant',
    'old address',
    'calls',
    'last call',
    'from',
    'on the new one',
    'certificate',
  ];
  return table(headers, cells, context);
}

function sourceWords(last: string, { values, others }: OldAddressRow['sources']): string {
  const more = values.length - 1;
  return `${last}${more > 0 || others > 0 ? ` and ${others > 0 ? 'many' : more} more` : ''}`;
}

/** Who has never been seen on the new one. */
export function neverOnNewText(rows: readonly NeverOnNewRow[], context: Context): string {
  if (rows.length === 0)
    return 'everybody who calls by an old address has been seen on the new one, as far as the nodes below are known\n';
  const cells = rows.map(({ caller, system, oldAddresses, calls, last, lastSource, participantOnNew }) => [
    callerWords(caller),
    caller.participant ?? '',
    system,
    oldAddresses.join(' '),
    grouped(calls),
    second(last),
    lastSource,
    participantOnNew ? 'with another certificate' : '',
  ]);
  const headers = [
    'caller',
    'participant',
    'system',
    'old address',
    'calls',
    'last call',
    'from',
    'participant on the new one',
  ];
  return table(headers, cells, context);
}

/** Who sends how. */
export function sendersOfControlText(rows: readonly SenderRow[], context: Context): string {
  if (rows.length === 0) return 'nobody sends so, as far as the nodes below are known\n';
  const cells = rows.map(({ caller, calls, chunked, unencoded, withCookies, largestBytes, last }) => [
    callerWords(caller),
    caller.participant ?? '',
    grouped(calls),
    grouped(chunked),
    grouped(unencoded),
    grouped(withCookies),
    `${grouped(largestBytes)} B`,
    second(last),
  ]);
  const headers = [
    'caller',
    'participant',
    'calls',
    'chunked',
    'large unencoded',
    'with cookies',
    'largest body',
    'last call',
  ];
  return table(headers, cells, context);
}

/** Who was refused and why; below the table, what each code asks its caller to do. */
export function refusalsText(rows: readonly RefusalRow[], context: Context): string {
  if (rows.length === 0) return 'nobody was refused so, as far as the nodes below are known\n';
  const isByCaller = rows.some(({ caller }) => caller !== null);
  const isByParty = !isByCaller && rows.some(({ participant }) => participant !== null);
  const who = (row: RefusalRow) =>
    isByCaller
      ? [row.caller === null ? '' : callerWords(row.caller), row.participant ?? '']
      : [isByParty ? (row.participant ?? '(nobody known)') : grouped(row.callers)];
  const headers = isByCaller ? ['caller', 'participant'] : [isByParty ? 'participant' : 'callers'];
  const cells = rows.map((row) => [
    ...who(row),
    row.code === '' || row.code === null ? '(past a bound)' : row.code,
    row.rule ?? '',
    grouped(row.calls),
    second(row.last),
  ]);
  const fixes = new Map(rows.flatMap(({ code, fix }) => (code === null || fix === null ? [] : [[code, fix]])));
  const advice = [...fixes].map(([code, fix]) => `${code}: ${fix}\n`).join('');
  return `${table([...headers, 'code', 'rule', 'refusals', 'last'], cells, context)}${advice === '' ? '' : `\n${advice}`}`;
}

/** One exchange along the path. */
export function exchangeStoryText({ exchange, node, at, told, problem }: ExchangeAnswer, stdout: Output): string {
  const width = Math.max(...told.map(({ stage }) => stage.length), 0);
  const lines = [
    `${paint(stdout, 'bold', exchange)}  ${node}  ${at ?? ''}`,
    ...told.map(({ stage, sentence }) => `  ${stage.padEnd(width)}  ${sentence}`),
    ...(problem === null
      ? []
      : [
          '',
          `${paint(stdout, 'bold', problem.title ?? 'Refused')}  ${problem.code}`,
          ...(problem.detail === null ? [] : [`  ${problem.detail}`]),
          ...(problem.fix === null ? [] : [`  fix: ${problem.fix}`]),
        ]),
  ];
  return `${lines.map(plain).join('\n')}\n`;
}

/** What came from a caller could steer the terminal; our own colours may. */
function plain(line: string): string {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: the escape sequences of our own colours stay.
  return line.replace(/(\u001b\[\d+m)|[\p{Cc}\p{Cf}]/gu, (_, colour?: string) => colour ?? ' ');
}

/** What an empty table was asked of, so that a name that was typed wrong is not taken for proof; empty where of everything. */
export function narrowedText(asked: Readonly<Record<string, string | undefined>>): string {
  const said = Object.entries(asked).flatMap(([name, value]) =>
    value === undefined || name === 'by' ? [] : [`${name} ${value}`],
  );
  return said.length === 0 ? '' : plain(`only asked of ${said.join(', ')}: see that it is written right`).concat('\n');
}

/** How far the answer knows each node, and what was left out. */
export function knownText({ rows, next, counted, known }: LedgerAnswer<unknown>): string {
  const { since, until } = counted;
  const span =
    since === null && until === null
      ? []
      : [
          `counted by whole days${since === null ? '' : ` from ${since.slice(0, 10)}`}${until === null ? '' : ` until before ${until.slice(0, 10)}`} (UTC)`,
        ];
  const nothing =
    'control knows no records yet: point gateways at it with `control:` in their configuration, or bring logs with `headgate evidence import`';
  const lines = [
    ...(next === null ? [] : [`the first ${grouped(rows.length)} rows; --rows shows more`]),
    ...span,
    ...(known.length === 0 ? [nothing] : known.map(({ sentence }) => sentence)),
  ];
  return `${lines.map(plain).join('\n')}\n`;
}

function callerWords({ kind, fingerprint, subject, source }: Caller): string {
  if (subject !== null) return subject;
  if (kind === 'others') return '(others, past the bound)';
  return fingerprint ?? `(no certificate) ${source ?? ''}`;
}

/** To the second: nobody plans by less. */
function second(instant: string | null): string {
  return instant === null ? '' : `${instant.slice(0, 19)}Z`;
}

function grouped(value: number): string {
  return value.toLocaleString('en-US');
}
