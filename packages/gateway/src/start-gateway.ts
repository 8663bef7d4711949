// Starts, reloads, drains and stops one gateway. Everything that lives beside the request path is assembled here.
import { randomBytes, randomUUID } from 'node:crypto';
import { resolve } from 'node:path';
import type { EvidenceRecord, SnapshotSource } from '@headgate/contract';
import { createCounters } from '@headgate/rules';
import type { Config } from './config.ts';
import { Deadlines } from './deadlines.ts';
import { openNdjsonSink } from './evidence/ndjson-sink.ts';
import { createUpstreamPool } from './forward/upstream-pool.ts';
import type { Gateway } from './gateway.ts';
import { createVerdicts } from './identity/verdicts.ts';
import { createInFlight } from './in-flight.ts';
import { type Listener, listen } from './listener/listen.ts';
import type { Bound, ListenerOptions } from './listener/listener-options.ts';
import { createNoticeDigest } from './notice-digest.ts';
import { serve } from './serve.ts';
import { readKeys } from './server-keys.ts';
import { createServing, type Serving } from './serving.ts';
import { createSnapshotFiles } from './snapshot-files.ts';
import { createTurns, inTurn } from './turns.ts';

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

/** Something that happened outside any exchange, `count` times: see `notice-digest.ts`. */
type CountedNotice =
  | {
      readonly kind: 'handshake-failed';
      readonly listener: string;
      readonly source: string;
      readonly serverName: string | null;
      readonly reason: string;
      readonly count: number;
    }
  | {
      readonly kind: 'connection-refused';
      readonly listener: string;
      readonly source: string;
      /** The option whose bound it is. */
      readonly bound: Bound;
      readonly count: number;
    }
  | {
      /** A defect outside any exchange; it cost one connection. */
      readonly kind: 'connection-defect';
      readonly listener: string;
      readonly source: string;
      readonly defect: string;
      readonly count: number;
    };

/** Something that happened outside any exchange. */
export type GatewayNotice = CountedNotice | { readonly kind: 'evidence-trouble'; readonly sentence: string };

/** A gateway that serves. */
export interface RunningGateway {
  readonly listeners: readonly Pick<Listener, 'name' | 'address' | 'port'>[];
  /** Number and hash of the snapshot in force. */
  readonly snapshot: () => { readonly number: number; readonly hash: string };
  /** How many callers were shed since the start, by the option whose bound it was. */
  readonly shed: () => Readonly<Partial<Record<Bound, number>>>;
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
  const gateway: Gateway = {
    clock,
    counters: createCounters(),
    verdicts: createVerdicts(),
    upstreams: createUpstreamPool(config.upstreams, config.path, deadlines),
    evidence,
    options: config.path,
    draining: () => draining,
  };

  const inFlight = createInFlight();
  const turns = createTurns(config.path.exchangesPerSourceMax);
  const digest = createNoticeDigest<CountedNotice>((notice) => options.notice?.(notice));
  const shed: Partial<Record<Bound, number>> = {};
  const wiring = {
    path: config.path,
    deadlines,
    sharedPort: false,
    clock,
    newId: randomUUID,
    serving: () => serving,
    evidence,
    serve: (exchange: Parameters<typeof serve>[0]) => {
      return inFlight.count(inTurn(turns, exchange.connection.source, () => serve(exchange, gateway)));
    },
  };
  const optionsOf = async (listener: Config['listeners'][number]): Promise<ListenerOptions> => ({
    ...wiring,
    ...listener,
    hosts: await Promise.all(listener.hosts.map((host) => readKeys(host, base))),
    shed: (bound, source) => {
      shed[bound] = (shed[bound] ?? 0) + 1;
      if (atTheDoor.has(bound))
        digest.add({ kind: 'connection-refused', listener: listener.name, source, bound, count: 1 });
    },
    connectionFailed: (source, thrown) => {
      const defect = thrown instanceof Error ? (thrown.stack ?? thrown.message) : String(thrown);
      digest.add({ kind: 'connection-defect', listener: listener.name, source, defect, count: 1 });
    },
    handshakeFailed: (source, serverName, reason) =>
      digest.add({ kind: 'handshake-failed', listener: listener.name, source, serverName, reason, count: 1 }),
  });

  const listeners: Listener[] = [];
  let closed: Promise<void> | null = null;
  const close = (): Promise<void> => {
    closed ??= stop();
    return closed;
  };
  const stop = async (): Promise<void> => {
    draining = true;
    await Promise.all(listeners.map((listener) => listener.close()));
    await inFlight.none();
    gateway.upstreams.close();
    digest.flush();
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
    shed: () => ({ ...shed }),
    async reload() {
      const next = createServing(await snapshots.current(), config);
      const withKeys = await Promise.all(config.listeners.map(optionsOf));
      // All are made ready before any is taken into use, so that a fault in the last leaves the first as it was.
      const ready = listeners.flatMap((listener, at) => {
        const renewed = withKeys[at];
        return renewed === undefined ? [] : [listener.prepareCertificates(renewed)];
      });
      for (const takeIntoUse of ready) takeIntoUse();
      serving = next;
    },
    close,
  };
}

/** Bounds past which a connection is closed before a byte of it is read: there is no record to tell of it. */
const atTheDoor: ReadonlySet<Bound> = new Set([
  'connectionsMax',
  'connectionsPerSourceMax',
  'handshakesMax',
  'handshakesPerSourceMax',
]);
