// Bids as plain values, as a YAML or JSON file holds them, and the RawBidSet that they become.
import { clientProblem } from '../client-problem.ts';
import { isPlainObject } from '../plain-object.ts';
import { type DocumentNode, toInstantText } from './document.ts';

/** Most bids of one submit. */
const bidsMax = 2_000;

/** One bid for one resource: the curve is MW and price in dollars per MWh, in rising order of MW. */
export interface BidInput {
  readonly id?: string;
  readonly scid: string;
  readonly resource: string;
  /** RFC 3339 instants on the hour. */
  readonly start: string;
  readonly stop: string;
  /** Default `DAM`. */
  readonly marketType?: string;
  /** Default `EN`. */
  readonly product?: string;
  readonly curve: readonly (readonly [mw: number, price: number])[];
}

/** Reads `{bids: [...]}` or a bare list; raises `encode.invalid_input` naming the first field that is wrong. */
export function parseBids(value: unknown): BidInput[] {
  const list = Array.isArray(value) ? value : isPlainObject(value) ? value.bids : undefined;
  if (!Array.isArray(list) || list.length === 0 || list.length > bidsMax) {
    throw invalid('bids', Array.isArray(list) ? `${list.length} bids` : 'no list', `a list of 1 to ${bidsMax} bids`);
  }
  return list.map((bid: unknown, index) => parseBid(bid, `bids[${index}]`));
}

function parseBid(value: unknown, field: string): BidInput {
  if (!isPlainObject(value)) throw invalid(field, say(value), 'a bid: scid, resource, start, stop, curve');
  const known = ['id', 'scid', 'resource', 'start', 'stop', 'marketType', 'product', 'curve'];
  const unknownKey = Object.keys(value).find((key) => !known.includes(key));
  if (unknownKey !== undefined) throw invalid(`${field}.${unknownKey}`, 'an unknown key', `one of ${known.join(', ')}`);
  const text = (key: string) => {
    const found = value[key];
    if (typeof found !== 'string' || found === '') throw invalid(`${field}.${key}`, say(found), 'a text');
    return found;
  };
  const instant = (key: string) => {
    const found = value[key];
    const ms = found instanceof Date ? found.getTime() : Date.parse(String(found));
    if (Number.isNaN(ms)) throw invalid(`${field}.${key}`, say(found), 'an instant as 2026-07-20T07:00:00Z');
    return toInstantText(ms);
  };
  const optional = (key: 'id' | 'marketType' | 'product') => (value[key] === undefined ? {} : { [key]: text(key) });
  return {
    ...optional('id'),
    ...optional('marketType'),
    ...optional('product'),
    scid: text('scid'),
    resource: text('resource'),
    start: instant('start'),
    stop: instant('stop'),
    curve: parseCurve(value.curve, `${field}.curve`),
  };
}

function parseCurve(value: unknown, field: string): [number, number][] {
  if (!Array.isArray(value) || value.length === 0 || value.length > 11) {
    throw invalid(field, say(value), '1 to 11 pairs of MW and price');
  }
  return value.map((point: unknown, index): [number, number] => {
    const [mw, price] = Array.isArray(point) ? (point as unknown[]) : [];
    if (typeof mw !== 'number' || typeof price !== 'number' || !Number.isFinite(mw) || !Number.isFinite(price)) {
      throw invalid(`${field}[${index}]`, say(point), 'a pair of numbers: [MW, price]');
    }
    return [mw, price];
  });
}

/** The payload elements of a RawBidSet. */
export function bidNodes(bids: readonly BidInput[]): DocumentNode[] {
  return bids.map((bid, index) => [
    'GeneratingBid',
    [
      ['mRID', bid.id ?? String(index + 1)],
      ['startTime', bid.start],
      ['stopTime', bid.stop],
      ['marketType', bid.marketType ?? 'DAM'],
      ['SchedulingCoordinator', [['mRID', bid.scid]]],
      ['RegisteredGenerator', [['mRID', bid.resource]]],
      [
        'ProductBid',
        [
          ['commodityType', bid.product ?? 'EN'],
          [
            'BidPriceCurve',
            bid.curve.map(([mw, price]) => [
              'CurveSchedData',
              [
                ['xAxisData', String(mw)],
                ['y1AxisData', String(price)],
              ],
            ]),
          ],
        ],
      ],
    ],
  ]);
}

function say(value: unknown): string {
  return value === undefined ? 'nothing' : (JSON.stringify(value) ?? typeof value).slice(0, 80);
}

function invalid(field: string, found: string, expected: string) {
  return clientProblem('encode.invalid_input', { field, found, expected });
}
