// Valid rules and subjects for the tests of this package: a test names only what it is about.
import type { Charge, LimitRule, LimitSubject } from '@headgate/contract';

/** An enforced acceptable-use rule of one request per 5,000 ms and credential, unless said otherwise. */
export function ruleWith(changes: Partial<LimitRule> = {}): LimitRule {
  return {
    name: 'aup-example',
    layer: 'acceptable-use',
    where: {},
    key: ['credential', 'service'],
    unit: 'requests',
    quota: 1,
    windowMs: 5_000,
    algorithm: 'exact-sliding-window',
    mode: 'enforce',
    counts: 'admitted',
    refusal: { status: 500, text: 'Please retry your request after <n> seconds', seconds: 'remaining' },
    evidence: 'assumed',
    source: 'test',
    ...changes,
  };
}

/** A retrieve of an example system over the API of production, unless said otherwise. */
export function subjectWith(changes: Partial<LimitSubject> = {}): LimitSubject {
  return {
    environment: 'production',
    infrastructure: 'current',
    namespace: 'ws',
    channel: 'api',
    generation: 'new',
    system: 'awards',
    service: 'RetrieveAwards_v4',
    operation: 'retrieve',
    source: '192.0.2.1',
    credential: 'a1b2',
    participant: 'example-power',
    ...changes,
  };
}

/** A charge to the allowance of this owner under this rule. */
export function chargeTo(rule: LimitRule, owner = 'a'): Charge {
  return { rule, key: `${rule.name}|${owner}` };
}
