// Whom an end of trust would strand, weeks before it comes: for each authority that is withdrawn or expires, the credentials that
// would have no path to an anchor afterwards. Pure: a reading of the files and what evidence tells of callers in, a plan out.
import { type Credential, credentialKey, type SeenCredential, type TrustBundleFacts } from '@headgate/contract';
import { type Coverage, createCoverage, createTrustBundle, type TrustEnding } from '@headgate/pki';
import type { Config } from './config.ts';
import type { GatewayFiles } from './gateway-files.ts';

/** A credential that an end of trust is about. */
export interface AffectedCredential {
  readonly fingerprint: string;
  readonly subject: string;
  readonly issuer: string;
  readonly participant: string | null;
  readonly lastUsed: string;
  readonly calls: number;
  readonly notAfter: string;
  readonly hosts: readonly string[];
  /**
   * `stranded`: it would still be valid. `renews-before`: it ends by itself first, and its successor needs another authority.
   * `renewed`: the same subject was seen since, with a certificate that has a path afterwards. `expired`: it has ended already.
   */
  readonly how: 'stranded' | 'renews-before' | 'renewed' | 'expired';
  readonly todo: string;
}

/** A certificate of a bundle that ends. */
export interface EndingMember {
  /** `withdrawn` by the trust file, or `expired` by its own dates. */
  readonly how: 'withdrawn' | 'expired';
  readonly role: 'anchor' | 'intermediate';
  /** Its id in the trust file; null for one of a plain PEM file. */
  readonly id: string | null;
  readonly subject: string;
  readonly fingerprint: string;
  readonly reason: string | null;
  readonly source: string | null;
}

/** What ends in one bundle at one instant. */
export interface TrustEnd {
  readonly bundle: string;
  /** The last instant at which they count. */
  readonly at: string;
  readonly members: readonly EndingMember[];
  /** Subjects of the anchors that count right after it. */
  readonly accepted: readonly string[];
  readonly credentials: readonly AffectedCredential[];
}

/** A credential of the provisioning that was accepted with no certificate that is valid: nobody here knows its authority. */
export interface UnseenCredential {
  readonly participant: string;
  readonly credential: string;
  readonly environments: readonly string[];
  /** When it last called with a certificate that has ended; null where it never called. */
  readonly expired: { readonly notAfter: string; readonly lastUsed: string } | null;
}

/** What counts in the running gateway and by its files on disk no more: it ends when they are applied. */
export interface TrustEndAtOnce extends Omit<TrustEnd, 'at'> {}

/** What ends within a span, and whom it strands. */
export interface TrustPlan {
  readonly from: string;
  readonly until: string;
  /** Null where no gateway runs that could be compared with. */
  readonly atOnce: readonly TrustEndAtOnce[] | null;
  readonly ends: readonly TrustEnd[];
  readonly unseen: readonly UnseenCredential[];
}

/** What a plan is made from. */
export interface TrustPlanQuestion {
  readonly files: GatewayFiles;
  readonly config: Config;
  readonly fromMs: number;
  readonly untilMs: number;
  readonly seen: readonly SeenCredential[];
  /** Those that called with certificates that had ended. */
  readonly expired: readonly SeenCredential[];
  /** The bundles of the running gateway, and the instant at which they are compared with the files; null where none runs. */
  readonly inForce: { readonly trust: readonly TrustBundleFacts[]; readonly nowMs: number } | null;
}

/** Plans from `fromMs` to `untilMs`. */
export function planTrust(question: TrustPlanQuestion): TrustPlan {
  const { files, config, fromMs, untilMs, seen } = question;
  const bundleOf = bundlesByHost(config);
  const atOnce = endsAtOnce(question);
  const ends = [...files.snapshot.trust.values()].flatMap((facts) => {
    const coverage = createCoverage(createTrustBundle(facts));
    const callers = seen.filter(({ hosts }) => hosts.some((host) => bundleOf.get(host) === facts.name));
    const together = Map.groupBy(coverage.ends(fromMs, untilMs), ({ atMs }) => atMs);
    return [...together].map(([atMs, ending]): TrustEnd => {
      const accepted = coverage.anchorsAt(atMs + 1).map(({ subject }) => subject);
      return {
        bundle: facts.name,
        at: instant(atMs),
        members: ending.map((each) => endingMember(each, facts)),
        accepted,
        credentials: callers
          .filter((caller) => coverage.endsFor(caller, fromMs) === atMs)
          .map((caller) => {
            const hosts = caller.hosts.filter((host) => bundleOf.get(host) === facts.name);
            const successor = callers.find(
              (other) =>
                other.subject === caller.subject &&
                other.lastUsedMs >= caller.lastUsedMs &&
                (coverage.endsFor(other, fromMs) ?? fromMs) > atMs,
            );
            return affected({ ...caller, hosts }, { fromMs, endsMs: atMs, accepted }, successor);
          })
          .toSorted(byUrgency),
      };
    });
  });
  return {
    from: instant(fromMs),
    until: instant(untilMs),
    atOnce,
    ends: ends.toSorted((one, other) => one.at.localeCompare(other.at)),
    unseen: ends.length === 0 && (atOnce ?? []).length === 0 ? [] : unseenCredentials(question),
  };
}

function bundlesByHost(config: Config): ReadonlyMap<string, string | undefined> {
  return new Map(config.listeners.flatMap(({ hosts }) => hosts.map(({ name, trust }) => [name, trust])));
}

/** By bundle, what counts now and by the files no more, and who has a path now and by the files none. */
function endsAtOnce({ files, config, seen, inForce }: TrustPlanQuestion): TrustPlan['atOnce'] {
  if (inForce === null) return null;
  const { trust, nowMs } = inForce;
  const bundleOf = bundlesByHost(config);
  return trust.flatMap((before): TrustEndAtOnce[] => {
    const next = files.snapshot.trust.get(before.name);
    if (next === undefined) return []; // Its hosts are judged by a bundle of another name.
    const [coverage, later] = [before, next].map((facts) => createCoverage(createTrustBundle(facts))) as [
      Coverage,
      Coverage,
    ];
    const kept = new Set(later.counting(nowMs).map(({ facts }) => facts.fingerprint256));
    const ending = coverage.counting(nowMs).filter(({ facts }) => !kept.has(facts.fingerprint256));
    if (ending.length === 0) return [];
    const accepted = later.anchorsAt(nowMs).map(({ subject }) => subject);
    const isCovered = (caller: SeenCredential) => later.endsFor(caller, nowMs) !== null;
    const callers = seen.filter(({ hosts }) => hosts.some((host) => bundleOf.get(host) === before.name));
    const credentials = callers
      .filter((caller) => coverage.endsFor(caller, nowMs) !== null && !isCovered(caller))
      .map((caller) => {
        const hosts = caller.hosts.filter((host) => bundleOf.get(host) === before.name);
        const successor = callers.find(
          (other) => other.subject === caller.subject && other.lastUsedMs >= caller.lastUsedMs && isCovered(other),
        );
        return affected({ ...caller, hosts }, { fromMs: nowMs, endsMs: nowMs, accepted, atOnce: true }, successor);
      })
      .toSorted(byUrgency);
    const members = ending.map((each) => ({ ...endingMember(each, next), how: 'withdrawn' as const }));
    return [{ bundle: before.name, members, accepted, credentials }];
  });
}

function endingMember({ facts, role, atMs }: TrustEnding, { dated }: TrustBundleFacts): EndingMember {
  const member = dated.find(({ fingerprint256 }) => fingerprint256 === facts.fingerprint256);
  return {
    how: atMs === facts.notAfterMs ? 'expired' : 'withdrawn',
    role,
    id: member?.id ?? null,
    subject: facts.subject,
    fingerprint: facts.fingerprint256,
    reason: member?.reason ?? null,
    source: member?.source ?? null,
  };
}

const urgency: readonly AffectedCredential['how'][] = ['stranded', 'renews-before', 'renewed', 'expired'];

function byUrgency(one: AffectedCredential, other: AffectedCredential): number {
  return urgency.indexOf(one.how) - urgency.indexOf(other.how) || other.calls - one.calls;
}

/** An end, as it befalls a credential. */
interface Befalling {
  readonly fromMs: number;
  readonly endsMs: number;
  readonly accepted: readonly string[];
  readonly atOnce?: boolean;
}

function affected(caller: SeenCredential, end: Befalling, successor: SeenCredential | undefined): AffectedCredential {
  const { fingerprint, subject, issuer, participant, calls, hosts, notAfterMs } = caller;
  const facts = {
    fingerprint,
    subject,
    issuer,
    participant,
    lastUsed: instant(caller.lastUsedMs),
    calls,
    notAfter: instant(notAfterMs),
    hosts,
  };
  if (successor !== undefined)
    return { ...facts, how: 'renewed', todo: `Nothing: it calls with a certificate of ${successor.issuer} now.` };
  if (notAfterMs < end.fromMs) {
    const from = end.accepted.length === 0 ? '' : ` from ${end.accepted.join(' or ')}`;
    return {
      ...facts,
      how: 'expired',
      todo: `It ended on ${facts.notAfter}: whoever still calls needs a new one${from}.`,
    };
  }
  return { ...facts, how: notAfterMs > end.endsMs ? 'stranded' : 'renews-before', todo: whatToDo(notAfterMs, end) };
}

function whatToDo(notAfterMs: number, { endsMs, accepted, atOnce }: Befalling): string {
  if (accepted.length === 0)
    return `No authority is accepted ${atOnce === true ? 'then' : `after ${instant(endsMs)}`}: add its successor to the bundle first.`;
  const successors = accepted.join(' or ');
  return atOnce === true
    ? `Do not apply before it has a certificate of ${successors}.`
    : `Renew it before ${instant(Math.min(notAfterMs, endsMs))} with ${successors}.`;
}

/** Of the provisioning, what was accepted with no certificate that is valid. */
function unseenCredentials({ files, seen, expired, fromMs }: TrustPlanQuestion): readonly UnseenCredential[] {
  const keysOf = (each: SeenCredential) => [
    credentialKey({ subject: each.subject }),
    credentialKey({ fingerprint: each.fingerprint }),
    credentialKey({ issuer: each.issuer, serial: each.serial }),
  ];
  const known = new Set(seen.filter(({ notAfterMs }) => notAfterMs >= fromMs).flatMap(keysOf));
  const ended = new Map<string, SeenCredential>();
  for (const each of [...expired, ...seen])
    for (const key of keysOf(each)) if ((ended.get(key)?.lastUsedMs ?? 0) < each.lastUsedMs) ended.set(key, each);
  return (files.snapshot.provisioning?.participants ?? []).flatMap(({ id, credentials }) =>
    credentials
      .filter((credential: Credential) => !known.has(credentialKey(credential)))
      .map((credential) => {
        const before = ended.get(credentialKey(credential));
        return {
          participant: id,
          credential: credential.subject ?? credentialKey(credential),
          environments: credential.environments,
          expired:
            before === undefined
              ? null
              : { notAfter: instant(before.notAfterMs), lastUsed: instant(before.lastUsedMs) },
        };
      }),
  );
}

function instant(atMs: number): string {
  return new Date(atMs).toISOString();
}
