// The thread at the desk: one question after the other, each answered under its number.
import { parentPort } from 'node:worker_threads';
import { createLedgerDesk, type LedgerDesk } from './ledger-desk.ts';

/** A question to the desk. */
export interface DeskQuestion {
  readonly number: number;
  readonly ask: keyof LedgerDesk;
  readonly with: readonly unknown[];
}

/** Its answer, or what went wrong with it. */
export type DeskAnswer =
  | { readonly number: number; readonly answer: unknown }
  | { readonly number: number; readonly fault: string };

const desk = createLedgerDesk();

parentPort?.on('message', ({ number, ask, with: given }: DeskQuestion) => {
  let said: DeskAnswer;
  try {
    said = { number, answer: (desk[ask] as (...all: readonly unknown[]) => unknown)(...given) };
  } catch (fault) {
    said = { number, fault: fault instanceof Error ? (fault.stack ?? fault.message) : String(fault) };
  }
  parentPort?.postMessage(said);
});
