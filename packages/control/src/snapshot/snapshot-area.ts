// The area of snapshots as `start-control.ts` puts it together.
import type { ControlConfig } from '../config/control-config.ts';
import { UnusableControlFiles } from '../config/unusable-files.ts';
import { compileSnapshot } from './compile.ts';
import { heldAppliers } from './held-changes.ts';
import { publishedAppliers } from './snapshot-rows.ts';

/** Appliers of the journal's entries of this area. */
export const snapshotAppliers = { ...heldAppliers, ...publishedAppliers };

/** Proves that the sources of snapshots make one, as files alone. Rejects with `UnusableControlFiles`. */
export async function checkSnapshotSources({ snapshot }: Pick<ControlConfig, 'snapshot'>, base: string): Promise<void> {
  if (snapshot === undefined) return;
  const nothingHeld = { participants: new Map(), positions: {}, chainPositions: {} };
  const { result } = await compileSnapshot(snapshot, nothingHeld, base);
  if (!result.ok) throw new UnusableControlFiles(result.findings);
}
