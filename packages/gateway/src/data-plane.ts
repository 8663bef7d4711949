// Everything that one thread needs to serve: listeners, upstream pool, verdicts and what ties them to the path. A gateway of
// one thread has one of these; with several, each thread has its own and shares what is passed in.
import { randomBytes, randomFillSync } from 'node:crypto';
import type { Charge, CounterStore, EvidenceSink } from '@headgate/contract';
import { type Counters, connectionCharges, type Places, type RecentRefusals } from '@headgate/rules';
import type { CandidateTally } from './candidate-counts.ts';
import type { Config } from './config.ts';
import { partOf } from './counters/own-part.ts';
import { Deadlines } from './deadlines.ts';
import { createCookieMemory } from './evidence/cookie-memory.ts';
import { createExchangeIds } from './exchange-ids.ts';
import { createUpstreamPool } from './forward/upstream-pool.ts';
import type { Gateway } from './gateway.ts';
import type { GatewayFiles } from './gateway-files.ts';
import type { CountedNotice, GatewayNotice } from './gateway-notice.ts';
import { createVerdicts } from './identity/verdicts.ts';
import { createInFlight } from './in-flight.ts';
import { type Listener, listen } from './listener/listen.ts';
import type { Bound, ListenerOptions } from './listener/listener-options.ts';
import { createNoticeDigest, type NoticeDigest } from './notice-digest.ts';
import { serve } from './serve.ts';
import { createServing, type Serving } from './serving.ts';
import type { SessionKeys } from './session-keys.ts';
import { createDocumentSigner } from './sign-document.ts';
import { createTunnels } from './tunnel.ts';
import { createTurns } from './turns.ts';
import { writeDocuments } from './written-documents.ts';

/** What a data plane is started with. It closes the evidence; everything else stays its owner's. */
export interface DataPlaneOptions {
  readonly config: Config;
  readonly files: GatewayFiles;
  readonly ticketKeys: Buffer;
  readonly sessionKeys: SessionKeys;
  /** Ports of the listeners, in order; null for those of the configuration. */
  readonly ports: readonly number[] | null;
  /** True where several threads listen on the one port. */
  readonly sharedPort: boolean;
  readonly clock: () => number;
  /** Milliseconds that only go forward, for waits. */
  readonly elapsed: () => number;
  readonly recentRefusals: RecentRefusals;
  /** What calls are charged to: `ownCounters`, or those of all nodes that share them. */
  readonly counters: CounterStore;
  /** Of this process: connections are counted by it alone, because nothing may be waited for before TLS. */
  readonly ownCounters: Counters;
  readonly candidateCounters: CounterStore;
  readonly countCandidate: CandidateTally['note'];
  readonly connections: Places;
  readonly waitingBodies: Places;
  /** Tunnels that are open, counted over all threads. */
  readonly tunnels: Places;
  /** One word, the number of the snapshot in force: what was prepared is served by once its number stands there. */
  readonly inForce: Int32Array;
  readonly evidence: EvidenceSink;
  readonly notice: (notice: GatewayNotice) => void;
  /** A caller was shed, by the option whose bound it was. */
  readonly shed: (bound: Bound) => void;
}

/** One thread's share of a gateway. */
export interface DataPlane {
  readonly listeners: readonly Pick<Listener, 'name' | 'address' | 'port'>[];
  /**
   * Makes other files ready; throws when they cannot be used, and then nothing has changed. The snapshot is in force once
   * `inForce` says so; call the result to take the certificates into use, those toward back ends too.
   */
  prepare(files: GatewayFiles): () => void;
  setTicketKeys(keys: Buffer): void;
  /** Number of the snapshot that an exchange would begin under now. */
  snapshotNumber(): number;
  setSessionKeys(keys: SessionKeys): void;
  /** Drains and stops: no request in flight is lost within `path.shutdownMs`. Closes the evidence. */
  close(): Promise<void>;
}

/** Starts a data plane. Rejects with the system's error for a taken port; evidence is closed then. */
export async function startDataPlane(options: DataPlaneOptions): Promise<DataPlane> {
  const { config, clock, evidence } = options;
  const nodeCount = config.counters?.valkey.nodes.length ?? 1;
  const serving = createServingInForce(options);
  const inFlight = createInFlight();
  const turns = createTurns(config.path.exchangesPerSourceMax);
  const digest = createNoticeDigest<CountedNotice>(options.notice);
  const deadlines = new Deadlines(options.elapsed);
  let { sessionKeys } = options;
  let draining = false;
  const upstreams = createUpstreamPool({
    upstreams: config.upstreams,
    tls: options.files.upstreamTls,
    path: config.path,
    deadlines,
    notice: options.notice,
  });
  const gateway: Gateway = {
    clock,
    counters: options.counters,
    recentRefusals: options.recentRefusals,
    candidateCounters: options.candidateCounters,
    countCandidate: options.countCandidate,
    verdicts: createVerdicts(),
    upstreams,
    evidence,
    cookies: createCookieMemory(randomBytes(32)),
    tunnels: createTunnels(config.path, deadlines, options.tunnels, options.shed),
    sessionKeys: () => sessionKeys,
    options: config.path,
    draining: () => draining,
  };
  // A connection that was accepted before the drain and never brought a request did not know: its first one is served.
  const forNewcomers: Gateway = { ...gateway, draining: () => false };
  const wiring: Wiring = {
    ...options,
    path: config.path,
    deadlines,
    newId: createExchangeIds(randomFillSync),
    serving: () => serving.current(),
    admitConnection(source) {
      const { limits, snapshot } = serving.current();
      if (limits.connections.length === 0) return null;
      const nowMs = clock();
      const charges: Charge[] = [];
      for (const charge of connectionCharges(limits, source, snapshot.overrides, nowMs)) {
        const part = partOf(charge, nodeCount);
        if (part === null) return charge.rule.name;
        charges.push(part);
      }
      const decision = options.ownCounters.decide(charges, nowMs);
      return decision.admitted ? null : decision.decidedBy.rule.name;
    },
    serve: (exchange, served) => {
      const { connection } = exchange;
      const servedBy = connection.hasServed ? gateway : forNewcomers;
      connection.hasServed = true;
      inFlight.began();
      turns.enter(connection.source, (leave) => {
        exchange.leaveTurn = leave;
        void serve(exchange, servedBy).then(() => {
          leave();
          inFlight.ended();
          served();
        });
      });
    },
  };

  const listeners: Listener[] = [];
  const close = async (): Promise<void> => {
    draining = true;
    gateway.tunnels.drain();
    await Promise.all(listeners.map((listener) => listener.close()));
    await inFlight.none();
    upstreams.close();
    digest.flush();
    await evidence.close();
  };
  try {
    for (const each of listenerOptions(options, options.files, wiring, digest)) listeners.push(await listen(each));
  } catch (fault) {
    await close();
    throw fault;
  }
  return {
    listeners: listeners.map(({ name, address, port }) => ({ name, address, port })),
    prepare(files) {
      // All are made ready before any is taken into use, so that a fault in the last leaves the first as it was.
      const next = servingOf(files, config);
      const renewed = listenerOptions(options, files, wiring, digest);
      const ready = listeners.flatMap((listener, at) => {
        const own = renewed[at];
        return own === undefined ? [] : [listener.prepareCertificates(own)];
      });
      serving.prepare(next);
      return () => {
        for (const takeIntoUse of ready) takeIntoUse();
        upstreams.renew(files.upstreamTls);
      };
    },
    setTicketKeys(keys) {
      for (const listener of listeners) listener.setTicketKeys(keys);
    },
    snapshotNumber: () => serving.current().snapshot.number,
    setSessionKeys(keys) {
      sessionKeys = keys;
    },
    close,
  };
}

function servingOf({ snapshot, documents }: GatewayFiles, config: Config): Serving {
  const signer = documents.keyPem === null ? null : createDocumentSigner(documents.keyPem);
  const written = documents.history === null ? null : writeDocuments(snapshot, documents.history, signer);
  return createServing(snapshot, config, written);
}

/** What all listeners of a thread have in common. */
type Wiring = Omit<
  ListenerOptions,
  | 'name'
  | 'address'
  | 'port'
  | 'tls'
  | 'balancers'
  | 'hosts'
  | 'shed'
  | 'connectionOverLimit'
  | 'connectionFailed'
  | 'handshakeFailed'
>;

/** The snapshot that exchanges begin under: every thread turns to the next at the same moment, when its number is in force. */
function createServingInForce({ config, files, inForce }: DataPlaneOptions) {
  let serving: Serving = servingOf(files, config);
  let next: Serving | null = null;
  return {
    current(): Serving {
      if (next !== null && Atomics.load(inForce, 0) === next.snapshot.number) {
        serving = next;
        next = null;
      }
      return serving;
    },
    prepare(prepared: Serving): void {
      next = prepared;
    },
  };
}

function listenerOptions(
  { config, ports, shed }: DataPlaneOptions,
  { hosts }: GatewayFiles,
  wiring: Wiring,
  digest: NoticeDigest<CountedNotice>,
): readonly ListenerOptions[] {
  return config.listeners.map((listener, at) => ({
    ...wiring,
    ...listener,
    port: ports?.[at] ?? listener.port,
    hosts: hosts[at] ?? [],
    shed: (bound, source) => {
      shed(bound);
      if (atTheDoor.has(bound))
        digest.add({ kind: 'connection-refused', listener: listener.name, source, bound, count: 1 });
    },
    connectionOverLimit: (source, reason) =>
      digest.add({ kind: 'connection-over-limit', listener: listener.name, source, reason, count: 1 }),
    connectionFailed: (source, thrown) => {
      const defect = thrown instanceof Error ? (thrown.stack ?? thrown.message) : String(thrown);
      digest.add({ kind: 'connection-defect', listener: listener.name, source, defect, count: 1 });
    },
    handshakeFailed: (source, serverName, failure) =>
      digest.add({ kind: 'handshake-failed', listener: listener.name, source, serverName, ...failure, count: 1 }),
  }));
}

/** Bounds past which a connection is closed before a byte of it is read: there is no record to tell of it. */
const atTheDoor: ReadonlySet<Bound> = new Set([
  'connectionsMax',
  'connectionsPerSourceMax',
  'handshakesMax',
  'handshakesPerSourceMax',
]);
