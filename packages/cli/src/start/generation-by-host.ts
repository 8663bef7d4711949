// What a host alone tells of the generation of an address, for calls that were refused before their path was looked at.
import type { CatalogueIndex, Generation } from '@headgate/contract';

/** The generation of each host whose addresses are all of one; a host that has both is left out. */
export function generationByHost({ addresses }: Pick<CatalogueIndex, 'addresses'>): ReadonlyMap<string, Generation> {
  const seen = new Map<string, Set<Generation>>();
  for (const { host, generation } of addresses.values()) seen.set(host, (seen.get(host) ?? new Set()).add(generation));
  return new Map(
    [...seen].flatMap(([host, generations]) => {
      const [only] = generations;
      return generations.size === 1 && only !== undefined ? [[host, only] as const] : [];
    }),
  );
}
