/**
 * The limits of the first catalogue, typed from pp. 13, 18 and 21 of the deck and, where it prints no number, from what
 * was observed or assumed. Each number says which; a number of the policy that is not here is not known.
 */
import type { LimitRule } from '@headgate/contract';

/** How a number is known: its page, or where else it comes from. */
type Known =
  | { readonly value: number; readonly page: 13; readonly printed: string }
  | { readonly value: number; readonly observed: string }
  | { readonly value: number; readonly assumed: string };

export interface PolicyRow {
  readonly name: string;
  readonly layer: LimitRule['layer'];
  readonly where: LimitRule['where'];
  readonly key: LimitRule['key'];
  readonly quota: Known;
  readonly windowMs: Known;
  readonly evidence: LimitRule['evidence'];
  readonly refusal: string;
}

const perSecond = 'across all the WS below combined per TCP source';
const aup = '429: CAISO Acceptable Use Policy Violation. Please retry your request after <n> seconds.';
const credentialService = ['credential', 'service'] as const;
const oneCall = { value: 1, assumed: 'The deck prints a period and no quota: one call in a period.' } as const;
const asWs = 'The deck prints that ADS has a pool of its own, and no number: that of the WS pool.';
const oasisPace = 'Two OASIS calls at once were answered 200 and 429 "after 5 seconds" by the live interface.';

export const policyRows: readonly PolicyRow[] = [
  {
    name: 'ws-global',
    layer: 'global',
    where: { namespace: 'ws' },
    key: ['source'],
    quota: { value: 30, page: 13, printed: `30 per second ${perSecond}` },
    windowMs: { value: 1_000, page: 13, printed: '30 per second' },
    evidence: 'stated',
    refusal:
      'Global rate limit exceeded: 30 requests per second per source over all web services. Please retry your request after <n> seconds.',
  },
  {
    name: 'oasis-global',
    layer: 'global',
    where: { namespace: 'oasis' },
    key: ['source'],
    quota: { value: 1, observed: oasisPace },
    windowMs: { value: 5_000, observed: oasisPace },
    evidence: 'observed',
    refusal:
      'Global rate limit exceeded: one OASIS request per 5 seconds per source. Please retry your request after <n> seconds.',
  },
  {
    name: 'ads-global',
    layer: 'global',
    where: { namespace: 'ads' },
    key: ['source'],
    quota: { value: 30, assumed: asWs },
    windowMs: { value: 1_000, assumed: asWs },
    evidence: 'assumed',
    refusal:
      'Global rate limit exceeded: 30 ADS requests per second per source. Please retry your request after <n> seconds.',
  },
  {
    name: 'cmri-retrieve',
    layer: 'acceptable-use',
    where: { infrastructure: 'current', system: 'cmri', channel: 'api', operation: 'retrieve' },
    key: [...credentialService],
    quota: oneCall,
    windowMs: {
      value: 5_000,
      page: 13,
      printed: 'retrieves will leverage a 5-second period for enforcement for all CMRI services',
    },
    evidence: 'assumed',
    refusal: aup,
  },
  {
    name: 'drrs-calls',
    layer: 'acceptable-use',
    where: { infrastructure: 'current', system: 'drrs', channel: 'api', operation: ['submit', 'retrieve'] },
    key: [...credentialService],
    quota: oneCall,
    windowMs: {
      value: 30_000,
      page: 13,
      printed: 'Both submits and retrieves will leverage a 30-second period for enforcement for all DRRS services',
    },
    evidence: 'assumed',
    refusal: aup,
  },
  {
    name: 'stlmt-meter-data-retrieve',
    layer: 'acceptable-use',
    where: {
      infrastructure: 'current',
      system: 'stlmt',
      channel: 'api',
      operation: 'retrieve',
      service: '*MeterData*',
    },
    key: [...credentialService],
    quota: oneCall,
    windowMs: {
      value: 30_000,
      page: 13,
      printed: 'Retrieves of METER DATA will leverage a 30-second period for enforcement',
    },
    evidence: 'assumed',
    refusal: aup,
  },
];
