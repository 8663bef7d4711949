// MRI-S (path token `stlmt`): settlement meter data in and out, with the market's own volume limits.
import type { PayloadElement } from '@headgate/soap';
import { dayMs, minuteMs, parseInstant, type Span, toInstantText } from '../state/market-time.ts';
import {
  meterIntervalMinutes,
  meterRecordsMax,
  meterSubmitBytesMax,
  type Reading,
  type ReadingQuery,
  type SubmittedReading,
} from '../state/meter-readings.ts';
import { childrenNamed, elementsNamed, spanNamed, textAt, valueNamed, valuesNamed } from '../wire/payload.ts';
import type { Caller, Service, ServiceAnswer } from '../wire/service.ts';
import { dataAnswer, errorEvent, type OutputEvent, successEvent } from '../wire/standard-output.ts';
import { element, reference, type XmlNode } from '../wire/xml.ts';
import type { World } from '../world.ts';
import { noDataEvent, notProvisionedEvent } from './shared-events.ts';

/** The services of MRI-S that are simulated; paths are formed as for systems whose paths are public. */
export const stlmtServices: readonly Service[] = [
  {
    system: 'stlmt',
    tag: 'MRIS',
    name: 'SubmitMeterData',
    version: 1,
    operation: 'submit',
    requestRoot: 'MeterData',
    payloadBytesMax: meterSubmitBytesMax,
    payloadElementsMax: 1_000_000,
    tooLargeEvent: errorEvent('SIM-MRIS-SIZE', 'SIZE', 'The submission is larger than 15 MB uncompressed.'),
    answer: submit,
  },
  {
    system: 'stlmt',
    tag: 'MRIS',
    name: 'RetrieveMeterData',
    version: 1,
    operation: 'retrieve',
    requestRoot: 'RequestMeterData',
    answer: retrieve,
  },
];

function submit(request: PayloadElement, caller: Caller, world: World): ServiceAnswer {
  const readings: SubmittedReading[] = [];
  for (const series of elementsNamed(request, 'MeterMeasurementData')) {
    const read = readSeries(series, caller, world);
    if ('result' in read) return { kind: 'events', events: [read] };
    for (const reading of read.readings) readings.push(reading);
  }
  if (readings.length === 0) return { kind: 'fault', event: invalid('The submission holds no MeasurementValue.') };
  if (!world.meters.submit(readings, world.clock())) {
    return { kind: 'events', events: [invalid('The simulator keeps at most 500,000 submitted readings.')] };
  }
  const batchId = world.registrations.nextId();
  return { kind: 'events', events: [successEvent(`${readings.length} readings were received.`)], batchId };
}

function readSeries(
  series: PayloadElement,
  caller: Caller,
  world: World,
): { readonly readings: readonly SubmittedReading[] } | OutputEvent {
  const scid = textAt(series, 'SchedulingCoordinator', 'mRID') ?? '';
  const resource = textAt(series, 'RegisteredResource', 'mRID') ?? '';
  const minutes = Number(textAt(series, 'timeIntervalLength'));
  if (!caller.coordinators.some((coordinator) => coordinator.scid === scid)) return notProvisionedEvent;
  if (world.market.resources.find(({ id }) => id === resource)?.scid !== scid) {
    return invalid(`Resource ${resource} is not metered for ${scid}.`);
  }
  if (!meterIntervalMinutes.includes(minutes)) {
    return invalid(`timeIntervalLength must be one of ${meterIntervalMinutes.join(', ')} minutes.`);
  }
  const measurementType = textAt(series, 'measurementType') ?? 'GEN';
  const readings: SubmittedReading[] = [];
  for (const node of childrenNamed(series, 'MeasurementValue')) {
    const endMs = parseInstant(textAt(node, 'intervalEndTime') ?? '');
    const valueMwh = Number(textAt(node, 'value') ?? 'missing');
    if (endMs === null || endMs % (minutes * minuteMs) !== 0) {
      return invalid(`An intervalEndTime of ${resource} is not the end of an interval of ${minutes} minutes.`);
    }
    if (!Number.isFinite(valueMwh)) return invalid(`A value of ${resource} is not a number.`);
    readings.push({ scid, resource, measurementType, startMs: endMs - minutes * minuteMs, endMs, valueMwh });
  }
  return { readings };
}

function retrieve(request: PayloadElement, caller: Caller, world: World): ServiceAnswer {
  const nowMs = world.clock();
  const query = readQuery(request, caller, nowMs);
  if ('result' in query) return { kind: 'events', events: [query] };
  if (world.meters.countOf(query, world.market) > meterRecordsMax) {
    return {
      kind: 'events',
      events: [errorEvent('SIM-MRIS-COUNT', 'SIZE', 'The request selects more than 200,000 records.')],
    };
  }
  const readings = world.meters.find(query, world.market, nowMs);
  if (readings.length === 0) return { kind: 'events', events: [noDataEvent] };
  return dataAnswer('MRI-S', 'MeterData_v1', seriesNodes(readings), nowMs);
}

function readQuery(request: PayloadElement, caller: Caller, nowMs: number): ReadingQuery | OutputEvent {
  const updatedSince = valueNamed(request, 'updatedSinceDateTime');
  const updatedSinceMs = updatedSince === null ? null : parseInstant(updatedSince);
  if (updatedSince !== null && updatedSinceMs === null)
    return invalid('updatedSinceDateTime must be a dateTime value.');
  const hasSpan = valueNamed(request, 'dateTimeStart') !== null || updatedSinceMs === null;
  // Without dates, what was updated since then can lie anywhere in the days before.
  const span: Span | string = hasSpan
    ? spanNamed(request, 'dateTimeStart', 'dateTimeEnd')
    : { startMs: (updatedSinceMs ?? nowMs) - dayMs, endMs: nowMs };
  if (typeof span === 'string') return invalid(span);
  const minutes = Number(valueNamed(request, 'timeIntervalLength') ?? '60');
  if (!meterIntervalMinutes.includes(minutes)) {
    return invalid(`timeIntervalLength must be one of ${meterIntervalMinutes.join(', ')} minutes.`);
  }
  const allowed = caller.coordinators.map(({ scid }) => scid);
  const asked = valuesNamed(request, 'SCID', 'schedulingCoordinator');
  const scids = asked.includes('ALL') ? allowed : asked;
  if (asked.length === 0) return invalid('SCID is required; ALL stands for every coordinator of the caller.');
  if (scids.length === 0 || scids.some((scid) => !allowed.includes(scid))) return notProvisionedEvent;
  const resources = valuesNamed(request, 'resource', 'RegisteredResource');
  return { ...span, scids, resources, intervalLengthMs: minutes * minuteMs, updatedSinceMs };
}

function seriesNodes(readings: readonly Reading[]): XmlNode[] {
  const series = Map.groupBy(readings, ({ resource, measurementType }) => `${resource}|${measurementType}`);
  return [...series.values()].flatMap((members) => {
    const [first] = members;
    return first === undefined ? [] : [seriesNode(first, members)];
  });
}

function seriesNode(first: Reading, members: readonly Reading[]): XmlNode {
  return element('MeterMeasurementData', [
    reference('SchedulingCoordinator', first.scid),
    reference('RegisteredResource', first.resource),
    element('measurementType', first.measurementType),
    element('timeIntervalLength', (first.endMs - first.startMs) / minuteMs),
    element('unitOfMeasure', 'MWh'),
    ...members.map(({ endMs, valueMwh, updatedMs }) =>
      element('MeasurementValue', [
        element('intervalEndTime', toInstantText(endMs)),
        element('value', valueMwh),
        element('updatedDateTime', toInstantText(updatedMs)),
      ]),
    ),
  ]);
}

function invalid(sentence: string): OutputEvent {
  return errorEvent('SIM-MRIS-REQ', 'INVALID_REQUEST', sentence);
}
