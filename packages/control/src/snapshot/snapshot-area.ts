// The area of snapshots as `start-control.ts` puts it together.
import { heldAppliers } from './held-changes.ts';
import { publishedAppliers } from './snapshot-rows.ts';

/** Appliers of the journal's entries of this area. */
export const snapshotAppliers = { ...heldAppliers, ...publishedAppliers };
