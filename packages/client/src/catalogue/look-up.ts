// Which operation a name means, and the address, shape and limits that belong to it. Everything comes from the
// catalogue; a URL is never made up beyond the printed address and the service's name.
import {
  type Address,
  classifyService,
  findUrl,
  type LimitSubject,
  readServiceName,
  type Service,
  type System,
} from '@headgate/contract';
import { clientProblem } from '../client-problem.ts';
import type { OpenCatalogue } from './open-catalogue.ts';

/** Where calls of a session go. */
export interface Target {
  readonly environment: string;
  readonly generation: 'new' | 'old';
  /** Ask for the `_DocAttach` shape; without it the name, then the catalogue, decides. */
  readonly docAttach?: boolean | undefined;
  /** Use http where the host offers it (OASIS as printed). Default false: https wherever it is offered. */
  readonly plain?: boolean | undefined;
  /** The day by which the catalogue is read, `YYYY-MM-DD`. */
  readonly asOf: string;
}

/** The message shapes: four of SOAP, remote procedure calls, zipped queries, and JSON read with GET or sent with POST. */
export type Shape =
  | 'submit-plain'
  | 'submit-doc-attach'
  | 'retrieve-plain'
  | 'retrieve-doc-attach'
  | 'rpc'
  | 'query'
  | 'json-retrieve'
  | 'json-submit';

/** One operation as it will be called. */
export interface Operation {
  /** Printed name of the system, as in `CMRI`. */
  readonly system: string;
  /** Name without version tail and suffixes, as in `RetrieveMarketAwards`. */
  readonly service: string;
  readonly kind: 'submit' | 'retrieve';
  readonly shape: Shape;
  readonly url: URL;
  /** First element of the request document, for retrieves; the operation's element for RPC. */
  readonly requestRoot: string;
  /** Sent as SOAPAction, in quotes. */
  readonly soapAction: string;
  /** False only for public queries. */
  readonly needsCredential: boolean;
  /** What limits may ask about this call; source and credential are added by pacing. */
  readonly subject: Omit<LimitSubject, 'source' | 'credential'>;
}

/** Finds the operation `system/service`; raises `catalogue.unknown_system`, `unknown_service`, `no_address`. */
export function lookUp(catalogue: OpenCatalogue, name: string, target: Target): Operation {
  const slash = name.indexOf('/');
  const system = systemNamed(catalogue, slash < 0 ? name : name.slice(0, slash));
  const asked = slash < 0 ? '' : name.slice(slash + 1);
  const address = addressFor(catalogue, system, target);
  const found = serviceNamed(catalogue, system, asked);
  const docAttach = target.docAttach ?? (found.docAttach || found.listed?.attachment === 'doc-attach');
  const url = urlOf(catalogue, system, address, asked, found, docAttach);
  url.protocol = schemeFor(address, target);
  return {
    system: system.name,
    service: found.service,
    kind: found.kind,
    shape: shapeOf(system, found.kind, docAttach),
    url,
    requestRoot: requestRootOf(system, found),
    soapAction: system.protocol === 'soap-rpc' ? '' : (found.listed?.soapAction ?? found.service),
    needsCredential: system.protocol !== 'zip',
    subject: subjectOf(catalogue, url, system, address, found, target),
  };
}

interface ServiceReading {
  readonly service: string;
  readonly version: number | null;
  readonly kind: 'submit' | 'retrieve';
  readonly docAttach: boolean;
  /** Whether the name was given as it stands in a path, tail and all. */
  readonly verbatim: boolean;
  readonly listed: Service | undefined;
}

function systemNamed({ index }: OpenCatalogue, name: string): System {
  const wanted = name.toLowerCase();
  const systems = index.catalogue.systems;
  const found =
    systems.find(({ id }) => id === wanted) ??
    systems.find((system) => system.name.toLowerCase() === wanted || system.title?.toLowerCase() === wanted) ??
    systems.find(({ serviceTags }) => serviceTags?.some((tag) => tag.toLowerCase() === wanted)) ??
    onlyOne(systems.filter(({ pathToken }) => pathToken?.toLowerCase() === wanted));
  if (found !== undefined) return found;
  const known = systems.filter(({ protocol }) => protocol !== undefined).map(({ id }) => id);
  throw clientProblem('catalogue.unknown_system', { system: name, known });
}

function onlyOne<T>(items: readonly T[]): T | undefined {
  return items.length === 1 ? items[0] : undefined;
}

function addressFor({ index }: OpenCatalogue, system: System, target: Target): Address {
  const known = index.catalogue.environments.map(({ id }) => id);
  if (!known.includes(target.environment)) {
    throw clientProblem('catalogue.unknown_environment', { environment: target.environment, known });
  }
  for (const address of index.addresses.values()) {
    const fits = address.channel === 'api' && address.environment === target.environment;
    if (fits && address.generation === target.generation && address.systems.includes(system.id)) return address;
  }
  const { environment, generation } = target;
  throw clientProblem('catalogue.no_address', { system: system.name, environment, generation });
}

function serviceNamed({ index }: OpenCatalogue, system: System, asked: string): ServiceReading {
  const whole = (system.services ?? []).filter(
    ({ name }) => name.toLowerCase() === asked.toLowerCase() || lastSegment(name).toLowerCase() === asked.toLowerCase(),
  );
  if (whole.length > 1) {
    const candidates = whole.map(({ name }) => name);
    throw clientProblem('catalogue.ambiguous_service', { system: system.name, service: asked, candidates });
  }
  const classified = classifyService(index, { systems: [system.id] }, { serviceName: whole[0]?.name ?? asked });
  const read = readServiceName(asked, index.naming);
  const versions = otherVersions(index.naming, system, asked);
  if (versions.length > 0) {
    throw clientProblem('catalogue.unknown_service', { system: system.name, service: asked, near: versions });
  }
  // A name that no list has is believed only when it is written as it stands in a path, version tail and all.
  if (classified.kind !== 'service' || (classified.by === 'naming-rule' && (read?.version ?? null) === null)) {
    throw clientProblem('catalogue.unknown_service', {
      system: system.name,
      service: asked,
      near: near(system, asked),
    });
  }
  const listed = system.services?.find(({ name }) => name.toLowerCase() === classified.service.toLowerCase());
  const service = listed === undefined ? (read?.base ?? asked) : lastSegment(listed.name);
  const { version, docAttach, operation: kind } = classified;
  return { service, version, kind, docAttach, verbatim: (read?.version ?? null) !== null, listed };
}

/** Names of a listed service in the versions that are listed, where the version asked for is none of them. */
function otherVersions(
  naming: Parameters<typeof readServiceName>[1] & Suffixes,
  system: System,
  asked: string,
): string[] {
  const read = readServiceName(asked, naming);
  if (read === null || read.version === null) return [];
  const alike = (system.services ?? []).filter(
    ({ name, version }) => version !== undefined && lastSegment(name).toLowerCase() === read.base.toLowerCase(),
  );
  if (alike.some(({ version }) => version === read.version)) return [];
  const tag = read.tag ?? '';
  return alike.map(({ name, version }) => `${lastSegment(name)}_${tag}v${version}${naming.endSuffix ?? ''}`);
}

function near(system: System, asked: string): string[] {
  const names = (system.services ?? []).map(({ name }) => lastSegment(name));
  const wanted = asked.toLowerCase().slice(0, 10);
  const alike = names.filter((name) => name.toLowerCase().startsWith(wanted));
  return (alike.length > 0 ? alike : names).slice(0, 12);
}

function lastSegment(path: string): string {
  return path.slice(path.lastIndexOf('/') + 1);
}

function urlOf(
  { index }: OpenCatalogue,
  system: System,
  address: Address,
  asked: string,
  found: ServiceReading,
  docAttach: boolean,
): URL {
  const url = new URL(address.url);
  const below =
    system.protocol === 'soap-rpc'
      ? (system.endpoints?.[0] ?? '')
      : segmentOf(index.naming, system, asked, found, docAttach);
  url.pathname = `${address.path}/${below}`;
  return url;
}

// OASIS is printed with http and has answered on https since April 2025.
function schemeFor({ schemes, url }: Address, { plain }: Target): string {
  const wanted = plain === true ? 'http' : 'https';
  return schemes.includes(wanted) ? `${wanted}:` : new URL(url).protocol;
}

interface Suffixes {
  readonly attachmentSuffix?: string | undefined;
  readonly endSuffix?: string | undefined;
}

function segmentOf(naming: Suffixes, system: System, asked: string, found: ServiceReading, docAttach: boolean): string {
  if (system.protocol !== 'soap') return found.listed?.name ?? asked;
  const mark = docAttach ? (naming.attachmentSuffix ?? '') : '';
  if (found.verbatim) return found.docAttach || !docAttach ? asked : withMark(asked, mark, naming.endSuffix);
  const version = found.version ?? found.listed?.version;
  const [tag] = system.serviceTags ?? [];
  // Paths seen in working code have a tail, and the mark before the end; the printed form (deck p. 21) has neither.
  if (found.listed?.evidence === 'verified-path' && tag !== undefined && version !== undefined) {
    return `${found.service}_${tag}v${version}${mark}${naming.endSuffix ?? ''}`;
  }
  return `${found.service}${version === undefined ? '' : `_v${version}`}${mark}`;
}

function withMark(segment: string, mark: string, end: string | undefined): string {
  if (end === undefined || !segment.endsWith(end)) return `${segment}${mark}`;
  return `${segment.slice(0, -end.length)}${mark}${end}`;
}

function shapeOf(system: System, kind: 'submit' | 'retrieve', docAttach: boolean): Shape {
  if (system.protocol === 'soap-rpc') return 'rpc';
  if (system.protocol === 'zip') return 'query';
  if (system.protocol === 'json') return `json-${kind}`;
  return `${kind}-${docAttach ? 'doc-attach' : 'plain'}`;
}

function requestRootOf(system: System, { listed, service, kind }: ServiceReading): string {
  if (listed?.requestRoot !== undefined) return listed.requestRoot;
  if (system.protocol === 'soap-rpc' || kind === 'submit') return service;
  return `Request${service.replace(/^retrieve/i, '')}`;
}

function subjectOf(
  { index }: OpenCatalogue,
  url: URL,
  system: System,
  address: Address,
  found: ServiceReading,
  target: Target,
): Operation['subject'] {
  // The infrastructure depends on the day: an old address is served by the current one from its hard cutover.
  const infrastructure = findUrl(index, url.href, { asOf: target.asOf })?.infrastructure ?? address.infrastructure;
  return {
    environment: target.environment,
    infrastructure,
    namespace: address.namespace ?? '',
    channel: 'api',
    generation: address.generation,
    system: system.id,
    service: found.listed?.name ?? found.service.toLowerCase(),
    operation: found.kind,
  };
}
