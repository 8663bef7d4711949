// `headgate evidence import`: logs of the tier that runs now become evidence.
import { access, type FileHandle, mkdir, open, rm } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import {
  type BadLine,
  createRecords,
  type ImportMemory,
  importLogs,
  type LogReport,
  openRecordFile,
  type RecordOptions,
  type RecordSink,
  readMemory,
  StrictlyBad,
  UnusableMemory,
  UnusableOutput,
  writeMemory,
} from '@headgate/imports';
import { CliRefusal } from '../cli-refusal.ts';
import type { CliContext } from '../context.ts';
import { askControl } from '../control/ask-control.ts';
import { readControlProfile } from '../control/control-profile.ts';
import { exitCodes } from '../exit-codes.ts';
import { badLineText, importSummary, importWords } from '../render/log-import-text.ts';
import { createProgressBar } from '../render/progress-bar.ts';
import { createControlSink } from './control-sink.ts';
import { type LogsOptions, type ReadyLogs, readyLogs, recordOptions } from './logs-ask.ts';

/** What the command line says. */
export interface ImportOptions extends LogsOptions {
  readonly name: string;
  /** A file of evidence; without it, control. */
  readonly to?: string;
  readonly control?: string;
  readonly memory?: string;
  readonly bad?: string;
  readonly strict?: true;
  readonly json?: true;
}

/** Bad lines that are shown. */
const shownMax = 20;

/** Imports the files and tells what became of them. */
export async function importNamedLogs(
  files: readonly string[],
  options: ImportOptions,
  context: CliContext,
): Promise<void> {
  const known = await recordOptions(options, context);
  const ready = await readyLogs(files, options);
  const output = await outputOf(options, context);
  const unlock = await lock(output.lockFile);
  try {
    const bad = await openBad(options.bad, options, context);
    const bar = progressOf(ready, context);
    const reports = await importReady(ready, known, options, { output, bad, bar }).catch((fault: unknown) => {
      bar.end();
      throw refusalOf(fault, context);
    });
    bar.end();
    const summary = importSummary(reports, ready.formats, bar.seconds());
    if (options.json === true) context.stdout.write(`${JSON.stringify({ ...summary, bad: bad.shown }, null, 2)}\n`);
    else context.stdout.write(importWords(summary, { to: output.name, bad: bad.shown, badFile: options.bad ?? null }));
  } finally {
    await unlock();
    output.close();
  }
}

/** Where records go, and where it is remembered which. */
interface ImportOutput {
  /** As a person is told. */
  readonly name: string;
  readonly memoryFile: string;
  readonly lockFile: string;
  memory(ready: ReadyLogs): Promise<ImportMemory>;
  open(memory: ImportMemory): Promise<RecordSink>;
  close(): void;
}

async function outputOf({ to, name, control, memory }: ImportOptions, context: CliContext): Promise<ImportOutput> {
  if (to !== undefined) {
    const memoryFile = `${to}.import.json`;
    return {
      name: to,
      memoryFile,
      lockFile: `${to}.lock`,
      memory: (ready) => memoryOf(memoryFile, to, ready),
      open: (memory) => openRecordFile(to, memory.outputBytes ?? 0).catch(refuseOutput(to)),
      close: () => undefined,
    };
  }
  const profile = await readControlProfile(control === undefined ? {} : { control }, context).catch(
    (fault: unknown) => {
      if (!(fault instanceof CliRefusal) || control !== undefined) throw fault;
      throw new CliRefusal(`${fault.message}. --to FILE writes a file in place of sending`, fault.exitCode);
    },
  );
  // One for each control: what one has taken says nothing of another.
  const host = profile.url.host.replace(/[^a-z0-9.-]+/gi, '-');
  const file = memory ?? join(context.workspaceRoot, '.headgate', 'imports', `${host}.${name}.json`);
  await mkdir(dirname(file), { recursive: true }).catch(refuseOutput(file));
  const asked = askControl(profile);
  return {
    name: `control at ${profile.url.host}`,
    memoryFile: file,
    lockFile: `${file}.lock`,
    memory: (ready) => sentMemory(file, name, ready),
    open: () => Promise.resolve(createControlSink(asked, name)),
    close: () => asked.close(),
  };
}

interface Told {
  readonly output: ImportOutput;
  readonly bad: Awaited<ReturnType<typeof openBad>>;
  readonly bar: ReturnType<typeof progressOf>;
}

async function importReady(
  ready: ReadyLogs,
  known: RecordOptions,
  { name, strict, endsWhole }: ImportOptions,
  { output, bad, bar }: Told,
): Promise<readonly LogReport[]> {
  const memory = await output.memory(ready);
  // Before the file: whoever is killed in between finds no file that nothing is known of.
  await writeMemory(output.memoryFile, memory).catch(refuseOutput(output.memoryFile));
  const sink = await output.open(memory);
  try {
    return await importLogs({
      logs: ready.logs,
      node: `import:${name}`,
      toRecord: createRecords(known),
      // All bad lines of a large file are more than memory has.
      sink: { ...sink, settle: () => Promise.all([sink.settle(), bad.settle()]).then(() => undefined) },
      memory,
      remember: (next) => writeMemory(output.memoryFile, next),
      onBad: (line) => bad.take(line),
      isStrict: strict === true,
      endsWhole: endsWhole === true,
      progress: (readBytes, lines) => bar.told(readBytes, lines),
    });
  } finally {
    await sink.close();
    await bad.close();
  }
}

/** What is remembered of what was sent. Without it control knows what it has, and takes nothing twice. */
async function sentMemory(file: string, name: string, { reading }: ReadyLogs): Promise<ImportMemory> {
  const memory = await readMemoryFile(file, 'another --name');
  if (memory === null) return { format: 1, reading, outputBytes: null, logs: [] };
  if (memory.reading === reading) return memory;
  throw new CliRefusal(
    `${name} was sent with another --format, --template, --field, --captured or --zone, by which the same lines become other records; say the same, or another --name`,
    exitCodes.usage,
  );
}

async function readMemoryFile(file: string, other: string): Promise<ImportMemory | null> {
  try {
    return await readMemory(file);
  } catch (fault) {
    if (fault instanceof UnusableMemory) throw new CliRefusal(`${fault.message}; say ${other}`, exitCodes.unusable);
    throw fault;
  }
}

/** What is remembered of the output; refuses where one stands without the other, and where lines were read otherwise before. */
async function memoryOf(file: string, output: string, { reading }: ReadyLogs): Promise<ImportMemory> {
  const memory = await readMemoryFile(file, 'another file with --to');
  if (memory === null) {
    if (await exists(output))
      throw new CliRefusal(
        `${output} is there, and nothing says what of which log is in it; name another file with --to`,
        exitCodes.unusable,
      );
    return { format: 1, reading, outputBytes: 0, logs: [] };
  }
  if (memory.reading !== reading)
    throw new CliRefusal(
      `${output} was written with another --format, --template, --field, --captured or --zone, by which the same lines become other records; say the same, or name another file with --to`,
      exitCodes.usage,
    );
  if (!(await exists(output)))
    throw new CliRefusal(
      `${output} is gone, and ${file} says what was in it; remove that to begin anew`,
      exitCodes.unusable,
    );
  return memory;
}

function exists(file: string): Promise<boolean> {
  return access(file).then(
    () => true,
    () => false,
  );
}

function refuseOutput(file: string) {
  return (fault: unknown): never => {
    if (fault instanceof UnusableOutput) throw new CliRefusal(fault.message, exitCodes.unusable);
    const { code } = fault as NodeJS.ErrnoException;
    if (code === undefined) throw fault;
    throw new CliRefusal(`${file} cannot be written (${code})`, exitCodes.unusable);
  };
}

function refusalOf(fault: unknown, context: CliContext): unknown {
  if (fault instanceof StrictlyBad) {
    context.stderr.write(badLineText(fault.line));
    return new CliRefusal(
      'a line cannot be read, and --strict allows none; what stands before it was taken as far as it was safe',
      exitCodes.failed,
    );
  }
  if (fault instanceof UnusableMemory) return new CliRefusal(fault.message, exitCodes.unusable);
  const { code, path } = fault as NodeJS.ErrnoException;
  if (code === 'ENOSPC')
    return new CliRefusal('the disk is full; make room and run it again: it goes on', exitCodes.unusable);
  return code === undefined || path === undefined
    ? fault
    : new CliRefusal(`${path} cannot be read (${code})`, exitCodes.unusable);
}

/** One import writes to a file at a time: a lock names the process, and one that is gone holds none. */
async function lock(file: string): Promise<() => Promise<void>> {
  const holder = await openExclusively(file);
  await holder.writeFile(`${process.pid}\n`);
  await holder.close();
  return () => rm(file, { force: true });
}

async function openExclusively(file: string): Promise<FileHandle> {
  for (let turn = 0; ; turn += 1) {
    try {
      return await open(file, 'wx');
    } catch (fault) {
      if ((fault as NodeJS.ErrnoException).code !== 'EEXIST' || turn > 0) return refuseOutput(file)(fault);
      await clearStale(file);
    }
  }
}

async function clearStale(file: string): Promise<void> {
  const handle = await open(file, 'r');
  const pid = Number((await handle.readFile('utf8')).trim());
  await handle.close();
  if (Number.isSafeInteger(pid) && pid > 0 && isRunning(pid))
    throw new CliRefusal(
      `another import, process ${pid}, writes there; wait for it, or remove ${file} if that is none`,
      exitCodes.unusable,
    );
  await rm(file, { force: true });
}

function isRunning(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return pid !== process.pid;
  } catch (fault) {
    return (fault as NodeJS.ErrnoException).code === 'EPERM';
  }
}

/** Bad lines: the first ones shown at once where a person reads along, all of them into a file where one is named. */
async function openBad(file: string | undefined, { json }: ImportOptions, { stderr }: CliContext) {
  const handle = file === undefined ? null : await open(file, 'w').catch(refuseOutput(file));
  const shown: BadLine[] = [];
  let pending: string[] = [];
  let written = Promise.resolve();
  const flush = () => {
    const text = pending.join('');
    pending = [];
    written = written.then(async () => {
      await handle?.writeFile(text);
    });
  };
  return {
    shown: shown as readonly BadLine[],
    take(line: BadLine): void {
      if (shown.length < shownMax) {
        shown.push({ ...line, text: line.text.slice(0, 200) });
        if (json !== true) stderr.write(badLineText(line));
      }
      if (handle === null) return;
      pending.push(`${JSON.stringify(line)}\n`);
      if (pending.length >= 1_000) flush();
    },
    settle: () => written,
    async close(): Promise<void> {
      flush();
      await written;
      await handle?.close();
    },
  };
}

function progressOf({ logs }: ReadyLogs, context: CliContext) {
  const allBytes = logs.reduce((sum, { bytes }) => sum + bytes, 0);
  const bar = createProgressBar(allBytes, context);
  const beganMs = context.clock();
  const seconds = () => (context.clock() - beganMs) / 1_000;
  return {
    seconds,
    end: () => bar.end(),
    told(readBytes: number, lines: number): void {
      const passed = seconds();
      const perSecond = passed === 0 ? 0 : Math.round(lines / passed);
      const leftSeconds = readBytes === 0 ? 0 : Math.ceil((passed * (allBytes - readBytes)) / readBytes);
      const megabytes = (bytes: number) => Math.round(bytes / 1e6).toLocaleString('en-US');
      bar.told(
        readBytes,
        `${megabytes(readBytes)} of ${megabytes(allBytes)} MB, ${perSecond.toLocaleString('en-US')} lines/s, ${leftSeconds} s left`,
      );
    },
  };
}
