// Which calls of a catalogue a rule counts, asked of the code that charges calls.
import type { CatalogueIndex, LimitRule, Policy } from '@headgate/contract';
import { explainMatch } from '@headgate/rules';

/** A call of which nothing is said yet. */
export const nowhere = {
  environment: '',
  infrastructure: '',
  namespace: '',
  channel: 'api',
  generation: 'new',
  source: '192.0.2.1',
} as const;

/** A system and a service that the rule counts; without a service a call to a user interface. */
export interface CountedCall {
  readonly system: string;
  readonly service?: string;
}

/** Calls that the rule counts, wherever an address may have been moved to; nothing where none does. */
export function* callsOfRule(rule: LimitRule, policy: Policy, index: CatalogueIndex): Generator<CountedCall> {
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
          if (explainMatch(only, { ...place, system, ...service })[0]?.counts === true) yield { system, ...service };
    }
  }
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
