// `headgate evidence who`: which callers still send chunked, uncompressed or with cookies, read from the files of a gateway. And
// `headgate evidence lines`, for other tools.
import { once } from 'node:events';
import type { Command } from 'commander';
import { InvalidArgumentError } from 'commander';
import type { CliContext, Register } from '../context.ts';
import { filesOf, readNamedEvidence } from '../evidence/named-evidence.ts';
import { type EvidenceReading, piecesOf } from '../evidence/read-evidence.ts';
import { countSenders, type Manner, manners } from '../evidence/senders.ts';
import { sendersText } from '../render/senders-text.ts';
import { registerEvidenceAsk } from './evidence-ask.ts';
import { registerEvidenceImport } from './evidence-import.ts';

/** Bodies below this size are no burden, packed or not, in bytes. */
const fromBytesDefault = 10_000;

type WhoOptions = Readonly<Partial<Record<Manner, true>>> & {
  readonly fromBytes: number;
  readonly since?: number;
  readonly json?: true;
};

/** Adds `evidence who`. */
export const registerEvidence: Register = (program, context) => {
  const evidence: Command = program
    .command('evidence')
    .description('ask the ledger of control, or the evidence files of a gateway');
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
  evidence
    .command('lines')
    .description('print the lines of evidence files and spools as they are, for jq and other tools')
    .argument('<file...>', 'evidence files, spools, or folders of them')
    .action((named: string[]) => printLines(named, context));
  registerEvidenceImport(evidence, context);
  registerEvidenceAsk(evidence, context);
};

/** Whole lines only: the last of a file that is being written has no end yet. */
async function printLines(named: readonly string[], { stdout }: CliContext): Promise<void> {
  for (const { file } of await filesOf(named)) {
    let begun = Buffer.alloc(0);
    for await (const { lines } of piecesOf(file)) {
      const end = lines.lastIndexOf(0x0a) + 1;
      if (end === 0) begun = Buffer.concat([begun, lines]);
      else {
        const whole = Buffer.concat([begun, lines.subarray(0, end)]);
        begun = Buffer.from(lines.subarray(end));
        if (!stdout.write(whole)) await once(stdout, 'drain');
      }
    }
  }
}

async function who(named: readonly string[], options: WhoOptions, context: CliContext): Promise<void> {
  const asked = manners.filter((manner) => options[manner] === true);
  const count = countSenders(options.fromBytes);
  const sinceMs = options.since ?? Number.NEGATIVE_INFINITY;
  const { files, ...reading } = await readNamedEvidence(named, context, (record) => {
    if (record.listener.receivedMs >= sinceMs) count.take(record);
  });
  const senders = count.senders(asked);
  if (options.json === true) {
    const { records, gaps, unreadable } = reading;
    const read = { files, records, gaps, unreadable, uncounted: count.uncounted };
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

function readText(files: number, reading: Omit<EvidenceReading, 'bytes'>, uncounted: number): string {
  const { records, gaps, unreadable } = reading;
  const many = (count: number, one: string) => `${count.toLocaleString('en-US')} ${one}${count === 1 ? '' : 's'}`;
  const notes = [
    ...(gaps === 0 ? [] : [many(gaps, 'gap')]),
    ...(unreadable === 0 ? [] : [`${many(unreadable, 'line')} that cannot be read`]),
    ...(uncounted === 0 ? [] : [`${many(uncounted, 'call')} of callers past the bound, which are not listed`]),
  ];
  return `${[`${many(records, 'record')} in ${many(files, 'file')}`, ...notes].join('; ')}\n`;
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
