import { randomFillSync } from 'node:crypto';

/** Words by which nobody outside can foresee where keys are found: callers bring them. */
export function randomSeed(): Int32Array {
  return randomFillSync(new Int32Array(4));
}
