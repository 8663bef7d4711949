// Which address a request is for, by host and path, and everything the catalogue knows about a URL. Pure; `findAddress`
// runs on every request and does no work that grows with the catalogue.
import { addressOf, everyCell } from './addresses.ts';
import { type Classification, classifyService, compileServices, type ServiceIndex } from './classify.ts';
import type { Day } from './dates.ts';
import { cellStatus, type MatrixCell } from './matrix.ts';
import type { Catalogue, CertificateNeed, Channel, Generation, System } from './model.ts';

/** A published URL prefix, with all that is served under it. */
export interface Address {
  /** `environment/channel/generation/host/path`: stable, unique, and the key of positions. */
  readonly id: string;
  /** As printed, or as built from the printed form. */
  readonly url: string;
  readonly schemes: readonly string[];
  readonly host: string;
  /** Path without a trailing slash; empty for the whole host. */
  readonly path: string;
  readonly environment: string;
  readonly channel: Channel;
  readonly generation: Generation;
  /** The pool of the global limit; `null` where the catalogue names none (user interfaces). */
  readonly namespace: string | null;
  /** Ids of the systems that may be meant; more than one on a shared path. */
  readonly systems: readonly string[];
  /** First path segments that mean this address where another channel has the same one. */
  readonly apiPaths: readonly string[];
  /** Protocols that a connection to it may switch to. */
  readonly upgrades: readonly 'websocket'[];
  /** Whether its callers show a client certificate. */
  readonly certificate: CertificateNeed;
  /** The infrastructure that serves it while no position says otherwise. */
  readonly infrastructure: string;
  /** Id of the address that takes its place; `null` for a new address or where none is printed. */
  readonly replacement: string | null;
}

/** A catalogue compiled for lookups. Made by `compileCatalogue`. */
export interface CatalogueIndex extends ServiceIndex {
  readonly catalogue: Catalogue;
  readonly addresses: ReadonlyMap<string, Address>;
  readonly hosts: ReadonlyMap<string, HostIndex>;
}

/** Addresses of one host, by path prefix. */
interface HostIndex {
  readonly byPath: ReadonlyMap<string, readonly Address[]>;
  /** Most segments of any prefix. */
  readonly depthMax: number;
}

/** A request's address and what stands below it. */
export interface AddressMatch {
  readonly address: Address;
  readonly environment: string;
  readonly channel: Channel;
  readonly generation: Generation;
  readonly namespace: string | null;
  /** Ids of the systems that may be meant. */
  readonly systems: readonly string[];
  /** The path below the address, without its leading slash. */
  readonly servicePath: string;
  /** The service the path names; `null` where the path ends at the address or at a common endpoint. */
  readonly serviceName: string | null;
  /** The infrastructure that serves the address now. */
  readonly infrastructure: string;
}

/** Host and path of a request, as received. */
export interface RequestTarget {
  readonly scheme: 'http' | 'https';
  /** Host name, with or without a port; letter case does not matter. */
  readonly host: string;
  /** Path as received, without the query; letter case and percent-encoding matter. */
  readonly path: string;
}

/** Compiles a catalogue for lookups. */
export function compileCatalogue(catalogue: Catalogue): CatalogueIndex {
  const addresses = addressesOf(catalogue);
  const hosts = new Map<string, { byPath: Map<string, Address[]>; depthMax: number }>();
  for (const address of addresses.values()) {
    const host = hosts.get(address.host) ?? { byPath: new Map<string, Address[]>(), depthMax: 0 };
    host.byPath.set(address.path, [...(host.byPath.get(address.path) ?? []), address]);
    host.depthMax = Math.max(host.depthMax, address.path.split('/').length - 1);
    hosts.set(address.host, host);
  }
  return { catalogue, addresses, hosts, ...compileServices(catalogue) };
}

function addressesOf(catalogue: Catalogue): ReadonlyMap<string, Address> {
  const addresses = new Map<string, Address>();
  for (const { system, environment, channel, generation, cell } of everyCell(catalogue)) {
    const printed = addressOf(catalogue, system, cell);
    if (printed === null) continue;
    const { hostname, pathname } = new URL(printed.url);
    const path = pathname.replace(/\/+$/, '');
    const id = `${environment}/${channel}/${generation}/${hostname}${path}`;
    const same = addresses.get(id);
    const host = catalogue.hosts.find(({ name }) => name === hostname);
    addresses.set(id, {
      id,
      url: printed.url,
      schemes: host?.schemes ?? [],
      host: hostname,
      path,
      environment,
      channel,
      generation,
      namespace: channel === 'api' ? (host?.namespace ?? null) : null,
      systems: [...(same?.systems ?? []), system.id],
      apiPaths: [...(same?.apiPaths ?? []), ...(system.apiPaths ?? [])],
      upgrades: [...new Set([...(same?.upgrades ?? []), ...(cell.upgrade ?? [])])],
      certificate: cell.certificate ?? 'required',
      infrastructure: catalogue.servedBy[generation],
      replacement: null,
    });
  }
  for (const address of addresses.values()) {
    addresses.set(address.id, { ...address, replacement: replacementOf(address, addresses) });
  }
  return addresses;
}

function replacementOf(address: Address, addresses: ReadonlyMap<string, Address>): string | null {
  if (address.generation === 'new') return null;
  for (const other of addresses.values()) {
    const sameInterface = other.environment === address.environment && other.channel === address.channel;
    if (sameInterface && other.generation === 'new' && address.systems.every((id) => other.systems.includes(id)))
      return other.id;
  }
  return null;
}

// A dot segment could lead an upstream to another system than the one whose limits were charged. Servers differ in what
// they take for a separator, so all that any of them takes counts here: encoded slashes, backslashes, path parameters.
const dotSegment = /(?:^|[/\\]|%2f|%5c)(?:\.|%2e){1,2}(?:$|[/\\;]|%2f|%5c|%3b)/i;

const noPositions: ReadonlyMap<string, string> = new Map();

/**
 * The address with the longest path prefix, compared by whole segments; host in any letter case, path exactly.
 * `positions` says which infrastructure serves an address (by its id) where that differs from the start. `null` when
 * no address covers the target, its scheme is not offered on the host, or the path holds dot segments.
 */
export function findAddress(
  index: CatalogueIndex,
  target: RequestTarget,
  positions: ReadonlyMap<string, string> = noPositions,
): AddressMatch | null {
  const host = index.hosts.get(withoutPort(target.host).toLowerCase());
  if (host === undefined || !target.path.startsWith('/') || dotSegment.test(target.path)) return null;
  const ends = prefixEnds(target.path, host.depthMax);
  for (let depth = ends.length - 1; depth >= 0; depth -= 1) {
    const end = ends[depth] ?? 0;
    const addresses = host.byPath.get(target.path.slice(0, end));
    if (addresses === undefined) continue;
    const servicePath = target.path.slice(end + 1);
    const address = meant(addresses, servicePath);
    return address?.schemes.includes(target.scheme) ? matchOf(index, address, servicePath, positions) : null;
  }
  return null;
}

function withoutPort(host: string): string {
  const colon = host.indexOf(':');
  return colon === -1 ? host : host.slice(0, colon);
}

/** Where each prefix of whole segments ends, the empty prefix first, `depthMax` segments at the most. */
function prefixEnds(path: string, depthMax: number): readonly number[] {
  const ends = [0];
  let at = 0;
  while (ends.length <= depthMax && at !== -1 && at < path.length) {
    at = path.indexOf('/', at + 1);
    ends.push(at === -1 ? path.length : at);
  }
  return ends;
}

/** Where both channels share one address, the first segment below it tells the API from the user interface. */
function meant(addresses: readonly Address[], servicePath: string): Address | undefined {
  if (addresses.length === 1) return addresses[0];
  const slash = servicePath.indexOf('/');
  const first = slash === -1 ? servicePath : servicePath.slice(0, slash);
  const api = addresses.find(({ channel, apiPaths }) => channel === 'api' && apiPaths.includes(first));
  return api ?? addresses.find(({ channel }) => channel === 'ui');
}

function matchOf(
  index: CatalogueIndex,
  address: Address,
  servicePath: string,
  positions: ReadonlyMap<string, string>,
): AddressMatch {
  const { environment, channel, generation, namespace, systems } = address;
  const isEndpoint = servicePath === '' || systems.some((id) => index.endpoints.get(id)?.has(servicePath));
  return {
    address,
    environment,
    channel,
    generation,
    namespace,
    systems,
    servicePath,
    serviceName: channel === 'ui' || isEndpoint ? null : servicePath,
    infrastructure: positions.get(address.id) ?? address.infrastructure,
  };
}

/** What the catalogue knows about a URL on a day. */
export interface FoundUrl {
  readonly url: string;
  readonly address: Address;
  readonly environment: string;
  readonly channel: Channel;
  readonly generation: Generation;
  readonly namespace: string | null;
  readonly infrastructure: string;
  /** Systems that may be meant, with the status of this address for each on the day. */
  readonly systems: readonly { readonly id: string; readonly name: string; readonly cell: MatrixCell }[];
  readonly servicePath: string;
  /** `null` on a user interface, and where the path ends at the address. */
  readonly service: Classification | null;
  /** The same call on the new address; `null` on a new address, or where none is printed. */
  readonly replacement: { readonly url: string; readonly address: Address } | null;
}

/**
 * Everything the catalogue knows about a URL on a day; `null` when no address covers it or it is not a URL.
 * Query and fragment do not matter. `soapAction` and `bodyElement` help on a shared path.
 */
export function findUrl(
  index: CatalogueIndex,
  url: string,
  options: {
    readonly asOf: Day;
    readonly positions?: ReadonlyMap<string, string>;
    readonly soapAction?: string;
    readonly bodyElement?: string;
  },
): FoundUrl | null {
  const parsed = URL.canParse(url) ? new URL(url) : null;
  if (parsed === null || (parsed.protocol !== 'http:' && parsed.protocol !== 'https:')) return null;
  const scheme = parsed.protocol === 'http:' ? 'http' : 'https';
  const match = findAddress(index, { scheme, host: parsed.hostname, path: parsed.pathname }, options.positions);
  if (match === null) return null;
  const systems = match.systems.flatMap((id) => {
    const system = index.systems.get(id);
    return system === undefined ? [] : [{ id, name: system.name, cell: cellIn(index, system, match, options.asOf) }];
  });
  const moved = systems.some(({ cell }) => cell.status === 'complete' || cell.status === 'moved-in-place');
  const { servedBy } = index.catalogue;
  const infrastructure =
    options.positions?.get(match.address.id) ?? (moved ? servedBy.afterHardCutover : match.infrastructure);
  const { soapAction, bodyElement } = options;
  const asksService = match.channel === 'api' && (match.serviceName ?? soapAction ?? bodyElement) !== undefined;
  return {
    url,
    address: match.address,
    environment: match.environment,
    channel: match.channel,
    generation: match.generation,
    namespace: match.namespace,
    infrastructure,
    systems,
    servicePath: match.servicePath,
    service: asksService
      ? classifyService(index, match, {
          serviceName: match.serviceName,
          soapAction: soapAction ?? null,
          bodyElement: bodyElement ?? null,
        })
      : null,
    replacement: replacementUrl(index, match),
  };
}

function cellIn(index: CatalogueIndex, system: System, match: AddressMatch, asOf: Day): MatrixCell {
  return cellStatus(index.catalogue, system, match.environment, match.channel, match.generation, asOf);
}

function replacementUrl(index: CatalogueIndex, match: AddressMatch): FoundUrl['replacement'] {
  const address = match.address.replacement === null ? undefined : index.addresses.get(match.address.replacement);
  if (address === undefined) return null;
  const below = match.channel === 'ui' || match.servicePath === '' ? '' : `/${match.servicePath}`;
  return { url: `${address.url.replace(/\/+$/, '')}${below}`, address };
}
