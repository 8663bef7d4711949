// Where the payload of a service carries the SCID that a call acts for: what the catalogue says, made ready for reading.
import { type CatalogueIndex, type ScidPlace, type ScidStatement, scidStatementOf } from '@headgate/contract';
import { type PayloadPlaces, toPointerTokens, type XmlPlace } from './payload-places.ts';

/** Places at which an SCID is looked for, and the words there that stand for every SCID of the caller. */
export interface SoughtScid {
  readonly places: PayloadPlaces;
  readonly every: ReadonlySet<string>;
}

/** What the catalogue says of one service: places, or why there are none. */
export type ScidWhereabouts =
  | SoughtScid
  | { readonly places: null; readonly reason: 'none' | 'not-public' | 'not-known' };

/** The places of every service of a catalogue. */
export interface ScidPlaces {
  of(service: { readonly systemId: string; readonly service: string | null }): ScidWhereabouts;
}

/** Makes ready what a catalogue says, each statement when it is first asked for. */
export function createScidPlaces(index: CatalogueIndex): ScidPlaces {
  const known = new Map<ScidStatement, ScidWhereabouts>();
  return {
    of({ systemId, service }) {
      const statement = scidStatementOf(index, systemId, service);
      if (statement === null) return { places: null, reason: 'not-known' };
      const ready = known.get(statement) ?? toScids(statement, index.catalogue.payloads);
      known.set(statement, ready);
      return ready;
    },
  };
}

function toScids({ at }: ScidStatement, payloads: CatalogueIndex['catalogue']['payloads']): ScidWhereabouts {
  if (typeof at === 'string') return { places: null, reason: at };
  const { attachment, everyScid = [] } = payloads ?? {};
  const places = {
    xml: at.flatMap((place) => toXmlPlace(place) ?? []),
    json: at.flatMap((place) => ('pointer' in place ? [toPointerTokens(place.pointer) ?? []] : [])),
    attachment: attachment === undefined ? null : { namespace: attachment.namespace, elements: attachment.path },
  };
  return { places, every: new Set(everyScid) };
}

function toXmlPlace(place: ScidPlace): XmlPlace | null {
  if ('pointer' in place) return null;
  const { namespace = null, path: elements, attribute = null } = place;
  return { namespace, elements, attribute };
}
