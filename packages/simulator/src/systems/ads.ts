// ADS: dispatch batches and trajectories, polled by a cursor. RPC SOAP without WS-Security; the connection says who asks.
import { gzipSync } from 'node:zlib';
import { adsDataNamespace, adsRpcNamespace, type PayloadElement, readElements, soap11Namespace } from '@headgate/soap';
import { priceAt, type Resource, scheduleAt } from '../state/market.ts';
import { hourMs, minuteMs, toInstantText } from '../state/market-time.ts';
import { rounded, seededHex } from '../state/seeded.ts';
import { certificateFieldOf } from '../wire/client-certificate.ts';
import { type Incoming, methodNotAllowed, notFoundReply, type Reply, xmlReply } from '../wire/message.ts';
import { childrenNamed, textAt } from '../wire/payload.ts';
import { soapFaultReply, subjectOf } from '../wire/secured-call.ts';
import { element, writeXml, type XmlNode } from '../wire/xml.ts';
import type { World } from '../world.ts';
import { adsDescription } from '../wsdl/ads-wsdl.ts';
import { callerOrigin } from '../wsdl/caller-origin.ts';
import { asksForWsdl, wsdlReply } from '../wsdl/wsdl-document.ts';

/** The path of the ADS service. */
export const adsPath = '/ADS/APIWebService/v8';

/** Most batches of one answer: a day of one batch every five minutes. */
const adsBatchesMax = 288;

const batchEveryMs = 5 * minuteMs;

/** Answers a call to ADS, or `GET …?wsdl`. SOAPAction is empty on this surface and is not looked at. */
export function answerAds(incoming: Incoming, world: World): Reply {
  if (incoming.path !== adsPath) return notFoundReply;
  if (asksForWsdl(incoming)) return wsdlReply(adsDescription(`${callerOrigin(incoming)}${adsPath}`));
  if (incoming.method !== 'POST') return methodNotAllowed('POST');
  const call = readCall(incoming);
  if (typeof call === 'string') return fault(call);
  const operation = operations.get(call.localName);
  if (operation === undefined) return fault(`${call.localName} is not an operation of this service.`);
  const uid = textAt(call, 'batchUID') ?? '';
  const result = operation({ uid, resources: resourcesOf(incoming, world), world });
  if (typeof result !== 'string' && result !== null) return fault(result.fault);
  const body = element(
    'SOAP-ENV:Envelope',
    [
      element('SOAP-ENV:Body', [
        element(`ns1:${call.localName}Response`, result === null ? [] : [element('result', result)], {
          'xmlns:ns1': adsRpcNamespace,
        }),
      ]),
    ],
    { 'xmlns:SOAP-ENV': soap11Namespace },
  );
  return xmlReply(200, writeXml(body));
}

interface AdsCall {
  readonly uid: string;
  readonly resources: readonly Resource[];
  readonly world: World;
}

/** The text of `result`; null for an operation without one. */
type AdsResult = string | null | { readonly fault: string };

const operations: ReadonlyMap<string, (call: AdsCall) => AdsResult> = new Map(
  Object.entries({
    getDispatchBatchesSinceUID: (call: AdsCall): AdsResult => {
      const since = batchNumberSince(call, 'DISP');
      if (since === null) return unknownUid(call.uid);
      return writeXml(dispatchResponse(numbersAfter(since, call.world).map((number) => batchHead(number, call))));
    },
    getDispatchBatch: (call: AdsCall): AdsResult => {
      const number = batchNumberOf(call, 'DISP');
      if (number === null) return unknownUid(call.uid);
      return packed(batchNode(number, call));
    },
    getTrajectoryData: (call: AdsCall): AdsResult => {
      const since = batchNumberSince(call, 'TRAJ');
      if (since === null) return unknownUid(call.uid);
      const batches = numbersAfter(since, call.world).map((number) => trajectoryNode(number, call));
      return packed(
        element('APITrajectoryResponse', [element('trajectoryBatchList', batches)], { xmlns: adsDataNamespace }),
      );
    },
    isNewTrajData: (call: AdsCall): AdsResult => {
      const since = batchNumberSince(call, 'TRAJ');
      return since === null ? unknownUid(call.uid) : String(numbersAfter(since, call.world).length > 0);
    },
    getBatchHeader: (call: AdsCall): AdsResult => {
      const number = batchNumberOf(call, 'DISP');
      return number === null ? unknownUid(call.uid) : writeXml(dispatchResponse([batchHead(number, call)]));
    },
    getBatchStatus: (call: AdsCall): AdsResult => {
      if (batchNumberOf(call, 'DISP') === null) return unknownUid(call.uid);
      return call.world.adsAcknowledged.has(call.uid) ? '1' : '0';
    },
    validateDispatchBatch: (call: AdsCall): AdsResult => {
      if (batchNumberOf(call, 'DISP') === null) return unknownUid(call.uid);
      call.world.adsAcknowledged.set(call.uid, true);
      return null;
    },
  }),
);

function readCall(incoming: Incoming): PayloadElement | string {
  const reading = readElements(incoming.body.toString('utf8'), { elementsMax: 1_000 });
  if (!reading.ok) return `The message cannot be read: ${reading.reason}.`;
  const { root } = reading;
  const body = root.namespace === soap11Namespace ? childrenNamed(root, 'Body')[0] : undefined;
  const call = body?.children[0];
  if (call === undefined) return 'The message is not a SOAP 1.1 envelope with a call in its body.';
  return call.namespace === adsRpcNamespace ? call : `The call must be in the namespace ${adsRpcNamespace}.`;
}

function resourcesOf(incoming: Incoming, { market, provisioning }: World): Resource[] {
  const certificate = certificateFieldOf(incoming);
  const scids = provisioning
    .coordinatorsOf(certificate === null ? null : (subjectOf(certificate) ?? ''))
    .map(({ scid }) => scid);
  return market.resources.filter(({ scid }) => scids.includes(scid));
}

// A UID begins with the number of its batch, so that UIDs grow as time passes and each can be found again.
function uidOf(number: number, kind: 'DISP' | 'TRAJ', { seed }: World): string {
  const rest = seededHex(24, seed, kind, number);
  const groups = [rest.slice(0, 4), rest.slice(4, 8), rest.slice(8, 12), rest.slice(12, 24)];
  return `${kind}-${number.toString(16).toUpperCase().padStart(8, '0')}-${groups.join('-')}`;
}

function latestNumber({ clock }: World): number {
  return Math.floor(clock() / batchEveryMs);
}

function batchNumberOf({ uid, world }: AdsCall, kind: 'DISP' | 'TRAJ'): number | null {
  const number = Number.parseInt(uid.slice(5, 13), 16);
  const isKnown = number <= latestNumber(world) && uidOf(number, kind, world) === uid;
  return isKnown ? number : null;
}

// The cursor -1 begins an hour back.
function batchNumberSince(call: AdsCall, kind: 'DISP' | 'TRAJ'): number | null {
  return call.uid === '-1' ? latestNumber(call.world) - hourMs / batchEveryMs : batchNumberOf(call, kind);
}

function numbersAfter(since: number, world: World): number[] {
  const latest = latestNumber(world);
  const first = Math.max(since + 1, latest - adsBatchesMax + 1);
  return Array.from({ length: Math.max(0, latest - first + 1) }, (_, index) => first + index);
}

function dispatchResponse(batches: readonly XmlNode[]): XmlNode {
  return element('APIDispatchResponse', [element('dispatchBatchList', batches)], { xmlns: adsDataNamespace });
}

function batchHead(number: number, call: AdsCall): XmlNode {
  return element('DispatchBatch', batchFields(number, call), { batchUID: uidOf(number, 'DISP', call.world) });
}

function batchNode(number: number, call: AdsCall): XmlNode {
  const instructions = call.resources.map((resource) => instructionNode(number, resource, call));
  // Alone, not in a list: two public Java clients and a Go client take DispatchBatch for the root of this document. The
  // Go client also takes the first attribute for the UID.
  return element('DispatchBatch', [...batchFields(number, call), element('instructions', instructions)], {
    batchUID: uidOf(number, 'DISP', call.world),
    xmlns: adsDataNamespace,
  });
}

function batchFields(number: number, { world }: AdsCall): XmlNode[] {
  const sentMs = number * batchEveryMs;
  const isAcknowledged = world.adsAcknowledged.has(uidOf(number, 'DISP', world));
  return [
    element('marketID', `RTD-${number}`),
    element('batchStatus', isAcknowledged ? 1 : 0),
    element('batchReceived', toInstantText(sentMs)),
    element('batchSent', toInstantText(sentMs)),
    element('batchExpires', toInstantText(sentMs + batchEveryMs)),
    element('batchType', 1), // A public Go client reads a number here.
    element('startTime', toInstantText(sentMs + batchEveryMs)),
    element('dispatchMode', 'NORMAL'),
    element('bindingFlag', 'Y'),
    element('revisionNo', 1),
    element('contingencyType', 'NONE'),
    element('pathExclusion', 'N'),
  ];
}

function instructionNode(number: number, resource: Resource, { world }: AdsCall): XmlNode {
  const startMs = (number + 1) * batchEveryMs;
  const segments = [
    ['ENGY', scheduleAt(world.market, resource, 'RTD', startMs)],
    ['SUPP', scheduleAt(world.market, resource, 'RTD', startMs + batchEveryMs)],
  ] as const;
  return element('instruction', [
    element('batchUID', uidOf(number, 'DISP', world)),
    element('startTime', toInstantText(startMs)),
    element('resourceId', resource.id),
    element(
      'detail',
      segments.map(([serviceType, mw], index) =>
        element(
          'instructionDetail',
          [
            element('serviceType', serviceType),
            element('mw', mw),
            element('price', priceAt(world.market, resource.pnode, 'RTD', startMs).LMP),
          ],
          { segNo: String(index + 1) },
        ),
      ),
    ),
  ]);
}

function trajectoryNode(number: number, { resources, world }: AdsCall): XmlNode {
  const sentMs = number * batchEveryMs;
  const points = resources.flatMap((resource) =>
    [1, 2, 3].map((sequence) =>
      element('trajectoryDop', [
        element('resourceId', resource.id),
        element('dop', scheduleAt(world.market, resource, 'RTD', sentMs + sequence * batchEveryMs)),
        element('targetTime', toInstantText(sentMs + sequence * batchEveryMs)),
        element('sequenceNumber', sequence),
      ]),
    ),
  );
  const compliance = resources.map((resource) =>
    element(
      'trajectoryCompliance',
      [
        element('resourceId', resource.id),
        element('startTime', toInstantText(sentMs)),
        element('mwh', rounded(scheduleAt(world.market, resource, 'RTD', sentMs) / 12, 4)),
        element('complFlag', 'Y'),
        element('configurationId', 1),
      ],
      { complianceUID: seededHex(16, world.seed, 'compliance', resource.id, number) },
    ),
  );
  return element(
    'trajectoryBatch',
    [
      element('batchReceived', toInstantText(sentMs)),
      element('dopList', points),
      element('complianceList', compliance),
    ],
    { batchUID: uidOf(number, 'TRAJ', world) },
  );
}

function packed(node: XmlNode): string {
  return gzipSync(writeXml(node)).toString('base64');
}

function unknownUid(uid: string): { readonly fault: string } {
  return { fault: `There is no batch ${uid.slice(0, 64)}.` };
}

function fault(sentence: string): Reply {
  return soapFaultReply(sentence, 'Server', '');
}
