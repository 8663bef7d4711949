// Processes of the bench: started on a given CPU, watched, and ended again whatever happens.

import { type ChildProcess, spawn } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { connect } from 'node:net';
import { setInterval } from 'node:timers/promises';

/** A process that runs until it is stopped. */
export interface Running {
  readonly name: string;
  readonly pid: number;
  /** The end of what it printed, for a message. */
  lastWords(): string;
  hasEnded(): boolean;
  /** Asks it to end, and kills it with its children when it has not after five seconds. */
  stop(): Promise<void>;
}

/** What a finished command printed. */
export interface Finished {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** How a process is started. */
export interface StartOptions {
  /** CPU that it may use, or several: `0`, `0,1`. */
  readonly cpus: string;
  readonly cwd?: string;
}

/** Every process of one bench. */
export interface Processes {
  start(name: string, command: readonly string[], options: StartOptions): Running;
  /** Runs a command to its end. Raises an error once `stopAll` was called. */
  run(command: readonly string[], options: StartOptions): Promise<Finished>;
  /** Runs the generator with `--hold` until `during` is done. Raises an error unless it holds every connection. */
  holding<Result>(command: readonly string[], options: StartOptions, during: () => Promise<Result>): Promise<Result>;
  /** Ends everything; nothing can be started afterwards. */
  stopAll(): Promise<void>;
  /** Whether `stopAll` was called. */
  isOver(): boolean;
}

const stopMs = 5_000;
const keptCharacters = 4_000;
const readyMsMax = 30_000;

/** An empty set of processes. */
export function createProcesses(): Processes {
  const alive = new Set<Running>();
  let isOver = false;

  function begin(name: string, command: readonly string[], { cpus, cwd }: StartOptions, stdin: 'ignore' | 'pipe') {
    if (isOver) throw new Error('the bench was stopped');
    // The signal on our death reaches the servers even when the bench itself is killed.
    const words = ['-c', cpus, 'setpriv', '--pdeathsig', 'TERM', '--', ...command];
    const child = spawn('taskset', words, { stdio: [stdin, 'pipe', 'pipe'], ...(cwd === undefined ? {} : { cwd }) });
    const running = watch(name, child, () => alive.delete(running));
    alive.add(running);
    return { child, running };
  }

  return {
    start: (name, command, options) => begin(name, command, options, 'ignore').running,
    async run(command, options) {
      const { child } = begin(command[0] ?? '', command, options, 'ignore');
      let stdout = '';
      let stderr = '';
      child.stdout?.on('data', (chunk) => {
        stdout += chunk;
      });
      child.stderr?.on('data', (chunk) => {
        stderr += chunk;
      });
      const code = await endOf(child);
      if (isOver) throw new Error('the bench was stopped');
      return { code, stdout, stderr };
    },
    async holding(command, options, during) {
      const { child, running } = begin('generator', command, options, 'pipe');
      try {
        const { held, errors } = await firstLine(child, running);
        if (errors > 0 || held === 0) throw new Error(`only ${held} connections were held, ${errors} broke`);
        return await during();
      } finally {
        child.stdin?.end();
        await running.stop();
      }
    },
    async stopAll() {
      isOver = true;
      await Promise.all([...alive].map((running) => running.stop()));
    },
    isOver: () => isOver,
  };
}

function watch(name: string, child: ChildProcess, ended: () => void): Running {
  let words = '';
  let isEnded = false;
  const keep = (chunk: Buffer) => {
    words = (words + chunk.toString()).slice(-keptCharacters);
  };
  child.stdout?.on('data', keep);
  child.stderr?.on('data', keep);
  const end = endOf(child).then(() => {
    isEnded = true;
    ended();
  });
  return {
    name,
    pid: child.pid ?? 0,
    lastWords: () => words.trim(),
    hasEnded: () => isEnded,
    async stop() {
      if (isEnded) return;
      const pids = familyOf(child.pid ?? 0);
      child.kill('SIGTERM');
      const timer = setTimeout(() => {
        for (const pid of pids) killQuietly(pid);
      }, stopMs);
      await end;
      clearTimeout(timer);
    },
  };
}

function killQuietly(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL');
  } catch {
    // It ended by itself meanwhile.
  }
}

function endOf(child: ChildProcess): Promise<number> {
  const { promise, resolve } = Promise.withResolvers<number>();
  child.once('error', () => resolve(127));
  child.once('close', (code) => resolve(code ?? 128));
  return promise;
}

function firstLine(child: ChildProcess, running: Running): Promise<{ held: number; errors: number }> {
  const { promise, resolve, reject } = Promise.withResolvers<{ held: number; errors: number }>();
  let text = '';
  child.stdout?.on('data', (chunk) => {
    text += chunk;
    const match = /"held":(\d+),"errors":(\d+)/.exec(text);
    if (match !== null) resolve({ held: Number(match[1]), errors: Number(match[2]) });
  });
  child.once('close', () => reject(new Error(`the generator ended: ${running.lastWords()}`)));
  return promise;
}

/** Waits until a port of 127.0.0.1 accepts; raises an error with the process's own words when it ends before. */
export async function untilListening(running: Running, port: number): Promise<void> {
  const from = performance.now();
  for await (const _ of setInterval(50)) {
    if (running.hasEnded()) throw new Error(`${running.name} ended before it listened: ${running.lastWords()}`);
    if (await accepts(port)) return;
    if (performance.now() - from > readyMsMax) {
      throw new Error(`${running.name} did not listen on ${port} within 30 s: ${running.lastWords()}`);
    }
  }
}

function accepts(port: number): Promise<boolean> {
  const { promise, resolve } = Promise.withResolvers<boolean>();
  const socket = connect({ port, host: '127.0.0.1' });
  socket.once('connect', () => {
    socket.destroy();
    resolve(true);
  });
  socket.once('error', () => resolve(false));
  return promise;
}

/** The process and all its descendants; the process alone once it has ended. */
export function familyOf(pid: number): number[] {
  try {
    const children = readdirSync(`/proc/${pid}/task`).flatMap((task) =>
      readFileSync(`/proc/${pid}/task/${task}/children`, 'utf8').split(' ').filter(Boolean).map(Number),
    );
    return [pid, ...children.flatMap(familyOf)];
  } catch {
    return [pid];
  }
}

/** Resident memory of a process and its descendants, in bytes. Pages that they share are counted for each. */
export function residentBytes(pid: number): number {
  return familyOf(pid)
    .map((one) => Number(/^VmRSS:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${one}/status`, 'utf8'))?.[1] ?? 0) * 1024)
    .reduce((sum, bytes) => sum + bytes, 0);
}
