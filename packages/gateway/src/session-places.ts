// Where people see how long their session lasts and where they end it: two paths of each host that has sessions and a user interface.
import type { CatalogueIndex, Positions } from '@headgate/contract';
import type { Config } from './config.ts';
import { type EchoPlace, placeOn } from './echo-places.ts';

/** The page that tells and renews, and the page that ends. */
export const sessionPath = '/headgate/session';
export const logoutPath = '/headgate/logout';

/** The places of one host. */
export type SessionPlaces = Readonly<Record<typeof sessionPath | typeof logoutPath, EchoPlace>>;

/** Session places by host name. */
export function sessionPlaces(index: CatalogueIndex, positions: Positions, config: Config): Map<string, SessionPlaces> {
  const withSessions = new Set(
    config.listeners.flatMap(({ hosts }) => hosts.flatMap(({ name, uiSession }) => (uiSession ? [name] : []))),
  );
  const withPages = new Set(
    [...index.addresses.values()].flatMap((each) => (each.channel === 'ui' ? [each.host] : [])),
  );
  const hosts = index.catalogue.hosts.filter(({ name }) => withSessions.has(name) && withPages.has(name));
  return new Map(
    hosts.map((host) => {
      const at = (path: string): EchoPlace => ({ ...placeOn(index, positions, host, path), channel: 'ui' });
      return [host.name, { [sessionPath]: at(sessionPath), [logoutPath]: at(logoutPath) }];
    }),
  );
}
