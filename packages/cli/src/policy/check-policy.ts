// What a policy says that no schema can judge: names that the catalogue does not have, rules that count nobody, rules that can
// never refuse because another one refuses first, and what is counted less exactly than its number says.
import { type CatalogueIndex, domainOf, type FilePath, type LimitRule, type Policy } from '@headgate/contract';
import { explainMatch, rulesOverDomains, type StackedDomains } from '@headgate/rules';
import { nearestOf } from './nearest-of.ts';
import type { NamedPolicy } from './policy-file.ts';
import { sayMs, sayQuota } from './rule-words.ts';

/** One remark about a policy. An error is a rule that cannot mean what it says; a warning one that may surprise. */
export interface PolicyRemark {
  readonly level: 'error' | 'warning' | 'notice';
  readonly rule: string;
  readonly path: FilePath;
  readonly sentence: string;
}

/** Every remark, in file order. `notices` are what reading the file told. */
export function checkPolicy(
  { policy, notices }: Pick<NamedPolicy, 'policy' | 'notices'>,
  index: CatalogueIndex,
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

const nowhere = {
  environment: '',
  infrastructure: '',
  namespace: '',
  channel: 'api',
  generation: 'new',
  source: '192.0.2.1',
} as const;

/** Looks for one call of the catalogue that the rule counts, wherever an address may have been moved to. */
function neverMatches(rule: LimitRule, policy: Policy, index: CatalogueIndex, say: Say): readonly PolicyRemark[] {
  if (rule.mode === 'off' || Object.keys(rule.where).length === 0) return [];
  const only: Policy = { ...policy, limits: [rule] };
  for (const address of index.addresses.values()) {
    const { environment, channel, generation, namespace, host } = address;
    for (const { id: infrastructure } of index.catalogue.infrastructures) {
      const place = {
        environment,
        channel,
        generation,
        infrastructure,
        namespace: namespace ?? host,
        source: nowhere.source,
      };
      for (const system of address.systems)
        for (const service of servicesOf(index, system, channel, rule))
          if (explainMatch(only, { ...place, system, ...service })[0]?.counts === true) return [];
    }
  }
  return [say('error', ['where'], 'no call to any address of the catalogue fits all of its conditions')];
}

/** Services of a system to try: those that are listed, one that is not, and none, as at a user interface. */
function servicesOf(
  index: CatalogueIndex,
  id: string,
  channel: string,
  { where }: LimitRule,
): readonly { readonly service?: string; readonly operation?: 'submit' | 'retrieve' }[] {
  if (channel === 'ui') return [{}];
  const listed = (index.systems.get(id)?.services ?? []).map(({ name, operation }) => ({ service: name, operation }));
  // A service that is not listed is called by its name, and told by its verb.
  const unlisted = [where.service ?? 'Any'].flat().map((pattern) => pattern.replaceAll('*', ''));
  const others = unlisted.flatMap((service) =>
    (['submit', 'retrieve'] as const).map((operation) => ({ service: service === '' ? 'Any' : service, operation })),
  );
  const usesNames = listed.length > 0 && where.service === undefined;
  return usesNames ? listed : [...listed, ...others];
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
