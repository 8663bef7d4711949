// What a node may admit of a rule that it counts alone while others count it too.
import type { Charge } from '@headgate/contract';

/** A charge to this node's part of the quota, rounded down; null where there are more nodes than units, and none has a part. */
export function partOf(charge: Charge, nodeCount: number): Charge | null {
  const { rule } = charge;
  if (nodeCount === 1) return charge;
  const quota = Math.floor(rule.quota / nodeCount);
  if (quota > 0) return { ...charge, rule: { ...rule, quota } };
  return rule.mode === 'enforce' ? null : { ...charge, rule: { ...rule, quota: 1 } };
}
