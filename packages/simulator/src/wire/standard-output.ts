// The documents that data travels in, and StandardOutput in both of the market's schemas, as errors travel in it: in place
// of data, and in the detail of a fault.
import { standardOutputNamespace } from '@headgate/soap';
import { toInstantText } from '../state/market-time.ts';
import { element, writeXml, type XmlNode } from './xml.ts';

/** One event of an EventLog. */
export interface OutputEvent {
  readonly result: string;
  readonly name: string;
  readonly description: string;
  readonly severity: 'INFO' | 'WARNING' | 'ERROR';
  readonly eventType: string;
}

/** What an EventLog is written from. */
export interface OutputLog {
  readonly service: string;
  readonly createdMs: number;
  readonly events: readonly OutputEvent[];
}

/** The version that message headers of this market carry. */
const messageVersion = 'v20171001';

/** The MessageHeader of a document made at an instant. */
export function messageHeader(createdMs: number, source: string): XmlNode {
  return element('MessageHeader', [
    element('TimeDate', toInstantText(createdMs)),
    element('Source', source),
    element('Version', messageVersion),
  ]);
}

/** The answer with the document of a schema, such as `MarketAwards_v4`: its root and namespace are named after it. */
export function dataAnswer(
  source: string,
  schema: string,
  nodes: readonly XmlNode[],
  nowMs: number,
): { readonly kind: 'data'; readonly xml: string } {
  const content = [messageHeader(nowMs, source), element('MessagePayload', nodes)];
  const xmlns = `http://www.caiso.com/soa/${schema}.xsd#`;
  return { kind: 'data', xml: writeXml(element(schema.replace(/_v\d+$/, ''), content, { xmlns })) };
}

/** The event of a submit that was taken in. `SCSS0001` is the one success code in public material. */
export function successEvent(description: string): OutputEvent {
  return { result: 'SCSS0001', name: 'SUCCESS', description, severity: 'INFO', eventType: 'SUBMIT' };
}

/** The event of something refused. Codes beginning with `SIM` are the simulator's own; the market's are not public. */
export function errorEvent(result: string, name: string, description: string): OutputEvent {
  return { result, name, description, severity: 'ERROR', eventType: 'VALIDATION' };
}

/** `StandardOutput` of the second schema without a namespace, as the detail of a fault carries it. */
export function writeStandardOutputBare(log: OutputLog): string {
  return writeXml(element('StandardOutput', [element('MessagePayload', [eventLog(log)])]));
}

/** `outputDataType` of the first schema, which a retrieve carries in place of data. */
export function writeOutputDataType(log: OutputLog): string {
  return writeXml(element('outputDataType', [eventLog(log)], { xmlns: standardOutputNamespace }));
}

function eventLog({ service, createdMs, events }: OutputLog): XmlNode {
  const created = toInstantText(createdMs);
  return element('EventLog', [
    element('id', `${service}-${createdMs}`),
    element('creationTime', created),
    element('collectionQuantity', events.length),
    ...events.map((event, index) => eventNode(event, index + 1, created)),
    element('Service', [element('id', service), element('name', service), element('description', service)]),
  ]);
}

function eventNode(event: OutputEvent, number: number, created: string): XmlNode {
  return element('Event', [
    element('result', event.result),
    element('id', number),
    element('name', event.name),
    element('description', event.description),
    element('creationTime', created),
    element('severity', event.severity),
    element('eventType', event.eventType),
  ]);
}
