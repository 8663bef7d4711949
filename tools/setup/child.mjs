// Runs a command as if it stood in our place: same terminal, signals passed on, its end as ours.

import { spawn } from 'node:child_process';
import { constants } from 'node:os';

const passedOn = ['SIGINT', 'SIGTERM', 'SIGHUP'];

const starterPollMs = 500;

/**
 * Runs a command with our terminal and gives its exit code; a death by signal counts as 128 and the signal's number.
 * `endWithStarter` ends it when the process that started us is gone: npm dies of a SIGTERM without passing it on.
 */
export function runAttached(command, args, options = {}) {
  return new Promise((resolve, reject) => {
    const child = spawn(command, args, { stdio: 'inherit', cwd: options.cwd, env: options.env ?? process.env });
    // Holding the default back matters as much as passing on: we must outlive the child to report how it ended.
    const listeners = passedOn.map((signal) => [signal, () => child.kill(signal)]);
    for (const [signal, listener] of listeners) process.on(signal, listener);
    const starter = process.ppid;
    const watching = setInterval(() => {
      if (options.endWithStarter !== true || process.ppid === starter) return;
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
