// What a member asks and submits: the documents of the services that the simulator models, and a plain one for all others.
import { escapeText } from '@headgate/soap';
import { dayMs, hourMs, toInstantText } from '../state/market-time.ts';
import type { FleetMember, Habit } from './plan-fleet.ts';

/** What a document is written from. */
export interface DocumentOptions {
  readonly member: FleetMember;
  readonly habit: Habit;
  /** Id of a submit, which its document carries; empty for a retrieve. */
  readonly id: string;
  readonly nowMs: number;
  /** About how many bytes a submit has. */
  readonly bytes: number;
}

/** XML of a request document or of the payload of a submit. */
export function requestDocument(options: DocumentOptions): string {
  const { habit } = options;
  const written =
    writers[`${habit.system}/${habit.service}`] ?? (habit.operation === 'submit' ? anySubmit : anyRetrieve);
  return written(options);
}

/** JSON of a submit. */
export function jsonDocument({ member, habit, id, nowMs, bytes }: DocumentOptions): string {
  const note = 'n'.repeat(Math.max(0, bytes - 200));
  return JSON.stringify({
    id,
    [habit.system.replace(/s$/, '')]: { party: member.scids[0], at: toInstantText(nowMs) },
    note,
  });
}

type Writer = (options: DocumentOptions) => string;

const writers: Readonly<Partial<Record<string, Writer>>> = {
  'cmri/RetrieveMarketAwards': (options) => marketResults('RequestMarketAwards', options),
  'cmri/RetrieveSchedulePrices': (options) => marketResults('RequestSchedulePrices', options),
  'sibr/SubmitRawBidSet': bidSet,
  'sibr/RetrieveRawBidSet': (options) => bidsOf('RequestRawBidSet', options),
  'sibr/RetrieveCurrentBidResults': (options) => bidsOf('RequestCurrentBidResults', options),
  'stlmt/SubmitMeterData': meterData,
  'stlmt/RetrieveMeterData': ({ member, nowMs }) =>
    inPayload(
      'RequestMeterData',
      `<SCID>${member.scids[0] ?? ''}</SCID><timeIntervalLength>60</timeIntervalLength>` +
        span('dateTimeStart', 'dateTimeEnd', hourOf(nowMs) - 6 * hourMs, hourOf(nowMs)),
    ),
  'drrs/RetrieveDRRegistrations': registrations,
  'drrs/RetrieveDRLocations': registrations,
  'drrs/SubmitDRRegistrations': registration,
  'drrs/SubmitDRLocations': location,
  'drrs/RetrieveBatchValidationStatus': () =>
    inPayload('BatchValidationStatus', '<BatchStatus><mRID>1</mRID></BatchStatus>'),
};

function marketResults(root: string, { member, nowMs }: DocumentOptions): string {
  const scid = `<schedulingCoordinator>${member.scids[0] ?? ''}</schedulingCoordinator>`;
  const hours = span('dateTimeStart', 'dateTimeEnd', hourOf(nowMs) - 2 * hourMs, hourOf(nowMs));
  const record = `${hours}<marketType>DAM</marketType><executionType>IFM</executionType>${scid}`;
  return inPayload(root, `<${root}Record>${record}</${root}Record>`);
}

function bidsOf(root: string, { member, nowMs }: DocumentOptions): string {
  const startMs = hourOf(nowMs) + 2 * dayMs;
  const scid = `<schedulingCoordinator>${member.scids[0] ?? ''}</schedulingCoordinator>`;
  const hours = span('MarketStartTime', 'MarketEndTime', startMs, startMs + hourMs);
  return inPayload(root, `<marketType>DAM</marketType>${scid}${hours}`);
}

/** Bids for the day after tomorrow, whose day-ahead market is surely open. The first carries the id of the submit. */
function bidSet({ member, id, nowMs, bytes }: DocumentOptions): string {
  const startMs = hourOf(nowMs) + 2 * dayMs;
  const [scid = ''] = member.scids;
  const bidOf = (at: number): string =>
    `<GeneratingBid><mRID>${escapeText(at === 0 ? id : `${id}-${at}`)}</mRID>` +
    span('startTime', 'stopTime', startMs + (at % 20) * hourMs, startMs + ((at % 20) + 1) * hourMs) +
    `<marketType>DAM</marketType><SchedulingCoordinator><mRID>${scid}</mRID></SchedulingCoordinator>` +
    `<RegisteredGenerator><mRID>${resourceOfScid(scid)}</mRID></RegisteredGenerator>` +
    '<ProductBid><commodityType>EN</commodityType><BidPriceCurve>' +
    '<CurveSchedData><xAxisData>0</xAxisData><y1AxisData>20</y1AxisData></CurveSchedData>' +
    '<CurveSchedData><xAxisData>10</xAxisData><y1AxisData>35.5</y1AxisData></CurveSchedData>' +
    '</BidPriceCurve></ProductBid></GeneratingBid>';
  return inPayload('RawBidSet', repeated(bidOf, bytes, 2_000));
}

function meterData({ member, nowMs, bytes }: DocumentOptions): string {
  const [scid = ''] = member.scids;
  const endMs = hourOf(nowMs);
  const readingOf = (at: number): string =>
    `<MeasurementValue><intervalEndTime>${toInstantText(endMs - at * hourMs)}</intervalEndTime><value>4.25</value></MeasurementValue>`;
  return inPayload(
    'MeterData',
    `<MeterMeasurementData><SchedulingCoordinator><mRID>${scid}</mRID></SchedulingCoordinator>` +
      `<RegisteredResource><mRID>${resourceOfScid(scid)}</mRID></RegisteredResource>` +
      '<measurementType>GEN</measurementType><timeIntervalLength>60</timeIntervalLength>' +
      `${repeated(readingOf, bytes, 2_000)}</MeterMeasurementData>`,
  );
}

function registrations({ member }: DocumentOptions): string {
  const provider = `<DemandResponseProvider><mRID>${providerOfScid(member.scids[0] ?? '')}</mRID></DemandResponseProvider>`;
  return inPayload(
    'RequestDRRegistrationData',
    `<RegistrationRequest><requestType>REGISTRATION_ONLY</requestType><DemandResponseRegistration>${provider}</DemandResponseRegistration></RegistrationRequest>`,
  );
}

function registration({ member, id, nowMs }: DocumentOptions): string {
  const [scid = ''] = member.scids;
  const days = span(
    'submittedActiveStartDateTime',
    'submittedActiveEndDateTime',
    hourOf(nowMs) + dayMs,
    hourOf(nowMs) + 90 * dayMs,
  );
  return inPayload(
    'DRRegistrationData',
    `<DemandResponseRegistration_Full><mRID>${escapeText(id)}</mRID><name>${escapeText(id)}</name>` +
      `<DemandResponseProvider><mRID>${providerOfScid(scid)}</mRID></DemandResponseProvider>` +
      `<DistributedActivity><action>SUBMIT</action>${days}</DistributedActivity>` +
      '<RegisteredGenerator><LoadAggregationPoint><AggregatedPnode><mRID>SLAP_EXAMPLE</mRID></AggregatedPnode></LoadAggregationPoint>' +
      '<LoadServingEntity><mRID>LEXA</mRID></LoadServingEntity>' +
      `<SchedulingCoordinator><mRID>${scid}</mRID></SchedulingCoordinator></RegisteredGenerator>` +
      '<terminateRegistrationFlag>false</terminateRegistrationFlag>' +
      '<DemandUtilityDistributionCompany><mRID>UEXA</mRID></DemandUtilityDistributionCompany>' +
      '<baselineMethod>10 in 10 with SMA</baselineMethod><program>Proxy DR</program><resourceType>Pre Defined</resourceType>' +
      '</DemandResponseRegistration_Full>',
  );
}

function location({ member, id }: DocumentOptions): string {
  const provider = `<DemandResponseProvider><mRID>${providerOfScid(member.scids[0] ?? '')}</mRID></DemandResponseProvider>`;
  return inPayload(
    'DRRegistrationData',
    `<DistributedEnergyResourceContainer><mRID>${escapeText(id)}</mRID><name>${escapeText(id)}</name>${provider}` +
      '<DistributedActivity><action>SUBMIT</action></DistributedActivity></DistributedEnergyResourceContainer>',
  );
}

function anySubmit({ member, habit, id, bytes }: DocumentOptions): string {
  const [scid = ''] = member.scids;
  const head = `<mRID>${escapeText(id)}</mRID><SchedulingCoordinator><mRID>${scid}</mRID></SchedulingCoordinator>`;
  return inPayload(
    habit.requestRoot,
    `${head}${repeated((at) => `<line>${at} ${'.'.repeat(400)}</line>`, bytes, 1_900)}`,
  );
}

function anyRetrieve({ member, habit, nowMs }: DocumentOptions): string {
  const scid = `<schedulingCoordinator>${member.scids[0] ?? ''}</schedulingCoordinator>`;
  const hours = span('dateTimeStart', 'dateTimeEnd', hourOf(nowMs) - 2 * hourMs, hourOf(nowMs));
  return inPayload(habit.requestRoot, `${hours}${scid}`);
}

function inPayload(root: string, content: string): string {
  return `<${root}><MessagePayload>${content}</MessagePayload></${root}>`;
}

/** As often as it takes to have so many bytes, once at least and `timesMax` at most. */
function repeated(write: (at: number) => string, bytes: number, timesMax: number): string {
  let text = write(0);
  for (let at = 1; text.length < bytes && at < timesMax; at += 1) text += write(at);
  return text;
}

function span(startName: string, endName: string, startMs: number, endMs: number): string {
  return `<${startName}>${toInstantText(startMs)}</${startName}><${endName}>${toInstantText(endMs)}</${endName}>`;
}

function hourOf(nowMs: number): number {
  return Math.floor(nowMs / hourMs) * hourMs;
}

/** The one resource that the market of a fleet has for an SCID. */
function resourceOfScid(scid: string): string {
  return `PLANT_${scid}_UNIT1`;
}

/** The demand response provider of an SCID. */
export function providerOfScid(scid: string): string {
  return `D${scid}`;
}
