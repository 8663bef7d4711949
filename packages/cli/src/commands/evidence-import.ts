// `headgate evidence import`: the words of the command line.
import { logFormats } from '@headgate/imports';
import { type Command, InvalidArgumentError, Option } from 'commander';
import type { CliContext } from '../context.ts';
import { withControlOption } from '../control/control-profile.ts';
import { type ImportOptions, importNamedLogs } from '../imports/import-logs.ts';

/** Adds `import` to `evidence`. */
export function registerEvidenceImport(evidence: Command, context: CliContext): void {
  const each = (value: string, before: readonly string[]) => [...before, value];
  withControlOption(evidence.command('import'))
    .description(
      'make evidence of the logs of the tier that runs now (BIG-IP, nginx, HAProxy, AWS ALB), and send it to control',
    )
    .argument('<file...>', 'log files, packed with gzip or zstd or not; oldest first')
    .option('--to <file>', 'write it into a file in place of sending it, as logs.ndjson; run again, it goes on')
    .option('--memory <file>', 'where it is remembered what was sent (default: in .headgate/imports of the workspace)')
    .addOption(new Option('--format <name>', 'what wrote the lines').choices(['auto', ...logFormats]).default('auto'))
    .option('--template <text>', 'how a line is written, in the language of the format; @FILE reads it from a file')
    .option('--field <name=field>', 'what a variable or member of your own says; may be given again', each, [])
    .option('--captured <fields>', 'request fields that HAProxy captures, in order', toNames, ['host', 'user-agent'])
    .option('--catalogue <folder>', 'catalogue folder (default: the one that comes with Headgate)')
    .option('--environment <id>', 'only calls of this environment of the catalogue')
    .option('--provisioning <file>', 'provisioning file: whose certificates they are')
    .option('--host <name>', 'the host that lines without one are for')
    .option('--listener-host <name=host>', 'the same by virtual server or frontend; may be given again', each, [])
    .option('--infrastructure <id>', 'what serves the calls, in place of what the catalogue says')
    .option('--zone <name>', 'time zone of clocks that state none, as America/Los_Angeles', 'UTC')
    .option('--name <name>', 'name of the import: records say import:NAME', toName, 'logs')
    .option('--ends-whole', 'no file is written to any more: take a last line without a line break')
    .option('--bad <file>', 'write every line that cannot be read into this file')
    .option('--strict', 'end at the first line that cannot be read')
    .option('--json', 'print JSON and nothing else')
    .action((files: string[], options: ImportOptions) => importNamedLogs(files, options, context));
}

function toNames(text: string): readonly string[] {
  const names = text.split(',').map((name) => name.trim());
  if (names.length <= 50 && names.every((name) => /^[\w-]{1,100}$/.test(name))) return names;
  throw new InvalidArgumentError('It must be names of fields, as host,user-agent.');
}

function toName(text: string): string {
  if (/^[a-z0-9][a-z0-9-]{0,59}$/.test(text)) return text;
  throw new InvalidArgumentError('It must be lower-case letters, digits and hyphens, at most 60.');
}
