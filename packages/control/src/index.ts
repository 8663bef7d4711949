/** The control plane: its parts land one by one (docs/decisions/0044-control-and-the-ledger.md). */
export { openStore, type Store, type StoreOptions } from './store/open-store.ts';
export type { Schema } from './store/schema.ts';
export { StoreRefused } from './store/store-refused.ts';
