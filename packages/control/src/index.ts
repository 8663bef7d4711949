/** The control plane. NOT BUILT YET: its parts land one by one (docs/decisions/0044-control-and-the-ledger.md). */
export {};
