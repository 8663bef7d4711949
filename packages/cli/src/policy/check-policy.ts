// What a policy says that no schema can judge: names that the catalogue does not have, rules that count nobody, rules that can
// never refuse because another one refuses first, and what is counted less exactly than its number says.
import {
  bucketMs,
  type CatalogueIndex,
  domainOf,
  type FilePath,
  isBucketed,
  isCountedTogether,
  type LimitRule,
  type Policy,
  scidStatementOf,
} from '@headgate/contract';
import { explainMatch, rulesOverDomains, type StackedDomains } from '@headgate/rules';
import { callsOfRule, nowhere } from './calls-of-rule.ts';
import { nearestOf } from './nearest-of.ts';
import type { NamedPolicy } from './policy-file.ts';
import { listed, sayMs, sayQuota } from './rule-words.ts';

/** One remark about a policy. An error is a rule that cannot mean what it says; a warning one that may surprise. */
export interface PolicyRemark {
  readonly level: 'error' | 'warning' | 'notice';
  readonly rule: string;
  readonly path: FilePath;
  readonly sentence: string;
}

/**
 * Every remark, in file order. `notices` are what reading the file told; `provisioned` is whether there is provisioning to prove by
 * for which SCID a caller may act.
 */
export function checkPolicy(
  { policy, notices }: Pick<NamedPolicy, 'policy' | 'notices'>,
  index: CatalogueIndex,
  provisioned: boolean,
): readonly PolicyRemark[] {
  const overDomains = rulesOverDomains(policy);
  return policy.limits.flatMap((rule, at) => {
    const say = (level: PolicyRemark['level'], path: FilePath, sentence: string): PolicyRemark => ({
      level,
      rule: rule.name,
      path: ['limits', at, ...path],
      sentence,
    });
    const unknown = unknownNames(rule, index, say);
    return [
      ...unknown,
      ...(unknown.length === 0 ? neverMatches(rule, policy, index, say) : []),
      ...neverRefuses(rule, policy, say),
      ...sameText(rule, policy, say),
      ...overDomains.filter(({ other }) => other === rule).map((stacked) => stacksOverDomains(stacked, say)),
      ...notices
        .filter(({ path }) => path.startsWith(`limits.${at}.`))
        .map(({ path, said }) => say('notice', path.split('.').slice(2), said)),
      ...aboutScids(rule, policy, { index, provisioned }, say),
      ...plainRemarks(rule, say),
    ];
  });
}

type Say = (level: PolicyRemark['level'], path: FilePath, sentence: string) => PolicyRemark;

/** Parts of a `where` whose values the catalogue lists. */
function knownValues(index: CatalogueIndex): Readonly<Record<string, readonly string[]>> {
  const { environments, infrastructures, systems } = index.catalogue;
  const namespaces = [...index.addresses.values()].map(({ namespace, host }) => namespace ?? host);
  return {
    environment: environments.map(({ id }) => id),
    infrastructure: infrastructures.map(({ id }) => id),
    namespace: [...new Set([...index.catalogue.namespaces.map(({ id }) => id), ...namespaces])],
    system: systems.map(({ id }) => id),
  };
}

function unknownNames(rule: LimitRule, index: CatalogueIndex, say: Say): readonly PolicyRemark[] {
  const known = knownValues(index);
  return Object.entries(rule.where).flatMap(([part, wanted]) => {
    const values = known[part];
    if (values === undefined || wanted === undefined) return [];
    return [wanted].flat().flatMap((pattern, place) => {
      if (values.some((value) => fits(rule, part, pattern, value))) return [];
      const near = nearestOf(pattern, values);
      const path = Array.isArray(wanted) ? ['where', part, place] : ['where', part];
      return [
        say(
          'error',
          path,
          `no ${part} of the catalogue fits "${pattern}"${near === null ? '' : `; the nearest is ${near}`}`,
        ),
      ];
    });
  });
}

/** Asked of the code that charges calls, so that a pattern means here what it means there. */
function fits(rule: LimitRule, part: string, pattern: string, value: string): boolean {
  const only: LimitRule = { ...rule, mode: 'enforce', where: { [part]: pattern } };
  const subject = { ...nowhere, [part]: value };
  return explainMatch({ limits: [only] }, subject)[0]?.counts === true;
}

function neverMatches(rule: LimitRule, policy: Policy, index: CatalogueIndex, say: Say): readonly PolicyRemark[] {
  if (rule.mode === 'off' || Object.keys(rule.where).length === 0) return [];
  for (const _call of callsOfRule(rule, policy, index)) return [];
  return [say('error', ['where'], 'no call to any address of the catalogue fits all of its conditions')];
}

function neverRefuses(rule: LimitRule, { limits }: Policy, say: Say): readonly PolicyRemark[] {
  if (rule.mode !== 'enforce') return [];
  const first = limits.find((other) => other !== rule && other.mode === 'enforce' && isWithin(rule, other));
  if (first === undefined || (isWithin(first, rule) && limits.indexOf(first) > limits.indexOf(rule))) return [];
  const text = rule.layer === 'acceptable-use' && first.layer === 'global' ? ', so that its text is never read' : '';
  const sentence = `it can never refuse: ${first.name} admits ${sayQuota(first)} of the same calls, over a key that is no finer${text}`;
  return [say('warning', ['quota'], sentence)];
}

/** Whether what `other` admits always fits `rule`: it counts the same calls and more, over a key that is no finer. */
function isWithin(rule: LimitRule, other: LimitRule): boolean {
  if (other.unit !== rule.unit || (other.counts === 'admitted' && rule.counts === 'attempts')) return false;
  const isWider = Object.entries(other.where).every(
    ([part, wanted]) =>
      JSON.stringify([wanted].flat()) === JSON.stringify([rule.where[part as keyof typeof rule.where] ?? []].flat()),
  );
  const isCoarser = other.key.every((part) => rule.key.includes(part));
  return isWider && isCoarser && Math.ceil(rule.windowMs / other.windowMs) * other.quota <= rule.quota;
}

function sameText(rule: LimitRule, { limits }: Policy, say: Say): readonly PolicyRemark[] {
  if (rule.layer !== 'global') return [];
  const other = limits.find(({ layer, refusal }) => layer !== 'global' && refusal.text === rule.refusal.text);
  if (other === undefined) return [];
  const sentence = `a global limit with the sentence of ${other.name}: who reads it cannot tell which of them refused`;
  return [say('warning', ['refusal', 'text'], sentence)];
}

/** Where nodes share counters, all or nothing ends where a domain does; a gateway with `counters` does not start with such a policy. */
function stacksOverDomains({ rule, other }: StackedDomains, say: Say): PolicyRemark {
  const sentence =
    `one call may meet ${rule.name} too, which is counted in domain "${domainOf(rule)}": over two domains a call could be ` +
    'charged to one rule and not to the other. Give both one domain, or conditions that no call fits both of';
  return say('error', other.domain === undefined ? ['name'] : ['domain'], sentence);
}

/** A rule over SCIDs counts by them only where they can be found and proven. */
function aboutScids(
  rule: LimitRule,
  policy: Policy,
  { index, provisioned }: { readonly index: CatalogueIndex; readonly provisioned: boolean },
  say: Say,
): readonly PolicyRemark[] {
  if (rule.mode === 'off' || !rule.key.includes('scid')) return [];
  const path = ['key', rule.key.indexOf('scid')];
  const instead = `is counted by ${rule.withoutScid ?? 'credential'} instead`;
  if (!provisioned) {
    const sentence = `no SCID can be proven without provisioning: every call ${instead}. Name the file with --provisioning, if there is one`;
    return [say('warning', path, sentence)];
  }
  const placed = new Map<string, boolean>();
  for (const { system, service = null } of callsOfRule(rule, policy, index)) {
    const statement = scidStatementOf(index, system, service);
    const has = statement !== null && typeof statement.at !== 'string';
    placed.set(system, has || placed.get(system) === true);
  }
  const without = [...placed].flatMap(([system, has]) => (has ? [] : [system]));
  if (without.length === 0) return [];
  const systems =
    listed(without.slice(0, systemsSaidMax), 'and') + (without.length > systemsSaidMax ? ' and others' : '');
  const sentence = `the catalogue has no place of an SCID in any payload of ${systems}: a call to it ${instead}`;
  return [say(without.length === placed.size ? 'warning' : 'notice', path, sentence)];
}

const systemsSaidMax = 4;

/** How exactly a rule is counted, on one gateway and over several. */
export interface CountedHow {
  readonly rule: string;
  /** By how much room may come back late, in milliseconds; never early. 0: exact to the millisecond. */
  readonly lateMsMax: number;
  /** Gateways that share a store: one quota together, or each its part of it. */
  readonly overNodes: 'together' | 'divided';
}

/** How exactly each rule that is not off is counted. */
export function countedHow({ limits }: Policy): readonly CountedHow[] {
  return limits
    .filter(({ mode }) => mode !== 'off')
    .map((rule) => ({
      rule: rule.name,
      lateMsMax: isBucketed(rule) ? bucketMs(rule.windowMs) : 0,
      overNodes: isCountedTogether(rule) ? 'together' : 'divided',
    }));
}

function plainRemarks({ windowMs, mode, refusal }: LimitRule, say: Say): readonly PolicyRemark[] {
  return [
    ...(refusal.text.includes('<n>')
      ? []
      : [
          say(
            'notice',
            ['refusal', 'text'],
            `its text does not say <n>, how long to wait (${sayMs(windowMs)} at most)`,
          ),
        ]),
    ...(mode === 'enforce'
      ? []
      : [say('notice', ['mode'], mode === 'off' ? 'it is off: it counts nobody' : 'in shadow mode it refuses nobody')]),
  ];
}
