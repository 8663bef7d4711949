// What a reload changed, in words an operator recognises: names of things, never what stands in them.
import { isDeepStrictEqual } from 'node:util';
import type { RevocationFacts } from '@headgate/contract';
import type { Config } from './config.ts';
import type { GatewayFiles } from './gateway-files.ts';

/** Most changes that are told one by one. */
const toldMax = 100;

/** Everything that differs between two readings, by the configuration of each. */
export function changesBetween(
  before: GatewayFiles,
  next: GatewayFiles,
  config: Config,
  configBefore: Config,
): readonly string[] {
  const listed = changedLists(before, next);
  const changes = [
    ...snapshotChanges(before, next),
    ...listed.map((name) => `revocation lists of ${name}`),
    ...changedSources(configBefore, config)
      .filter((name) => !listed.includes(name))
      .map((name) => `sources of revocation lists of ${name}, which have the same lists`),
    ...moves('position of', before.snapshot.positions, next.snapshot.positions),
    ...moves('chain of', before.snapshot.chainPositions, next.snapshot.chainPositions),
    ...hostChanges(before, next),
    ...config.upstreams.flatMap(({ system }, at) =>
      isDeepStrictEqual(before.upstreamTls[at], next.upstreamTls[at]) ? [] : [`TLS files of upstream ${system}`],
    ),
  ];
  const left = changes.length - toldMax;
  return left > 0 ? [...changes.slice(0, toldMax), `and ${left} more`] : changes;
}

function snapshotChanges({ snapshot: before }: GatewayFiles, { snapshot: next }: GatewayFiles): readonly string[] {
  const { trust: trustBefore, ...catalogueBefore } = before.catalogue;
  const { trust: trustNext, ...catalogueNext } = next.catalogue;
  const parts: readonly (readonly [string, unknown, unknown])[] = [
    ['catalogue', catalogueBefore, catalogueNext],
    ['trust file', trustBefore, trustNext],
    ['policy', before.policy, next.policy],
    ['shadow policy', before.shadowPolicy, next.shadowPolicy],
    ['provisioning', before.provisioning, next.provisioning],
  ];
  const whole = parts.flatMap(([name, one, other]) => (isDeepStrictEqual(one, other) ? [] : [name]));
  const changed = bundlesOf(before, next).filter(
    (name) => !isDeepStrictEqual(before.trust.get(name), next.trust.get(name)),
  );
  return [...whole, ...changed.map((name) => `trust bundle ${name}`)];
}

function bundlesOf(before: GatewayFiles['snapshot'], next: GatewayFiles['snapshot']): readonly string[] {
  return [...new Set([...before.trust.keys(), ...next.trust.keys()])];
}

function changedLists({ snapshot: before }: GatewayFiles, { snapshot: next }: GatewayFiles): readonly string[] {
  return bundlesOf(before, next).filter(
    (name) => !isSameRevocation(before.revocation.get(name), next.revocation.get(name)),
  );
}

/** Bundles whose lists come from elsewhere or otherwise now. */
function changedSources(before: Config, next: Config): readonly string[] {
  const sourcesOf = ({ crls, crlUrls }: Config['trustBundles'][number]) => ({ crls, crlUrls });
  return next.trustBundles.flatMap((bundle) => {
    const known = before.trustBundles.find(({ name }) => name === bundle.name);
    return known === undefined || isDeepStrictEqual(sourcesOf(known), sourcesOf(bundle)) ? [] : [bundle.name];
  });
}

function isSameRevocation(before: RevocationFacts | undefined, next: RevocationFacts | undefined): boolean {
  return before?.stale === next?.stale && isDeepStrictEqual(before?.lists, next?.lists);
}

function moves(
  what: string,
  before: ReadonlyMap<string, string>,
  next: ReadonlyMap<string, string>,
): readonly string[] {
  const keys = new Set([...before.keys(), ...next.keys()]);
  const said = (infrastructure: string | undefined) => infrastructure ?? 'as the catalogue says';
  return [...keys].flatMap((key) =>
    before.get(key) === next.get(key) ? [] : [`${what} ${key}: ${said(before.get(key))} → ${said(next.get(key))}`],
  );
}

function hostChanges(before: GatewayFiles, next: GatewayFiles): readonly string[] {
  return next.hosts.flatMap((hosts, listener) =>
    hosts.flatMap((host, at) => {
      const known = before.hosts[listener]?.[at];
      if (known === undefined || isDeepStrictEqual(known, host)) return [];
      if (known.shown?.fingerprint !== host.shown?.fingerprint) return [`certificate of ${host.name}`];
      return known.pem?.key === host.pem?.key && known.pem?.cert === host.pem?.cert
        ? [`chains of ${host.name} that are not shown`]
        : [`key or intermediates of ${host.name}`];
    }),
  );
}

/** Options that a reload takes up. */
const takenUp = [
  'positions',
  'chainPositions',
  'shadowPolicy',
  'trust',
  'trustBundles',
] as const satisfies readonly (keyof Config)[];

/** A configuration with what a reload takes up from another. */
export function takingUp(config: Config, written: Config): Config {
  const { positions, chainPositions, shadowPolicy, trust, trustBundles } = written;
  return { ...config, positions, chainPositions, shadowPolicy, trust, trustBundles };
}

/** Names of the options that differ and need a restart. */
export function needRestart(before: Config, next: Config): readonly string[] {
  return Object.keys(next).filter(
    (name) =>
      !takenUp.some((taken) => taken === name) &&
      !isDeepStrictEqual(before[name as keyof Config], next[name as keyof Config]),
  );
}
