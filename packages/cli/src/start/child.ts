// A part of the demo that runs as a process of its own, started and stopped with the demo.
import { type ChildProcess, spawn } from 'node:child_process';
import { createInterface } from 'node:readline';

/** A child that said it is ready. */
export interface ReadyChild {
  readonly name: string;
  readonly pid: number;
  /** Every line it printed until it was ready. */
  readonly lines: readonly string[];
  /** Resolves with its exit code when it ends. */
  readonly ended: Promise<number>;
  /** Asks it to stop, and kills it when it has not after `stopMs`. */
  stop(): Promise<void>;
}

const stopMs = 5_000;

/** Starts a TypeScript file under this Node and waits for the line `ready`. Rejects with its own words when it ends before. */
export async function startChild(name: string, file: string, args: readonly string[]): Promise<ReadyChild> {
  const child = spawn(process.execPath, [file, ...args], { stdio: ['ignore', 'pipe', 'pipe'], detached: false });
  const lines: string[] = [];
  const ended = Promise.withResolvers<number>();
  child.on('exit', (code, signal) => ended.resolve(code ?? (signal === null ? 1 : 128)));
  child.on('error', () => ended.resolve(1));
  const ready = Promise.withResolvers<void>();
  const hear = (line: string) => {
    lines.push(line);
    if (lines.length > 200) lines.shift();
    if (/\bready\b/.test(line)) ready.resolve();
  };
  if (child.stdout !== null) createInterface({ input: child.stdout }).on('line', hear);
  if (child.stderr !== null) createInterface({ input: child.stderr }).on('line', hear);
  const early = ended.promise.then((code) => {
    throw new Error(`${name} ended with status ${code} before it was ready:\n${lines.slice(-20).join('\n')}`);
  });
  early.catch(() => undefined); // After readiness an ending child is somebody else's business.
  await Promise.race([ready.promise, early]);
  return {
    name,
    pid: child.pid ?? 0,
    lines: [...lines],
    ended: ended.promise,
    stop: () => stopChild(child, ended.promise),
  };
}

async function stopChild(child: ChildProcess, ended: Promise<number>): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  child.kill('SIGTERM');
  const timer = setTimeout(() => child.kill('SIGKILL'), stopMs);
  await ended;
  clearTimeout(timer);
}
