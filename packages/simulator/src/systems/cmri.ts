// CMRI: what the market awarded to a participant's resources, and the prices it settled them at.
import type { PayloadElement } from '@headgate/soap';
import { type Market, priceAt, type Resource, scheduleAt } from '../state/market.ts';
import {
  dayAheadPostedUntilMs,
  dayMs,
  hourMs,
  intervalCount,
  intervalsOf,
  minuteMs,
  type Span,
  toInstantText,
} from '../state/market-time.ts';
import { spanNamed, valueNamed, valuesNamed } from '../wire/payload.ts';
import type { Caller, Service, ServiceAnswer } from '../wire/service.ts';
import { dataAnswer, errorEvent } from '../wire/standard-output.ts';
import { element, type XmlNode } from '../wire/xml.ts';
import type { World } from '../world.ts';
import { noDataEvent, notProvisionedEvent } from './shared-events.ts';

/** Longest span of one CMRI retrieve. Assumed: no public figure. */
const cmriSpanMsMax = 7 * dayMs;

interface MarketRun {
  readonly marketType: string;
  readonly executionType: string;
  readonly intervalMs: number;
}

const runs: readonly MarketRun[] = [
  { marketType: 'DAM', executionType: 'IFM', intervalMs: hourMs },
  { marketType: 'DAM', executionType: 'RUC', intervalMs: hourMs },
  { marketType: 'RTM', executionType: 'RTUC', intervalMs: 15 * minuteMs },
  { marketType: 'RTM', executionType: 'RTD', intervalMs: 5 * minuteMs },
];

interface Question extends Span {
  readonly run: MarketRun;
  readonly resources: readonly Resource[];
}

/** The services of CMRI. It has no submits. */
export const cmriServices: readonly Service[] = [
  {
    system: 'cmri',
    name: 'RetrieveMarketAwards',
    version: 4,
    operation: 'retrieve',
    requestRoot: 'RequestMarketAwards',
    answer: (request, caller, world) => answerRows(request, caller, world, 'MarketAwards_v4', awardRows),
  },
  {
    system: 'cmri',
    name: 'RetrieveSchedulePrices',
    version: 3,
    operation: 'retrieve',
    requestRoot: 'RequestSchedulePrices',
    answer: (request, caller, world) => answerRows(request, caller, world, 'SchedulePrices_v3', priceRows),
  },
];

function answerRows(
  request: PayloadElement,
  caller: Caller,
  world: World,
  schema: string,
  rowsOf: (question: Question, world: World) => XmlNode[],
): ServiceAnswer {
  const question = readQuestion(request, caller, world.market);
  if ('result' in question) return { kind: 'events', events: [question] };
  const nowMs = world.clock();
  const posted = { ...question, endMs: Math.min(question.endMs, postedUntilMs(question.run, nowMs)) };
  if (question.resources.length === 0 || intervalCount(posted, question.run.intervalMs) === 0) {
    return { kind: 'events', events: [noDataEvent] };
  }
  return dataAnswer('CMRI', schema, rowsOf(posted, world), nowMs);
}

function readQuestion(
  request: PayloadElement,
  caller: Caller,
  market: Market,
): Question | ReturnType<typeof errorEvent> {
  const span = spanNamed(request, 'dateTimeStart', 'dateTimeEnd');
  if (typeof span === 'string') return errorEvent('SIM-CMRI-01', 'INVALID_REQUEST', span);
  if (span.endMs - span.startMs > cmriSpanMsMax) {
    return errorEvent('SIM-CMRI-02', 'INVALID_REQUEST', 'At most 7 days can be retrieved at once.');
  }
  const marketType = valueNamed(request, 'marketType');
  const executionType = valueNamed(request, 'executionType');
  const run = runs.find((known) => known.marketType === marketType && known.executionType === executionType);
  if (run === undefined) {
    const known = runs.map((each) => `${each.marketType}/${each.executionType}`).join(', ');
    return errorEvent('SIM-CMRI-03', 'INVALID_REQUEST', `marketType and executionType must be one of ${known}.`);
  }
  const scids = valuesNamed(request, 'schedulingCoordinator');
  const allowed = caller.coordinators.map(({ scid }) => scid);
  if (allowed.length === 0 || scids.some((scid) => scid !== 'ALL' && !allowed.includes(scid)))
    return notProvisionedEvent;
  const asked = scids.length === 0 || scids.includes('ALL') ? allowed : scids;
  const names = valuesNamed(request, 'resource', 'RegisteredResource');
  const resources = market.resources.filter(
    ({ id, scid }) => asked.includes(scid) && (names.length === 0 || names.includes(id)),
  );
  return { ...span, run, resources };
}

// Real-time results are posted when their interval begins.
function postedUntilMs(run: MarketRun, nowMs: number): number {
  return run.marketType === 'DAM' ? dayAheadPostedUntilMs(nowMs) : nowMs + run.intervalMs;
}

function awardRows({ run, resources, ...span }: Question, { market }: World): XmlNode[] {
  const rows: XmlNode[] = [];
  for (const resource of resources) {
    for (const { startMs, endMs } of intervalsOf(span, run.intervalMs)) {
      const mw = scheduleAt(market, resource, run.executionType, startMs);
      const scheduleType = resource.kind === 'solar' || resource.kind === 'wind' ? 'SELF' : 'MARKET';
      for (const type of [scheduleType, 'CLEARED']) {
        rows.push(
          element('MarketAward', [
            element('resource', resource.id),
            element('schedulingCoordinator', resource.scid),
            element('marketType', run.marketType),
            element('executionType', run.executionType),
            element('productType', 'EN'),
            element('scheduleType', type),
            element('intervalStartTime', toInstantText(startMs)),
            element('intervalEndTime', toInstantText(endMs)),
            element('MW', mw),
          ]),
        );
      }
    }
  }
  return rows;
}

function priceRows({ run, resources, ...span }: Question, { market }: World): XmlNode[] {
  const rows: XmlNode[] = [];
  for (const resource of resources) {
    for (const { startMs, endMs } of intervalsOf(span, run.intervalMs)) {
      const prices = priceAt(market, resource.pnode, run.executionType, startMs);
      for (const priceType of ['LMP', 'MCE', 'MCC', 'MCL'] as const) {
        rows.push(
          element('SchedulePrice', [
            element('resource', resource.id),
            element('pricingNode', resource.pnode),
            element('marketType', run.marketType),
            element('executionType', run.executionType),
            element('productType', 'EN'),
            element('priceType', priceType),
            element('intervalStartTime', toInstantText(startMs)),
            element('intervalEndTime', toInstantText(endMs)),
            element('price', prices[priceType]),
          ]),
        );
      }
    }
  }
  return rows;
}
