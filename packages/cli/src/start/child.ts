// The parts of the demo that run as processes of their own: started, watched and stopped with it. Each holds a pipe of
// the demo as its standard input and ends when that closes, so that a killed demo leaves nothing behind.
import { type ChildProcess, spawn } from 'node:child_process';
import { appendFileSync } from 'node:fs';
import { createInterface } from 'node:readline';

/** A child that said it is ready. */
export interface ReadyChild {
  readonly name: string;
  readonly pid: number;
  /** Every line it printed until it was ready. */
  readonly lines: readonly string[];
  /** Resolves when it ends, with how: `ended with status 1:` or `killed by signal SIGKILL`, and its last words. */
  readonly ended: Promise<string>;
}

/** Every child of one demo. */
export interface Children {
  /**
   * Starts a TypeScript file under this Node and waits for the line `ready`. Rejects with its own words when it ends before. What it says
   * on standard error goes into the file `heardIn` too, where one is named.
   */
  start(name: string, file: string, args: readonly string[], heardIn?: string): Promise<ReadyChild>;
  /** Stops all of them, those included that are not ready yet, and starts no more. A child that has not ended in 5 s is killed. */
  stop(): Promise<void>;
}

const stopMs = 5_000;
const linesMax = 200;
const lastWordsMax = 12;
/** Most bytes of what a child says that are written into a file (8 MiB). */
const heardBytesMax = 8_388_608;

/** Creates the set of children, empty. */
export function createChildren(): Children {
  const running = new Set<Running>();
  let stopping = false;
  return {
    async start(name, file, args, heardIn) {
      if (stopping) throw new Error('the demo is stopping');
      const child = spawn(process.execPath, [file, ...args], { stdio: ['pipe', 'pipe', 'pipe'] });
      const { ready, ended, lines } = listenTo(child, heardIn);
      const one = { child, ended };
      running.add(one);
      void ended.then(() => running.delete(one));
      const early = ended.then((how) => {
        throw new Error(`${name} ${how}`);
      });
      early.catch(() => undefined); // After readiness an ending child is somebody else's business.
      await Promise.race([ready, early]);
      return { name, pid: child.pid ?? 0, lines: [...lines], ended };
    },
    async stop() {
      stopping = true;
      await Promise.all([...running].map(stopChild));
    },
  };
}

interface Running {
  readonly child: ChildProcess;
  readonly ended: Promise<string>;
}

function listenTo(child: ChildProcess, heardIn: string | undefined) {
  const lines: string[] = [];
  const lastWords: string[] = [];
  const ended = Promise.withResolvers<string>();
  const ready = Promise.withResolvers<void>();
  child.stdin?.on('error', () => undefined); // It ended first; `close` tells.
  child.on('error', (fault) => ended.resolve(`could not be started: ${fault.message}`));
  // `close`, not `exit`: its last words come after its end.
  child.on('close', (code, signal) => ended.resolve(`${howItEnded(code, signal)}${quoted(lastWords)}`));
  const hear = (line: string) => {
    keep(lines, line, linesMax);
    if (/\bready\b/.test(line)) ready.resolve();
  };
  if (child.stdout !== null) createInterface({ input: child.stdout }).on('line', hear);
  const write = heardIn === undefined ? () => undefined : lineWriter(heardIn);
  if (child.stderr !== null)
    createInterface({ input: child.stderr }).on('line', (line) => {
      keep(lastWords, line, lastWordsMax);
      write(line);
    });
  return { ready: ready.promise, ended: ended.promise, lines };
}

/** Adds lines to a file until it is full. A demo goes on where they cannot be written. */
function lineWriter(file: string): (line: string) => void {
  let leftBytes = heardBytesMax;
  const write = (text: string): void => {
    leftBytes -= Buffer.byteLength(text);
    if (leftBytes < 0) return;
    try {
      appendFileSync(file, text);
    } catch {
      leftBytes = 0;
    }
  };
  write(''); // Whoever is told of the file finds it.
  return (line) => write(`${line}\n`);
}

function keep(kept: string[], line: string, most: number): void {
  kept.push(line.slice(0, 2_000));
  if (kept.length > most) kept.shift();
}

function howItEnded(code: number | null, signal: NodeJS.Signals | null): string {
  return signal === null ? `ended with status ${code ?? 1}` : `was killed by signal ${signal}`;
}

function quoted(words: readonly string[]): string {
  return words.length === 0 ? '' : `; its last words:\n${words.map((line) => `  ${line}`).join('\n')}`;
}

async function stopChild({ child, ended }: Running): Promise<void> {
  child.kill('SIGTERM');
  const timer = setTimeout(() => child.kill('SIGKILL'), stopMs);
  await ended;
  clearTimeout(timer);
}
