// The ledger as a part of control: its routes, what it does by itself, and its end.
import type { ControlApp } from '../api/control-app.ts';
import { intakeRoutes } from './intake-routes.ts';
import { type LedgerOptions, openLedger } from './ledger.ts';
import { questionRoutes } from './question-routes.ts';

/** How often old records are let go and small chunks put together, in milliseconds (1 minute). */
const tidyEveryMs = 60_000;

/** Opens the ledger over a store and adds its routes. What it returns takes what waits, folds it and ends: before the store is closed. */
export async function addLedger(app: ControlApp, options: LedgerOptions): Promise<() => Promise<void>> {
  const ledger = await openLedger(options);
  intakeRoutes(app, { ledger });
  questionRoutes(app, { db: options.store.db, ledger });
  const tidying = setInterval(() => {
    ledger.tidy().catch((fault: unknown) => {
      const reason = fault instanceof Error ? fault.message : String(fault);
      options.notice(`the ledger could not be tidied, and tries again in a minute: ${reason}`);
    });
  }, tidyEveryMs).unref();
  return async () => {
    clearInterval(tidying);
    await ledger.close();
  };
}
