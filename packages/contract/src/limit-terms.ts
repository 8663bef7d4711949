// The numbers and names of the policy language, and what follows from a rule's own numbers.

/** Longest and shortest window a rule may have, in milliseconds (100 ms to 24 h). */
export const windowMsBounds = { min: 100, max: 86_400_000 } as const;

/** Largest quota that is counted exactly: one remembered instant per admitted event. */
export const exactQuotaMax = 4_096;

/** Largest quota of any rule, in its unit (1 TiB where that is bytes). */
export const quotaMax = 1_099_511_627_776;

/** Largest quota of a rule over concurrent requests. */
export const concurrentQuotaMax = 100_000;

/** Parts that a window is divided into where its events are not remembered one by one; see `isBucketed`. */
export const windowBuckets = 126;

/** What a rule counts over. A part that is unknown for a call is counted per source instead, never in one shared pool. */
export const limitKeyParts = [
  'source',
  'source-network',
  'credential',
  'participant',
  'scid',
  'system',
  'service',
  'operation',
] as const;

/** What may stand in for the SCID of a call that carries none that counts. */
export const scidSubstitutes = ['credential', 'participant', 'source'] as const;

/** What a rule counts. */
export const limitUnits = ['requests', 'connections', 'request-bytes', 'concurrent-requests'] as const;

/** The limit domain of a rule that names none. */
export const defaultDomain = 'default';

/** Leading bits of a source that make its network, where a rule does not say: a /24 of IPv4, a /64 of IPv6. */
export const defaultNetworkBits = { ipv4: 24, ipv6: 64 } as const;

/** One part of a limit's key. */
export type LimitKeyPart = (typeof limitKeyParts)[number];

/** What a limit counts. */
export type LimitUnit = (typeof limitUnits)[number];

/** Whether a rule counts in parts of its window instead of event by event: it may refuse early, by one such part, and never late. */
export function isBucketed({ unit, quota }: { readonly unit: LimitUnit; readonly quota: number }): boolean {
  return unit === 'request-bytes' || (unit !== 'concurrent-requests' && quota > exactQuotaMax);
}

/** Whether nodes that share a store count a rule there together; of any other each node counts its own part of the quota. */
export function isCountedTogether({ unit }: { readonly unit: LimitUnit }): boolean {
  return unit === 'requests' || unit === 'request-bytes';
}

/** Length of one part of a bucketed window, in milliseconds. */
export function bucketMs(windowMs: number): number {
  return Math.ceil(windowMs / windowBuckets);
}

/** The domain that a rule is counted in. */
export function domainOf({ domain }: { readonly domain?: string | undefined }): string {
  return domain ?? defaultDomain;
}
