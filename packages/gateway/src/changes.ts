// What a reload changed, in words an operator recognises: names of things, never what stands in them.
import { isDeepStrictEqual } from 'node:util';
import type { RevocationFacts } from '@headgate/contract';
import type { Config } from './config.ts';
import type { GatewayFiles } from './gateway-files.ts';

/** Most changes that are told one by one. */
const toldMax = 100;

/** Everything that differs between two readings. */
export function changesBetween(before: GatewayFiles, next: GatewayFiles, config: Config): readonly string[] {
  const changes = [
    ...snapshotChanges(before, next),
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
  const bundles = [...new Set([...before.trust.keys(), ...next.trust.keys()])];
  const changed = bundles.filter((name) => !isDeepStrictEqual(before.trust.get(name), next.trust.get(name)));
  const listed = bundles.filter((name) => !isSameRevocation(before.revocation.get(name), next.revocation.get(name)));
  return [
    ...whole,
    ...changed.map((name) => `trust bundle ${name}`),
    ...listed.map((name) => `revocation lists of ${name}`),
    ...moves('position of', before.positions, next.positions),
    ...moves('chain of', before.chainPositions, next.chainPositions),
  ];
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
