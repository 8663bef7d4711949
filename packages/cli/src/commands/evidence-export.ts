// `headgate evidence export`: the sums of the ledger, or records as they came, into a file or to other tools. Where the connection breaks
// it goes on behind the last row.
import { createWriteStream } from 'node:fs';
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
  const asked = askControl(await readControlProfile(flags, context));
  const file =
    flags.out === undefined ? null : createWriteStream(flags.out, { flags: flags.after === undefined ? 'w' : 'a' });
  const to: Output = file ?? context.stdout;
  const failing = file === null ? null : finished(file);
  failing?.catch(() => undefined);
  const rows = await exportRetrying(asked, flags, to, context).finally(() => asked.close());
  file?.end();
  await failing;
  context.stderr.write(`${rows.toLocaleString('en-US')} ${flags.of === 'sums' ? 'rows' : 'lines'}\n`);
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
