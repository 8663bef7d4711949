// `headgate evidence export`: the sums of the ledger, or records as they came, into a file or to other tools. Where the connection breaks
// it goes on behind the last row.
import type { WriteStream } from 'node:fs';
import { open } from 'node:fs/promises';
import { finished } from 'node:stream/promises';
import { type Command, Option } from 'commander';
import { CliRefusal } from '../cli-refusal.ts';
import { toInstantText } from '../command-values.ts';
import type { CliContext, Output } from '../context.ts';
import { type AskedControl, askControl } from '../control/ask-control.ts';
import { type ControlFlag, readControlProfile, withControlOption } from '../control/control-profile.ts';
import { ControlSaidNo } from '../control/control-said-no.ts';
import { exportLines } from '../evidence/export-lines.ts';
import { exitCodes } from '../exit-codes.ts';

interface ExportFlags extends ControlFlag {
  readonly of: 'sums' | 'records';
  readonly format: 'csv' | 'ndjson';
  readonly out?: string;
  readonly after?: string;
  readonly since?: string;
  readonly until?: string;
  readonly participant?: string;
  readonly node?: string;
}

/** Times that a broken connection is taken up again. */
const retriesMax = 5;

/** Adds `evidence export`. */
export function registerEvidenceExport(evidence: Command, context: CliContext): void {
  withControlOption(evidence.command('export'))
    .description('write what the ledger has: sums by hours and days, or records as they came')
    .addOption(new Option('--of <what>', 'what is written').choices(['sums', 'records']).default('sums'))
    .addOption(
      new Option('--format <name>', 'of sums; records are NDJSON').choices(['csv', 'ndjson']).default('ndjson'),
    )
    .option('--out <file>', 'file to write (default: standard output)')
    .option('--after <cursor>', 'go on behind this row, adding to the file')
    .option('--since <date>', 'only what is of a day on, or an instant (UTC)', toInstantText)
    .option('--until <date>', 'only what is of before a day, or an instant', toInstantText)
    .option('--participant <id>', 'only callers of this participant')
    .option('--node <name>', 'only records of this node')
    .action((flags: ExportFlags) => exportAll(flags, context));
}

async function exportAll(flags: ExportFlags, context: CliContext): Promise<void> {
  if (flags.of === 'sums' && flags.node !== undefined)
    throw new CliRefusal('sums are not told apart by node: --node goes with --of records', exitCodes.usage);
  if (flags.of === 'records' && flags.format === 'csv')
    throw new CliRefusal('records are NDJSON: --format csv goes with --of sums', exitCodes.usage);
  const profile = await readControlProfile(flags, context);
  const file = flags.out === undefined ? null : await fileFor(flags.out, flags.after === undefined ? 'w' : 'a');
  const asked = askControl(profile);
  const failing =
    file === null ? null : finished(file).catch((fault: unknown) => Promise.reject(unwritable(flags.out, fault)));
  failing?.catch(() => undefined);
  const exporting = exportRetrying(asked, flags, file ?? context.stdout, context);
  // A disk that fails ends it: whoever waits for room in the file would wait for ever.
  const ending = failing === null ? exporting : Promise.race([exporting, failing.then(() => exporting)]);
  const rows = await ending.finally(() => asked.close());
  file?.end();
  await failing;
  context.stderr.write(`${rows.toLocaleString('en-US')} ${flags.of === 'sums' ? 'rows' : 'lines'}\n`);
}

/** Opened before control is asked: a name that cannot be written is told at once. */
async function fileFor(name: string, how: 'w' | 'a'): Promise<WriteStream> {
  try {
    return (await open(name, how)).createWriteStream();
  } catch (cause) {
    throw unwritable(name, cause);
  }
}

function unwritable(name = '', cause: unknown): CliRefusal {
  const { code = 'not writable' } = cause as NodeJS.ErrnoException;
  return new CliRefusal(`${name} cannot be written (${code}): name another file with --out`, exitCodes.unusable);
}

async function exportRetrying(
  asked: AskedControl,
  { of, format, after, since, until, participant, node }: ExportFlags,
  to: Output,
  context: CliContext,
): Promise<number> {
  let cursor = after;
  let rows = 0;
  for (let retries = 0; ; retries += 1) {
    const ask = { of, format, since, until, participant, node, cursor };
    try {
      await exportLines(asked, ask, to, context, (gone) => {
        cursor = gone.cursor ?? cursor;
        rows += gone.rows;
        retries = 0;
      });
      return rows;
    } catch (fault) {
      if (fault instanceof ControlSaidNo || retries >= retriesMax) throw cutOff(fault, cursor);
    }
  }
}

function cutOff(fault: unknown, cursor: string | undefined): unknown {
  if (!(fault instanceof CliRefusal) || cursor === undefined) return fault;
  return new CliRefusal(
    `${fault.message}; to go on where it was cut off, run it again with --after ${cursor}`,
    exitCodes.failed,
  );
}
