// Which service of which system a call is for, and whether it retrieves or submits. Pure. The path alone does not say it:
// ALFS (& FDR), MF and PISOA share /sst/runtime.asvc (deck p. 5). The order is fixed: service name, then the tail that
// names a system, then SOAPAction, then the first element of the body; after that the call is undecided.
import type { AddressMatch } from './find.ts';
import type { Catalogue, Operation, Service, ServiceNaming, System } from './model.ts';
import { operationByVerb, readServiceName } from './service-name.ts';

/** How a call was recognised. */
export type RecognisedBy = 'service-name' | 'soap-action' | 'body-element' | 'naming-rule';

/** What is known of a call beyond its address. */
export interface ServiceClues {
  /** What the path names below the address; `null` where it names nothing. */
  readonly serviceName: string | null;
  /** The SOAPAction field, quoted or not. */
  readonly soapAction?: string | null;
  /** Local or prefixed name of the first element of the SOAP body. */
  readonly bodyElement?: string | null;
}

/** A call recognised as a service. */
export interface ServiceClassification {
  readonly kind: 'service';
  readonly system: string;
  /** The catalogue's spelling where known; otherwise the name in lower case, without tail and suffixes. */
  readonly service: string;
  readonly version: number | null;
  readonly operation: Operation;
  readonly subjects: readonly string[];
  readonly docAttach: boolean;
  /** True when the catalogue lists the service (in this version, where it lists one). */
  readonly known: boolean;
  readonly by: RecognisedBy;
}

/** A service; or `undecided`, when several systems remain possible; or `unknown`, when the name fits no service of the address. */
export type Classification =
  | ServiceClassification
  | { readonly kind: 'undecided'; readonly candidates: readonly string[] }
  | { readonly kind: 'unknown'; readonly candidates: readonly string[] };

/** The part of a compiled catalogue that knows services. */
export interface ServiceIndex {
  readonly naming: ServiceNaming;
  readonly systems: ReadonlyMap<string, System>;
  /** By system id, then by service name in lower case. */
  readonly services: ReadonlyMap<string, ReadonlyMap<string, Service>>;
  /** By system id, then by request element in lower case. */
  readonly requestRoots: ReadonlyMap<string, ReadonlyMap<string, Service>>;
  /** System ids by the tail that names them, in lower case. */
  readonly systemsByTag: ReadonlyMap<string, readonly string[]>;
  /** Paths that carry every operation of a system. */
  readonly endpoints: ReadonlyMap<string, ReadonlySet<string>>;
}

/** Compiles the services of a catalogue for lookups. */
export function compileServices(catalogue: Catalogue): ServiceIndex {
  const services = new Map<string, ReadonlyMap<string, Service>>();
  const requestRoots = new Map<string, ReadonlyMap<string, Service>>();
  const systemsByTag = new Map<string, readonly string[]>();
  const endpoints = new Map<string, ReadonlySet<string>>();
  for (const system of catalogue.systems) {
    const listed = system.services ?? [];
    services.set(system.id, new Map(listed.map((service) => [service.name.toLowerCase(), service])));
    const rooted = listed.flatMap((service): [string, Service][] =>
      service.requestRoot === undefined ? [] : [[service.requestRoot.toLowerCase(), service]],
    );
    requestRoots.set(system.id, new Map(rooted));
    for (const tag of system.serviceTags ?? []) {
      const key = tag.toLowerCase();
      systemsByTag.set(key, [...(systemsByTag.get(key) ?? []), system.id]);
    }
    endpoints.set(system.id, new Set(system.endpoints ?? []));
  }
  const systems = new Map(catalogue.systems.map((system) => [system.id, system]));
  return { naming: catalogue.naming, systems, services, requestRoots, systemsByTag, endpoints };
}

/** Recognises the service of a call from what is known of it. */
export function classifyService(
  index: ServiceIndex,
  match: Pick<AddressMatch, 'systems'>,
  clues: ServiceClues,
): Classification {
  const candidates = match.systems;
  const named =
    clues.serviceName === null || clues.serviceName === ''
      ? null
      : byName(index, candidates, clues.serviceName, 'service-name');
  if (named !== null) return named;
  const action = lastSegment(clues.soapAction ?? '');
  const acted = action === '' ? null : byName(index, candidates, action, 'soap-action');
  if (acted?.kind === 'service') return acted;
  const element = localName(clues.bodyElement ?? '');
  const rooted = element === '' ? null : byElement(index, candidates, element);
  return rooted ?? { kind: candidates.length > 1 ? 'undecided' : 'unknown', candidates };
}

/** `null` when the name decides nothing and the next clue may. */
function byName(
  index: ServiceIndex,
  candidates: readonly string[],
  text: string,
  by: RecognisedBy,
): Classification | null {
  const whole = onlyKnown(index, candidates, text.toLowerCase());
  if (whole !== null)
    return recognised(whole.system, whole.service, { version: null, docAttach: false, known: true, by });
  const name = readServiceName(text, index.naming);
  if (name === null) return null;
  const tagged = name.tag === null ? undefined : index.systemsByTag.get(name.tag.toLowerCase());
  const pool = tagged === undefined ? candidates : candidates.filter((id) => tagged.includes(id));
  // The tail names a system that is not behind this address: a call that two readers would take for two systems.
  if (pool.length === 0) return { kind: 'unknown', candidates };
  const found = onlyKnown(index, pool, name.base.toLowerCase());
  if (found !== null) {
    const known = found.service.version === undefined || name.version === found.service.version;
    return recognised(found.system, found.service, { version: name.version, docAttach: name.docAttach, known, by });
  }
  const [system] = pool;
  const operation = operationByVerb(name.base, index.naming);
  if (pool.length !== 1 || system === undefined || operation === null) return null;
  return {
    kind: 'service',
    system,
    service: name.base.toLowerCase(),
    version: name.version,
    operation,
    subjects: [],
    docAttach: name.docAttach,
    known: false,
    by: by === 'service-name' ? 'naming-rule' : by,
  };
}

function onlyKnown(
  index: ServiceIndex,
  pool: readonly string[],
  name: string,
): { readonly system: string; readonly service: Service } | null {
  let only: { readonly system: string; readonly service: Service } | null = null;
  for (const system of pool) {
    const service = index.services.get(system)?.get(name);
    if (service === undefined) continue;
    if (only !== null) return null;
    only = { system, service };
  }
  return only;
}

function recognised(
  system: string,
  service: Service,
  seen: Pick<ServiceClassification, 'version' | 'docAttach' | 'known' | 'by'>,
): ServiceClassification {
  return {
    kind: 'service',
    system,
    service: service.name,
    operation: service.operation,
    subjects: service.subjects ?? [],
    ...seen,
  };
}

function byElement(index: ServiceIndex, candidates: readonly string[], element: string): ServiceClassification | null {
  const seen = { version: null, docAttach: false, by: 'body-element' } as const;
  const name = element.replace(/_v\d{1,3}$/i, '').toLowerCase();
  const rooted = candidates.flatMap((system) => {
    const service = index.requestRoots.get(system)?.get(name) ?? index.services.get(system)?.get(name);
    return service === undefined ? [] : [{ system, service }];
  });
  const [only] = rooted;
  if (only !== undefined)
    return rooted.length === 1 ? recognised(only.system, only.service, { ...seen, known: true }) : null;
  const prefix = index.naming.requestPrefix?.toLowerCase();
  if (prefix === undefined || !name.startsWith(prefix) || name === prefix) return null;
  const retrieve = index.naming.verbs.find(({ operation }) => operation === 'retrieve');
  const asked = `${retrieve?.prefix.toLowerCase() ?? ''}${name.slice(prefix.length)}`;
  const found = onlyKnown(index, candidates, asked);
  if (found !== null) return recognised(found.system, found.service, { ...seen, known: true });
  const [system] = candidates;
  if (candidates.length !== 1 || system === undefined) return null;
  return { kind: 'service', system, service: asked, operation: 'retrieve', subjects: [], known: false, ...seen };
}

const clueLengthMax = 500;

/** Last segment of a SOAPAction: quotes, path and a `.wsdl` ending taken off. */
function lastSegment(action: string): string {
  const bare = action
    .slice(0, clueLengthMax)
    .trim()
    .replace(/^["']|["']$/g, '');
  const cut = Math.max(bare.lastIndexOf('/'), bare.lastIndexOf('#'), bare.lastIndexOf(':'));
  return bare.slice(cut + 1).replace(/\.wsdl$/i, '');
}

function localName(element: string): string {
  return element.slice(element.indexOf(':') + 1).slice(0, clueLengthMax);
}
