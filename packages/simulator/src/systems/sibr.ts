// SIBR: bids in, bids out, and the verdict on each.
import type { PayloadElement } from '@headgate/soap';
import { type Bid, bidMarkets, type JudgedBid, judgeBid } from '../state/bids.ts';
import { parseInstant, toInstantText } from '../state/market-time.ts';
import { childrenNamed, elementsNamed, spanNamed, textAt, valueNamed, valuesNamed } from '../wire/payload.ts';
import type { Caller, Service, ServiceAnswer } from '../wire/service.ts';
import { dataAnswer, errorEvent, type OutputEvent, successEvent } from '../wire/standard-output.ts';
import { element, reference, type XmlNode } from '../wire/xml.ts';
import type { World } from '../world.ts';
import { noDataEvent, notProvisionedEvent } from './shared-events.ts';

/** Most bids of one submit. */
const bidsPerSubmitMax = 2_000;

/** Most points of a curve that are read at all; a curve with more than 11 is read and judged invalid. */
const curvePointsReadMax = 100;

/** The services of SIBR that are simulated; paths are formed as for systems whose paths are public. */
export const sibrServices: readonly Service[] = [
  {
    system: 'sibr',
    name: 'SubmitRawBidSet',
    version: 4,
    operation: 'submit',
    requestRoot: 'RawBidSet',
    answer: submit,
  },
  {
    system: 'sibr',
    name: 'RetrieveRawBidSet',
    version: 4,
    operation: 'retrieve',
    requestRoot: 'RequestRawBidSet',
    answer: (request, caller, world) => retrieve(request, caller, world, 'RawBidSet_v4', bidNode),
  },
  {
    system: 'sibr',
    name: 'RetrieveCurrentBidResults',
    version: 4,
    operation: 'retrieve',
    requestRoot: 'RequestCurrentBidResults',
    answer: (request, caller, world) => retrieve(request, caller, world, 'CurrentBidResults_v4', resultNode),
  },
];

function submit(request: PayloadElement, caller: Caller, world: World): ServiceAnswer {
  const nodes = elementsNamed(request, 'GeneratingBid');
  if (nodes.length === 0 || nodes.length > bidsPerSubmitMax) {
    return refuse(`A RawBidSet holds 1 to ${bidsPerSubmitMax} GeneratingBid elements; this one holds ${nodes.length}.`);
  }
  const bids: Bid[] = [];
  for (const [index, node] of nodes.entries()) {
    const bid = readBid(node, index + 1);
    if (typeof bid === 'string') return refuse(`GeneratingBid ${index + 1}: ${bid}`);
    if (!caller.coordinators.some(({ scid }) => scid === bid.scid))
      return { kind: 'events', events: [notProvisionedEvent] };
    bids.push(bid);
  }
  const submittedMs = world.clock();
  const judged = bids.map((bid) => ({ ...bid, submittedMs, faults: judgeBid(bid, world.market, submittedMs) }));
  for (const bid of judged) world.bids.put(bid);
  const errors = judged.flatMap(errorsOf);
  const valid = judged.filter(({ faults }) => faults.length === 0).length;
  const success = successEvent(`${valid} of ${judged.length} bids passed validation.`);
  return { kind: 'events', events: valid > 0 ? [success, ...errors] : errors };
}

function readBid(node: PayloadElement, number: number): Bid | string {
  const scid = textAt(node, 'SchedulingCoordinator', 'mRID');
  const resource = textAt(node, 'RegisteredGenerator', 'mRID');
  const start = textAt(node, 'startTime');
  const stop = textAt(node, 'stopTime');
  const product = childrenNamed(node, 'ProductBid')[0];
  if (scid === null) return 'SchedulingCoordinator/mRID is required.';
  if (resource === null) return 'RegisteredGenerator/mRID is required.';
  if (start === null || stop === null) return 'startTime and stopTime are required.';
  const startMs = parseInstant(start);
  const endMs = parseInstant(stop);
  if (startMs === null || endMs === null || startMs >= endMs)
    return 'startTime and stopTime must be dateTime values in order.';
  if (product === undefined) return 'ProductBid is required.';
  const curve = elementsNamed(product, 'CurveSchedData').map((point) => ({
    mw: Number(textAt(point, 'xAxisData') ?? 'missing'),
    price: Number(textAt(point, 'y1AxisData') ?? 'missing'),
  }));
  if (curve.length > curvePointsReadMax) return `a curve of ${curve.length} points is not read.`;
  if (curve.some(({ mw, price }) => !Number.isFinite(mw) || !Number.isFinite(price))) {
    return 'xAxisData and y1AxisData must be numbers.';
  }
  return {
    id: textAt(node, 'mRID') ?? String(number),
    scid,
    resource,
    startMs,
    endMs,
    marketType: textAt(node, 'marketType') ?? '',
    product: textAt(product, 'commodityType') ?? '',
    curve,
  };
}

function errorsOf(bid: JudgedBid): OutputEvent[] {
  return bid.faults.map(({ name, description }) =>
    errorEvent('SIM-SIBR-BID', name, `Bid ${bid.id}, resource ${bid.resource}: ${description}`),
  );
}

function refuse(sentence: string): ServiceAnswer {
  return { kind: 'fault', event: errorEvent('SIM-SIBR-XML', 'INVALID_REQUEST', sentence) };
}

function retrieve(
  request: PayloadElement,
  caller: Caller,
  world: World,
  schema: string,
  nodeOf: (bid: JudgedBid) => XmlNode,
): ServiceAnswer {
  const span = spanNamed(request, 'MarketStartTime', 'MarketEndTime');
  const marketType = valueNamed(request, 'marketType') ?? 'DAM';
  if (typeof span === 'string')
    return { kind: 'events', events: [errorEvent('SIM-SIBR-REQ', 'INVALID_REQUEST', span)] };
  if (!bidMarkets.includes(marketType)) {
    return {
      kind: 'events',
      events: [errorEvent('SIM-SIBR-REQ', 'INVALID_REQUEST', 'marketType must be DAM or RTM.')],
    };
  }
  const allowed = caller.coordinators.map(({ scid }) => scid);
  const asked = valuesNamed(request, 'schedulingCoordinator').filter((scid) => scid !== 'ALL');
  if (allowed.length === 0 || asked.some((scid) => !allowed.includes(scid))) {
    return { kind: 'events', events: [notProvisionedEvent] };
  }
  const bids = world.bids.find(asked.length === 0 ? allowed : asked, marketType, span);
  if (bids.length === 0) return { kind: 'events', events: [noDataEvent] };
  return dataAnswer('SIBR', schema, bids.map(nodeOf), world.clock());
}

function bidNode(bid: JudgedBid): XmlNode {
  return element('GeneratingBid', [
    ...identityNodes(bid),
    element('ProductBid', [
      element('commodityType', bid.product),
      element(
        'BidPriceCurve',
        bid.curve.map(({ mw, price }) =>
          element('CurveSchedData', [element('xAxisData', mw), element('y1AxisData', price)]),
        ),
      ),
    ]),
    element('submittedTime', toInstantText(bid.submittedMs)),
    ...verdictNodes(bid),
  ]);
}

function resultNode(bid: JudgedBid): XmlNode {
  return element('BidResult', [...identityNodes(bid), element('commodityType', bid.product), ...verdictNodes(bid)]);
}

function identityNodes(bid: JudgedBid): XmlNode[] {
  return [
    element('mRID', bid.id),
    element('startTime', toInstantText(bid.startMs)),
    element('stopTime', toInstantText(bid.endMs)),
    element('marketType', bid.marketType),
    reference('SchedulingCoordinator', bid.scid),
    reference('RegisteredGenerator', bid.resource),
  ];
}

function verdictNodes(bid: JudgedBid): XmlNode[] {
  return [
    element('bidStatus', bid.faults.length === 0 ? 'VALID' : 'INVALID'),
    ...bid.faults.map(({ name, description }) =>
      element('ErrorLog', [element('name', name), element('errMessage', description)]),
    ),
  ];
}
