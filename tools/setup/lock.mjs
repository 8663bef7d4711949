// One set-up at a time: a lock file that names the processes holding it, and is taken over once they are all gone.
// It keeps two runs from installing or building over each other; it does not guard a run that only uses what is there.

import { linkSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';

const waitMsMax = 15 * 60_000;
const pollMs = 200;

/** When a process began, in clock ticks since boot, so that a reused number is not mistaken for it; '' where unknown. */
function startedTicks(pid) {
  try {
    // The name in field 2 may hold blanks and brackets, so fields are counted from its last bracket; 22 is starttime.
    const fields = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ').at(-1).split(' ');
    // A process that ended but was not collected (state Z) still answers to signals; in a container it may stay for ever.
    return fields[0] === 'Z' ? 'ended' : (fields[19] ?? '');
  } catch {
    return '';
  }
}

function isAlive({ pid, started }) {
  try {
    process.kill(pid, 0);
  } catch (error) {
    if (error.code === 'ESRCH') return false;
  }
  return startedTicks(pid) === started;
}

function readHolders(path) {
  try {
    return { text: readFileSync(path, 'utf8'), holders: JSON.parse(readFileSync(path, 'utf8')) };
  } catch (error) {
    if (error.code === 'ENOENT') return undefined;
    // Cut off while being written: nobody vouches for it.
    return { text: undefined, holders: [] };
  }
}

function describe(pids) {
  return JSON.stringify(pids.map((pid) => ({ pid, started: startedTicks(pid) })));
}

/** Creates the lock whole or not at all: linking a finished file leaves no moment at which it is empty. */
function tryCreate(path, pids) {
  const draft = `${path}.${process.pid}.draft`;
  writeFileSync(draft, describe(pids));
  try {
    linkSync(draft, path);
    return true;
  } catch (error) {
    if (error.code === 'EEXIST') return false;
    throw error;
  } finally {
    rmSync(draft, { force: true });
  }
}

function removeAbandoned(path, abandonedText) {
  const aside = `${path}.${process.pid}.abandoned`;
  try {
    renameSync(path, aside);
  } catch (error) {
    if (error.code === 'ENOENT') return;
    throw error;
  }
  // Between our look and the rename another run may have taken over: then what we moved is its lock, and goes back.
  const moved = readHolders(aside);
  if (moved && moved.text !== abandonedText && moved.holders.some(isAlive)) {
    try {
      linkSync(aside, path);
    } catch (error) {
      if (error.code !== 'EEXIST') throw error;
    }
  }
  rmSync(aside, { force: true });
}

/**
 * Runs the work while holding the lock, and gives its result. A living holder is waited for, at most 15 minutes.
 * `onWait` hears once which process is waited for. The work may name further processes that hold the lock with it.
 */
export async function withLock(path, onWait, work) {
  mkdirSync(dirname(path), { recursive: true });
  const giveUpAtMs = Date.now() + waitMsMax;
  let said = false;
  while (!tryCreate(path, [process.pid])) {
    const found = readHolders(path);
    if (!found) continue;
    const living = found.holders.filter(isAlive);
    if (living.length === 0) {
      removeAbandoned(path, found.text);
      continue;
    }
    if (Date.now() > giveUpAtMs) {
      throw new Error(`Process ${living[0].pid} has held ${path} for 15 minutes. Stop it, then run this again.`);
    }
    if (!said) onWait(living[0].pid);
    said = true;
    await pause(pollMs);
  }
  const holdAlso = (pid) => {
    // Written aside and renamed, so that no reader sees half of it.
    writeFileSync(`${path}.${process.pid}.draft`, describe([process.pid, pid]));
    renameSync(`${path}.${process.pid}.draft`, path);
  };
  try {
    return await work(holdAlso);
  } finally {
    rmSync(path, { force: true });
  }
}
