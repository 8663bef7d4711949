// Bids as submitted, each with the verdict it got. A later bid for the same resource, product and hour replaces it.
import { BoundedMap } from './bounded-map.ts';
import type { Market } from './market.ts';
import { hourMs, minuteMs, type Span, toTradeDayStart } from './market-time.ts';

/** One point of a bid curve: from this many MW on, this price in dollars per MWh. */
export interface BidPoint {
  readonly mw: number;
  readonly price: number;
}

/** A bid for one resource and product, from a start to a stop. */
export interface Bid extends Span {
  /** The submitter's own id. */
  readonly id: string;
  readonly scid: string;
  readonly resource: string;
  readonly marketType: string;
  readonly product: string;
  readonly curve: readonly BidPoint[];
}

/** A bid in the store, with what is wrong with it; nothing for a valid one. */
export interface JudgedBid extends Bid {
  readonly submittedMs: number;
  readonly faults: readonly BidFault[];
}

/** One reason why a bid is not valid. */
export interface BidFault {
  readonly name: string;
  readonly description: string;
}

/** The bids of the market, at most 10,000; past that the oldest goes. */
export interface BidStore {
  put(bid: JudgedBid): void;
  /** The bids of these coordinators that touch a span, in the order of submission. */
  find(scids: readonly string[], marketType: string, span: Span): JudgedBid[];
}

/** The markets that take bids. */
export const bidMarkets: readonly string[] = ['DAM', 'RTM'];

/** The products of a bid: energy, regulation up and down, spinning and non-spinning reserve. */
const bidProducts: readonly string[] = ['EN', 'RU', 'RD', 'SR', 'NR'];

/** Lowest and highest price of a bid, in dollars per MWh. Assumed: public tariff figures, not part of an interface. */
export const bidPriceBounds = { min: -150, max: 1_000 } as const;

/** Most points of a bid curve. */
const curvePointsMax = 11;

/** An empty store. */
export function createBidStore(): BidStore {
  const bids = new BoundedMap<string, JudgedBid>(10_000);
  return {
    put: (bid) => bids.set([bid.scid, bid.resource, bid.marketType, bid.product, bid.startMs].join('|'), bid),
    find: (scids, marketType, span) =>
      [...bids.values()].filter(
        (bid) =>
          scids.includes(bid.scid) &&
          bid.marketType === marketType &&
          bid.startMs < span.endMs &&
          bid.endMs > span.startMs,
      ),
  };
}

/** The last instant at which a bid can be submitted: day ahead by 10:00 the day before, real time 75 minutes before. */
function bidDeadlineMs(bid: Bid): number {
  if (bid.marketType !== 'DAM') return bid.startMs - 75 * minuteMs;
  const tradeDayStart = toTradeDayStart(bid.startMs);
  return toTradeDayStart(tradeDayStart - hourMs) + 10 * hourMs;
}

/** Everything that is wrong with a bid at an instant. Pure. */
export function judgeBid(bid: Bid, market: Market, nowMs: number): BidFault[] {
  return [
    ...judgeResource(bid, market),
    ...judgeTimes(bid, nowMs),
    ...judgeProduct(bid),
    ...judgeCurve(bid, market.resources.find(({ id }) => id === bid.resource)?.capacityMw),
  ];
}

function judgeResource(bid: Bid, market: Market): BidFault[] {
  const resource = market.resources.find(({ id }) => id === bid.resource);
  if (resource === undefined) {
    return [{ name: 'INVALID_RESOURCE', description: `Resource ${bid.resource} is not registered.` }];
  }
  if (resource.scid === bid.scid) return [];
  return [
    {
      name: 'INVALID_SC_RESOURCE',
      description: `Resource ${bid.resource} is not scheduled by ${bid.scid}.`,
    },
  ];
}

function judgeTimes(bid: Bid, nowMs: number): BidFault[] {
  const faults: BidFault[] = [];
  if (bid.startMs % hourMs !== 0 || bid.endMs % hourMs !== 0) {
    faults.push({ name: 'INVALID_INTERVAL', description: 'A bid begins and ends on the hour.' });
  }
  if (toTradeDayStart(bid.startMs) !== toTradeDayStart(bid.endMs - 1)) {
    faults.push({ name: 'INVALID_TRADE_DATE', description: 'A bid lies within one trade date.' });
  }
  if (nowMs > bidDeadlineMs(bid)) {
    faults.push({
      name: 'MARKET_CLOSED',
      description: `The ${bid.marketType} market closed for this bid at ${new Date(bidDeadlineMs(bid)).toISOString()}.`,
    });
  }
  return faults;
}

function judgeProduct(bid: Bid): BidFault[] {
  const faults: BidFault[] = [];
  if (!bidMarkets.includes(bid.marketType)) {
    faults.push({ name: 'INVALID_MARKET', description: `Market type ${bid.marketType} is not DAM or RTM.` });
  }
  if (!bidProducts.includes(bid.product)) {
    faults.push({
      name: 'INVALID_PRODUCT',
      description: `Product ${bid.product} is not one of ${bidProducts.join(', ')}.`,
    });
  }
  return faults;
}

function judgeCurve({ curve }: Bid, capacityMw: number | undefined): BidFault[] {
  const faults: BidFault[] = [];
  if (curve.length < 2 || curve.length > curvePointsMax) {
    faults.push({ name: 'INVALID_CURVE', description: `A bid curve has 2 to ${curvePointsMax} points.` });
  }
  const isRising = curve.every((point, index) => {
    const before = curve[index - 1];
    return before === undefined || (point.mw > before.mw && point.price >= before.price);
  });
  if (!isRising) {
    faults.push({ name: 'INVALID_CURVE', description: 'MW must rise and price must not fall along the curve.' });
  }
  if (curve.some(({ price }) => price < bidPriceBounds.min || price > bidPriceBounds.max)) {
    faults.push({
      name: 'INVALID_PRICE',
      description: `A price lies between ${bidPriceBounds.min} and ${bidPriceBounds.max} dollars per MWh.`,
    });
  }
  if (capacityMw !== undefined && curve.some(({ mw }) => Math.abs(mw) > capacityMw)) {
    faults.push({ name: 'INVALID_QUANTITY', description: `The resource delivers at most ${capacityMw} MW.` });
  }
  return faults;
}
