// Certificate policies (RFC 5280 §6.1 with RFC 9618): whether a chain satisfies what its own authorities require. No caller is asked for a
// policy of ours, so that the set of acceptable policies is any.
import { type DerReader, TAG, toDottedOid, toSmallInteger } from './der.ts';
import { UnreadableDer } from './unreadable-der.ts';

/** What a certificate says of policies; null where the extension is absent. */
export interface PolicyFacts {
  /** Dotted OIDs (§4.2.1.4). */
  readonly policies: readonly string[] | null;
  /** Pairs of an issuer's policy and the subject's that equals it (§4.2.1.5). */
  readonly policyMappings: readonly (readonly [issuerPolicy: string, subjectPolicy: string])[];
  /** After how many more certificates a policy is required, and mapping is over (§4.2.1.11). */
  readonly requireExplicitPolicy: number | null;
  readonly inhibitPolicyMapping: number | null;
  /** After how many more certificates "any policy" counts no more (§4.2.1.14). */
  readonly inhibitAnyPolicy: number | null;
}

/** What a certificate without any of these extensions says. */
export const noPolicies: PolicyFacts = {
  policies: null,
  policyMappings: [],
  requireExplicitPolicy: null,
  inhibitPolicyMapping: null,
  inhibitAnyPolicy: null,
};

const anyPolicy = '2.5.29.32.0';

/** The OIDs of a certificatePolicies value; none may come twice. */
export function readPolicies(information: DerReader): readonly string[] {
  const policies: string[] = [];
  while (!information.atEnd) {
    const policy = toDottedOid(information.enter(TAG.sequence).next(TAG.objectIdentifier).content);
    if (policies.includes(policy)) throw new UnreadableDer(`has policy ${policy} twice`);
    policies.push(policy);
  }
  if (policies.length === 0) throw new UnreadableDer('has an empty list of policies');
  return policies;
}

/** The pairs of a policyMappings value. */
export function readPolicyMappings(pairs: DerReader): PolicyFacts['policyMappings'] {
  const mappings: [string, string][] = [];
  while (!pairs.atEnd) {
    const pair = pairs.enter(TAG.sequence);
    const [issuer, subject] = [pair.next(TAG.objectIdentifier), pair.next(TAG.objectIdentifier)];
    pair.finish();
    mappings.push([toDottedOid(issuer.content), toDottedOid(subject.content)]);
  }
  return mappings;
}

/** The two counts of a policyConstraints value, at least one of them. */
export function readPolicyConstraints(
  constraints: DerReader,
): Pick<PolicyFacts, 'requireExplicitPolicy' | 'inhibitPolicyMapping'> {
  const explicit = constraints.optional(0x80);
  const mapping = constraints.optional(0x81);
  constraints.finish();
  if (explicit === undefined && mapping === undefined) throw new UnreadableDer('has empty policy constraints');
  return {
    requireExplicitPolicy: explicit === undefined ? null : toSmallInteger(explicit),
    inhibitPolicyMapping: mapping === undefined ? null : toSmallInteger(mapping),
  };
}

/** What policies are judged by. */
export interface PolicyBearer extends PolicyFacts {
  readonly isSelfIssued: boolean;
}

/** Which certificate of a chain, anchor first, breaks a requirement of its authorities; null when all is well. */
export function unsatisfiedPolicy<Bearer extends PolicyBearer>([anchor, ...path]: readonly Bearer[]): Bearer | null {
  if (anchor === undefined) return null;
  const walk = new PolicyWalk(anchor, path.length);
  for (const [index, certificate] of path.entries()) {
    const isLast = index === path.length - 1;
    if (!walk.take(certificate, isLast)) return certificate;
    // §6.1.4 (a): "any policy" is mapped to nothing and from nothing.
    if (!isLast && certificate.policyMappings.some((pair) => pair.includes(anyPolicy))) return certificate;
    if (!isLast) walk.prepare(certificate);
  }
  return null;
}

/**
 * The state of §6.1.2 that policies need. Of the valid policy graph only the deepest level is kept: whether it is empty is all
 * that is asked, and a node lives on in its children (RFC 9618 §3).
 */
class PolicyWalk {
  /** Valid policies of this level, each with the policies expected of the next; null once the graph is empty. */
  #level: Map<string, readonly string[]> | null = new Map([[anyPolicy, [anyPolicy]]]);
  #explicit: number;
  #mapping: number;
  #any: number;

  // RFC 5937 §3: what an anchor's own certificate says constrains the paths that it ends.
  constructor(anchor: PolicyBearer, length: number) {
    this.#explicit = Math.min(length + 1, anchor.requireExplicitPolicy ?? length + 1);
    this.#mapping = Math.min(length + 1, anchor.inhibitPolicyMapping ?? length + 1);
    this.#any = Math.min(length + 1, anchor.inhibitAnyPolicy ?? length + 1);
  }

  /** §6.1.3 (d) to (f), and for the last certificate §6.1.5 (a), (b) and (g). */
  take({ policies, requireExplicitPolicy, isSelfIssued }: PolicyBearer, isLast: boolean): boolean {
    const countsAny = this.#any > 0 || (!isLast && isSelfIssued);
    this.#level = this.#level === null || policies === null ? null : nextLevel(this.#level, policies, countsAny);
    if (this.#level?.size === 0) this.#level = null;
    if (isLast) {
      this.#explicit = Math.max(0, this.#explicit - 1);
      if (requireExplicitPolicy === 0) this.#explicit = 0;
    }
    return this.#explicit > 0 || this.#level !== null;
  }

  /** §6.1.4 (b), and (h) to (j). */
  prepare(certificate: PolicyBearer): void {
    if (this.#level !== null) mapLevel(this.#level, certificate.policyMappings, this.#mapping > 0);
    if (this.#level?.size === 0) this.#level = null;
    if (!certificate.isSelfIssued) {
      this.#explicit = Math.max(0, this.#explicit - 1);
      this.#mapping = Math.max(0, this.#mapping - 1);
      this.#any = Math.max(0, this.#any - 1);
    }
    this.#explicit = Math.min(this.#explicit, certificate.requireExplicitPolicy ?? this.#explicit);
    this.#mapping = Math.min(this.#mapping, certificate.inhibitPolicyMapping ?? this.#mapping);
    this.#any = Math.min(this.#any, certificate.inhibitAnyPolicy ?? this.#any);
  }
}

function nextLevel(
  level: ReadonlyMap<string, readonly string[]>,
  policies: readonly string[],
  countsAny: boolean,
): Map<string, readonly string[]> {
  const next = new Map<string, readonly string[]>();
  const expected = new Set([...level.values()].flat());
  // §6.1.3 (d)(1): what is expected, or what an authority for any policy lets through.
  for (const policy of policies)
    if (policy !== anyPolicy && (expected.has(policy) || level.has(anyPolicy))) next.set(policy, [policy]);
  if (!policies.includes(anyPolicy) || !countsAny) return next;
  // §6.1.3 (d)(2): "any policy" lets through whatever is expected and was not named.
  for (const policy of expected) if (!next.has(policy)) next.set(policy, [policy]);
  return next;
}

function mapLevel(
  level: Map<string, readonly string[]>,
  mappings: PolicyFacts['policyMappings'],
  mayMap: boolean,
): void {
  for (const issuerPolicy of new Set(mappings.map(([policy]) => policy))) {
    const subjectPolicies = mappings.filter(([policy]) => policy === issuerPolicy).map(([, policy]) => policy);
    if (!mayMap) level.delete(issuerPolicy);
    else if (level.has(issuerPolicy) || level.has(anyPolicy)) level.set(issuerPolicy, subjectPolicies);
  }
}
