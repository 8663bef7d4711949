// From runs to rows: the median of each server, ratios within rounds, and whether an aim is met. Pure.

import { type Aim, type Metric, type MetricId, metrics } from './metrics.ts';
import { npmProxies, type ServerName, serverNames } from './servers.ts';
import { bestPerRound, type RoundValue, ratioSpread, type Spread, spreadOf } from './statistics.ts';

/** One value of one server in one round, or what was wrong with the run. */
export interface Run {
  readonly metric: MetricId;
  readonly server: ServerName;
  /** From 1. */
  readonly round: number;
  /** Null when `fault` says why. */
  readonly value: number | null;
  readonly fault: string | null;
  /** CPUs that others kept busy; null where it was not observed. */
  readonly foreignCpus: number | null;
  /** Calls by HTTP status; empty where no calls were counted. */
  readonly status: Readonly<Record<string, number>>;
}

/** The machine that was measured on. */
export interface Machine {
  readonly cpu: string;
  readonly cpus: number;
  readonly memoryGb: number;
  readonly system: string;
  readonly node: string;
  readonly openssl: string;
  /** Version of each peer, as it says itself or as it is installed. */
  readonly versions: Readonly<Record<string, string>>;
}

/** Whether an aim was met, with the number that decides; null when the rounds do not tell. */
export interface AimResult {
  readonly sentence: string;
  readonly measured: number | null;
  readonly met: boolean | null;
}

/** Medians by server: `headgate`, `nginx`, … null where it was not measured. */
export type Medians = Readonly<Record<ServerName, number | null>>;

/** One row: a metric, the median of every server, and ratios of Headgate to its peers. */
export interface Row extends Medians {
  readonly metric: MetricId;
  readonly title: string;
  readonly unit: string;
  readonly better: 'more' | 'less';
  readonly ratioToNginx: Spread | null;
  readonly ratioToHaproxy: Spread | null;
  readonly ratioToBestNpmProxy: Spread | null;
  readonly aims: readonly AimResult[];
}

/** What bench/out/latest.json holds. */
export interface Report {
  readonly machine: Machine;
  /** ISO 8601 in UTC, when the first run began. */
  readonly date: string;
  readonly rounds: number;
  readonly quick: boolean;
  readonly rows: readonly Row[];
  /** Metrics that were asked for and not measured, and why. */
  readonly notMeasured: readonly { readonly metric: MetricId; readonly why: string }[];
  readonly runs: readonly Run[];
}

/** Rows for the metrics that have a right run. */
export function rowsOf(runs: readonly Run[]): Row[] {
  return metrics.flatMap((metric) => {
    const row = rowOf(
      metric,
      runs.filter((run) => run.metric === metric.id),
    );
    return row === null ? [] : [row];
  });
}

function rowOf(metric: Metric, runs: readonly Run[]): Row | null {
  const valuesOf = (server: ServerName): RoundValue[] =>
    runs.flatMap(({ server: of, round, value }) => (of === server && value !== null ? [{ round, value }] : []));
  const ours = valuesOf('headgate');
  const medians = Object.fromEntries(
    serverNames.map((server) => [server, spreadOf(valuesOf(server).map(({ value }) => value))?.median ?? null]),
  ) as Medians;
  if (Object.values(medians).every((median) => median === null)) return null;
  const ratios = {
    nginx: ratioSpread(ours, valuesOf('nginx')),
    haproxy: ratioSpread(ours, valuesOf('haproxy')),
    'best npm proxy': ratioSpread(ours, bestPerRound(npmProxies.map(valuesOf), metric.better)),
  };
  return {
    metric: metric.id,
    title: metric.title,
    unit: metric.unit,
    better: metric.better,
    ...medians,
    ratioToNginx: ratios.nginx,
    ratioToHaproxy: ratios.haproxy,
    ratioToBestNpmProxy: ratios['best npm proxy'],
    aims: metric.aims.map((aim) =>
      judge(aim, aim.beside === null ? medians.headgate : (ratios[aim.beside]?.median ?? null), metric.unit),
    ),
  };
}

function judge(aim: Aim, measured: number | null, unit: string): AimResult {
  const bound = aim.beside === null ? aim.value : aim.ratio;
  const met = measured === null ? null : aim.is === 'at least' ? measured >= bound : measured <= bound;
  const sentence = aim.beside === null ? `${aim.is} ${bound} ${unit}` : `${aim.is} ${bound} × ${aim.beside}`;
  return { sentence, measured, met };
}
