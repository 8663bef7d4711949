// Where a call goes, from what a person or a line of a file says of it: a URL, or a system and a service. The catalogue has the rest.
import {
  type Address,
  type CatalogueIndex,
  classifyService,
  findAddress,
  type LimitSubject,
  nearest,
  type System,
} from '@headgate/contract';

/** What may be said of a call's place. A URL says most of it; whatever is said besides counts instead. */
export interface SaidPlace {
  readonly url?: string | undefined;
  readonly environment?: string | undefined;
  readonly channel?: string | undefined;
  readonly generation?: string | undefined;
  readonly infrastructure?: string | undefined;
  readonly namespace?: string | undefined;
  readonly system?: string | undefined;
  readonly service?: string | undefined;
  readonly operation?: string | undefined;
}

/** The part of a subject that says where a call goes. */
export type CallPlace = Omit<LimitSubject, 'source' | 'credential' | 'participant' | 'scid'>;

/** A place, or what is wrong with what was said. */
export type FoundPlace =
  | { readonly ok: true; readonly place: CallPlace }
  | { readonly ok: false; readonly sentence: string };

/** Finds the place of a call. */
export function placeOf(index: CatalogueIndex, said: SaidPlace): FoundPlace {
  const wrong = wrongWord(said);
  if (wrong !== null) return { ok: false, sentence: wrong };
  return said.url === undefined ? placeOfWords(index, said) : placeOfUrl(index, said.url, said);
}

function wrongWord({ channel, generation, operation }: SaidPlace): string | null {
  const lists = [
    ['channel', channel, ['api', 'ui']],
    ['generation', generation, ['new', 'old']],
    ['operation', operation, ['retrieve', 'submit']],
  ] as const;
  for (const [name, word, known] of lists)
    if (word !== undefined && !(known as readonly string[]).includes(word))
      return `${name} "${word.slice(0, 80)}" is none of ${known.join(', ')}`;
  return null;
}

function placeOfUrl(index: CatalogueIndex, url: string, said: SaidPlace): FoundPlace {
  const parsed = URL.canParse(url) ? new URL(url) : null;
  const scheme = parsed?.protocol === 'https:' ? 'https' : parsed?.protocol === 'http:' ? 'http' : null;
  if (parsed === null || scheme === null) return { ok: false, sentence: `"${url.slice(0, 200)}" is no http URL` };
  const match = findAddress(index, { scheme, host: parsed.host, path: parsed.pathname });
  if (match === null) return { ok: false, sentence: `no address of the catalogue covers ${url.slice(0, 200)}` };
  const asksService = match.channel === 'api' && match.serviceName !== null;
  const found = asksService
    ? classifyService(index, match, { serviceName: match.serviceName, soapAction: null })
    : null;
  const named = found?.kind === 'service' ? found : null;
  const system = named?.system ?? (match.systems.length === 1 ? match.systems[0] : undefined);
  return {
    ok: true,
    place: withSaid(
      {
        environment: match.environment,
        channel: match.channel,
        generation: match.generation,
        infrastructure: match.infrastructure,
        namespace: match.namespace ?? match.address.host,
        ...(system === undefined ? {} : { system }),
        ...(named === null ? {} : { service: named.service, operation: named.operation }),
      },
      { ...said, system: said.system === undefined ? undefined : systemNamed(index, said.system)?.id },
    ),
  };
}

function placeOfWords(index: CatalogueIndex, said: SaidPlace): FoundPlace {
  if (said.system === undefined) return { ok: false, sentence: 'it names neither a URL nor a system' };
  const system = systemNamed(index, said.system);
  if (system === undefined) return { ok: false, sentence: unknownSystem(index, said.system) };
  const known = index.catalogue.environments.map(({ id }) => id);
  const environment = said.environment ?? known[0] ?? '';
  if (!known.includes(environment))
    return { ok: false, sentence: `environment "${environment.slice(0, 80)}" is none of ${known.join(', ')}` };
  const channel = said.channel === 'ui' ? 'ui' : 'api';
  const generation = said.generation === 'old' ? 'old' : 'new';
  const address = addressOf(index, { environment, channel, generation, system: system.id });
  const namespace = said.namespace ?? (address === null ? undefined : (address.namespace ?? address.host));
  const infrastructure = said.infrastructure ?? address?.infrastructure;
  if (namespace === undefined || infrastructure === undefined)
    return {
      ok: false,
      sentence: `the catalogue has no ${generation} ${channel} address of ${system.name} in ${environment}: say namespace and infrastructure too`,
    };
  return {
    ok: true,
    place: withSaid(
      {
        environment,
        channel,
        generation,
        infrastructure,
        namespace,
        system: system.id,
        ...serviceOf(index, system, said),
      },
      { operation: said.operation },
    ),
  };
}

/** A name as in a path, tail and all, or as the catalogue lists it; one that neither knows stays as it is said. */
function serviceOf(index: CatalogueIndex, { id }: System, { service }: SaidPlace): Partial<CallPlace> {
  if (service === undefined) return {};
  const found = classifyService(index, { systems: [id] }, { serviceName: service, soapAction: null });
  return found.kind === 'service' ? { service: found.service, operation: found.operation } : { service };
}

function withSaid(place: CallPlace, said: SaidPlace): CallPlace {
  const { url: _, ...parts } = said;
  const given = Object.entries(parts).filter(([, value]) => value !== undefined);
  return { ...place, ...(Object.fromEntries(given) as Partial<CallPlace>) };
}

function addressOf(
  index: CatalogueIndex,
  wanted: {
    readonly environment: string;
    readonly channel: string;
    readonly generation: string;
    readonly system: string;
  },
): Address | null {
  for (const address of index.addresses.values()) {
    const { environment, channel, generation, systems } = address;
    const fits = environment === wanted.environment && channel === wanted.channel && generation === wanted.generation;
    if (fits && systems.includes(wanted.system)) return address;
  }
  return null;
}

/** A system by its id or by its printed name, in any letter case. */
export function systemNamed({ catalogue }: CatalogueIndex, name: string): System | undefined {
  const wanted = name.toLowerCase();
  return catalogue.systems.find((system) => system.id === wanted || system.name.toLowerCase() === wanted);
}

function unknownSystem({ catalogue }: CatalogueIndex, name: string): string {
  const near = nearest(
    name,
    catalogue.systems.map(({ id }) => id),
  );
  return `the catalogue has no system "${name.slice(0, 80)}"${near === null ? '' : `; the nearest is ${near}`}`;
}
