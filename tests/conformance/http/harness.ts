// A real gateway in front of the fooled upstream, serving every host and path of the corpora as anonymous JSON documents over
// plain HTTP, without limits. What no catalogue can serve is named here and nowhere else: see `refusalByPolicy`.
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Catalogue, EvidenceRecord, Snapshot } from '@headgate/contract';
import { type Config, configSchema, type GatewayNotice, startGateway } from '@headgate/gateway';
import { type FooledAnswer, type FooledUpstream, type SeenRequest, startFooledUpstream } from './fooled-upstream.ts';
import { contestedMessages, hostsUsed, type Meaning, meaningsOf, validMessages } from './valid-corpus.ts';
import { WireCaller } from './wire-caller.ts';

/** A gateway that serves the corpora. */
export interface CorpusGateway {
  readonly port: number;
  readonly upstream: FooledUpstream;
  readonly records: readonly EvidenceRecord[];
  readonly notices: readonly GatewayNotice[];
  /** Resolves once at least so many records are written, in all. */
  recorded(count: number): Promise<void>;
  /** Forgets records, and what the upstream received on connections that are between requests. */
  forget(): void;
  /** A plain call that must succeed whatever else is going on. */
  bystander(): Promise<void>;
  close(): Promise<void>;
}

/** Names that a catalogue and a configuration can hold: no IPv6 literals. */
const servableHosts = hostsUsed.filter((host) => !host.startsWith('['));

/** Starts the gateway; `answer` is what its upstream says. Close it in `after`. */
export async function startCorpusGateway(answer?: (request: SeenRequest) => FooledAnswer): Promise<CorpusGateway> {
  const folder = await mkdtemp(join(tmpdir(), 'headgate-corpus-'));
  const upstream = await startFooledUpstream(answer);
  const records: EvidenceRecord[] = [];
  const notices: GatewayNotice[] = [];
  const waiting: { readonly count: number; readonly resolve: () => void }[] = [];
  const running = await startGateway({
    config: configFor(upstream.url),
    base: folder,
    snapshots: { current: async () => snapshot },
    notice: (notice) => notices.push(notice),
    seen: (record) => {
      records.push(record);
      for (const { count, resolve } of waiting) if (records.length >= count) resolve();
    },
  });
  const port = running.listeners[0]?.port ?? 0;
  return {
    port,
    upstream,
    records,
    notices,
    recorded(count) {
      if (records.length >= count) return Promise.resolve();
      const { promise, resolve } = Promise.withResolvers<void>();
      waiting.push({ count, resolve });
      return promise;
    },
    forget() {
      records.length = 0;
      upstream.forget();
    },
    async bystander() {
      const caller = await WireCaller.open(port);
      await caller.send(Buffer.from('GET /echo/x HTTP/1.1\r\nHost: data.example.test\r\nX-Bystander: 1\r\n\r\n'));
      const said = await caller.answer('GET');
      caller.destroy();
      if (said?.status !== 200) throw new Error(`the bystander was answered ${said?.status ?? 'nothing'}`);
    },
    async close() {
      await running.close();
      await upstream.close();
      await rm(folder, { recursive: true, force: true });
    },
  };
}

function configFor(upstreamUrl: string): Config {
  return configSchema.parse({
    node: 'corpus',
    listeners: [
      {
        name: 'plain',
        port: 0,
        tls: false,
        hosts: servableHosts.map((name) => ({ name, clientCertificate: 'none' })),
      },
    ],
    catalogue: 'written-in-the-test',
    upstreams: [{ system: '*', endpoints: [upstreamUrl] }],
    path: { shutdownMs: 1_000, responseTimeoutMs: 5_000 },
    evidence: { folder: 'evidence' },
  });
}

const environment = 'live';

/** One system per host, since a system has one address, and one service per path: an API serves only what is named. */
function catalogueOf(): Catalogue {
  const paths = [...validMessages, ...contestedMessages].flatMap(meaningsOf).map(pathOf);
  const services = [...new Set([...paths, 'echo/1', 'echo/2', 'echo/3'])].map((name) => ({
    name,
    operation: 'retrieve' as const,
    evidence: 'named' as const,
    source: 'corpus',
  }));
  return {
    format: 1,
    operator: { id: 'corpus', name: 'Corpus' },
    document: { title: 'Corpus', citation: 'corpus', edition: '2026-03-02', zone: 'UTC' },
    environments: [{ id: environment, name: 'Live' }],
    namespaces: [],
    infrastructures: [{ id: 'hall', name: 'Hall' }],
    servedBy: { new: 'hall', old: 'hall', afterHardCutover: 'hall' },
    matrixKey: [],
    forms: [],
    hosts: servableHosts.map((name) => ({ name, environment, schemes: ['http'] })),
    naming: { verbs: [{ prefix: 'Retrieve', operation: 'retrieve' }], source: 'corpus' },
    systems: servableHosts.map((name, index) => ({
      id: `system-${index}`,
      name: `System ${index}`,
      matrix: false,
      protocol: 'json',
      addresses: { [environment]: { api: { new: { url: `http://${name}`, pages: [1] } } } },
      services,
    })),
    announcements: [],
    trust: { anchors: [], bundles: [] },
    knownIssues: [],
    programme: {
      actions: [],
      statements: [],
      addressRanges: [],
      forum: {
        name: 'None',
        rhythm: 'never',
        zone: 'UTC',
        from: '2026-03-02',
        links: [],
        pages: [1],
        editions: [],
        topics: [],
      },
      support: { contact: 'desk@example.org', channel: 'none', asked: [], pages: [1] },
      areas: [],
      references: [],
      discrepancies: [],
    },
  };
}

const snapshot: Snapshot = {
  number: 1,
  hash: '0'.repeat(64),
  catalogue: catalogueOf(),
  policy: { limits: [] },
  trust: new Map(),
  revocation: new Map(),
  provisioning: null,
  positions: new Map(),
  chainPositions: new Map(),
  overrides: [],
  shadowPolicy: null,
};

function pathOf({ originForm }: Meaning): string {
  return (originForm.split('?', 1)[0] ?? '').slice(1);
}

/**
 * The status with which this gateway refuses a valid request, not because it reads it differently but because of what it
 * serves; null for all others. The table in README.md gives the reasons.
 */
export function refusalByPolicy({ method, host, originForm }: Meaning): number | null {
  // RFC 3986 §6.2.2.2: an encoded unreserved character equals the plain one, under which other limits would be charged.
  if (/%(?:2d|3\d|4[1-9a-f]|5[0-9af]|6[1-9a-f]|7[0-9ae])/i.test(originForm.split('?', 1)[0] ?? '')) return 400;
  if (host === '' || host.startsWith('[')) return 404;
  return method === 'OPTIONS' ? 405 : null;
}
