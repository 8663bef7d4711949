// Reads and compiles every file that a configuration names, as starting would, without listening or writing.
import type { Snapshot } from '@headgate/contract';
import type { Config } from './config.ts';
import { readGatewayFiles } from './gateway-files.ts';
import { createSnapshotFiles } from './snapshot-files.ts';

/** Checks the files of a configuration; relative names start from `base`. Rejects with `UnusableFiles`, as starting would. */
export async function checkFiles(config: Config, base: string): Promise<Pick<Snapshot, 'number' | 'hash'>> {
  const { snapshot } = await readGatewayFiles(config, base, createSnapshotFiles(config, base));
  return { number: snapshot.number, hash: snapshot.hash };
}
