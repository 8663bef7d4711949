// `/sst/runtime.asvc` is one address of several systems. Where the path names no service there, the message does.
import { readElements, readMessage } from '@headgate/soap';
import { fieldOf, type Incoming } from './message.ts';
import { findService, type Service, type ServicePath } from './service.ts';

const sharedPath = '/sst/runtime.asvc';

/** Finds the service by SOAPAction, then by the first element of the Body (retrieves only). Null where neither names one. */
export function findSharedService(services: readonly Service[], incoming: Incoming): ServicePath | null {
  if (incoming.path.toLowerCase().replace(/\/$/, '') !== sharedPath || incoming.method !== 'POST') return null;
  const action = (fieldOf(incoming, 'soapaction') ?? '').trim().replace(/^"(.*)"$/, '$1');
  const name = action.slice(action.lastIndexOf('/') + 1);
  return findService(services, `${sharedPath}/${name}`) ?? byFirstElement(services, incoming);
}

// Only which service is meant is taken from here, before the signature is looked at; the answer is given to what was signed.
function byFirstElement(services: readonly Service[], incoming: Incoming): ServicePath | null {
  const reading = readMessage(fieldOf(incoming, 'content-type') ?? '', incoming.body);
  if (!reading.ok) return null;
  const envelope = readElements(reading.message.envelopeXml);
  if (!envelope.ok) return null;
  const root = envelope.root.children.find(({ localName }) => localName === 'Body')?.children[0]?.localName;
  const service = services.find(
    ({ system, operation, requestRoot }) =>
      sharedPath === `/sst/${system}` && operation === 'retrieve' && requestRoot === root,
  );
  return service === undefined ? null : { service, isDocAttach: false };
}
