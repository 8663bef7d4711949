// Where a gateway tells programs of itself: a few paths of every host that programs call, at which no system is asked.
import type { CatalogueIndex, Positions } from '@headgate/contract';
import { type EchoPlace, placeOn } from './echo-places.ts';

/** Begins the path of every document (RFC 8615). */
export const documentsPath = '/.well-known/headgate/';

/** The documents, by the rest of their path. */
export const documentNames = ['policy', 'catalogue', 'standing', 'keys'] as const;

/** One of the documents. */
export type DocumentName = (typeof documentNames)[number];

/** A document at a host, in the words of a route. */
export interface DocumentPlace extends EchoPlace {
  readonly document: DocumentName;
}

/** The places of every host that programs call, by host and path. */
export function documentPlaces(index: CatalogueIndex, positions: Positions): ReadonlyMap<string, DocumentPlace> {
  const ofPrograms = new Set(
    [...index.addresses.values()].flatMap(({ channel, host }) => (channel === 'api' ? [host] : [])),
  );
  const hosts = index.catalogue.hosts.filter(({ name }) => ofPrograms.has(name));
  return new Map(
    hosts.flatMap((host) =>
      documentNames.map((document): [string, DocumentPlace] => {
        const path = `${documentsPath}${document}`;
        const place = placeOn(index, positions, host, path);
        return [`${host.name}${path}`, { ...place, channel: 'api', document }];
      }),
    ),
  );
}
