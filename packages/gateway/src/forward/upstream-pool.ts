// Which back ends serve a system on an infrastructure, and the kept-alive connections to each of them.
import { Agent } from 'node:http';
import type { Config } from '../config.ts';
import type { Endpoint, UpstreamGroup, UpstreamPool } from '../upstream.ts';

/** Creates the pool of one configuration. No connection is opened before it is needed. */
export function createUpstreamPool(upstreams: Config['upstreams'], connectionsMax: number): UpstreamPool {
  const agents = new Map<string, Agent>();
  const groups = upstreams.map((upstream) => ({ ...upstream, group: groupOf(upstream, agents, connectionsMax) }));
  const fits = (pattern: string, value: string) => pattern === '*' || pattern === value;
  const weight = (pattern: string, points: number) => (pattern === '*' ? 0 : points);
  return {
    select({ system, environment, infrastructure }) {
      const fitting = groups.filter(
        (each) =>
          fits(each.system, system) && fits(each.environment, environment) && fits(each.infrastructure, infrastructure),
      );
      const particular = (each: (typeof groups)[number]) =>
        weight(each.system, 4) + weight(each.environment, 2) + weight(each.infrastructure, 1);
      return fitting.toSorted((a, b) => particular(b) - particular(a))[0]?.group ?? null;
    },
    close() {
      for (const agent of agents.values()) agent.destroy();
    },
  };
}

function groupOf(
  upstream: Config['upstreams'][number],
  agents: Map<string, Agent>,
  connectionsMax: number,
): UpstreamGroup {
  const endpoints = upstream.endpoints.map((url): Endpoint => {
    const { hostname, port } = new URL(url);
    const agent =
      agents.get(url) ?? new Agent({ keepAlive: true, maxSockets: connectionsMax, maxFreeSockets: connectionsMax });
    agents.set(url, agent);
    return { host: hostname, port: port === '' ? 80 : Number(port), url, agent };
  });
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
