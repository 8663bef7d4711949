// How often sources may try links that are none: a bound on what a guesser costs, since guessing 256 bits leads nowhere anyway.
import { isIPv6 } from 'node:net';

/** Counts failed attempts per source. */
export interface Attempts {
  /** How long a source must wait before it may try, in ms; 0: it may. */
  waitMs(source: string): number;
  /** Counts a failure. */
  failed(source: string): void;
}

/** Failures that a source may have within the window. */
const failuresMax = 10;
const windowMs = 60_000;
/** Sources remembered at once; the one that failed longest ago gives way. */
const sourcesMax = 10_000;

/** Counts by a clock in ms. */
export function createAttempts(clock: () => number): Attempts {
  const failures = new Map<string, number[]>();
  const recent = (source: string): number[] => (failures.get(source) ?? []).filter((atMs) => atMs > clock() - windowMs);
  return {
    waitMs(source) {
      const [first = 0, ...more] = recent(networkOf(source)).slice(-failuresMax);
      return more.length + 1 < failuresMax ? 0 : first + windowMs - clock();
    },
    failed(source) {
      const network = networkOf(source);
      const held = [...recent(network), clock()].slice(-failuresMax);
      failures.delete(network);
      failures.set(network, held);
      const [oldest] = failures.keys();
      if (failures.size > sourcesMax && oldest !== undefined) failures.delete(oldest);
    },
  };
}

/** A source as it is counted: of IPv6 the /64 that a subscriber has all of. */
export function networkOf(source: string): string {
  if (!isIPv6(source) || source.includes('.')) return source;
  const [head = '', tail = ''] = source.split('::', 2);
  const before = head.split(':').filter((part) => part !== '');
  const after = tail.split(':').filter((part) => part !== '');
  const isCut = source.includes('::');
  const missing = isCut ? Array.from({ length: 8 - before.length - after.length }, () => '0') : [];
  return [...before, ...missing, ...after].slice(0, 4).join(':');
}
