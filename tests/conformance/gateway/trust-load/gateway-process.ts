// A gateway as an operator runs it: a process of its own, started, asked, signalled and stopped by nothing but the command line.
import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createReadStream } from 'node:fs';
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import type { EvidenceRecord } from '@headgate/contract';

const root = fileURLToPath(new URL('../../../..', import.meta.url));
const cli = 'packages/cli/src/main.ts';

/** How a command ended: its exit code, and what it wrote. */
export interface CommandEnd {
  readonly status: number;
  readonly text: string;
}

/** A gateway in a process of its own. */
export interface GatewayProcess {
  readonly port: number;
  /** `headgate trust` with a word, for this gateway. */
  trust(word: string, ...more: readonly string[]): Promise<CommandEnd>;
  /** Sends a signal. */
  signal(name: NodeJS.Signals): void;
  /** Everything it has said so far, in lines. */
  readonly said: readonly string[];
  /** Resolves once it has said so many lines of a form. */
  says(form: RegExp, count?: number): Promise<void>;
  /** Stops it in order. */
  readonly stop: () => Promise<void>;
}

/** Starts `headgate gateway` with a configuration file, and waits until it is ready. */
export async function startGatewayProcess(config: string): Promise<GatewayProcess> {
  const child = spawn(process.execPath, [cli, 'gateway', '--config', config, '--end-with-input'], {
    cwd: root,
    stdio: ['pipe', 'pipe', 'pipe'],
  });
  const said: string[] = [];
  let heard = Promise.withResolvers<void>();
  let isOver = false;
  const wake = (): void => {
    heard.resolve();
    heard = Promise.withResolvers();
  };
  for (const stream of [child.stdout, child.stderr])
    createInterface({ input: stream }).on('line', (line) => {
      said.push(line);
      wake();
    });
  child.once('close', () => {
    isOver = true;
    wake();
  });
  const says = async (form: RegExp, count = 1): Promise<void> => {
    while (said.filter((line) => form.test(line)).length < count) {
      if (isOver) throw new Error(`the gateway ended:\n${said.join('\n')}`);
      await heard.promise;
    }
  };
  await says(/^ready$/);
  return {
    port: Number(/^listener secure on .*:(\d+)$/m.exec(said.join('\n'))?.[1]),
    said,
    says,
    trust: (word, ...more) => run([cli, 'trust', word, '--config', config, ...more]),
    signal: (name) => {
      child.kill(name);
    },
    stop: () => stop(child),
  };
}

async function stop(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const closed = once(child, 'close');
  child.kill('SIGTERM');
  await closed;
}

/** A command that fails has an exit code, and is no fault of ours. */
function run(args: readonly string[]): Promise<CommandEnd> {
  return new Promise((resolve, reject) => {
    execFile(process.execPath, [...args], { cwd: root }, (fault, stdout, stderr) => {
      const status = fault === null ? 0 : fault.code;
      if (typeof status === 'number') resolve({ status, text: `${stdout}${stderr}` });
      else reject(new Error(`the command cannot be run: ${fault?.message}`));
    });
  });
}

/** The records of a folder of evidence, of every thread, in no order. */
export async function* recordsIn(folder: string): AsyncGenerator<EvidenceRecord> {
  for (const file of await readdir(folder)) {
    if (!file.endsWith('.ndjson')) continue;
    for await (const line of createInterface({ input: createReadStream(join(folder, file)) })) {
      const record = readRecord(line);
      if (record !== null) yield record;
    }
  }
}

/** Null for a line about the file itself, and for one that is not written to its end yet. */
function readRecord(line: string): EvidenceRecord | null {
  try {
    const record = JSON.parse(line) as Partial<EvidenceRecord>;
    return record.response === undefined ? null : (record as EvidenceRecord);
  } catch {
    return null;
  }
}
