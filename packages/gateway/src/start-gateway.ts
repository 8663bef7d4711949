// Starts, reloads, drains and stops one gateway: in this thread, or in several with this one watching over them.
import { resolve } from 'node:path';
import type { EvidenceRecord, SnapshotSource } from '@headgate/contract';
import { createCounters, createPlaces } from '@headgate/rules';
import { toBoot } from './boot.ts';
import type { Config } from './config.ts';
import { startDataPlane } from './data-plane.ts';
import { monotonic } from './deadlines.ts';
import { openNdjsonSink } from './evidence/ndjson-sink.ts';
import { type FilesToStartWith, type GatewayFiles, readGatewayFiles } from './gateway-files.ts';
import type { GatewayNotice } from './gateway-notice.ts';
import { createQueue } from './queue.ts';
import { createSessionKeys, renewSessionKeys } from './session-keys.ts';
import { createShedCounts, type Shed } from './shed-counts.ts';
import { createSnapshotFiles } from './snapshot-files.ts';
import { startThreads } from './threads/supervisor.ts';
import { createTicketKeys, renewTicketKeys } from './ticket-keys.ts';
import { type Repeat, repeatByTimer, watchLists } from './watch-lists.ts';

/** What a gateway is started with. Clock and observers are passed in so that tests and the demo can watch it. */
export interface GatewayOptions {
  readonly config: Config;
  /** Folder that relative file names of the configuration start from. */
  readonly base: string;
  /** Milliseconds since 1970 UTC. Default: the system clock, which several threads read in any case. */
  readonly clock?: () => number;
  /** Milliseconds that only go forward, for every wait of sockets, tunnels and checks. Default: the machine's, as in several threads in any case. */
  readonly elapsed?: () => number;
  /** Default: the files that the configuration names. */
  readonly snapshots?: SnapshotSource;
  /** How files of revocation lists are looked at again; default: by the system's timer. */
  readonly repeat?: Repeat;
  /**
   * Serves in threads of its own also where the configuration asks for one: a thread that dies is replaced, and its memory is
   * managed for what it does. They read the system clock. Default: several threads have their own, one is the caller's.
   */
  readonly inOwnThreads?: boolean;
  /** Called with every evidence record. */
  readonly seen?: (record: EvidenceRecord) => void;
  /** Called for what happens beside exchanges. */
  readonly notice?: (notice: GatewayNotice) => void;
}

/** A gateway that serves. */
export interface RunningGateway {
  readonly listeners: readonly { readonly name: string; readonly address: string; readonly port: number }[];
  /** Number and hash of the snapshot in force. */
  readonly snapshot: () => { readonly number: number; readonly hash: string };
  /** How many callers were shed since the start, by the option whose bound it was; of several threads a second late at most. */
  readonly shed: () => Shed;
  /** Reads every file again and swaps them in whole; on any fault the old ones stay in force and the fault is thrown. */
  reload(): Promise<void>;
  /** Looks at the files of revocation lists, as the gateway does by itself every 15 s; true when others are in force from now on. */
  lookAtLists(): Promise<boolean>;
  /** Drains and stops: no request in flight is lost within `path.shutdownMs`. */
  close(): Promise<void>;
  /** The file of thread 0; those of others stand beside it. */
  readonly evidenceFile: string;
}

/** Starts a gateway. Rejects with `UnusableFiles` for a wrong file, and with the system's error for a taken port. */
export async function startGateway(options: GatewayOptions): Promise<RunningGateway> {
  const { config, base, clock = Date.now, notice = () => undefined } = options;
  const source = options.snapshots ?? createSnapshotFiles(config, base, { clock, tell: notice });
  const files = await readGatewayFiles(config, base, source);
  const read = (): Promise<GatewayFiles> => readGatewayFiles(config, base, source);
  const readLists = async (before: GatewayFiles): Promise<GatewayFiles | null> => {
    const snapshot = (await source.withFreshLists?.(before.snapshot)) ?? null;
    return snapshot === null ? null : { ...before, snapshot };
  };
  const running = await (config.threads > 1 || options.inOwnThreads === true
    ? startThreads({ ...options, files, read, readLists })
    : startAlone({ ...options, files, read, readLists }));
  if (config.trustBundles.every(({ crls }) => crls.length === 0)) return running;
  const watch = watchLists(
    options.repeat ?? repeatByTimer,
    () => running.lookAtLists(),
    (fault) => {
      const sentence = `The files of revocation lists could not be looked at: ${String(fault)}`;
      notice({ kind: 'revocation-list-refused', bundle: 'all', file: null, sentence });
    },
  );
  return {
    ...running,
    close() {
      watch.close();
      return running.close();
    },
  };
}

interface StartOptions extends GatewayOptions, FilesToStartWith {}

async function startAlone(options: StartOptions): Promise<RunningGateway> {
  const { config, clock = Date.now, elapsed = monotonic, notice = () => undefined, seen } = options;
  let { files } = options;
  const evidence = openNdjsonSink({
    folder: resolve(options.base, config.evidence.folder),
    node: config.node,
    boot: toBoot(config.node, clock()),
    clock,
    trouble: (sentence) => notice({ kind: 'evidence-trouble', sentence }),
    ...(seen === undefined ? {} : { seen }),
  });
  const inForce = Int32Array.of(files.snapshot.number);
  const ticketKeys = createTicketKeys();
  const sessionKeys = createSessionKeys();
  const shed = createShedCounts();
  const plane = await startDataPlane({
    config,
    files,
    ticketKeys,
    sessionKeys,
    ports: null,
    sharedPort: false,
    clock,
    elapsed,
    counters: createCounters(),
    connections: createPlaces(),
    waitingBodies: createPlaces(),
    inForce,
    evidence,
    notice,
    shed: (bound) => shed.add({ [bound]: 1 }),
  });
  const renewals = [
    renewTicketKeys((keys) => plane.setTicketKeys(keys)),
    renewSessionKeys(sessionKeys, (keys) => plane.setSessionKeys(keys)),
  ];
  const take = (next: GatewayFiles): void => {
    const takeIntoUse = plane.prepare(next);
    takeIntoUse();
    files = next;
    Atomics.store(inForce, 0, files.snapshot.number);
  };
  const inOrder = createQueue();
  let closed: Promise<void> | null = null;
  return {
    listeners: plane.listeners,
    evidenceFile: evidence.file,
    snapshot: () => ({ number: files.snapshot.number, hash: files.snapshot.hash }),
    shed: () => shed.total(),
    reload: () => inOrder(async () => take(await options.read())),
    lookAtLists: () =>
      inOrder(async () => {
        const next = await options.readLists(files);
        if (next !== null) take(next);
        return next !== null;
      }),
    close() {
      for (const renewal of renewals) renewal.close();
      closed ??= plane.close();
      return closed;
    },
  };
}
