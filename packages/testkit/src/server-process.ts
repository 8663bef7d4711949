// A real server as a child process: it is ready when it says so, and gone when it has been stopped.
import { type ChildProcess, spawn } from 'node:child_process';

/** How a server is started and stopped. */
export interface ServerCommand {
  readonly command: string;
  readonly args: readonly string[];
  /** The user to run as; default: this process's own. */
  readonly user?: SystemUser;
  /** What it writes, on either stream, once it takes connections. */
  readonly readyWhen: RegExp;
  readonly stopSignal: NodeJS.Signals;
}

/** A user of the machine. */
export interface SystemUser {
  readonly uid: number;
  readonly gid: number;
}

/** A server that is ready. */
export interface ServerProcess {
  readonly pid: number;
  /** Asks it to end and waits until it has; after ten seconds it is killed. */
  stop(): Promise<void>;
  /** Ends it at once, as a crash would, and waits until it has. */
  kill(): Promise<void>;
}

const outputCharactersMax = 65_536;
const stopMsMax = 10_000;

/** Starts a server; rejects with what it wrote when it ends before it is ready. It does not outlive this process. */
export async function startServerProcess(options: ServerCommand): Promise<ServerProcess> {
  const { promise: ready, resolve, reject } = Promise.withResolvers<void>();
  const child = spawn(options.command, options.args, { stdio: ['ignore', 'pipe', 'pipe'], ...options.user });
  const ended = new Promise<void>((done) => child.once('close', () => done()));
  const killWithUs = () => child.kill('SIGKILL');
  process.once('exit', killWithUs);
  let output = '';
  const read = (chunk: Buffer): void => {
    output = `${output}${chunk.toString('utf8')}`.slice(-outputCharactersMax);
    if (options.readyWhen.test(output)) resolve();
  };
  child.stdout.on('data', read);
  child.stderr.on('data', read);
  child.once('error', reject);
  child.once('close', (status) => {
    process.off('exit', killWithUs);
    reject(new Error(`${options.command} ended with status ${status ?? 'none'} before it was ready:\n${output}`));
  });
  await ready;
  return {
    pid: child.pid ?? 0,
    stop: () => stop(child, ended, options.stopSignal),
    kill: () => {
      child.kill('SIGKILL');
      return ended;
    },
  };
}

async function stop(child: ChildProcess, ended: Promise<void>, signal: NodeJS.Signals): Promise<void> {
  const impatience = setTimeout(() => child.kill('SIGKILL'), stopMsMax);
  child.kill(signal);
  await ended;
  clearTimeout(impatience);
}
