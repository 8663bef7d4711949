// Reads and compiles every file that a configuration names, as starting would, without listening or writing.
import type { Snapshot } from '@headgate/contract';
import type { Config } from './config.ts';
import { readUpstreamTls } from './forward/upstream-tls.ts';
import { readKeys } from './server-keys.ts';
import { createServing } from './serving.ts';
import { createSnapshotFiles } from './snapshot-files.ts';

/** Checks the files of a configuration; relative names start from `base`. Rejects with `UnusableFiles`, as starting would. */
export async function checkFiles(config: Config, base: string): Promise<Pick<Snapshot, 'number' | 'hash'>> {
  const snapshot = await createSnapshotFiles(config, base).current();
  createServing(snapshot, config);
  await Promise.all(config.listeners.flatMap(({ hosts }) => hosts.map((host) => readKeys(host, base))));
  await readUpstreamTls(config.upstreams, base);
  return { number: snapshot.number, hash: snapshot.hash };
}
