// A service of an `/sst/` system as data, and how a path names it.
import type { PayloadElement } from '@headgate/soap';
import type { Coordinator } from '../state/market.ts';
import type { World } from '../world.ts';
import type { OutputEvent } from './standard-output.ts';

/** Whom the signature and the connection prove a caller to be. */
export interface Caller {
  /** Subject of the signing certificate, RFC 4514. */
  readonly subject: string;
  /** The coordinators that the certificate may act for. */
  readonly coordinators: readonly Coordinator[];
}

/** What a service makes of a request; how it travels is decided elsewhere. */
export type ServiceAnswer =
  | { readonly kind: 'data'; readonly xml: string }
  | { readonly kind: 'events'; readonly events: readonly OutputEvent[]; readonly batchId?: string }
  | { readonly kind: 'fault'; readonly event: OutputEvent };

/** One service: its name on the path, which requests it reads, and its answer. */
export interface Service {
  /** Path token of its system, lower case. */
  readonly system: string;
  /** What the path says before the version. Default: the token in capitals. */
  readonly tag?: string;
  /** Verb and thing, such as `RetrieveMarketAwards`. */
  readonly name: string;
  readonly version: number;
  readonly operation: 'submit' | 'retrieve';
  /** Local name of the request document's root. */
  readonly requestRoot: string;
  /** Most bytes of an unpacked submit. Default 16 MiB. */
  readonly payloadBytesMax?: number;
  /** Most elements of a request document. Default 200,000. */
  readonly payloadElementsMax?: number;
  /** The event for a payload over its bytes, where the system has one of its own. */
  readonly tooLargeEvent?: OutputEvent;
  /** A sentence that its description repeats, such as that the service is not public. */
  readonly note?: string;
  readonly answer: (request: PayloadElement, caller: Caller, world: World) => ServiceAnswer;
}

/** What a path says: a service, and whether its message is the `_DocAttach` form. */
export interface ServicePath {
  readonly service: Service;
  readonly isDocAttach: boolean;
}

// Verb and thing, then optionally system and version, then `_DocAttach` before `_AP` (as seen on the wire) or last (as
// the operator's own table of addresses has it).
const servicePath = /^\/sst\/([a-z.]+)\/([A-Za-z]+?)(?:_([A-Za-z]*)v(\d{1,2}))?(_DocAttach)?(_AP)?(_DocAttach)?$/i;

/** Finds the service that a path names; letter case is ignored. Null for an unknown one or another version. */
export function findService(services: readonly Service[], path: string): ServicePath | null {
  const found = servicePath.exec(path);
  if (found === null) return null;
  const [, system = '', name = '', tail, version, before, , after] = found;
  if (before !== undefined && after !== undefined) return null;
  const isSame = (left: string, right: string) => left.toLowerCase() === right.toLowerCase();
  const service = services.find(
    (candidate) =>
      isSame(candidate.system, system) &&
      isSame(candidate.name, name) &&
      (version === undefined || candidate.version === Number(version)) &&
      (tail === undefined || tail === '' || isSame(tail, tailOf(candidate)) || isSame(tail, candidate.system)),
  );
  return service === undefined ? null : { service, isDocAttach: before !== undefined || after !== undefined };
}

/** The canonical path of a service, as in `/sst/cmri/RetrieveMarketAwards_CMRIv4_AP`. */
export function pathOf(service: Service, isDocAttach = false): string {
  const attach = isDocAttach ? '_DocAttach' : '';
  return `/sst/${service.system}/${service.name}_${tailOf(service)}v${service.version}${attach}_AP`;
}

/** The name of a service as messages and descriptions have it, such as `retrieveMarketAwards`. */
export function lowerNameOf({ name }: Service): string {
  return `${name.charAt(0).toLowerCase()}${name.slice(1)}`;
}

/** That name with the version, such as `retrieveMarketAwards_v4`. */
export function wireNameOf(service: Service): string {
  return `${lowerNameOf(service)}_v${service.version}`;
}

function tailOf({ system, tag }: Service): string {
  return tag ?? system.toUpperCase();
}
