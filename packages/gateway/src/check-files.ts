// Reads and compiles every file that a configuration names, as starting would, without listening or writing.
import type { ListFault, ListReadingOptions, Snapshot } from '@headgate/contract';
import type { Config } from './config.ts';
import { readControlAddress } from './control-tls.ts';
import { type TrustWarning, trustWarnings } from './expiry.ts';
import { readGatewayFiles } from './gateway-files.ts';
import { openSnapshotsOf } from './snapshot-of-config.ts';

/** What a check found that does not stand in the way. */
export interface CheckedFiles extends Pick<Snapshot, 'number' | 'hash' | 'overrides'> {
  readonly warnings: readonly TrustWarning[];
  /** Sources of revocation lists in whose place the lists before would go on to count. */
  readonly listFaults: readonly ListFault[];
}

/** Checks the files of a configuration; relative names start from `base`. Rejects with `UnusableFiles`, as starting would. */
export async function checkFiles(
  config: Config,
  base: string,
  nowMs: number,
  lists: ListReadingOptions = {},
): Promise<CheckedFiles> {
  const { config: served, source } = await openSnapshotsOf(config, base);
  await readControlAddress(config.control, base);
  const files = await readGatewayFiles(served, base, source, lists);
  const { number, hash, overrides } = files.snapshot;
  return {
    number,
    hash,
    overrides,
    warnings: trustWarnings(files, nowMs),
    listFaults: source.listFaultsOf(files.snapshot),
  };
}
