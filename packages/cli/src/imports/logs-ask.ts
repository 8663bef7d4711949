// What `headgate evidence import` is asked for, made ready: files, how their lines are read, and what is known beside them.
import { createHash } from 'node:crypto';
import { readFile, stat } from 'node:fs/promises';
import { openCatalogue } from '@headgate/client';
import {
  createLineReader,
  detectFormat,
  isLogField,
  isZone,
  type LineOptions,
  type LogField,
  type LogFormat,
  logFields,
  type NamedLog,
  participantsOf,
  type RecordOptions,
  readStart,
  UnreadablePacking,
  UnusableTemplate,
} from '@headgate/imports';
import { CliRefusal } from '../cli-refusal.ts';
import { folderOf } from '../commands/catalogue.ts';
import type { CliContext } from '../context.ts';
import { exitCodes } from '../exit-codes.ts';
import { readProvisioning } from '../provisioning/read-files.ts';

/** What the command line says of the lines and of what is known beside them. */
export interface LogsOptions {
  readonly format: LogFormat | 'auto';
  readonly template?: string;
  readonly field: readonly string[];
  readonly captured: readonly string[];
  readonly catalogue?: string;
  readonly environment?: string;
  readonly provisioning?: string;
  readonly host?: string;
  readonly listenerHost: readonly string[];
  readonly infrastructure?: string;
  readonly zone: string;
  readonly endsWhole?: true;
}

/** Files with the readers of their lines. */
export interface ReadyLogs {
  readonly logs: readonly NamedLog[];
  /** The formats that they turned out to be of. */
  readonly formats: readonly LogFormat[];
  /** How lines are read, as a hash: whoever changes it makes other records. */
  readonly reading: string;
}

/** Lines that tell of what format a file is. */
const firstLines = 200;

/** Finds the files and how each is read. Refuses with what is wrong. */
export async function readyLogs(files: readonly string[], options: LogsOptions): Promise<ReadyLogs> {
  if (!isZone(options.zone))
    throw new CliRefusal(
      `"${options.zone.slice(0, 80)}" is no time zone; say one as America/Los_Angeles or UTC`,
      exitCodes.usage,
    );
  const template = await templateOf(options.template);
  if (template !== null && options.format === 'auto')
    throw new CliRefusal('a template is in the language of a format: name it with --format', exitCodes.usage);
  const shared = { fields: fieldsOf(options.field), captured: options.captured, zone: options.zone };
  const logs: NamedLog[] = [];
  const formats = new Set<LogFormat>();
  for (const file of files) {
    const { size, mtimeMs } = await factsOf(file);
    const lineOptions = { ...shared, writtenMs: Math.floor(mtimeMs) };
    const format = await formatOf(file, template, lineOptions, options);
    formats.add(format);
    logs.push({ file, bytes: size, reader: () => createLineReader({ ...lineOptions, format, template }) });
  }
  const how = [[...formats].toSorted(), template, [...shared.fields], shared.captured, shared.zone];
  return { logs, formats: [...formats], reading: createHash('sha256').update(JSON.stringify(how)).digest('hex') };
}

async function factsOf(file: string) {
  const facts = await stat(file).catch((fault: unknown) => {
    const { code } = fault as NodeJS.ErrnoException;
    const said = code === 'ENOENT' ? `there is no ${file}` : `${file} cannot be read (${code})`;
    throw new CliRefusal(`${said}; name log files`, exitCodes.unusable);
  });
  if (facts.isFile()) return facts;
  throw new CliRefusal(`${file} is no file; name the log files in it, as ${file}/*.log`, exitCodes.unusable);
}

/** The format that is said or told; refuses where hardly a line is of it, before anything is written. */
async function formatOf(
  file: string,
  template: string | null,
  lineOptions: Omit<LineOptions, 'format' | 'template'>,
  options: LogsOptions,
): Promise<LogFormat> {
  const lines = await linesAtStart(file, options.endsWhole === true);
  const told = options.format === 'auto' ? detectFormat(lines, lineOptions) : options.format;
  if (told === null && lines.length > 0)
    throw new CliRefusal(
      `of what format ${file} is cannot be told: say --format, and --template where it is written by one of your own`,
      exitCodes.usage,
    );
  const format = told ?? 'nginx-combined';
  try {
    const reader = createLineReader({ ...lineOptions, format, template });
    const readings = lines.map((line) => reader.read(line));
    const bad = readings.findIndex(({ kind }) => kind === 'bad');
    const first = readings[bad];
    if (first?.kind === 'bad' && readings.every(({ kind }) => kind === 'bad'))
      throw new CliRefusal(
        `no line at the start of ${file} can be read as ${format}; line ${bad + 1}: ${first.reason}${template === null ? '. --template says how they are written' : ''}`,
        exitCodes.unusable,
      );
    return format;
  } catch (fault) {
    if (!(fault instanceof UnusableTemplate)) throw fault;
    throw new CliRefusal(`the template cannot be used: ${fault.message}`, exitCodes.usage);
  }
}

async function linesAtStart(file: string, endsWhole: boolean): Promise<readonly string[]> {
  try {
    const { bytes, isLonger } = await readStart(file, endsWhole);
    const lines = bytes.toString('utf8').split('\n');
    // The last is empty, or cut.
    if (isLonger || lines.at(-1) === '') lines.pop();
    return lines.slice(0, firstLines).map((line) => line.replace(/\r$/, ''));
  } catch (fault) {
    if (fault instanceof UnreadablePacking) throw new CliRefusal(fault.message, exitCodes.unusable);
    throw fault;
  }
}

/** `@FILE` names a file with the template: a shell takes dollars for its own. */
async function templateOf(said: string | undefined): Promise<string | null> {
  if (said === undefined) return null;
  if (!said.startsWith('@')) return said;
  const file = said.slice(1);
  try {
    return (await readFile(file, 'utf8')).replace(/\r?\n$/, '');
  } catch (fault) {
    throw new CliRefusal(
      `the template ${file} cannot be read (${(fault as NodeJS.ErrnoException).code})`,
      exitCodes.unusable,
    );
  }
}

function fieldsOf(said: readonly string[]): ReadonlyMap<string, LogField> {
  return new Map(
    said.map((each): [string, LogField] => {
      const [name, field] = cutAtLastEquals(each);
      if (name !== '' && isLogField(field)) return [name, field];
      throw new CliRefusal(
        `--field ${each.slice(0, 80)}: say NAME=FIELD, with one of the fields ${logFields.join(', ')}`,
        exitCodes.usage,
      );
    }),
  );
}

function cutAtLastEquals(text: string): readonly [string, string] {
  const at = text.lastIndexOf('=');
  return at === -1 ? ['', ''] : [text.slice(0, at), text.slice(at + 1)];
}

/** What is known beside the logs. Refuses with what is wrong. */
export async function recordOptions(options: LogsOptions, context: CliContext): Promise<RecordOptions> {
  const folder = folderOf(options, context);
  const { index } = await openCatalogue(folder);
  const { environment = null, infrastructure = null, provisioning } = options;
  knownId('environment', environment, index.catalogue.environments);
  knownId('infrastructure', infrastructure, index.catalogue.infrastructures);
  const enrolled =
    provisioning === undefined ? null : (await readProvisioning(provisioning, folder, '--provisioning')).provisioning;
  const hostByListener = new Map(options.listenerHost.map((each) => cutAtLastEquals(each)));
  if (hostByListener.has(''))
    throw new CliRefusal('--listener-host: say NAME=HOST, as /Common/vs_ws=ws.example.org', exitCodes.usage);
  return {
    index,
    participantOf: enrolled === null ? null : participantsOf(enrolled),
    host: options.host?.toLowerCase() ?? null,
    hostByListener,
    infrastructure,
    environment,
  };
}

function knownId(what: string, id: string | null, known: readonly { readonly id: string }[]): void {
  if (id === null || known.some((each) => each.id === id)) return;
  throw new CliRefusal(
    `${what} "${id.slice(0, 80)}" is none of ${known.map((each) => each.id).join(', ')}`,
    exitCodes.notFound,
  );
}
