// The limit on documents about the gateway itself: reading them spends nothing of what a caller may call, and yet has a bound.
import type { Charge, LimitRule } from '@headgate/contract';
import { toAllowanceKey } from '@headgate/rules';

/** No rule of a policy has this name: there is no dot in theirs. */
const documentRule: LimitRule = {
  name: 'headgate.documents',
  layer: 'global',
  where: {},
  key: ['source-network'],
  // One subscriber has all addresses of such a network (RFC 6177): each of them a source of its own would be no bound.
  sourceNetwork: { ipv4Bits: 32, ipv6Bits: 64 },
  unit: 'requests',
  quota: 10,
  windowMs: 1_000,
  algorithm: 'exact-sliding-window',
  mode: 'enforce',
  counts: 'admitted',
  refusal: {
    status: 500,
    text: 'Documents of the gateway: 10 a second from one source. Please retry your request after <n> seconds.',
    seconds: 'remaining',
  },
  evidence: 'stated',
  source: 'built in',
};

/** What reading a document is charged to. */
export function documentCharges(source: string): readonly Charge[] {
  const nothing = { environment: '', infrastructure: '', namespace: '', channel: 'api', generation: 'new' } as const;
  return [{ rule: documentRule, key: toAllowanceKey(documentRule, { ...nothing, source }) }];
}
