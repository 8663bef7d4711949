// How a process that another one started ends with it, also when that one was killed and could not say so.

const graceMs = 10_000;
const pollMs = 500;

/** Ends this process like a SIGTERM when its standard input, a pipe held by the parent, closes; hard after 10 s. */
export function endWithInput(): void {
  const { stdin } = process;
  stdin.on('error', end);
  stdin.on('close', end);
  stdin.on('end', end);
  stdin.resume();
  // Waiting for the parent must not keep a process alive that has nothing else to do.
  if ('unref' in stdin) stdin.unref();
}

/** Ends this process like a SIGTERM when the process that started it is gone; seen within half a second. */
export function endWithStarter(): void {
  const starter = process.ppid;
  const timer = setInterval(() => {
    if (process.ppid === starter) return;
    clearInterval(timer);
    end();
  }, pollMs);
  timer.unref();
}

let ending = false;

function end(): void {
  if (ending) return;
  ending = true;
  process.kill(process.pid, 'SIGTERM');
  setTimeout(() => process.exit(1), graceMs).unref();
}
