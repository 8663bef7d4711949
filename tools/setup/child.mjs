// Runs a command as if it stood in our place: same terminal, signals passed on, its end as ours.

import { spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { constants } from 'node:os';

const passedOn = ['SIGINT', 'SIGTERM', 'SIGHUP'];

const starterPollMs = 500;

const shellNames = /^(?:sh|dash|ash|bash|busybox|ksh|mksh|zsh)$/;
/** Node names its main thread after itself or `MainThread`, npm after its command. */
const npmNames = /^(?:npm|npx|pnpm|yarn|bun|node|MainThread)/;

// Both are looked at when we begin: what ends while packages are installed counts too.
const starter = process.ppid;
const npmBehindShell = findNpmBehindShell();

/** A process's name and parent (proc(5), fields 2 and 4), where the system tells. */
function readProcess(pid) {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    // The name may hold blanks and brackets, so fields are counted from its last bracket.
    const nameEnd = stat.lastIndexOf(')');
    const parent = Number(stat.slice(nameEnd + 2).split(' ')[1]);
    return { name: stat.slice(stat.indexOf('(') + 1, nameEnd), parent };
  } catch {
    return undefined;
  }
}

/** npm, when it started us through a shell that stays: dash waits for us and outlives npm. Else undefined. */
function findNpmBehindShell() {
  if (process.env.npm_lifecycle_event === undefined) return undefined;
  const shell = readProcess(starter);
  if (shell === undefined || !shellNames.test(shell.name)) return undefined;
  const npm = readProcess(shell.parent);
  return npm !== undefined && npmNames.test(npm.name) ? shell.parent : undefined;
}

function isStarterGone() {
  if (process.ppid !== starter) return true;
  return npmBehindShell !== undefined && readProcess(starter)?.parent !== npmBehindShell;
}

/**
 * Runs a command with our terminal and gives its exit code; a death by signal counts as 128 and the signal's number.
 * `endWithStarter` ends it when the process that started us is gone, or the npm behind a shell that did: npm dies of a
 * SIGTERM without passing it on, and of a SIGKILL.
 */
export function runAttached(command, args, options = {}) {
  return new Promise((resolve, reject) => {
    const child = spawn(command, args, { stdio: 'inherit', cwd: options.cwd, env: options.env ?? process.env });
    // Holding the default back matters as much as passing on: we must outlive the child to report how it ended.
    const listeners = passedOn.map((signal) => [
      signal,
      () => {
        options.onSignal?.(signal);
        child.kill(signal);
      },
    ]);
    for (const [signal, listener] of listeners) process.on(signal, listener);
    const watching = setInterval(() => {
      if (options.endWithStarter !== true || !isStarterGone()) return;
      clearInterval(watching);
      child.kill('SIGTERM');
    }, starterPollMs);
    const stopListening = () => {
      clearInterval(watching);
      for (const [signal, listener] of listeners) process.off(signal, listener);
    };
    if (child.pid !== undefined) options.onStart?.(child.pid);
    child.on('error', (error) => {
      stopListening();
      reject(error);
    });
    child.on('close', (code, signal) => {
      stopListening();
      resolve(code ?? 128 + constants.signals[signal]);
    });
  });
}
