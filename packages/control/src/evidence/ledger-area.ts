// The ledger as a part of control: its routes, what it does by itself, and its end.
import type { ControlApp } from '../api/control-app.ts';
import { intakeRoutes } from './intake-routes.ts';
import { type LedgerOptions, openLedger } from './ledger.ts';
import { questionRoutes } from './question-routes.ts';

/** The ledger of a control that runs. */
export interface LedgerArea {
  /** Takes what waits, folds it, and ends. Before the store is closed. */
  close(): Promise<void>;
}

/** How often old records are let go and small chunks put together, in milliseconds (1 minute). */
const tidyEveryMs = 60_000;

/** Opens the ledger over a store and adds its routes. */
export async function addLedger(app: ControlApp, options: LedgerOptions): Promise<LedgerArea> {
  const ledger = await openLedger(options);
  intakeRoutes(app, { ledger });
  questionRoutes(app, { db: options.store.db, ledger });
  const tidying = setInterval(() => {
    ledger.tidy().catch((fault: unknown) => {
      const reason = fault instanceof Error ? fault.message : String(fault);
      options.notice(`the ledger could not be tidied, and tries again in a minute: ${reason}`);
    });
  }, tidyEveryMs).unref();
  return {
    async close() {
      clearInterval(tidying);
      await ledger.close();
    },
  };
}
