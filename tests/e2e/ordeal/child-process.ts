// A command of headgate as a process of its own, which is ended as a crash ends it.
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('../../..', import.meta.url));

/** A command that says `ready`, and runs. */
export interface Running {
  /** Everything it has said, in lines. */
  readonly said: readonly string[];
  /** The port at the end of the first line that begins so. */
  port(beginning: string): number;
  /** Resolves once it has said so. */
  says(form: RegExp): Promise<void>;
  /** SIGKILL, in the midst of whatever it does. */
  kill(): Promise<void>;
  /** SIGTERM: it ends in order. */
  stop(): Promise<void>;
}

/** Starts a command; rejects with what it said where it ends before it is ready. It does not outlive this process. */
export async function startCommand(args: readonly string[]): Promise<Running> {
  const child = spawn(process.execPath, ['packages/cli/src/main.ts', ...args, '--end-with-input'], {
    cwd: root,
    stdio: ['pipe', 'pipe', 'pipe'],
  });
  const said: string[] = [];
  let heard = Promise.withResolvers<void>();
  const wake = (): void => {
    heard.resolve();
    heard = Promise.withResolvers();
  };
  for (const stream of [child.stdout, child.stderr])
    createInterface({ input: stream }).on('line', (line) => {
      said.push(line);
      wake();
    });
  child.once('close', wake);
  const says = async (form: RegExp): Promise<void> => {
    while (!said.some((line) => form.test(line))) {
      if (hasEnded(child)) throw new Error(`${args.join(' ')} ended:\n${said.join('\n')}`);
      await heard.promise;
    }
  };
  await says(/^ready$/);
  return {
    said,
    says,
    port: (beginning) => Number(/:(\d+)$/.exec(said.find((line) => line.startsWith(beginning)) ?? '')?.[1]),
    kill: () => end(child, 'SIGKILL'),
    stop: () => end(child, 'SIGTERM'),
  };
}

function hasEnded(child: ChildProcess): boolean {
  return child.exitCode !== null || child.signalCode !== null;
}

async function end(child: ChildProcess, signal: NodeJS.Signals): Promise<void> {
  if (hasEnded(child)) return;
  const closed = once(child, 'close');
  child.kill(signal);
  await closed;
}
