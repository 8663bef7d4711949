// Documents of systems that the simulator has no model of: kept as they came, and given back to whoever sent them.
import type { PayloadElement } from '@headgate/soap';
import type { ServiceAnswer } from '../wire/service.ts';
import { messageHeader, type OutputEvent } from '../wire/standard-output.ts';
import { element, writeXml, type XmlNode } from '../wire/xml.ts';
import type { World } from '../world.ts';
import { noDataEvent } from './shared-events.ts';

/** Bounds of one submitted document, since 200 are kept. */
export const submissionBytesMax = 256 * 1024;
export const submissionElementsMax = 2_000;

/** Whose documents: a system, and the subject of the certificate that sends or asks. */
export interface DocumentOwner {
  readonly system: string;
  readonly subject: string;
  /** A sentence that every answer repeats, such as that the service is not public. */
  readonly note?: string;
}

/** Keeps a document; the event and the batch id tell its number. */
export function keepDocument(request: PayloadElement, owner: DocumentOwner, world: World): ServiceAnswer {
  const { system, subject, note } = owner;
  const { number } = world.submissions.add({ system, subject, writtenMs: world.clock(), document: toNode(request) });
  const kept = `Document ${number} is kept.`;
  const event: OutputEvent = {
    result: 'SIM-KEPT',
    name: 'SUBMIT',
    description: note === undefined ? kept : `${kept} ${note}`,
    severity: 'INFO',
    eventType: 'SUCCESS',
  };
  return { kind: 'events', events: [event], batchId: String(number) };
}

/** All that its owner submitted and that is still kept, in the order of arrival. */
export function givenBackDocuments({ system, subject, note }: DocumentOwner, world: World): ServiceAnswer {
  const kept = world.submissions.of(system, subject);
  if (kept.length === 0) return { kind: 'events', events: [noDataEvent] };
  const records = kept.map(({ number, document }) => element('Submission', [element('number', number), document]));
  const payload = element('MessagePayload', [note === undefined ? null : element('note', note), ...records]);
  return { kind: 'data', xml: writeXml(element('Submissions', [messageHeader(world.clock(), 'SIMULATOR'), payload])) };
}

/** Elements and texts without namespaces and attributes; the names stood in a document that was read. */
function toNode({ localName, text, children }: PayloadElement): XmlNode {
  return element(localName, children.length === 0 ? text.trim() : children.map(toNode));
}
