// A call as its head tells it, and what the catalogue says of it: address, service, and the subject that limits ask about.
import {
  type AddressMatch,
  type CatalogueIndex,
  classifyService,
  findAddress,
  type LimitSubject,
  type ServiceClassification,
} from '@headgate/contract';
import type { CertificateFacts } from '@headgate/pki';
import type { CallForRights } from '@headgate/rules';
import { readMessageHead } from '@headgate/soap';

/** A call as far as its head tells. */
export interface CallHead {
  readonly method: string;
  readonly host: string;
  /** As received, without its query. */
  readonly path: string;
  /** Asks for a description (`GET …?wsdl`), which no service answers. */
  readonly asksDescription: boolean;
  readonly field: (name: string) => string | null;
  readonly source: string;
  readonly certificate: CertificateFacts | null;
  /** Null where the head does not say; 0 without a body. */
  readonly declaredBytes: number | null;
}

/** A call whose address the catalogue has. */
export interface CoveredCall {
  readonly match: AddressMatch;
  readonly speaksSoap: boolean;
}

/** The address of a call; null where the catalogue has none. */
export function coverCall(index: CatalogueIndex, { host, path }: CallHead): CoveredCall | null {
  for (const scheme of ['https', 'http'] as const) {
    const match = findAddress(index, { scheme, host, path });
    if (match !== null) return { match, speaksSoap: speaksSoap(index, match) };
  }
  return null;
}

const soapProtocols: ReadonlySet<string> = new Set(['soap', 'soap-rpc']);

function speaksSoap(index: CatalogueIndex, { channel, systems }: AddressMatch): boolean {
  return channel === 'api' && systems.every((id) => soapProtocols.has(index.systems.get(id)?.protocol ?? ''));
}

/** By the path; on a shared one by SOAPAction and then by the first element of the body, as far as it is there. */
export function classifyCall(
  index: CatalogueIndex,
  { field }: CallHead,
  { match, speaksSoap: isSoap }: CoveredCall,
  body: Uint8Array | null,
): ServiceClassification | null {
  if (match.channel === 'ui') return null;
  // As the gateway has it: a name in the path is never overruled, else a call would be charged as one thing and done as another.
  const othersMayTell = match.serviceName === null || (match.systems.length > 1 && /^[\w.-]+$/.test(match.serviceName));
  const contentType = field('content-type') ?? '';
  const soapAction = field('soapaction') ?? /;\s*action="?([^";]{1,500})"?/i.exec(contentType)?.[1] ?? null;
  const clues = { serviceName: match.serviceName, soapAction: othersMayTell ? soapAction : null };
  const found = classifyService(index, match, clues);
  if (found.kind === 'service') return found;
  if (!othersMayTell || !isSoap || body === null) return null;
  const head = readMessageHead(contentType, body);
  if (head.kind !== 'soap' || head.bodyElement === null) return null;
  const byBody = classifyService(index, match, { ...clues, bodyElement: head.bodyElement.localName });
  return byBody.kind === 'service' ? byBody : null;
}

/** What limits may ask about a call. */
export function subjectOf(
  { source, certificate }: CallHead,
  match: AddressMatch,
  service: ServiceClassification | null,
  participant: string | null,
): LimitSubject {
  const { environment, infrastructure, channel, generation } = match;
  return {
    environment,
    infrastructure,
    namespace: match.namespace ?? match.address.host,
    channel,
    generation,
    system: service?.system ?? match.systems[0] ?? '',
    source,
    ...(service === null ? {} : { service: service.service, operation: service.operation }),
    ...(certificate === null ? {} : { credential: certificate.fingerprint256 }),
    ...(participant === null ? {} : { participant }),
  };
}

/** A user interface has no operation; who may look is whoever may retrieve. */
export function callForRights(
  { environment, channel, systems }: AddressMatch,
  service: ServiceClassification | null,
): CallForRights {
  const operation = service?.operation ?? 'retrieve';
  return { environment, channel, system: service?.system ?? systems[0] ?? '', operation };
}
