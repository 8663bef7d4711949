// How each kind of chain is made. What must become of it stands in kinds.ts and was written first.
import type { KindName } from './kinds.ts';
import { recipesOfForm } from './recipes-form.ts';
import { recipesOfNames } from './recipes-names.ts';
import { recipesOfPath } from './recipes-path.ts';
import { recipesOfPolicies } from './recipes-policies.ts';
import { recipesOfRevocation } from './recipes-revocation.ts';
import { recipesOfStrength } from './recipes-strength.ts';
import { recipesOfUse } from './recipes-use.ts';
import type { Recipe, World } from './world.ts';

/** Every recipe by the name of its kind: a kind without one does not compile. */
export function recipesIn(world: World): Record<KindName, () => Recipe> {
  return {
    ...recipesOfStrength(world),
    ...recipesOfPath(world),
    ...recipesOfUse(world),
    ...recipesOfForm(world),
    ...recipesOfNames(world),
    ...recipesOfPolicies(world),
    ...recipesOfRevocation(world),
  };
}
