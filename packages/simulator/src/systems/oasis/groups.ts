// The groups of GroupZip that are simulated: all day-ahead prices of a trade day, and public bids 90 days later.
import { bidPriceBounds } from '../../state/bids.ts';
import { dayAheadPostedUntilMs, dayMs, hourMs, intervalsOf, type Span, toGmtText } from '../../state/market-time.ts';
import { rounded, seededBetween } from '../../state/seeded.ts';
import type { World } from '../../world.ts';
import { type OasisError, oasisErrors } from './errors.ts';
import type { Report, Row } from './question.ts';
import { allNodes, dayAheadPrices, priceRows } from './reports.ts';

const bidColumns = [
  'STARTTIME',
  'STOPTIME',
  'MARKET_RUN_ID',
  'RESOURCE_TYPE',
  'SCHEDULINGCOORDINATOR_SEQ',
  'RESOURCEBID_SEQ',
  'TIMEINTERVALSTART',
  'TIMEINTERVALEND',
  'PRODUCTBID_DESC',
  'PRODUCTBID_MRID',
  'MARKETPRODUCT_DESC',
  'MARKETPRODUCTTYPE',
  'SELFSCHEDMW',
  'SCH_BID_TIMEINTERVALSTART',
  'SCH_BID_TIMEINTERVALSTOP',
  'SCH_BID_XAXISDATA',
  'SCH_BID_Y1AXISDATA',
  'SCH_BID_Y2AXISDATA',
  'SCH_BID_CURVETYPE',
];

const groups: readonly (Report & { readonly needsHour: boolean })[] = [
  {
    ...dayAheadPrices,
    name: 'DAM_LMP_GRP',
    version: 3,
    isGroup: true,
    needsHour: false,
    marketRun: () => 'DAM',
    rows: (span, _query, world) => priceRows(span, hourMs, 'DAM', 'IFM', allNodes(world), world),
  },
  publicBids('PUB_DAM_GRP', 'DAM', false),
  publicBids('PUB_RTM_GRP', 'RTM', true),
];

/** The group that a GroupZip query names, or the error for one that is empty, unknown or without its hour. */
export function findGroup(query: URLSearchParams): Report | OasisError {
  if (query.size === 0) return oasisErrors.emptyQuery;
  const id = query.get('groupid');
  const group = groups.find(({ name }) => name === id);
  if (group === undefined) return oasisErrors.unknownGroup;
  const hour = query.get('opr_hr');
  if (group.needsHour && !/^(?:[1-9]|1\d|2[0-5])$/.test(hour ?? '')) return oasisErrors.badParameters;
  return group;
}

function publicBids(name: string, marketRun: string, needsHour: boolean): Report & { readonly needsHour: boolean } {
  return {
    name,
    version: 3,
    isGroup: true,
    needsHour,
    intervalMs: hourMs,
    columns: bidColumns,
    unit: 'US$/MWh',
    marketRun: () => marketRun,
    // Bids become public 90 days after their trade day.
    postedUntilMs: (nowMs) => dayAheadPostedUntilMs(nowMs) - 91 * dayMs,
    allNodesMsMax: dayMs + hourMs,
    rows: (span, query, world) => bidRows(hourSpan(span, query, needsHour), marketRun, world),
  };
}

function hourSpan(span: Span, query: URLSearchParams, needsHour: boolean): Span {
  if (!needsHour) return span;
  const startMs = span.startMs + (Number(query.get('opr_hr')) - 1) * hourMs;
  return { startMs, endMs: Math.min(span.endMs, startMs + hourMs) };
}

// Resources and coordinators are masked: the files show numbers that stay the same from day to day.
function bidRows(span: Span, marketRun: string, { market }: World): Row[] {
  const rows: Row[] = [];
  for (const [index, resource] of market.resources.entries()) {
    const coordinator = 900_001 + market.coordinators.findIndex(({ scid }) => scid === resource.scid);
    for (const interval of intervalsOf(span, hourMs)) {
      for (const segment of [0, 1, 2]) {
        const mw = rounded((resource.capacityMw * segment) / 2, 2);
        const base = seededBetween(-20, 40, market.seed, 'public-bid', marketRun, resource.id, interval.startMs);
        const price = rounded(Math.min(bidPriceBounds.max, base + segment * 25), 2);
        const [start, end] = [toGmtText(interval.startMs), toGmtText(interval.endMs)];
        const cells = [
          start,
          end,
          marketRun,
          'GENERATOR',
          coordinator,
          700_001 + index,
          start,
          end,
          'Energy',
          'EN',
          'Energy',
          'EN',
          '',
          start,
          end,
          mw,
          price,
          '',
          'BIDPRICE',
        ];
        rows.push({ cells, item: 'PUB_BID', resource: String(700_001 + index), span: interval, value: price });
      }
    }
  }
  return rows;
}
