// The documents that travel: request documents of retrieves and payloads of submits, built from a few named values.
// Roots and element names are those of the market's public specifications; a service not listed here gets its values
// as they are, inside `<root><MessagePayload><rootRecord>`.
import type { Operation } from '../catalogue/look-up.ts';
import { clientProblem } from '../client-problem.ts';
import { bidNodes, parseBids } from './bids.ts';
import { type DocumentNode, messageHeader, toInstantText, toNodes, writeDocument } from './document.ts';
import { tradeDayAfter, tradeDaySpan } from './trade-day.ts';
import { assertNames } from './value-names.ts';

/** What a document is built from. */
export interface DocumentInput {
  /** Values by name; dots nest, `tradeDate` becomes the two ends of that day. */
  readonly values: Readonly<Record<string, string>>;
  /** Structured content of a submit, such as a list of bids. */
  readonly content?: unknown;
  /** Build a submit of the invented market that the simulator plays. */
  readonly sample: boolean;
  /** Now, in ms since 1970 UTC. */
  readonly nowMs: number;
}

interface DocumentPlan {
  readonly root: string;
  /** Element around the values; null: they stand in the payload itself. */
  readonly record: string | null;
  /** Names in document order, with defaults; null has none and is left out unless set. */
  readonly values: readonly (readonly [name: string, fallback: string | null])[];
  /** Names of the two ends that `tradeDate` sets, and how many days from today it is by default. */
  readonly span?: readonly [start: string, end: string, daysFromToday: number];
  /** Short names for long ones. */
  readonly aliases?: Readonly<Record<string, string>>;
}

const cmriValues = [
  ['schedulingCoordinator', null],
  ['resource', null],
  ['marketType', 'DAM'],
  ['executionType', 'IFM'],
] as const;
const sibrValues = [
  ['marketType', 'DAM'],
  ['schedulingCoordinator', null],
] as const;
const drRegistrations: DocumentPlan = {
  root: 'RequestDRRegistrationData',
  record: null,
  values: [['DemandResponseProvider.mRID', null]],
  aliases: { provider: 'DemandResponseProvider.mRID' },
};

const plans: Readonly<Record<string, DocumentPlan>> = {
  retrievemarketawards: cmri('RequestMarketAwards'),
  retrievescheduleprices: cmri('RequestSchedulePrices'),
  retrieverawbidset: sibr('RequestRawBidSet'),
  retrievecurrentbidresults: sibr('RequestCurrentBidResults'),
  retrievedrregistrations: drRegistrations,
  retrievedrlocations: drRegistrations,
  retrievebatchvalidationstatus: {
    root: 'BatchValidationStatus',
    record: null,
    values: [['BatchStatus.mRID', null]],
    aliases: { batch: 'BatchStatus.mRID', batchId: 'BatchStatus.mRID' },
  },
  retrievemeterdata: {
    root: 'RequestMeterData',
    record: 'RequestMeterDataRecord',
    values: [
      ['SCID', 'ALL'],
      ['resource', null],
      ['timeIntervalLength', '60'],
      ['updatedSinceDateTime', null],
    ],
    span: ['dateTimeStart', 'dateTimeEnd', -1],
  },
};

function cmri(root: string): DocumentPlan {
  return { root, record: `${root}Record`, values: cmriValues, span: ['dateTimeStart', 'dateTimeEnd', 0] };
}

// Bids are for the day after tomorrow by default: a day whose day-ahead market is surely open.
function sibr(root: string): DocumentPlan {
  return { root, record: `${root}Record`, values: sibrValues, span: ['MarketStartTime', 'MarketEndTime', 2] };
}

/** The request document of a retrieve; raises `encode.invalid_input` for a name or value that cannot stand in it. */
export function retrieveDocument(operation: Operation, input: DocumentInput): string {
  const root = operation.requestRoot;
  const plan = plans[operation.service.toLowerCase()] ?? { root, record: `${root}Record`, values: [] };
  const nodes = toNodes(valuesFor(plan, input));
  const payload: DocumentNode[] = plan.record === null ? nodes : [[plan.record, nodes]];
  return writeDocument([plan.root, [messageHeader(input.nowMs), ['MessagePayload', payload]]]);
}

function valuesFor(plan: DocumentPlan, input: DocumentInput): [string, string][] {
  const given = new Map<string, string>();
  const [startName, endName, daysFromToday] = plan.span ?? ['dateTimeStart', 'dateTimeEnd', 0];
  const knownNames = [...plan.values.map(([name]) => name), ...Object.keys(plan.aliases ?? {})];
  // A document that has no plan takes any name; one that has would carry a misspelt one to nobody.
  if (knownNames.length > 0) {
    assertNames(input.values, plan.span === undefined ? knownNames : [...knownNames, 'tradeDate', startName, endName]);
  }
  for (const [name, value] of Object.entries(input.values)) {
    const path = plan.aliases?.[name] ?? name;
    if (!/^[A-Za-z_][\w-]*(?:\.[A-Za-z_][\w-]*){0,7}$/.test(path)) {
      throw clientProblem('encode.invalid_input', {
        field: name,
        found: 'this name',
        expected: 'an element name, dots nest',
      });
    }
    given.set(path, value);
  }
  const tradeDate = given.get('tradeDate');
  given.delete('tradeDate');
  if (tradeDate !== undefined || (plan.span !== undefined && !given.has(startName))) {
    const { startMs, endMs } = tradeDaySpan(tradeDate ?? tradeDayAfter(input.nowMs, daysFromToday));
    if (!given.has(startName)) given.set(startName, toInstantText(startMs));
    if (!given.has(endName)) given.set(endName, toInstantText(endMs));
  }
  const known = plan.values.flatMap(([name, fallback]): [string, string][] => {
    const value = given.get(name) ?? fallback;
    given.delete(name);
    return value === null ? [] : [[name, value]];
  });
  return [...known, ...given];
}

/** The payload of a submit from structured content or as a sample; raises `encode.invalid_input` where it cannot be built. */
export function submitDocument(operation: Operation, input: DocumentInput): string {
  const plan = submits[operation.service.toLowerCase()];
  if (plan === undefined || (!input.sample && input.content === undefined)) {
    const expected =
      plan === undefined
        ? 'a document with --payload FILE, since this client cannot build one for this service'
        : 'a document with --payload FILE, or --sample for the built-in sample';
    throw clientProblem('encode.invalid_input', { field: 'payload', found: 'nothing', expected });
  }
  if (input.sample) assertNames(input.values, plan.sampleNames);
  const payload: DocumentNode = ['MessagePayload', plan.payload(input)];
  const root = plan.schema.replace(/_v\d+$/, '');
  const namespace = `http://www.caiso.com/soa/${plan.schema}.xsd#`;
  return writeDocument([root, [messageHeader(input.nowMs), payload]], namespace);
}

interface SubmitPlan {
  /** Name and version of the schema: the root's name and the namespace follow from it. */
  readonly schema: string;
  /** Values that a sample takes. */
  readonly sampleNames: readonly string[];
  readonly payload: (input: DocumentInput) => readonly DocumentNode[];
}

const submits: Readonly<Record<string, SubmitPlan>> = {
  submitrawbidset: {
    schema: 'RawBidSet_v4',
    sampleNames: ['tradeDate', 'hour', 'scid', 'resource', 'marketType'],
    payload: (input) => bidNodes(parseBids(input.content ?? [sampleBid(input)])),
  },
  submitmeterdata: {
    schema: 'MeterData_v1',
    sampleNames: ['tradeDate', 'scid', 'resource'],
    payload: (input) => [sampleMeter(onlySample(input))],
  },
  submitdrregistrations: {
    schema: 'DRRegistrationData_v1',
    sampleNames: ['tradeDate', 'name', 'mRID', 'provider', 'scid', 'location'],
    payload: (input) => [sampleRegistration(onlySample(input))],
  },
};

function onlySample(input: DocumentInput): DocumentInput {
  if (input.content === undefined) return input;
  const expected = 'an XML payload or the built-in sample; only bids are read from a file of values';
  throw clientProblem('encode.invalid_input', { field: 'payload', found: 'a file of values', expected });
}

const hourMs = 3_600_000;

function sampleBid({ values, nowMs }: DocumentInput): unknown {
  const { startMs } = tradeDaySpan(values.tradeDate ?? tradeDayAfter(nowMs, 2));
  const startAtMs = startMs + hourOf(values.hour ?? '18') * hourMs;
  return {
    scid: values.scid ?? 'EXA1',
    resource: values.resource ?? 'CEDAR_1_UNIT1',
    start: toInstantText(startAtMs),
    stop: toInstantText(startAtMs + hourMs),
    marketType: values.marketType ?? 'DAM',
    curve: [
      [0, 25],
      [10, 42.5],
    ],
  };
}

function hourOf(text: string): number {
  const hour = Number(text);
  if (Number.isInteger(hour) && hour >= 0 && hour <= 23) return hour;
  throw clientProblem('encode.invalid_input', { field: 'hour', found: `"${text}"`, expected: 'an hour from 0 to 23' });
}

function sampleMeter({ values, nowMs }: DocumentInput): DocumentNode {
  const { startMs, endMs } = tradeDaySpan(values.tradeDate ?? tradeDayAfter(nowMs, -1));
  const measurements: DocumentNode[] = [];
  for (let atMs = startMs + hourMs; atMs <= endMs; atMs += hourMs) {
    measurements.push([
      'MeasurementValue',
      [
        ['intervalEndTime', toInstantText(atMs)],
        ['value', '12.5'],
      ],
    ]);
  }
  return [
    'MeterMeasurementData',
    [
      ['SchedulingCoordinator', [['mRID', values.scid ?? 'EXA1']]],
      ['RegisteredResource', [['mRID', values.resource ?? 'CEDAR_1_UNIT1']]],
      ['measurementType', 'GEN'],
      ['timeIntervalLength', '60'],
      ['unitOfMeasure', 'MWh'],
      ...measurements,
    ],
  ];
}

function sampleRegistration({ values, nowMs }: DocumentInput): DocumentNode {
  const { startMs } = tradeDaySpan(values.tradeDate ?? tradeDayAfter(nowMs, 2));
  const name = values.name ?? `SAMPLE-${startMs / hourMs}`;
  return [
    'DemandResponseRegistration_Full',
    [
      ['mRID', values.mRID ?? name],
      ['name', name],
      ['DemandResponseProvider', [['mRID', values.provider ?? 'DEX1']]],
      [
        'DistributedActivity',
        [
          ['action', 'SUBMIT'],
          ['submittedActiveStartDateTime', toInstantText(startMs)],
          ['submittedActiveEndDateTime', toInstantText(startMs + 365 * 24 * hourMs)],
        ],
      ],
      [
        'RegisteredGenerator',
        [
          ['LoadAggregationPoint', [['AggregatedPnode', [['mRID', 'SLAP_EXAMPLE']]]]],
          ['LoadServingEntity', [['mRID', 'LEXA']]],
          ['SchedulingCoordinator', [['mRID', values.scid ?? 'EXA1']]],
        ],
      ],
      ['DemandUtilityDistributionCompany', [['mRID', 'UEXA']]],
      ['baselineMethod', '10-in-10'],
      ['program', 'Proxy DR'],
      ['resourceType', 'Pre Defined'],
      ['DistributedEnergyResourceContainer', [['locationID', values.location ?? '130001000001']]],
    ],
  ];
}

/** Names that public OASIS queries use; the operator's interface has no others. */
const queryNames = [
  'tradeDate',
  'queryname',
  'groupid',
  'version',
  'resultformat',
  'startdatetime',
  'enddatetime',
  'market_run_id',
  'node',
  'grp_type',
  'opr_hr',
] as const;

/** The query of an OASIS call, with defaults for a day of prices; a `tradeDate` becomes the two ends in UTC. */
export function queryParameters(operation: Operation, { values, nowMs }: DocumentInput): URLSearchParams {
  // Reports have parameters of their own; only what is nearly a known name is surely a slip.
  assertNames(values, queryNames, { others: true });
  const { tradeDate, ...given } = values;
  const { startMs, endMs } = tradeDaySpan(tradeDate ?? tradeDayAfter(nowMs, -1));
  const compact = (ms: number) => `${new Date(ms).toISOString().replace(/[-]/g, '').slice(0, 14)}-0000`;
  const defaults: Record<string, string> = {
    resultformat: '6',
    startdatetime: compact(startMs),
    ...(/^groupzip$/i.test(operation.service)
      ? { groupid: 'DAM_LMP_GRP', version: '3' }
      : { queryname: 'PRC_LMP', market_run_id: 'DAM', version: '12', enddatetime: compact(endMs) }),
    ...(given.queryname === undefined && given.node === undefined && !/^groupzip$/i.test(operation.service)
      ? { node: 'TH_NORTH_GEN-APND' }
      : {}),
  };
  return new URLSearchParams({ ...defaults, ...given });
}
