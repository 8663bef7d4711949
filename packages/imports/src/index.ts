/** Readers of what other tiers wrote. NOT BUILT YET (docs/decisions/0044-control-and-the-ledger.md). */
export {};
