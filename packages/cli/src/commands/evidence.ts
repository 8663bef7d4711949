// `headgate evidence who`: which callers still send chunked, uncompressed or with cookies, read from the files of a gateway.
import type { Command } from 'commander';
import { InvalidArgumentError } from 'commander';
import { CliRefusal } from '../cli-refusal.ts';
import type { CliContext, Register } from '../context.ts';
import { type EvidenceFile, type EvidenceReading, evidenceFiles, readEvidence } from '../evidence/read-evidence.ts';
import { countSenders, type Manner, manners } from '../evidence/senders.ts';
import { exitCodes } from '../exit-codes.ts';
import { sendersText } from '../render/senders-text.ts';

/** Bodies below this size are no burden, packed or not, in bytes. */
const fromBytesDefault = 10_000;

/** From this size on a reader wants to know how far it is, in bytes (16 MiB). */
const progressFromBytes = 16 * 1_048_576;

/** How often it is told, in milliseconds. */
const progressEveryMs = 200;

type WhoOptions = Readonly<Partial<Record<Manner, true>>> & {
  readonly fromBytes: number;
  readonly since?: number;
  readonly json?: true;
};

/** Adds `evidence who`. */
export const registerEvidence: Register = (program, context) => {
  const evidence: Command = program.command('evidence').description('ask the evidence files of a gateway');
  evidence
    .command('who')
    .description(
      'list the callers that send in a way, with how often and when last; every caller where no way is named',
    )
    .argument('<file...>', 'evidence files, or folders of them')
    .option('--chunked', 'those that send bodies in chunks')
    .option('--uncompressed', 'those that send large bodies of which nothing says that they are compressed')
    .option('--cookies', 'programs that send cookies')
    .option('--from-bytes <n>', 'smallest body that counts as large', toBytes, fromBytesDefault)
    .option('--since <day>', 'only calls from this day on, as 2024-02-21 (UTC)', toInstant)
    .option('--json', 'print JSON and nothing else')
    .action((named: string[], options: WhoOptions) => who(named, options, context));
};

async function who(named: readonly string[], options: WhoOptions, context: CliContext): Promise<void> {
  const files = await filesOf(named);
  const asked = manners.filter((manner) => options[manner] === true);
  const count = countSenders(options.fromBytes);
  const sinceMs = options.since ?? Number.NEGATIVE_INFINITY;
  const progress = progressLine(files, context);
  const reading = await readEvidence(
    files,
    (record) => {
      if (record.listener.receivedMs >= sinceMs) count.take(record);
    },
    (readBytes) => progress.told(readBytes),
  );
  progress.done();
  const senders = count.senders(asked);
  if (options.json === true) {
    const { records, gaps, unreadable } = reading;
    const read = { files: files.length, records, gaps, unreadable, uncounted: count.uncounted };
    context.stdout.write(`${JSON.stringify({ read, senders }, null, 2)}\n`);
    return;
  }
  const none =
    asked.length === 0 ? 'nobody called' : `nobody sent ${asked.map((manner) => words[manner]).join(' or ')}`;
  context.stdout.write(senders.length === 0 ? `${none}\n` : sendersText(senders, asked, context.stdout));
  context.stderr.write(readText(files, reading, count.uncounted));
}

const words: Readonly<Record<Manner, string>> = {
  chunked: 'in chunks',
  uncompressed: 'large bodies uncompressed',
  cookies: 'cookies from a program',
};

/** The evidence files that are named. Refuses a name that leads nowhere, and folders that hold none. */
export async function filesOf(named: readonly string[]): Promise<readonly EvidenceFile[]> {
  try {
    const files = await evidenceFiles(named);
    if (files.length > 0) return files;
  } catch (fault) {
    const { code, path } = fault as NodeJS.ErrnoException;
    if (code === undefined) throw fault;
    const found = code === 'ENOENT' ? `there is no ${path}` : `${path} cannot be read (${code})`;
    throw new CliRefusal(
      `${found}; name files or folders that \`evidence.folder\` of a gateway means`,
      exitCodes.unusable,
    );
  }
  throw new CliRefusal(`${named.join(', ')} holds no .ndjson file`, exitCodes.unusable);
}

function readText(files: readonly EvidenceFile[], reading: EvidenceReading, uncounted: number): string {
  const { records, gaps, unreadable } = reading;
  const many = (count: number, one: string) => `${count.toLocaleString('en-US')} ${one}${count === 1 ? '' : 's'}`;
  const notes = [
    ...(gaps === 0 ? [] : [many(gaps, 'gap')]),
    ...(unreadable === 0 ? [] : [`${many(unreadable, 'line')} that cannot be read`]),
    ...(uncounted === 0 ? [] : [`${many(uncounted, 'call')} of callers past the bound, which are not listed`]),
  ];
  return `${[`${many(records, 'record')} in ${many(files.length, 'file')}`, ...notes].join('; ')}\n`;
}

/** One line that a person at a terminal sees while long files are read, and that is gone afterwards. */
export function progressLine(files: readonly EvidenceFile[], { stderr, clock }: CliContext) {
  const allBytes = files.reduce((sum, { bytes }) => sum + bytes, 0);
  const isShown = stderr.isTTY === true && allBytes >= progressFromBytes;
  let lastMs = Number.NEGATIVE_INFINITY;
  const megabytes = (bytes: number) => Math.round(bytes / 1_000_000).toLocaleString('en-US');
  return {
    told(readBytes: number): void {
      const nowMs = clock();
      if (!isShown || nowMs - lastMs < progressEveryMs) return;
      lastMs = nowMs;
      stderr.write(`\r\u001b[Kread ${megabytes(readBytes)} of ${megabytes(allBytes)} MB`);
    },
    done(): void {
      if (isShown) stderr.write('\r\u001b[K');
    },
  };
}

function toBytes(text: string): number {
  if (/^\d{1,9}$/.test(text)) return Number(text);
  throw new InvalidArgumentError('It must be a whole number of bytes, 0 to 999,999,999.');
}

function toInstant(text: string): number {
  const atMs = /^\d{4}-\d{2}-\d{2}$/.test(text) ? Date.parse(`${text}T00:00:00Z`) : Number.NaN;
  if (Number.isNaN(atMs)) throw new InvalidArgumentError('It must be a day, as 2024-02-21.');
  return atMs;
}
