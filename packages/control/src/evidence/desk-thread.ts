// The desk in its thread, as the rest of control asks it.
import { Worker } from 'node:worker_threads';
import type { LedgerDesk } from './ledger-desk.ts';
import type { DeskAnswer, DeskQuestion } from './ledger-worker.ts';

/** The desk, answering later. */
export type AskedDesk = {
  readonly [Name in keyof LedgerDesk]: (
    ...given: Parameters<LedgerDesk[Name]>
  ) => Promise<ReturnType<LedgerDesk[Name]>>;
};

/** A desk in a thread of its own. */
export interface DeskThread {
  readonly desk: AskedDesk;
  close(): Promise<void>;
}

/** The thread ended, and what was asked of it has no answer. What it remembered is in the store, or was never acknowledged. */
class DeskLost extends Error {
  override readonly name = 'DeskLost';
}

interface Waiting {
  readonly resolve: (answer: unknown) => void;
  readonly reject: (fault: Error) => void;
}

/** Sets up a desk in a thread. One that dies is set up anew with the next question, and knows nothing. */
export function openDeskThread(): DeskThread {
  const waiting = new Map<number, Waiting>();
  let number = 0;
  let worker: Worker | null = null;
  let isClosed = false;

  function started(): Worker {
    const thread = new Worker(new URL('./ledger-worker.ts', import.meta.url), { name: 'ledger' });
    thread.unref();
    thread.on('message', (said: DeskAnswer) => {
      const asked = waiting.get(said.number);
      waiting.delete(said.number);
      if (waiting.size === 0) thread.unref();
      if ('fault' in said) asked?.reject(new Error(`the desk of the ledger failed: ${said.fault}`));
      else asked?.resolve(said.answer);
    });
    const lost = (): void => {
      if (worker === thread) worker = null;
      for (const { reject } of waiting.values()) reject(new DeskLost('the desk of the ledger ended'));
      waiting.clear();
    };
    thread.on('error', lost);
    thread.on('exit', lost);
    return thread;
  }

  function ask(name: keyof LedgerDesk, given: readonly unknown[]): Promise<unknown> {
    if (isClosed) return Promise.reject(new DeskLost('the desk of the ledger is closed'));
    worker ??= started();
    worker.ref();
    number += 1;
    const { promise, resolve, reject } = Promise.withResolvers<unknown>();
    waiting.set(number, { resolve, reject });
    worker.postMessage({ number, ask: name, with: given } satisfies DeskQuestion);
    return promise;
  }

  const names = [
    'knowMarks',
    'take',
    'slices',
    'rollUpAgain',
    'forget',
    'merge',
    'lists',
    'find',
    'wanted',
  ] as const satisfies readonly (keyof LedgerDesk)[];
  const desk = Object.fromEntries(
    names.map((name) => [name, (...given: readonly unknown[]) => ask(name, given)]),
  ) as unknown as AskedDesk;
  return {
    desk,
    async close() {
      isClosed = true;
      await worker?.terminate();
    },
  };
}
