// Starts, reloads, drains and stops one gateway. Everything that lives beside the request path is assembled here.
import { randomBytes, randomUUID } from 'node:crypto';
import { resolve } from 'node:path';
import type { EvidenceRecord, SnapshotSource } from '@headgate/contract';
import { createCounters } from '@headgate/rules';
import type { Config } from './config.ts';
import { Deadlines } from './deadlines.ts';
import { createCookieMemory } from './evidence/cookie-memory.ts';
import { openNdjsonSink } from './evidence/ndjson-sink.ts';
import { createUpstreamPool } from './forward/upstream-pool.ts';
import { readUpstreamTls } from './forward/upstream-tls.ts';
import type { Gateway } from './gateway.ts';
import { createVerdicts } from './identity/verdicts.ts';
import { createInFlight } from './in-flight.ts';
import { type Listener, listen } from './listener/listen.ts';
import type { ListenerOptions } from './listener/listener-options.ts';
import { serve } from './serve.ts';
import { readKeys } from './server-keys.ts';
import { createServing, type Serving } from './serving.ts';
import { createSnapshotFiles } from './snapshot-files.ts';
import { createTunnels } from './tunnel.ts';
import type { EndpointNotice } from './upstream.ts';

/** What a gateway is started with. Clock and observers are passed in so that tests and the demo can watch it. */
export interface GatewayOptions {
  readonly config: Config;
  /** Folder that relative file names of the configuration start from. */
  readonly base: string;
  /** Milliseconds since 1970 UTC. Default: the system clock. */
  readonly clock?: () => number;
  /** Default: the files that the configuration names. */
  readonly snapshots?: SnapshotSource;
  /** Called with every evidence record. */
  readonly seen?: (record: EvidenceRecord) => void;
  /** Called for what happens beside exchanges. */
  readonly notice?: (notice: GatewayNotice) => void;
}

/** Something that happened outside any exchange. */
export type GatewayNotice =
  | {
      readonly kind: 'handshake-failed';
      readonly listener: string;
      readonly source: string;
      readonly serverName: string | null;
      readonly reason: string;
    }
  | { readonly kind: 'connection-refused'; readonly listener: string; readonly source: string }
  | {
      /** A defect outside any exchange; it cost one connection. */
      readonly kind: 'connection-defect';
      readonly listener: string;
      readonly source: string;
      readonly defect: string;
    }
  | { readonly kind: 'evidence-trouble'; readonly sentence: string }
  | EndpointNotice;

/** A gateway that serves. */
export interface RunningGateway {
  readonly listeners: readonly Pick<Listener, 'name' | 'address' | 'port'>[];
  /** Number and hash of the snapshot in force. */
  readonly snapshot: () => { readonly number: number; readonly hash: string };
  /** Reads every file again and swaps them in whole; on any fault the old ones stay in force and the fault is thrown. */
  reload(): Promise<void>;
  /** Drains and stops: no request in flight is lost within `path.shutdownMs`. */
  close(): Promise<void>;
  readonly evidenceFile: string;
}

/** Starts a gateway. Rejects with `UnusableFiles` for a wrong file, and with the system's error for a taken port. */
export async function startGateway(options: GatewayOptions): Promise<RunningGateway> {
  const { config, base } = options;
  const clock = options.clock ?? Date.now;
  const snapshots = options.snapshots ?? createSnapshotFiles(config, base);
  let serving: Serving = createServing(await snapshots.current(), config);
  const upstreamTls = await readUpstreamTls(config.upstreams, base);
  let draining = false;
  const boot = `${config.node}-${new Date(clock()).toISOString().replace(/[:.]/g, '')}-${randomBytes(3).toString('hex')}`;
  const evidence = openNdjsonSink({
    folder: resolve(base, config.evidence.folder),
    node: config.node,
    boot,
    clock,
    trouble: (sentence) => options.notice?.({ kind: 'evidence-trouble', sentence }),
    ...(options.seen === undefined ? {} : { seen: options.seen }),
  });
  const deadlines = new Deadlines();
  const upstreams = createUpstreamPool({
    upstreams: config.upstreams,
    tls: upstreamTls,
    path: config.path,
    deadlines,
    notice: (notice) => options.notice?.(notice),
  });
  const gateway: Gateway = {
    clock,
    counters: createCounters(),
    verdicts: createVerdicts(),
    upstreams,
    evidence,
    cookies: createCookieMemory(randomBytes(32)),
    tunnels: createTunnels(config.path, deadlines),
    options: config.path,
    draining: () => draining,
  };

  const inFlight = createInFlight();
  const wiring = {
    path: config.path,
    deadlines,
    sharedPort: false,
    clock,
    newId: randomUUID,
    serving: () => serving,
    evidence,
    serve: (exchange: Parameters<typeof serve>[0]) => {
      return inFlight.count(serve(exchange, gateway));
    },
  };
  const optionsOf = async (listener: Config['listeners'][number]): Promise<ListenerOptions> => ({
    ...wiring,
    ...listener,
    hosts: await Promise.all(listener.hosts.map((host) => readKeys(host, base))),
    connectionRefused: (source) => options.notice?.({ kind: 'connection-refused', listener: listener.name, source }),
    connectionFailed: (source, thrown) => {
      const defect = thrown instanceof Error ? (thrown.stack ?? thrown.message) : String(thrown);
      options.notice?.({ kind: 'connection-defect', listener: listener.name, source, defect });
    },
    handshakeFailed: (source, serverName, reason) =>
      options.notice?.({ kind: 'handshake-failed', listener: listener.name, source, serverName, reason }),
  });

  const listeners: Listener[] = [];
  let closed: Promise<void> | null = null;
  const close = (): Promise<void> => {
    closed ??= stop();
    return closed;
  };
  const stop = async (): Promise<void> => {
    draining = true;
    gateway.tunnels.drain();
    await Promise.all(listeners.map((listener) => listener.close()));
    await inFlight.none();
    upstreams.close();
    await evidence.close();
  };
  try {
    for (const listener of config.listeners) listeners.push(await listen(await optionsOf(listener)));
  } catch (fault) {
    await close();
    throw fault;
  }
  return {
    listeners,
    evidenceFile: evidence.file,
    snapshot: () => ({ number: serving.snapshot.number, hash: serving.snapshot.hash }),
    async reload() {
      const next = createServing(await snapshots.current(), config);
      const withKeys = await Promise.all(config.listeners.map(optionsOf));
      const tls = await readUpstreamTls(config.upstreams, base);
      // All are made ready before any is taken into use, so that a fault in the last leaves the first as it was.
      const ready = listeners.flatMap((listener, at) => {
        const renewed = withKeys[at];
        return renewed === undefined ? [] : [listener.prepareCertificates(renewed)];
      });
      for (const takeIntoUse of ready) takeIntoUse();
      upstreams.renew(tls);
      serving = next;
    },
    close,
  };
}
