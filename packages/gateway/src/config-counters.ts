// The options of counters that several gateways share.
import type { Finding, ReadFile } from '@headgate/contract';
import { z } from 'zod';
import { count, file, hostName, milliseconds, name } from './config-values.ts';

const endpoint = z.strictObject({
  host: z.string().min(1).max(255).describe('Name or address of the store.'),
  port: z.int().min(1).max(65_535).default(6_379).describe('TCP port.'),
});

const tls = z.strictObject({
  authorities: file.describe('PEM file with the authorities that may have issued the certificate of the store.'),
  serverName: hostName.optional().describe('Name in that certificate. Default: `endpoints[].host`.'),
  certificate: file.optional().describe('PEM file with what the gateway shows, where the store asks for it.'),
  key: file.optional().describe('PEM file with its private key, closed to others as `listeners[].hosts[].key`.'),
});

const valkey = z.strictObject({
  endpoints: z
    .array(endpoint)
    .min(1)
    .max(32)
    .describe('The store: one address, or with `cluster` a few members, which tell the others.'),
  cluster: z.boolean().default(false).describe('Whether the store is a Valkey or Redis cluster.'),
  nodes: z
    .array(name)
    .min(1)
    .max(64)
    .describe(
      'Every gateway that shares these counters, by its `node`, this one among them; the same list at each. While the store is away each admits its part of a quota, by this number.',
    ),
  username: z.string().min(1).max(128).optional().describe('User of the store (AUTH). Default: its own default.'),
  password: file.optional().describe('File with the password, one line; closed to others as a private key.'),
  tls: tls.optional().describe('Without it the connection is in the clear: only for a store on the same host.'),
  timeoutMs: milliseconds(20, 5_000, 500).describe(
    'Longest wait for one decision. Past it the store counts as away. Default 500 ms.',
  ),
  leaseMs: milliseconds(1_000, 60_000, 3_000).describe(
    'For how long after its last word a node admits nothing by itself; renewed six times as often. Default 3,000 ms.',
  ),
  longWindowMs: milliseconds(1_000, 86_400_000, 10_000).describe(
    'Windows from here on are told to a store that forgot, so that they need not wait a whole window; the same at each node. Default 10,000 ms.',
  ),
  holdOffMsMax: milliseconds(100, 86_400_000, 86_400_000).describe(
    'Longest time for which a rule admits nothing after the store forgot. Below a rule’s window, that window may hold up to twice its quota, once. Default 86,400,000 ms (24 h): never.',
  ),
  rememberedMax: count(1_000, 10_000_000, 1_000_000).describe(
    'Admissions under long windows that a node remembers, about 64 bytes each. Past it a store that forgot is waited for. Default 1,000,000.',
  ),
});

/** The option `counters`. */
export const countersOption = z
  .strictObject({ valkey: valkey.describe('A Valkey (7.2 or later) or Redis (7.0 or later).') })
  .describe('Where several gateways count limits together. Absent: each gateway counts its own.');

/** Options of the shared store, defaults applied. */
export type ValkeyOptions = z.infer<typeof valkey>;

/** Finds what each option alone does not show. */
export function countersFindings(
  counters: z.infer<typeof countersOption> | undefined,
  node: string,
  finding: ReadFile<unknown>['finding'],
): readonly Finding[] {
  if (counters === undefined) return [];
  const { endpoints, cluster, nodes, tls: shown } = counters.valkey;
  const where = ['counters', 'valkey'];
  const found: Finding[] = [];
  if (!cluster && endpoints.length > 1)
    found.push(finding([...where, 'endpoints'], `${endpoints.length} addresses`, 'one address, or `cluster: true`'));
  if (!nodes.includes(node))
    found.push(finding([...where, 'nodes'], nodes.join(', '), `a list with "${node}", which this gateway is`));
  if (new Set(nodes).size !== nodes.length)
    found.push(finding([...where, 'nodes'], nodes.join(', '), 'each node once'));
  if ((shown?.certificate === undefined) !== (shown?.key === undefined))
    found.push(finding([...where, 'tls'], 'one of certificate and key', 'both, or neither'));
  return found;
}
