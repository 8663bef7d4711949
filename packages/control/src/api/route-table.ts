// The routes of control as they run: what each says of itself, and which methods a path takes. The test of the matrix and the check of
// the published description are built from it, so that nobody can forget a row.
import type { RouteOptions } from 'fastify';
import type { Access } from '../access/account.ts';

/** One route. */
export interface RouteEntry {
  readonly method: string;
  /** As it was added, with parameters as `:name`. */
  readonly url: string;
  readonly access: Access;
}

/** Every route of an app. */
export interface RouteTable {
  /** Takes a route in. Throws where it does not say who may call it. */
  add(route: Pick<RouteOptions, 'method' | 'url' | 'config'>): void;
  readonly entries: () => readonly RouteEntry[];
  /** The methods that a path of a request takes, in alphabetical order; none where there is no such route. */
  methodsAt(path: string): readonly string[];
}

/** An empty table. */
export function createRouteTable(): RouteTable {
  const entries: RouteEntry[] = [];
  return {
    add({ method, url, config }) {
      const access = config?.access;
      const methods = Array.isArray(method) ? method : [method];
      if (access === undefined)
        throw new TypeError(
          `${methods.join(', ')} ${url} does not say who may call it: add config.access to the route`,
        );
      for (const parameter of [access.participant, access.node]) {
        if (parameter !== undefined && !url.split('/').includes(`:${parameter}`))
          throw new TypeError(`${url} has no :${parameter}, which its access names`);
      }
      entries.push(...methods.map((each): RouteEntry => ({ method: each, url, access })));
    },
    entries: () => entries,
    methodsAt: (path) =>
      [...new Set(entries.filter(({ url }) => isAt(url, path)).map(({ method }) => method))].toSorted(),
  };
}

function isAt(url: string, path: string): boolean {
  const [wanted, given] = [url.split('/'), path.split('/')];
  return wanted.length === given.length && wanted.every((part, at) => part.startsWith(':') || part === given[at]);
}
