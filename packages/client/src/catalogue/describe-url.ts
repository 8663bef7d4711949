// Everything the catalogue and its policy say about a URL, as plain data for people and programs.
import { type CellStatus, type Classification, findUrl, type LimitRule, readServiceName } from '@headgate/contract';
import { chargesFor, compilePolicy } from '@headgate/rules';
import { clientProblem } from '../client-problem.ts';
import type { OpenCatalogue } from './open-catalogue.ts';

/** What is known about a URL on a day. */
export interface UrlDescription {
  readonly url: string;
  /** The published address that covers it. */
  readonly address: string;
  readonly environment: string;
  readonly channel: 'ui' | 'api';
  readonly generation: 'new' | 'old';
  readonly namespace: string | null;
  readonly infrastructure: string;
  /** Printed name of the system; null while several may be meant. */
  readonly system: string | null;
  /** Whether the call submits or retrieves; null where the URL names no service. */
  readonly class: 'submit' | 'retrieve' | null;
  /** The systems that may be meant; more than one where a shared path names no service of theirs. */
  readonly systems: readonly {
    readonly id: string;
    readonly name: string;
    readonly status: CellStatus;
    readonly inferred: boolean;
    readonly source: string;
  }[];
  /** Null on a user interface, and where the path ends at the address. A service that is not listed is spelt as in the URL. */
  readonly service: Classification | null;
  readonly limits: readonly LimitDescription[];
  /** The same call on the new address; null on a new one, or where none is printed. */
  readonly replacement: string | null;
}

/** One limit that counts calls to a URL. */
export interface LimitDescription
  extends Pick<LimitRule, 'name' | 'layer' | 'quota' | 'windowMs' | 'key' | 'mode' | 'evidence' | 'source'> {}

/** Describes a URL on a day (`YYYY-MM-DD`); raises `catalogue.unknown_url` for one that no address covers. */
export function describeUrl({ index, policy }: OpenCatalogue, url: string, asOf: string): UrlDescription {
  const found = findUrl(index, url, { asOf });
  if (found === null) throw clientProblem('catalogue.unknown_url', { url: url.slice(0, 300) });
  const { environment, channel, generation, namespace, infrastructure, systems, service, replacement } = found;
  const called = service?.kind === 'service' ? service : null;
  const system = called?.system ?? (systems.length === 1 ? systems[0]?.id : undefined);
  const meant = systems.filter(({ id }) => called === null || id === called.system);
  const subject = {
    environment,
    channel,
    generation,
    infrastructure,
    namespace: namespace ?? '',
    source: '',
    ...(system === undefined ? {} : { system }),
    ...(called === null ? {} : { service: called.service, operation: called.operation }),
  };
  // Limits count it in lower case, whatever its spelling.
  const spelt = (lowerCase: string) => readServiceName(found.servicePath, index.naming)?.base ?? lowerCase;
  return {
    url,
    address: found.address.url,
    environment,
    channel,
    generation,
    namespace,
    infrastructure,
    system: meant.length === 1 ? (meant[0]?.name ?? null) : null,
    class: called?.operation ?? null,
    systems: meant.map(({ id, name, cell }) => ({
      id,
      name,
      status: cell.status,
      inferred: cell.inferred === true,
      source: cell.source,
    })),
    service: called?.by === 'naming-rule' ? { ...called, service: spelt(called.service) } : service,
    limits: chargesFor(compilePolicy(policy), subject).map(({ rule }) => describeLimit(rule)),
    replacement: replacement?.url ?? null,
  };
}

function describeLimit({ name, layer, quota, windowMs, key, mode, evidence, source }: LimitRule): LimitDescription {
  return { name, layer, quota, windowMs, key, mode, evidence, source };
}
