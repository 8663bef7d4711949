// Everything that a gateway reads from files, read and proved usable before any of it is taken into use.
import { readFile } from 'node:fs/promises';
import { resolve } from 'node:path';
import type { ListReadingOptions, Policy, Snapshot, SnapshotSource } from '@headgate/contract';
import { rulesOverDomains } from '@headgate/rules';
import { type AnnouncedFile, readAnnounced } from './announced-chains.ts';
import type { Config } from './config.ts';
import type { DocumentHistory } from './document-history.ts';
import { readUpstreamTls, type UpstreamTls } from './forward/upstream-tls.ts';
import { type KeyedHost, readKeys } from './server-keys.ts';
import { createServing } from './serving.ts';
import { createDocumentSigner } from './sign-document.ts';
import { textsOfFiles } from './snapshot-files.ts';
import { UnusableFiles } from './unusable-files.ts';

/** One reading of the files. Plain, so that a message can carry it to another thread. */
export interface GatewayFiles {
  readonly snapshot: Snapshot;
  /** Hosts with their keys, for each listener in the order of the configuration. */
  readonly hosts: readonly (readonly KeyedHost[])[];
  /** TLS files of each upstream, in the order of the configuration; null where there are none. */
  readonly upstreamTls: readonly (UpstreamTls | null)[];
  /** Files of the authorities that callers are told to trust. */
  readonly announced: readonly AnnouncedFile[];
  readonly documents: DocumentFiles;
}

/** What documents about the gateway are written with. */
export interface DocumentFiles {
  /** The key that signs them, in PEM; null for none. */
  readonly keyPem: string | null;
  /** Their versions; null until a gateway that starts has taken them up. */
  readonly history: DocumentHistory | null;
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
  if (config.counters !== undefined) refuseStackedDomains(snapshot.policy, config.policy ?? 'policy.yaml');
  const hosts = await Promise.all(
    config.listeners.map((listener) => Promise.all(listener.hosts.map((host) => readKeys(host, base, snapshot)))),
  );
  const upstreamTls = await readUpstreamTls(config.upstreams, base);
  const documents = { keyPem: await readDocumentKey(config, base), history: null };
  const announced = await readAnnounced(snapshot.catalogue, config, snapshots.textOf ?? textsOfFiles(base).textOf);
  return { snapshot, hosts, upstreamTls, announced, documents };
}

async function readDocumentKey({ documents }: Config, base: string): Promise<string | null> {
  if (documents.key === undefined) return null;
  const file = resolve(base, documents.key);
  try {
    const pem = await readFile(file, 'utf8');
    createDocumentSigner(pem);
    return pem;
  } catch {
    const expected = 'a private key in PEM, Ed25519 or P-256, that this user may read';
    const found = 'no key that can sign';
    throw new UnusableFiles([{ file: documents.key, line: 1, column: 1, path: '', found, expected }]);
  }
}

/** Where nodes share counters, a domain is one place, and over two of them a call could be charged to one rule and not to another. */
function refuseStackedDomains(policy: Policy, file: string): void {
  const findings = rulesOverDomains(policy).map(({ rule, other }) => ({
    file,
    line: 1,
    column: 1,
    path: `limits.${rule.name}`,
    found: `${rule.name} and ${other.name}, which one call may meet, in different domains`,
    expected: 'one domain for both, or conditions that no call fits both of',
  }));
  if (findings.length > 0) throw new UnusableFiles(findings);
}
