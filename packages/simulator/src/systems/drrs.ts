// DRRS: demand response locations and registrations. A submit is answered with a batch; its verdict is polled for.
import type { PayloadElement } from '@headgate/soap';
import { parseInstant, toInstantText } from '../state/market-time.ts';
import {
  batchItemsMax,
  type DemandLocation,
  type DemandRegistration,
  registrationLocationsMax,
  type Submitted,
  statusOf,
  verdictOf,
} from '../state/registrations.ts';
import { elementsNamed, textAt, valuesNamed } from '../wire/payload.ts';
import type { Caller, Service, ServiceAnswer } from '../wire/service.ts';
import { dataAnswer, errorEvent, successEvent } from '../wire/standard-output.ts';
import { element, reference, type XmlNode } from '../wire/xml.ts';
import type { World } from '../world.ts';
import { noDataEvent, notProvisionedEvent } from './shared-events.ts';

/** The services of DRRS. */
export const drrsServices: readonly Service[] = [
  drrs('SubmitDRRegistrations', 'submit', 'DRRegistrationData', (request, caller, world) =>
    submit(
      elementsNamed(request, 'DemandResponseRegistration_Full').map((node) => readRegistration(node, world)),
      caller,
      world,
    ),
  ),
  drrs('SubmitDRLocations', 'submit', 'DRRegistrationData', (request, caller, world) =>
    submit(
      elementsNamed(request, 'DistributedEnergyResourceContainer').map((node) => readLocation(node, world)),
      caller,
      world,
    ),
  ),
  drrs('RetrieveDRRegistrations', 'retrieve', 'RequestDRRegistrationData', (request, caller, world) =>
    retrieve(request, caller, world, world.registrations.registrations(), registrationNode),
  ),
  drrs('RetrieveDRLocations', 'retrieve', 'RequestDRRegistrationData', (request, caller, world) =>
    retrieve(request, caller, world, world.registrations.locations(), locationNode),
  ),
  drrs('RetrieveBatchValidationStatus', 'retrieve', 'BatchValidationStatus', retrieveBatch),
];

function drrs(name: string, operation: Service['operation'], requestRoot: string, answer: Service['answer']): Service {
  return { system: 'drrs', name, version: 1, operation, requestRoot, answer };
}

function submit(
  items: readonly (DemandLocation | DemandRegistration | string)[],
  caller: Caller,
  world: World,
): ServiceAnswer {
  if (items.length === 0 || items.length > batchItemsMax) {
    return fault(`A submit holds 1 to ${batchItemsMax} items; this one holds ${items.length}.`);
  }
  const readable: (DemandLocation | DemandRegistration)[] = [];
  for (const item of items) {
    if (typeof item === 'string') return fault(item);
    readable.push(item);
  }
  if (readable.some((item) => !isAllowed(item, caller))) return { kind: 'fault', event: notProvisionedEvent };
  const batch = world.registrations.submit(readable, world.clock());
  return {
    kind: 'events',
    events: [successEvent('The batch was received and is being validated.')],
    batchId: batch.id,
  };
}

function isAllowed(item: DemandLocation | DemandRegistration, caller: Caller): boolean {
  return caller.coordinators.some(
    ({ drp, scid }) => drp === item.drp && (item.kind === 'location' || item.scid === '' || item.scid === scid),
  );
}

function readLocation(node: PayloadElement, world: World): DemandLocation | string {
  const common = readCommon(node, world);
  if (typeof common === 'string') return common;
  const locationId = textAt(node, 'locationID') ?? `1${world.registrations.nextId().padStart(11, '3')}`;
  return { kind: 'location', ...common, locationId };
}

function readRegistration(node: PayloadElement, world: World): DemandRegistration | string {
  const common = readCommon(node, world);
  if (typeof common === 'string') return common;
  const locationIds = valuesNamed(node, 'locationID');
  if (locationIds.length > registrationLocationsMax) {
    return `A registration has at most ${registrationLocationsMax} locations.`;
  }
  return {
    kind: 'registration',
    ...common,
    scid: textAt(node, 'RegisteredGenerator', 'SchedulingCoordinator', 'mRID') ?? '',
    baselineMethod: textAt(node, 'baselineMethod') ?? '',
    program: textAt(node, 'program') ?? '',
    resourceType: textAt(node, 'resourceType') ?? '',
    locationIds,
    isTermination: textAt(node, 'terminateRegistrationFlag') === 'true',
  };
}

function readCommon(node: PayloadElement, world: World) {
  const drp = textAt(node, 'DemandResponseProvider', 'mRID');
  if (drp === null) return 'DemandResponseProvider/mRID is required.';
  const startMs = parseInstant(textAt(node, 'DistributedActivity', 'submittedActiveStartDateTime') ?? '');
  const endMs = parseInstant(textAt(node, 'DistributedActivity', 'submittedActiveEndDateTime') ?? '');
  if (startMs === null || endMs === null) {
    return 'submittedActiveStartDateTime and submittedActiveEndDateTime must be dateTime values.';
  }
  const mrid = textAt(node, 'mRID') ?? world.registrations.nextId();
  return {
    mrid,
    name: textAt(node, 'name') ?? mrid,
    drp,
    startMs,
    endMs,
    subLap: textAt(node, 'RegisteredGenerator', 'LoadAggregationPoint', 'AggregatedPnode', 'mRID') ?? '',
    lse: textAt(node, 'RegisteredGenerator', 'LoadServingEntity', 'mRID') ?? '',
    udc: textAt(node, 'DemandUtilityDistributionCompany', 'mRID') ?? '',
  };
}

function retrieve<Item extends DemandLocation | DemandRegistration>(
  request: PayloadElement,
  caller: Caller,
  world: World,
  submitted: Iterable<Submitted<Item>>,
  nodeOf: (item: Item, status: string) => XmlNode,
): ServiceAnswer {
  const drps = valuesNamed(request, 'DemandResponseProvider');
  const allowed = caller.coordinators.map(({ drp }) => drp);
  if (allowed.length === 0 || drps.some((drp) => !allowed.includes(drp))) {
    return { kind: 'fault', event: notProvisionedEvent };
  }
  const mrids = [
    ...elementsNamed(request, 'DemandResponseRegistration'),
    ...elementsNamed(request, 'DistributedEnergyResourceContainer'),
  ]
    .map((node) => textAt(node, 'mRID'))
    .filter((mrid) => mrid !== null);
  const nowMs = world.clock();
  const nodes: XmlNode[] = [];
  for (const entry of submitted) {
    const { item, batchId } = entry;
    if (!(drps.length === 0 ? allowed : drps).includes(item.drp)) continue;
    if (mrids.length > 0 && !mrids.includes(item.mrid)) continue;
    nodes.push(nodeOf(item, statusOf(entry, world.registrations.batch(batchId), nowMs)));
  }
  if (nodes.length === 0) return { kind: 'fault', event: noDataEvent };
  return dataAnswer('DRRS', 'DRRegistrationData_v1', nodes, nowMs);
}

function retrieveBatch(request: PayloadElement, caller: Caller, world: World): ServiceAnswer {
  const id = valuesNamed(request, 'BatchStatus')[0] ?? '';
  const batch = world.registrations.batch(id);
  const isOwn = batch?.drps.every((drp) => caller.coordinators.some((coordinator) => coordinator.drp === drp));
  // A batch of somebody else is answered like one that does not exist.
  if (batch === undefined || isOwn !== true) return { kind: 'fault', event: noDataEvent };
  const nowMs = world.clock();
  const verdict = verdictOf(batch, nowMs);
  const nodes = [
    element('BatchStatus', [
      element('mRID', batch.id),
      element('description', verdict),
      element('creationTime', toInstantText(batch.createdMs)),
    ]),
    ...(verdict === 'IN PROCESS' ? [] : batch.items.map((entry) => verdictNode(entry, batch.doneMs))),
  ];
  return dataAnswer('DRRS', 'BatchValidationStatus_v1', nodes, nowMs);
}

function verdictNode({ item, errors }: Submitted<DemandLocation | DemandRegistration>, doneMs: number): XmlNode {
  const name = item.kind === 'location' ? 'DistributedEnergyResourceContainer' : 'DemandResponseRegistration';
  return element(name, [
    element('mRID', item.kind === 'location' && errors.length === 0 ? item.locationId : item.mrid),
    element('name', item.name),
    ...errors.map((error) =>
      element('ErrorLog', [
        element('errMessage', error),
        element('errPriority', 1),
        element('logTimeStamp', toInstantText(doneMs)),
      ]),
    ),
  ]);
}

function locationNode(item: DemandLocation, status: string): XmlNode {
  return element('DistributedEnergyResourceContainer', [
    ...commonNodes(item),
    reference('DemandUtilityDistributionCompany', item.udc),
    element('locationID', item.locationId),
    element('status', [element('value', status)]),
  ]);
}

function registrationNode(item: DemandRegistration, status: string): XmlNode {
  return element('DemandResponseRegistration_Full', [
    ...commonNodes(item),
    element('status', [element('value', status)]),
    element('terminateRegistrationFlag', item.isTermination),
    reference('DemandUtilityDistributionCompany', item.udc),
    element('baselineMethod', item.baselineMethod),
    element('program', item.program),
    element('resourceType', item.resourceType),
    ...item.locationIds.map((id) => element('DistributedEnergyResourceContainer', [element('locationID', id)])),
  ]);
}

/** What both begin with, in the order of the schema. */
function commonNodes(item: DemandLocation | DemandRegistration): XmlNode[] {
  return [
    element('mRID', item.mrid),
    element('name', item.name),
    reference('DemandResponseProvider', item.drp),
    element('DistributedActivity', [
      element('submittedActiveEndDateTime', toInstantText(item.endMs)),
      element('submittedActiveStartDateTime', toInstantText(item.startMs)),
    ]),
    element('RegisteredGenerator', [
      element('LoadAggregationPoint', [reference('AggregatedPnode', item.subLap)]),
      reference('LoadServingEntity', item.lse),
      item.kind === 'registration' ? reference('SchedulingCoordinator', item.scid) : null,
    ]),
  ];
}

function fault(sentence: string): ServiceAnswer {
  return { kind: 'fault', event: errorEvent('SIM-DRRS-XML', 'INVALID_REQUEST', sentence) };
}
