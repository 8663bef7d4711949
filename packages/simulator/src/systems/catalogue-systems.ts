// Systems that a catalogue lists and the simulator has no model of. They keep what is submitted and give it back: SOAP ones
// to whoever submitted it, JSON ones to everybody. Which path is which system and service is the catalogue's word alone.
import {
  type Address,
  type CatalogueIndex,
  classifyService,
  findAddress,
  type Service as ListedService,
  type ServiceClassification,
} from '@headgate/contract';
import { type Incoming, jsonReply, methodNotAllowed, type Reply } from '../wire/message.ts';
import { answerCall } from '../wire/secured-call.ts';
import type { Service } from '../wire/service.ts';
import type { World } from '../world.ts';
import { answerDocuments } from './documents.ts';
import { givenBackDocuments, keepDocument, submissionBytesMax, submissionElementsMax } from './kept-documents.ts';

/** Answers a request that an address of the catalogue covers and whose service is told by its path; else null. */
export function answerCatalogue(incoming: Incoming, world: World): Reply | null {
  const index = world.catalogue;
  const match = index === null ? null : matchOf(index, incoming);
  if (index === null || match === null || match.channel !== 'api' || match.serviceName === null) return null;
  const found = classifyService(index, match, { serviceName: match.serviceName });
  if (found.kind !== 'service') return null;
  switch (index.systems.get(found.system)?.protocol) {
    case 'soap':
      return incoming.method === 'POST'
        ? answerCall(incoming, { service: serviceOf(index, found), isDocAttach: found.docAttach }, world)
        : methodNotAllowed('POST');
    case 'json':
      return answerJson(incoming, found, match.address, world);
    default:
      return null;
  }
}

function matchOf(index: CatalogueIndex, { path, fields }: Incoming) {
  const host = String(fields.host ?? '')
    .replace(/:\d+$/, '')
    .toLowerCase();
  const schemes = ['https', 'http'] as const;
  return schemes.map((scheme) => findAddress(index, { scheme, host, path })).find((match) => match !== null) ?? null;
}

function answerJson(incoming: Incoming, found: ServiceClassification, { path }: Address, world: World): Reply {
  // What is written below any service of the address is what a retrieve of it lists.
  if (found.operation === 'submit') return answerDocuments(incoming, world);
  if (incoming.method !== 'GET' && incoming.method !== 'HEAD') return methodNotAllowed('GET, HEAD');
  const items = world.documents.under(path).map(({ number, content, writtenMs }) => {
    return { number, writtenAt: new Date(writtenMs).toISOString(), content };
  });
  return jsonReply(200, { items });
}

function serviceOf(index: CatalogueIndex, found: ServiceClassification): Service {
  const listed: ListedService | undefined = index.services.get(found.system)?.get(found.service.toLowerCase());
  const root = listed?.requestRoot ?? found.service;
  return {
    system: found.system,
    name: found.service,
    version: found.version ?? listed?.version ?? 1,
    operation: found.operation,
    requestRoot: root,
    payloadBytesMax: submissionBytesMax,
    payloadElementsMax: submissionElementsMax,
    answer: (request, { subject }, world) =>
      found.operation === 'submit'
        ? keepDocument(request, { system: found.system, subject }, world)
        : givenBackDocuments({ system: found.system, subject }, world),
  };
}
