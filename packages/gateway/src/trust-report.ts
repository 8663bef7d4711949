// What a gateway trusts and shows, by a reading of its files: bundles with their members and dates, the hosts that use them, the
// chains of each host, and what ends soon. Pure.
import type { CatalogueTrust } from '@headgate/contract';
import { writeDateValue } from '@headgate/contract';
import { type CertificateFacts, createTrustBundle } from '@headgate/pki';
import type { Config } from './config.ts';
import { type TrustWarning, trustWarnings } from './expiry.ts';
import type { GatewayFiles } from './gateway-files.ts';
import type { ReportedList } from './list-report.ts';

/** A certificate of a bundle that judges callers. */
export interface ReportedMember {
  readonly id: string | null;
  readonly role: 'anchor' | 'intermediate';
  readonly subject: string;
  readonly fingerprint: string;
  readonly notBefore: string;
  readonly notAfter: string;
  /** As the trust file says it; null for one of a plain PEM file. */
  readonly from: string | null;
  readonly until: string | null;
  readonly reason: string | null;
  readonly source: string | null;
  /** Whether it counts at the instant of the report. */
  readonly counts: boolean;
}

/** A list on disk. */
export interface DiskList extends Omit<ReportedList, 'inForce'> {
  /** Whether a gateway that read it now could use it; which one it has in force, only the gateway knows. */
  readonly usable: boolean;
}

/** A bundle that judges the callers of hosts. */
export interface ReportedBundle {
  readonly name: string;
  /** Its id in the trust file; null for one of plain PEM files. */
  readonly dated: string | null;
  readonly hosts: readonly string[];
  readonly members: readonly ReportedMember[];
  /** As they lie on disk, with the copies that are kept: what a running gateway has in force may be another. */
  readonly lists: readonly DiskList[];
  /** Subjects of members of which no list can be used from disk. */
  readonly withoutList: readonly string[];
}

/** A bundle of the trust file that tells callers what servers show. */
export interface AnnouncedBundle {
  readonly id: string;
  readonly environments: readonly string[];
  readonly channels: readonly string[];
  readonly infrastructures: readonly string[];
  /** Hosts of this gateway that it is about now. */
  readonly hosts: readonly string[];
  readonly members: readonly {
    readonly id: string;
    readonly role: 'anchor' | 'intermediate';
    readonly from: string;
    readonly until: string;
    readonly reason: string;
    readonly source: string;
  }[];
}

/** A chain that a host shows or holds ready. */
export interface ReportedChain {
  readonly host: string;
  readonly infrastructure: string | null;
  readonly file: string;
  readonly fingerprint: string;
  readonly notBefore: string;
  readonly ends: string;
  readonly shown: boolean;
}

/** Everything about trust at an instant. */
export interface TrustReport {
  readonly at: string;
  readonly bundles: readonly ReportedBundle[];
  readonly announced: readonly AnnouncedBundle[];
  readonly chains: readonly ReportedChain[];
  readonly warnings: readonly TrustWarning[];
}

/** Reports on a reading of the files of a configuration, and of the lists that its bundles name. */
export function reportTrust(
  files: GatewayFiles,
  config: Config,
  lists: readonly ReportedList[],
  atMs: number,
): TrustReport {
  return {
    at: instant(atMs),
    bundles: config.trustBundles.map((written) => {
      const bundle = reportBundle(written, files, config, atMs);
      return { ...bundle, ...listsOf(bundle, lists) };
    }),
    announced: files.snapshot.catalogue.trust.bundles.flatMap((bundle) => announced(bundle, files, config)),
    chains: files.hosts.flat().flatMap(({ name, shown, chains }) =>
      chains.map(({ infrastructure, file, fingerprint, notBeforeMs, endsMs }) => ({
        host: name,
        infrastructure,
        file,
        fingerprint,
        notBefore: instant(notBeforeMs),
        ends: instant(endsMs),
        shown: file === shown?.file,
      })),
    ),
    warnings: trustWarnings(files, atMs),
  };
}

function reportBundle(
  { name, dated }: Config['trustBundles'][number],
  { snapshot }: GatewayFiles,
  config: Config,
  atMs: number,
): Omit<ReportedBundle, 'lists' | 'withoutList'> {
  const facts = snapshot.trust.get(name);
  if (facts === undefined) throw new Error(`trust bundle "${name}" is not in snapshot ${snapshot.number}`);
  const { anchors, intermediates } = createTrustBundle(facts);
  const report = (role: ReportedMember['role'], certificate: CertificateFacts): ReportedMember => {
    const member = facts.dated.find(({ fingerprint256 }) => fingerprint256 === certificate.fingerprint256);
    const fromMs = Math.max(certificate.notBeforeMs, member?.fromMs ?? Number.NEGATIVE_INFINITY);
    const untilMs = Math.min(certificate.notAfterMs, member?.untilMs ?? Number.POSITIVE_INFINITY);
    return {
      id: member?.id ?? null,
      role,
      subject: certificate.subject,
      fingerprint: certificate.fingerprint256,
      notBefore: instant(certificate.notBeforeMs),
      notAfter: instant(certificate.notAfterMs),
      from: member?.from ?? null,
      until: member?.until ?? null,
      reason: member?.reason ?? null,
      source: member?.source ?? null,
      counts: fromMs <= atMs && atMs <= untilMs,
    };
  };
  return {
    name,
    dated: dated ?? null,
    hosts: hostsOf(config).flatMap((host) => (host.trust === name && host.certificate !== 'none' ? [host.name] : [])),
    members: [
      ...anchors.map((certificate) => report('anchor', certificate)),
      ...intermediates.map((certificate) => report('intermediate', certificate)),
    ],
  };
}

function listsOf(
  { name, members }: Pick<ReportedBundle, 'name' | 'members'>,
  lists: readonly ReportedList[],
): Pick<ReportedBundle, 'lists' | 'withoutList'> {
  const own = lists
    .filter(({ bundle }) => bundle === name)
    .map(({ inForce, ...list }): DiskList => ({ ...list, usable: inForce }));
  const having = own.filter(({ usable }) => usable).map(({ issuer }) => issuer);
  const counting = members.filter(({ counts, subject }) => counts && !having.includes(subject));
  return { lists: own, withoutList: [...new Set(counting.map(({ subject }) => subject))] };
}

function hostsOf(config: Config) {
  return config.listeners.flatMap(({ tls, hosts }) =>
    hosts.map(({ name, trust, clientCertificate }) => ({
      name,
      trust,
      certificate: tls ? (clientCertificate ?? 'asked') : 'none',
    })),
  );
}

function announced(
  bundle: CatalogueTrust['bundles'][number],
  { snapshot }: GatewayFiles,
  config: Config,
): readonly AnnouncedBundle[] {
  if (bundle.purpose !== 'server-chains') return [];
  const { catalogue, chainPositions } = snapshot;
  const infrastructures = bundle.infrastructures ?? catalogue.infrastructures.map(({ id }) => id);
  const isAbout = (host: string) => {
    const known = catalogue.hosts.find(({ name }) => name === host);
    return (
      known !== undefined &&
      bundle.environments.includes(known.environment) &&
      infrastructures.includes(chainPositions.get(host) ?? '')
    );
  };
  const hosts = hostsOf(config).filter(({ certificate }) => certificate !== 'none');
  return [
    {
      id: bundle.id,
      environments: bundle.environments,
      channels: bundle.channels ?? ['ui', 'api'],
      infrastructures,
      hosts: hosts.flatMap(({ name }) => (isAbout(name) ? [name] : [])),
      members: bundle.members.map(({ id, role, from, until, reason, source }) => ({
        id,
        role,
        from: writeDateValue(from),
        until: writeDateValue(until),
        reason,
        source,
      })),
    },
  ];
}

function instant(atMs: number): string {
  return new Date(atMs).toISOString();
}
