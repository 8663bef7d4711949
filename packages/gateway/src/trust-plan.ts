// Whom an end of trust would strand, weeks before it comes: for each authority that is withdrawn or expires, the credentials that
// would have no path to an anchor afterwards. Pure: a reading of the files and what evidence tells of callers in, a plan out.
import { type Credential, credentialKey, type SeenCredential, type TrustBundleFacts } from '@headgate/contract';
import { createCoverage, createTrustBundle, type TrustEnding } from '@headgate/pki';
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
   * `renewed`: the same subject was seen since, with a certificate that has a path afterwards.
   */
  readonly how: 'stranded' | 'renews-before' | 'renewed';
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

/** A credential of the provisioning that the evidence does not show: nobody here knows its authority. */
export interface UnseenCredential {
  readonly participant: string;
  readonly credential: string;
  readonly environments: readonly string[];
}

/** What ends within a span, and whom it strands. */
export interface TrustPlan {
  readonly from: string;
  readonly until: string;
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
}

/** Plans from `fromMs` to `untilMs`. */
export function planTrust({ files, config, fromMs, untilMs, seen }: TrustPlanQuestion): TrustPlan {
  const bundleOf = new Map(config.listeners.flatMap(({ hosts }) => hosts.map(({ name, trust }) => [name, trust])));
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
            return affected({ ...caller, hosts }, atMs, accepted, successor);
          })
          .toSorted((one, other) => urgency.indexOf(one.how) - urgency.indexOf(other.how) || other.calls - one.calls),
      };
    });
  });
  return {
    from: instant(fromMs),
    until: instant(untilMs),
    ends: ends.toSorted((one, other) => one.at.localeCompare(other.at)),
    unseen: ends.length === 0 ? [] : unseenCredentials(files, seen, fromMs),
  };
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

const urgency: readonly AffectedCredential['how'][] = ['stranded', 'renews-before', 'renewed'];

function affected(
  caller: SeenCredential,
  endsMs: number,
  accepted: readonly string[],
  successor: SeenCredential | undefined,
): AffectedCredential {
  const { fingerprint, subject, issuer, participant, calls, hosts } = caller;
  const facts = {
    fingerprint,
    subject,
    issuer,
    participant,
    lastUsed: instant(caller.lastUsedMs),
    calls,
    notAfter: instant(caller.notAfterMs),
    hosts,
  };
  if (successor !== undefined)
    return { ...facts, how: 'renewed', todo: `Nothing: it calls with a certificate of ${successor.issuer} now.` };
  const byMs = Math.min(caller.notAfterMs, endsMs);
  const todo =
    accepted.length === 0
      ? `No authority is accepted after ${instant(endsMs)}: add its successor to the bundle first.`
      : `Renew it before ${instant(byMs)} with ${accepted.join(' or ')}.`;
  return { ...facts, how: caller.notAfterMs > endsMs ? 'stranded' : 'renews-before', todo };
}

/** Of the provisioning, what no record shows, rights that ended apart. */
function unseenCredentials(
  { snapshot }: GatewayFiles,
  seen: readonly SeenCredential[],
  atMs: number,
): readonly UnseenCredential[] {
  const known = new Set(
    seen
      .filter(({ notAfterMs }) => notAfterMs >= atMs)
      .flatMap((each) => [
        `subject ${each.subject}`,
        credentialKey({ fingerprint: each.fingerprint }),
        credentialKey({ issuer: each.issuer, serial: each.serial }),
      ]),
  );
  return (snapshot.provisioning?.participants ?? []).flatMap(({ id, credentials }) =>
    credentials
      .filter((credential: Credential) => !known.has(credentialKey(credential)))
      .map((credential) => ({
        participant: id,
        credential: credential.subject ?? credentialKey(credential),
        environments: credential.environments,
      })),
  );
}

function instant(atMs: number): string {
  return new Date(atMs).toISOString();
}
