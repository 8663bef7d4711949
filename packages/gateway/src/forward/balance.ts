// Who gets the next call. Pure: weights, loads and a hash in, an index out. A weight of 0 means that the index is not to be had.

/** What there is to choose from; one per group, filled anew for each choice. */
export interface Choices {
  /** Weight of each index now: 0 when it is not to be had, less than its whole weight while it starts slowly. */
  readonly weights: Float64Array;
  /** Calls under way at each index. */
  readonly loads: Float64Array;
  /** Of what keeps calls together; 32 bits. */
  hash: number;
}

/** Chooses an index of positive weight; -1 when there is none. */
export type Balance = (choices: Choices) => number;

/** Each in turn by weight, the turns of a heavy one spread out (the smooth round robin of nginx). */
export function createRoundRobin(count: number): Balance {
  const credits = new Float64Array(count);
  return ({ weights }) => {
    let best = -1;
    let total = 0;
    for (let index = 0; index < count; index += 1) {
      const weight = weights[index] ?? 0;
      if (weight === 0) continue;
      total += weight;
      credits[index] = (credits[index] ?? 0) + weight;
      if (best === -1 || (credits[index] ?? 0) > (credits[best] ?? 0)) best = index;
    }
    if (best !== -1) credits[best] = (credits[best] ?? 0) - total;
    return best;
  };
}

/** The one with the fewest calls under way for its weight; among equals, each in turn. */
export function createLeastRequests(count: number): Balance {
  let start = 0;
  return ({ weights, loads }) => {
    let best = -1;
    let bestLoad = Number.POSITIVE_INFINITY;
    for (let step = 0; step < count; step += 1) {
      const index = (start + step) % count;
      const weight = weights[index] ?? 0;
      const load = ((loads[index] ?? 0) + 1) / weight;
      if (weight === 0 || load >= bestLoad) continue;
      best = index;
      bestLoad = load;
    }
    if (best !== -1) start = (best + 1) % count;
    return best;
  };
}

/** Points of the heaviest endpoint on the ring; others have fewer, by weight. */
const pointsMax = 256;

/**
 * The one whose point on a ring follows the hash. When one is not to be had, only its own calls move, each to the next point;
 * the others stay. Points come from the names alone, so that every gateway with the same configuration chooses alike.
 */
export function createConsistentHash(members: readonly { readonly name: string; readonly weight: number }[]): Balance {
  const heaviest = Math.max(...members.map(({ weight }) => weight));
  const ring = members
    .flatMap(({ name, weight }, index) =>
      Array.from({ length: Math.max(1, Math.round((weight / heaviest) * pointsMax)) }, (_, point) => ({
        at: hashOf(`${name} ${point}`),
        index,
      })),
    )
    .toSorted((a, b) => a.at - b.at || a.index - b.index);
  const points = Uint32Array.from(ring, ({ at }) => at);
  const owners = Uint8Array.from(ring, ({ index }) => index);
  return ({ weights, hash }) => {
    const start = firstFrom(points, hash);
    const share = mixed(hash ^ 0x9e3779b9) / 2 ** 32;
    let first = -1;
    for (let step = 0; step < owners.length; step += 1) {
      const index = owners[(start + step) % owners.length] ?? 0;
      const weight = weights[index] ?? 0;
      if (weight === 0) continue;
      // Whoever starts slowly gets the same part of its calls back each time, so that none of them moves twice.
      if (share < weight / (members[index]?.weight ?? weight)) return index;
      if (first === -1) first = index;
    }
    return first;
  };
}

/** 32 bits of a text: FNV-1a, then the last step of MurmurHash3, because texts that are alike must lie far apart. */
export function hashOf(text: string): number {
  let hash = 0x811c9dc5;
  for (let at = 0; at < text.length; at += 1) hash = Math.imul(hash ^ text.charCodeAt(at), 0x01000193);
  return mixed(hash);
}

function mixed(hash: number): number {
  let bits = hash;
  bits = Math.imul(bits ^ (bits >>> 16), 0x85ebca6b);
  bits = Math.imul(bits ^ (bits >>> 13), 0xc2b2ae35);
  return (bits ^ (bits >>> 16)) >>> 0;
}

/** Index of the first point at or after a hash; 0 past the last. */
function firstFrom(points: Uint32Array, hash: number): number {
  let low = 0;
  let high = points.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if ((points[middle] ?? 0) < hash) low = middle + 1;
    else high = middle;
  }
  return low === points.length ? 0 : low;
}
