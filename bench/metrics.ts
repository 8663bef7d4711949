// What is measured: the loads, the numbers taken from them, the statuses that make a run a right one, and what we aim at.

import type { Load, LoadResult } from './load.ts';

/** The metrics, in the order of the table. */
export const metricIds = [
  'get',
  'post-4k',
  'post-1m',
  'refusal',
  'handshake',
  'latency-p50',
  'latency-p99',
  'idle-memory',
  'two-threads',
] as const;

/** One metric. */
export type MetricId = (typeof metricIds)[number];

/** What is run once for one or more metrics. */
export type ScenarioId =
  | 'get'
  | 'post-4k'
  | 'post-1m'
  | 'refusal'
  | 'handshake'
  | 'latency'
  | 'idle-memory'
  | 'two-threads';

/** What we aim at: a ratio to a peer of the same round, or a value of our own. */
export type Aim =
  | {
      readonly beside: 'nginx' | 'haproxy' | 'best npm proxy';
      readonly is: 'at least' | 'at most';
      readonly ratio: number;
    }
  | { readonly beside: null; readonly is: 'at most'; readonly value: number };

/** One row of the table. */
export interface Metric {
  readonly id: MetricId;
  readonly scenario: ScenarioId;
  readonly title: string;
  readonly unit: string;
  readonly better: 'more' | 'less';
  readonly aims: readonly Aim[];
}

/** The rows, in the order of the table. */
export const metrics: readonly Metric[] = [
  {
    id: 'get',
    scenario: 'get',
    title: 'GET, 2 KB answer, kept connections',
    unit: 'calls per CPU second',
    better: 'more',
    aims: [
      { beside: 'nginx', is: 'at least', ratio: 0.8 },
      { beside: 'haproxy', is: 'at least', ratio: 0.7 },
      { beside: 'best npm proxy', is: 'at least', ratio: 2.5 },
    ],
  },
  {
    id: 'post-4k',
    scenario: 'post-4k',
    title: 'POST of 4 KB of SOAP',
    unit: 'calls per CPU second',
    better: 'more',
    aims: [{ beside: 'nginx', is: 'at least', ratio: 0.75 }],
  },
  {
    id: 'post-1m',
    scenario: 'post-1m',
    title: 'POST of 1 MB of SOAP',
    unit: 'calls per CPU second',
    better: 'more',
    aims: [{ beside: 'nginx', is: 'at least', ratio: 0.8 }],
  },
  {
    id: 'refusal',
    scenario: 'refusal',
    title: 'refusal by a limit, SOAP fault',
    unit: 'calls per CPU second',
    better: 'more',
    aims: [{ beside: 'nginx', is: 'at least', ratio: 0.75 }],
  },
  {
    id: 'handshake',
    scenario: 'handshake',
    title: 'full ECDSA handshake and one GET',
    unit: 'calls per CPU second',
    better: 'more',
    aims: [{ beside: 'nginx', is: 'at least', ratio: 0.72 }],
  },
  {
    id: 'latency-p50',
    scenario: 'latency',
    title: 'p50 at 1,000 calls per second',
    unit: 'µs',
    better: 'less',
    aims: [{ beside: 'nginx', is: 'at most', ratio: 1.25 }],
  },
  {
    id: 'latency-p99',
    scenario: 'latency',
    title: 'p99 at 1,000 calls per second',
    unit: 'µs',
    better: 'less',
    aims: [{ beside: null, is: 'at most', value: 2_000 }],
  },
  {
    id: 'idle-memory',
    scenario: 'idle-memory',
    title: 'memory of idle connections',
    unit: 'MB per 1,000',
    better: 'less',
    aims: [{ beside: null, is: 'at most', value: 70 }],
  },
  {
    id: 'two-threads',
    scenario: 'two-threads',
    title: 'CPU per GET, two threads',
    unit: '× one thread',
    better: 'less',
    aims: [{ beside: null, is: 'at most', value: 1.1 }],
  },
];

/** The scenarios that these metrics need, each once, in the order of the table. */
export function scenariosOf(chosen: readonly MetricId[]): ScenarioId[] {
  return [...new Set(metrics.filter(({ id }) => chosen.includes(id)).map(({ scenario }) => scenario))];
}

/** Which port of a server a load goes to: the one whose limits never fire, or the one with 30 calls per second. */
export type Entrance = 'open' | 'strict';

/** Calls that the strict entrance admits per source in any second. */
export const strictQuota = 30;

/** Files with the bodies that are posted. */
export interface BodyFiles {
  readonly soap512: string;
  readonly soap4k: string;
  readonly soap1m: string;
}

const soapFields = ['Content-Type: text/xml; charset=utf-8', 'Accept: text/xml', 'SOAPAction: "urn:bench:send"'];

// Enough that no limit over a source or a service is reached by any server of today: 4,096 × 32 calls per second.
const spread = { sources: 32, services: 32 };

const get = {
  host: 'gw.test',
  path: '/api/prices/ReadPrices',
  method: 'GET',
  fields: ['Accept: application/json'],
} as const;
const post = { host: 'gw.test', path: '/soap/offers/SendOffers', method: 'POST', fields: soapFields } as const;

/** A load, and the entrance that it goes to. */
export interface AimedLoad {
  readonly entrance: Entrance;
  readonly load: Load;
}

/** The load of a scenario that is one load; idle memory is not. `quick` runs are long enough to see that it works. */
export function loadOf(scenario: Exclude<ScenarioId, 'idle-memory'>, bodies: BodyFiles, quick: boolean): AimedLoad {
  const times = quick ? { warmupSeconds: 0.4, seconds: 0.8 } : { warmupSeconds: 0.6, seconds: 2.4 };
  switch (scenario) {
    case 'get':
    case 'two-threads':
      return { entrance: 'open', load: { ...get, ...spread, ...times, connections: 32 } };
    case 'post-4k':
      return { entrance: 'open', load: { ...post, ...spread, ...times, bodyFile: bodies.soap4k, connections: 32 } };
    case 'post-1m':
      return { entrance: 'open', load: { ...post, ...spread, ...times, bodyFile: bodies.soap1m, connections: 4 } };
    case 'refusal':
      return {
        entrance: 'strict',
        load: {
          host: 'refuse.test',
          path: '/soap/claims/SendClaims',
          method: 'POST',
          fields: soapFields,
          ...times,
          services: 1,
          sources: 1,
          bodyFile: bodies.soap512,
          connections: 32,
        },
      };
    case 'handshake':
      return {
        entrance: 'open',
        load: { ...get, ...times, services: 32, sources: 200, connections: 16, fresh: true },
      };
    case 'latency':
      return { entrance: 'open', load: { ...get, ...spread, ...times, connections: 32, ratePerSecond: 1_000 } };
  }
}

/** What is wrong with the statuses of a run, or null. A wrong run has no number: a fast 404 is not a fast proxy. */
export function faultOf(scenario: ScenarioId, result: LoadResult): string | null {
  const { status, errors, missed, calls } = result;
  const counts = Object.entries(status)
    .map(([code, count]) => `${count} × ${code}`)
    .join(', ');
  if (errors > 0) return `${errors} broken connections, the first: ${result.firstError}`;
  if (calls === 0) return 'no call was answered in the measured time';
  if (missed > 0) return `${missed} calls were due and never begun`;
  const served = status['200'] ?? 0;
  const refused = status['429'] ?? 0;
  if (scenario === 'handshake' && result.resumed > 0) return `${result.resumed} handshakes were not full ones`;
  if (scenario !== 'refusal') return served === calls ? null : `not every call was served: ${counts}`;
  if (served + refused !== calls) return `neither served nor refused by the limit: ${counts}`;
  // Any span of s seconds touches at most ⌈s⌉ + 1 windows; a leaky bucket also admits its burst once more.
  const servedMax = strictQuota * (Math.ceil(result.seconds) + 2);
  if (served > servedMax) return `${served} calls were served where the limit allows ${servedMax}: ${counts}`;
  return refused > served ? null : `too few refusals to measure them: ${counts}`;
}

/** The number of a metric in a right run; null for metrics that are not of one load. */
export function numberOf(metric: MetricId, result: LoadResult): number | null {
  switch (metric) {
    case 'get':
    case 'post-4k':
    case 'post-1m':
    case 'refusal':
    case 'handshake':
      return result.serverCpuSeconds > 0 ? result.calls / result.serverCpuSeconds : null;
    case 'latency-p50':
      return result.p50Us;
    case 'latency-p99':
      return result.p99Us;
    case 'idle-memory':
    case 'two-threads':
      return null;
  }
}
