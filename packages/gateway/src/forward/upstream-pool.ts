// Which back ends serve a system on an infrastructure.
import type { Config, PathOptions } from '../config.ts';
import type { Deadlines } from '../deadlines.ts';
import type { UpstreamGroup, UpstreamPool } from '../upstream.ts';
import { createEndpoint, type KeptEndpoint } from './endpoint.ts';

/** Creates the pool of one configuration; groups that name the same address share its connections. */
export function createUpstreamPool(
  upstreams: Config['upstreams'],
  path: PathOptions,
  deadlines: Deadlines,
): UpstreamPool {
  const endpoints = new Map<string, KeptEndpoint>();
  const endpointOf = (url: string): KeptEndpoint => {
    const endpoint = endpoints.get(url) ?? createEndpoint(url, path, deadlines);
    endpoints.set(url, endpoint);
    return endpoint;
  };
  const groups = upstreams.map((upstream) => ({ ...upstream, group: groupOf(upstream, endpointOf) }));
  const fits = (pattern: string, value: string) => pattern === '*' || pattern === value;
  const weight = (pattern: string, points: number) => (pattern === '*' ? 0 : points);
  const particularity = (each: (typeof groups)[number]) =>
    weight(each.system, 4) + weight(each.environment, 2) + weight(each.infrastructure, 1);
  const byParticularity = groups.toSorted((a, b) => particularity(b) - particularity(a));
  return {
    select({ system, environment, infrastructure }) {
      const found = byParticularity.find(
        (each) =>
          fits(each.system, system) && fits(each.environment, environment) && fits(each.infrastructure, infrastructure),
      );
      return found?.group ?? null;
    },
    close() {
      for (const endpoint of endpoints.values()) endpoint.close();
    },
  };
}

function groupOf(upstream: Config['upstreams'][number], endpointOf: (url: string) => KeptEndpoint): UpstreamGroup {
  const endpoints = upstream.endpoints.map(endpointOf);
  let turn = 0;
  return {
    name: `${upstream.system}/${upstream.environment}/${upstream.infrastructure}`,
    inTurn() {
      const start = turn;
      turn = (turn + 1) % endpoints.length;
      return [...endpoints.slice(start), ...endpoints.slice(0, start)];
    },
  };
}
