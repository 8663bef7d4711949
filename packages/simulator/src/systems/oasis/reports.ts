// The reports of SingleZip that are simulated: day-ahead and interval prices, and the load forecast.
import { loadForecastAt, type PriceParts, priceAt } from '../../state/market.ts';
import {
  dayAheadPostedUntilMs,
  dayMs,
  hourMs,
  intervalsOf,
  minuteMs,
  type Span,
  toGmtText,
  toOperatingHour,
  toTradeDate,
} from '../../state/market-time.ts';
import type { World } from '../../world.ts';
import { type OasisError, oasisErrors } from './errors.ts';
import { asksForAllNodes, type Report, type Row } from './question.ts';

const priceItems = [
  ['LMP', 'LMP_PRC'],
  ['MCE', 'LMP_ENE_PRC'],
  ['MCC', 'LMP_CONG_PRC'],
  ['MCL', 'LMP_LOSS_PRC'],
] as const satisfies readonly (readonly [keyof PriceParts, string])[];

const priceColumns = (valueColumn: string) => [
  'INTERVALSTARTTIME_GMT',
  'INTERVALENDTIME_GMT',
  'OPR_DT',
  'OPR_HR',
  'OPR_INTERVAL',
  'NODE_ID_XML',
  'NODE_ID',
  'NODE',
  'MARKET_RUN_ID',
  'LMP_TYPE',
  'XML_DATA_ITEM',
  'PNODE_RESMRID',
  'GRP_TYPE',
  'POS',
  valueColumn,
  'GROUP',
];

/** Day-ahead prices; the value column is called MW, as in the market's own files. */
export const dayAheadPrices: Report = {
  name: 'PRC_LMP',
  version: 12,
  isGroup: false,
  intervalMs: hourMs,
  columns: priceColumns('MW'),
  unit: 'US$/MWh',
  marketRun: (query) => marketRunOf(query, ['DAM']),
  postedUntilMs: dayAheadPostedUntilMs,
  allNodesMsMax: dayMs + hourMs,
  rows: (span, query, world) => priceRows(span, hourMs, 'DAM', 'IFM', nodesOf(query, world), world),
};

const reports: readonly Report[] = [
  dayAheadPrices,
  {
    name: 'PRC_INTVL_LMP',
    version: 3,
    isGroup: false,
    intervalMs: 5 * minuteMs,
    columns: priceColumns('VALUE'),
    unit: 'US$/MWh',
    marketRun: (query) => marketRunOf(query, ['RTM']),
    postedUntilMs: (nowMs) => nowMs,
    allNodesMsMax: hourMs,
    rows: (span, query, world) => priceRows(span, 5 * minuteMs, 'RTM', 'RTD', nodesOf(query, world), world),
  },
  {
    name: 'SLD_FCST',
    version: 1,
    isGroup: false,
    intervalMs: hourMs,
    columns: [
      'INTERVALSTARTTIME_GMT',
      'INTERVALENDTIME_GMT',
      'LOAD_TYPE',
      'OPR_DT',
      'OPR_HR',
      'OPR_INTERVAL',
      'MARKET_RUN_ID',
      'TAC_AREA_NAME',
      'LABEL',
      'XML_DATA_ITEM',
      'POS',
      'MW',
      'EXECUTION_TYPE',
      'GROUP',
    ],
    unit: 'MW',
    marketRun: (query) =>
      marketRunOf(query, ['DAM', '2DA', '7DA', 'ACTUAL', 'RTM']) ?? (query.has('market_run_id') ? null : 'DAM'),
    postedUntilMs: (nowMs) => nowMs + 7 * dayMs,
    allNodesMsMax: 31 * dayMs,
    rows: forecastRows,
  },
];

/** The report that a SingleZip query names, or the error for one that is empty or unknown. */
export function findReport(query: URLSearchParams): Report | OasisError {
  if (query.size === 0) return oasisErrors.emptyQuery;
  const name = query.get('queryname');
  return reports.find((report) => report.name === name) ?? oasisErrors.unknownReport;
}

/** Every node that has a price. */
export function allNodes({ market }: World): string[] {
  return [...market.tradingHubs, ...market.resources.map(({ pnode }) => pnode)];
}

/** The price rows of nodes over a span, in the order that the market's files have: by node, part and time. */
export function priceRows(
  span: Span,
  intervalMs: number,
  marketRun: string,
  executionType: string,
  nodes: readonly string[],
  { market }: World,
): Row[] {
  const rows: Row[] = [];
  for (const node of nodes) {
    for (const interval of intervalsOf(span, intervalMs)) {
      const prices = priceAt(market, node, executionType, interval.startMs);
      for (const [index, [part, item]] of priceItems.entries()) {
        const cells = [
          ...timeCells(interval, intervalMs),
          node,
          node,
          node,
          marketRun,
          part,
          item,
          node,
          'ALL',
          index,
          prices[part],
          index + 1,
        ];
        rows.push({ cells, item, resource: node, span: interval, value: prices[part] });
      }
    }
  }
  return rows;
}

function forecastRows(span: Span, query: URLSearchParams, { market }: World): Row[] {
  const marketRun = query.get('market_run_id') ?? 'DAM';
  return market.loadAreas.flatMap((area, index) =>
    [...intervalsOf(span, hourMs)].map((interval): Row => {
      const value = loadForecastAt(market, area, marketRun, interval.startMs);
      const [start = '', end = '', date = '', hour = '', operatingInterval = ''] = timeCells(interval, hourMs);
      const cells = [
        start,
        end,
        0,
        date,
        hour,
        operatingInterval,
        marketRun,
        area,
        `Demand Forecast ${marketRun}`,
        'SYS_FCST_MW',
        index,
        value,
        marketRun,
        index + 1,
      ];
      return { cells, item: 'SYS_FCST_MW', resource: area, span: interval, value };
    }),
  );
}

function timeCells({ startMs, endMs }: Span, intervalMs: number): (string | number)[] {
  const within = intervalMs === hourMs ? 0 : (startMs % hourMs) / intervalMs + 1;
  return [toGmtText(startMs), toGmtText(endMs), toTradeDate(startMs), toOperatingHour(startMs), within];
}

function marketRunOf(query: URLSearchParams, known: readonly string[]): string | null {
  const asked = query.get('market_run_id');
  return asked !== null && known.includes(asked) ? asked : null;
}

function nodesOf(query: URLSearchParams, world: World): string[] {
  const known = allNodes(world);
  if (asksForAllNodes(query)) return known;
  const asked = (query.get('node') ?? '').split(',');
  return known.filter((node) => asked.includes(node));
}
