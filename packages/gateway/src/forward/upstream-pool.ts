// Which back ends serve a system on an infrastructure, and what is shared among their groups: connections and checks.
import type { Config, PathOptions } from '../config.ts';
import { endpointOf, type Phases, phases, type UpstreamOptions } from '../config-upstreams.ts';
import type { Deadlines } from '../deadlines.ts';
import type { EndpointNotice, UpstreamPool } from '../upstream.ts';
import { createEndpoint, type KeptEndpoint } from './endpoint.ts';
import { HealthCheck } from './health-check.ts';
import { createUpstreamGroup, type KeptGroup } from './upstream-group.ts';
import type { UpstreamTls } from './upstream-tls.ts';

/** What a pool is made with. */
export interface UpstreamPoolOptions {
  readonly upstreams: Config['upstreams'];
  /** TLS files of each upstream, in the same order; null where there are none. */
  readonly tls: readonly (UpstreamTls | null)[];
  readonly path: PathOptions;
  readonly deadlines: Deadlines;
  readonly notice: (notice: EndpointNotice) => void;
  /** 0 to below 1, for spreading checks; default the system's. */
  readonly random?: () => number;
}

/** A pool whose TLS files can be exchanged. */
export interface RenewablePool extends UpstreamPool {
  /** Takes other TLS files into use, in the order of the upstreams. */
  renew(tls: readonly (UpstreamTls | null)[]): void;
}

/**
 * Creates the pool of one configuration. Groups that name the same address with the same TLS files share its connections; with
 * the same check, they share that too.
 */
export function createUpstreamPool(options: UpstreamPoolOptions): RenewablePool {
  const { upstreams, path, deadlines } = options;
  const endpoints = new Map<string, KeptEndpoint>();
  const checks = new Map<string, HealthCheck>();
  /** By upstream, in order: what must hear of other TLS files. */
  const renewable: { renew(tls: UpstreamTls): void }[][] = [];
  const groups = upstreams.map((upstream, at) => {
    const tlsFiles = options.tls[at] ?? null;
    const listed = upstream.endpoints.map((written) => endpointOf(written).url);
    const kept = listed.map((url) => {
      const tls = url.startsWith('https:') ? tlsFiles : null;
      return shared(endpoints, [url, tls && upstream.tls], () => createEndpoint(url, tls, path, deadlines));
    });
    const group = createUpstreamGroup(upstream, phasesOf(upstream, path), kept, deadlines, options.notice);
    const checked = checksOf(upstream, listed, tlsFiles);
    for (const [index, check] of checked.entries())
      check.listen((isWell, reason) => group.members[index]?.checked(isWell, reason));
    renewable.push([...kept, ...checked]);
    return { ...upstream, group };
  });

  function checksOf({ check, tls }: UpstreamOptions, urls: readonly string[], tlsFiles: UpstreamTls | null) {
    if (check === undefined) return [];
    return urls.map((url) => {
      const files = url.startsWith('https:') ? tlsFiles : null;
      const make = () => new HealthCheck(url, check, files, deadlines, options.random ?? Math.random);
      return shared(checks, [url, files && tls, check], make);
    });
  }

  const select = selectorOf(groups);
  return {
    select,
    renew(tls) {
      for (const [at, each] of tls.entries()) if (each !== null) for (const one of renewable[at] ?? []) one.renew(each);
    },
    close() {
      for (const check of checks.values()) check.close();
      for (const { group } of groups) group.close();
      for (const endpoint of endpoints.values()) endpoint.close();
    },
  };
}

function selectorOf(groups: readonly (UpstreamOptions & { readonly group: KeptGroup })[]): UpstreamPool['select'] {
  const fits = (pattern: string, value: string) => pattern === '*' || pattern === value;
  const points = (pattern: string, weight: number) => (pattern === '*' ? 0 : weight);
  const particularity = (each: UpstreamOptions) =>
    points(each.system, 4) + points(each.environment, 2) + points(each.infrastructure, 1);
  const byParticularity = groups.toSorted((a, b) => particularity(b) - particularity(a));
  return ({ system, environment, infrastructure }) => {
    const found = byParticularity.find(
      (each) =>
        fits(each.system, system) && fits(each.environment, environment) && fits(each.infrastructure, infrastructure),
    );
    return found?.group ?? null;
  };
}

/** The bounds of each phase: the upstream's own, else those of the path. */
function phasesOf({ timeouts }: UpstreamOptions, path: PathOptions): Phases {
  return Object.fromEntries(
    Object.keys(phases).map((name) => [name, timeouts[name as keyof Phases] ?? path[name as keyof Phases]]),
  ) as unknown as Phases;
}

function shared<Each>(known: Map<string, Each>, by: readonly unknown[], make: () => Each): Each {
  const key = JSON.stringify(by);
  const found = known.get(key) ?? make();
  known.set(key, found);
  return found;
}
