// Everything that a gateway reads from files, read and proved usable before any of it is taken into use.
import type { ListReadingOptions, Snapshot, SnapshotSource } from '@headgate/contract';
import type { Config } from './config.ts';
import { readUpstreamTls, type UpstreamTls } from './forward/upstream-tls.ts';
import { type KeyedHost, readKeys } from './server-keys.ts';
import { createServing } from './serving.ts';

/** One reading of the files. Plain, so that a message can carry it to another thread. */
export interface GatewayFiles {
  readonly snapshot: Snapshot;
  /** Hosts with their keys, for each listener in the order of the configuration. */
  readonly hosts: readonly (readonly KeyedHost[])[];
  /** TLS files of each upstream, in the order of the configuration; null where there are none. */
  readonly upstreamTls: readonly (UpstreamTls | null)[];
}

/** Reads the files of a configuration; relative names start from `base`. Rejects with `UnusableFiles`. */
export async function readGatewayFiles(
  config: Config,
  base: string,
  snapshots: SnapshotSource,
  lists: ListReadingOptions = {},
): Promise<GatewayFiles> {
  const snapshot = await snapshots.current(lists);
  createServing(snapshot, config);
  const hosts = await Promise.all(
    config.listeners.map((listener) => Promise.all(listener.hosts.map((host) => readKeys(host, base, snapshot)))),
  );
  const upstreamTls = await readUpstreamTls(config.upstreams, base);
  return { snapshot, hosts, upstreamTls };
}
