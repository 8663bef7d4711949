// Starts, reloads, drains and stops one gateway: in this thread, or in several with this one watching over them.
import { randomFillSync } from 'node:crypto';
import { resolve } from 'node:path';
import type {
  EvidenceRecord,
  ListFault,
  ListReadingOptions,
  Override,
  OverrideAsk,
  SnapshotDocument,
  SnapshotSource,
  TrustBundleFacts,
} from '@headgate/contract';
import { createThreadMemory, openThreadMemory, type ThreadState } from '@headgate/rules';
import { createBreakGlass, OverrideRefused } from './break-glass.ts';
import { breakGlassFile } from './break-glass-file.ts';
import { type CandidateCounts, createCandidateTally } from './candidate-counts.ts';
import { asksAnew } from './certificate-needs.ts';
import { changesBetween, needRestart, takingUp } from './changes.ts';
import type { Config } from './config.ts';
import { type ControlChannel, openControlChannel } from './control/channel.ts';
import { type ControlAddress, readControlAddress } from './control-tls.ts';
import { guardCounters } from './counters/guarded-counters.ts';
import { startDataPlane } from './data-plane.ts';
import { monotonic } from './deadlines.ts';
import { openHistoryFile } from './document-history-file.ts';
import { type TrustWarning, trustWarnings } from './expiry.ts';
import { type GatewayFiles, readGatewayFiles } from './gateway-files.ts';
import type { GatewayNotice } from './gateway-notice.ts';
import { type HandshakeFailureTotals, watchHandshakes } from './handshake-failures.ts';
import { type LimitCounts, limitCountsOf } from './limit-counts.ts';
import type { ReportedList } from './list-report.ts';
import { toListFault } from './lists/list-faults.ts';
import { type Repeat, repeatByTimer, watchLists } from './lists/watch-lists.ts';
import { type OpeningOptions, openSharedCounters } from './open-shared-counters.ts';
import { openOwnEvidence } from './own-evidence.ts';

import type { FollowWaits } from './published/follow-control.ts';
import { openPublished, type PublishedStanding } from './published/open-published.ts';
import { createQueue } from './queue.ts';
import { refuseWorseChains } from './server-keys.ts';
import { createSessionKeys, renewSessionKeys } from './session-keys.ts';
import { createShedCounts, type Shed } from './shed-counts.ts';
import { createSnapshotFiles, type SnapshotFiles } from './snapshot-files.ts';
import type { CreateSpoolWorker, SpoolLag } from './spool/running-spool.ts';
import { startThreads } from './threads/supervisor.ts';
import { createTicketKeys, renewTicketKeys } from './ticket-keys.ts';

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
  readonly snapshots?: SnapshotSource & Partial<SnapshotFiles>;
  /** Begins with revocation lists that are older than those it had in force before it was stopped: somebody wants it so. */
  readonly acceptOlderLists?: boolean;
  /** How revocation lists are looked at again; default: by the system's timer. */
  readonly repeat?: Repeat;
  /** Reads the configuration again at each reload, which takes positions and trust up from it. Default: they stay as they are. */
  readonly readConfig?: () => Promise<Config>;
  /**
   * Serves in threads of its own also where the configuration asks for one: a thread that dies is replaced, and its memory is
   * managed for what it does. They read the system clock. Default: several threads have their own, one is the caller's.
   */
  readonly inOwnThreads?: boolean;
  /** How long control is waited for where it publishes what is served by; see `follow-control.ts`. */
  readonly followWaits?: Partial<FollowWaits>;
  /** How the thread of the spool is made. Default: as the gateway's own. */
  readonly createSpoolWorker?: CreateSpoolWorker;
  /** Called with every evidence record. */
  readonly seen?: (record: EvidenceRecord) => void;
  /** Called for what happens beside exchanges. */
  readonly notice?: (notice: GatewayNotice) => void;
}

/** What a thread decides by. */
export interface ThreadInForce {
  /** From 0. */
  readonly thread: number;
  /** Number of the snapshot that its exchanges begin under; null while the thread is being replaced. */
  readonly snapshot: number | null;
}

/** A candidate policy in shadow. */
export interface CandidateInForce extends CandidateCounts {
  /** Its rules over connections: one that is shed never becomes a call. */
  readonly notJudged: readonly string[];
}

/** What a gateway decides by. */
export interface InForce {
  readonly number: number;
  readonly hash: string;
  readonly threads: readonly ThreadInForce[];
  /** The revocation lists that callers are looked up in, or would be. */
  readonly lists: readonly ReportedList[];
  /** What is wrong with their sources; the lists before stay in force. */
  readonly listFaults: readonly ListFault[];
  /** What break-glass changes of the policy now. */
  readonly overrides: readonly Override[];
  /** The candidate policy in shadow and what it would have decided otherwise; null where none is loaded. */
  readonly candidate: CandidateInForce | null;
  /** Evidence that control does not have yet; null without control. */
  readonly spoolLag: SpoolLag | null;
  /** What control published and is in force; null where the gateway serves by its files. */
  readonly published: PublishedStanding | null;
}

/** What a reload did. */
export interface Reloaded extends InForce {
  /** What is different now; empty where the files say what they said before. */
  readonly changes: readonly string[];
  /** Options of the configuration that differ, and need a restart. */
  readonly needRestart: readonly string[];
  readonly warnings: readonly TrustWarning[];
}

/** One gateway in one thread or in several, without what lies beside it. */
export interface ServingGateway {
  readonly listeners: readonly { readonly name: string; readonly address: string; readonly port: number }[];
  /** Number and hash of the snapshot in force. */
  readonly snapshot: () => { readonly number: number; readonly hash: string };
  /** How many callers were shed since the start, by the option whose bound it was; of several threads a second late at most. */
  readonly shed: () => Shed;
  /** What limits did since the start. */
  limitCounts(): LimitCounts;
  /** What a candidate policy in shadow would have decided otherwise; null before it judged a call. */
  readonly candidate: () => CandidateCounts | null;
  /** Swaps other files in whole; never two at a time. Resolves once every thread has them in force. */
  take(files: GatewayFiles): Promise<void>;
  /** Makes every session ticket that was given good for nothing. Resolves once no thread takes one. */
  forgetTickets(): Promise<void>;
  /** Asks every thread what it decides by. */
  threads(): Promise<readonly ThreadInForce[]>;
  /** Drains and stops: no request in flight is lost within `path.shutdownMs`. */
  close(): Promise<void>;
  /** The file of thread 0, beside which those of others stand; or the spool of all. */
  readonly evidenceFile: string;
  /** Evidence that control does not have yet; null without control. */
  spoolLag(): SpoolLag | null;
  /** Control is shown other certificates from now on, or trusts others. */
  renewControl(control: ControlAddress | null): void;
}

/** A gateway that serves. */
export interface RunningGateway extends Omit<ServingGateway, 'take' | 'forgetTickets' | 'threads' | 'renewControl'> {
  /**
   * Reads every file again, fetches every list that has a URL, and swaps all in whole; on any fault the old ones stay in force and the
   * fault is thrown. Once it resolves, the next exchange of every thread is judged by the new ones, on whatever connection.
   */
  reload(options?: { readonly acceptOlderLists?: boolean }): Promise<Reloaded>;
  /** Looks at revocation lists, as the gateway does by itself every 15 s; true when others are in force from now on. */
  lookAtLists(): Promise<boolean>;
  inForce(): Promise<InForce>;
  /** The bundles that callers are judged by. */
  trustInForce(): readonly TrustBundleFacts[];
  /** Break-glass: resolves once every thread decides by it. Rejects with `OverrideRefused`, and then nothing has changed. */
  beginOverride(ask: OverrideAsk): Promise<Override>;
  endOverride(id: string, author: string): Promise<void>;
  /** How many handshakes failed since the start, by reason; a second late at most. */
  handshakeFailures(): HandshakeFailureTotals;
}

/** Starts a gateway. Rejects with `UnusableFiles` for a wrong file, and with the system's error for a taken port. */
export async function startGateway(options: GatewayOptions): Promise<RunningGateway> {
  const { base, clock = Date.now } = options;
  let own = options.config;
  const handshakes = watchHandshakes(options.notice ?? (() => undefined));
  const notice = (told: GatewayNotice): void => handshakes.notice(told);
  let controlAddress = await readControlAddress(own.control, base);
  const published =
    own.snapshot === 'files' || controlAddress === null
      ? null
      : await openPublished({ config: own, base, address: controlAddress, notice });
  const served = (written: Config): Config => published?.served(written) ?? written;
  let config = own;
  const source: NonNullable<GatewayOptions['snapshots']> =
    options.snapshots ??
    createSnapshotFiles(() => config, base, {
      clock,
      tell: notice,
      ...(published === null ? {} : { texts: published.texts }),
    });
  const historyFile = await openHistoryFile(
    resolve(base, config.evidence.folder, `${config.node}.documents.json`),
    (sentence) => notice({ kind: 'documents-trouble', sentence }),
  );
  const withHistory = async (read: GatewayFiles): Promise<GatewayFiles> => ({
    ...read,
    documents: { ...read.documents, history: await historyFile.with(read.snapshot, clock()) },
  });
  const readFirst = (): Promise<GatewayFiles> =>
    readGatewayFiles(config, base, source, { olderToo: options.acceptOlderLists === true });
  const first =
    published === null
      ? await readFirst()
      : await published.begin(() => {
          config = served(own);
          return readFirst();
        }, clock());
  let files = await withHistory(first);
  let restartNeeded: readonly string[] = [];
  const read = async (lists: ListReadingOptions): Promise<GatewayFiles> => {
    const written = await options.readConfig?.();
    const before = { own, config };
    if (written !== undefined) own = takingUp(own, written);
    config = served(own);
    try {
      const next = await withHistory(await readGatewayFiles(config, base, source, lists));
      refuseWorseChains(files.hosts, next.hosts, clock());
      if (written !== undefined) restartNeeded = needRestart(options.config, written);
      return next;
    } catch (fault) {
      ({ own, config } = before);
      throw fault;
    }
  };
  const renewControl = async (): Promise<void> => {
    controlAddress = await readControlAddress(options.config.control, base);
    inner.renewControl(controlAddress);
  };
  const start = config.threads > 1 || options.inOwnThreads === true ? startThreads : startAlone;
  const inner = await start({ ...options, notice, files, control: controlAddress }).catch((fault: unknown) => {
    handshakes.close();
    throw fault;
  });

  const warn = (): readonly TrustWarning[] => {
    const warnings = trustWarnings(files, clock());
    for (const warning of warnings) notice({ kind: 'trust-warning', ...warning });
    return warnings;
  };
  const candidateNow = (): InForce['candidate'] => {
    const { shadowPolicy } = files.snapshot;
    if (shadowPolicy === null) return null;
    const counted = inner.candidate();
    const policy = shadowPolicy.hash.slice(0, 12);
    const none = { policy, decided: 0, newlyRefused: 0, newlyAdmitted: 0, byRule: {} };
    const unasked = shadowPolicy.policy.limits.filter(({ mode, unit }) => mode !== 'off' && unit === 'connections');
    return { ...(counted?.policy === policy ? counted : none), notJudged: unasked.map(({ name }) => name) };
  };
  const inForce = async (): Promise<InForce> => ({
    ...inner.snapshot(),
    // First: threads tell what they counted when they are asked.
    threads: await inner.threads(),
    lists: source.reportLists?.(clock()) ?? [],
    listFaults: source.listFaults?.() ?? [],
    overrides: breakGlass.holding(),
    candidate: candidateNow(),
    spoolLag: inner.spoolLag(),
    published: published?.standing(follower?.away() ?? null) ?? null,
  });
  const breakGlass = createBreakGlass({
    file: breakGlassFile(config, base),
    msMax: config.breakGlass.msMax,
    clock,
    policy: () => files.snapshot.policy,
    overrides: () => files.snapshot.overrides,
    async takeFile() {
      const snapshot = await source.withOverrides?.(files.snapshot);
      if (snapshot === undefined) throw new OverrideRefused('the snapshots of this gateway are not from files');
      await take({ ...files, snapshot });
    },
    notice,
  });
  const take = async (next: GatewayFiles): Promise<void> => {
    await inner.take(next);
    files = next;
    await source.taken?.(next.snapshot);
  };
  const reload = async (olderToo: boolean): Promise<Reloaded> => {
    const before = files;
    const configBefore = config;
    const next = await read({ fetchNow: true, olderToo });
    await renewControl();
    await take(next);
    if (asksAnew(before.snapshot.catalogue, files.snapshot.catalogue, config)) await inner.forgetTickets();
    return {
      ...(await inForce()),
      changes: changesBetween(before, files, config, configBefore),
      needRestart: restartNeeded,
      warnings: warn(),
    };
  };
  /** In every thread and on disk, or not at all. */
  const takeDocument = async (document: SnapshotDocument): Promise<{ readonly threads: number }> => {
    if (published === null) throw new TypeError('nothing is published for a gateway of files');
    const before = { files, config };
    const undo = published.offer(document);
    try {
      config = served(own);
      const next = await withHistory(await readGatewayFiles(config, base, source));
      refuseWorseChains(files.hosts, next.hosts, clock());
      await published.keep();
      await take(next);
    } catch (fault) {
      ({ config } = before);
      await undo();
      throw fault;
    }
    published.taken(clock());
    if (asksAnew(before.files.snapshot.catalogue, files.snapshot.catalogue, config)) await inner.forgetTickets();
    warn();
    return { threads: (await inner.threads()).length };
  };
  const lookAtLists = async (): Promise<boolean> => {
    const snapshot = (await source.withFreshLists?.(files.snapshot)) ?? null;
    if (snapshot === null) return false;
    await take({ ...files, snapshot });
    return true;
  };
  const close = async (): Promise<void> => {
    clearInterval(daily);
    ended.close();
    watch.close();
    await follower?.close();
    await control?.close();
    await inner.close();
    handshakes.close();
  };
  let closed: Promise<void> | null = null;
  // One after the other: what changed is told against what was in force, and threads hold one set of prepared files.
  const inOrder = createQueue();
  const running: RunningGateway = {
    ...inner,
    inForce,
    trustInForce: () => [...files.snapshot.trust.values()],
    async reload({ acceptOlderLists = false } = {}) {
      const reloaded = await inOrder(() => reload(acceptOlderLists));
      follower?.tryAgain(); // What stood in the way of a snapshot may have been ours.
      return reloaded;
    },
    lookAtLists: () => inOrder(lookAtLists),
    handshakeFailures: () => handshakes.total(),
    beginOverride: (ask) => inOrder(() => breakGlass.begin(ask)),
    endOverride: (id, author) => inOrder(() => breakGlass.end(id, author)),
    close() {
      closed ??= close();
      return closed;
    },
  };
  await source.taken?.(files.snapshot);
  const daily = setInterval(warn, warnEveryMs).unref();
  const ended = repeatByTimer(overridesLookMs, () => {
    if (files.snapshot.overrides.some(({ untilMs }) => untilMs <= clock()))
      void inOrder(() => breakGlass.forgetEnded()).catch((fault: unknown) => {
        notice({
          kind: 'evidence-trouble',
          sentence: `the file of break-glass could not be written: ${String(fault)}`,
        });
      });
  });
  const watch = watchOver(running, { ...options, notice });
  warn();
  const follower =
    published?.follow({
      clock,
      notice,
      waits: options.followWaits ?? {},
      take: (document) => inOrder(() => takeDocument(document)),
      threads: async () => (await inner.threads()).length,
    }) ?? null;
  const control = await controlOf(running, { ...options, notice });
  return running;
}

/** Looks at revocation lists while the gateway runs: a reload may bring the first. */
function watchOver(running: RunningGateway, { notice, repeat }: GatewayOptions): { close(): void } {
  return watchLists(
    repeat ?? repeatByTimer,
    () => running.lookAtLists(),
    (fault) => {
      const reason = `Revocation lists could not be looked at: ${String(fault)}`;
      const { code, fix } = toListFault('all', null, { code: 'not_looked_at', reason });
      notice?.({ kind: 'revocation-list-refused', bundle: 'all', source: null, code, sentence: reason, fix });
    },
  );
}

/** How often it is looked whether the time of an override is over, in milliseconds: they stop counting by themselves. */
const overridesLookMs = 1_000;

/** How often a gateway that runs on looks what ends soon, in milliseconds (1 day). */
const warnEveryMs = 86_400_000;

/** A gateway serves without the channel where the system refuses it. */
async function controlOf(
  running: RunningGateway,
  { config, base, notice }: GatewayOptions,
): Promise<ControlChannel | null> {
  try {
    return await openControlChannel(resolve(base, config.evidence.folder), config.node, running);
  } catch (fault) {
    const said = fault instanceof Error ? fault.message : String(fault);
    notice?.({ kind: 'control-unavailable', sentence: `no \`headgate trust apply\` while this gateway runs: ${said}` });
    return null;
  }
}

interface StartOptions extends GatewayOptions {
  readonly files: GatewayFiles;
  readonly control: ControlAddress | null;
}

/** What several threads would share, for one. */
function openOwnMemory({ listeners, path }: Config): ThreadState {
  const seed = randomFillSync(new Int32Array(4));
  return openThreadMemory(createThreadMemory(seed, { connectionsMax: listeners.length * path.connectionsMax }), 1);
}

async function startAlone(options: StartOptions): Promise<ServingGateway> {
  const { config, clock = Date.now, elapsed = monotonic, notice = () => undefined, seen } = options;
  const { files } = options;
  const folder = resolve(options.base, config.evidence.folder);
  const state = openOwnMemory(config);
  let { snapshot } = files;
  const decided: OpeningOptions['decided'] = (charges, decision) => state.counters.tally(charges, decision);
  const shared = await openSharedCounters(config, options.base, snapshot.policy, { elapsed, notice, decided });
  const evidence = await openOwnEvidence({ ...options, folder, clock, notice, seen }).catch(async (fault: unknown) => {
    await shared?.close();
    throw fault;
  });
  Atomics.store(state.inForce, 0, snapshot.number);
  const ticketKeys = createTicketKeys();
  const sessionKeys = createSessionKeys();
  const shed = createShedCounts();
  const candidate = createCandidateTally();
  const plane = await startDataPlane({
    config,
    files,
    ticketKeys,
    sessionKeys,
    ports: null,
    sharedPort: false,
    clock,
    elapsed,
    ...state,
    counters: shared === null ? state.counters : guardCounters(shared.counters, shared.counters.defect),
    candidateCounters:
      shared === null ? state.candidateCounters : guardCounters(shared.candidateCounters, shared.counters.defect),
    ownCounters: state.counters,
    countCandidate: candidate.note,
    evidence: evidence.sink,
    notice,
    shed: (bound) => shed.add({ [bound]: 1 }),
  });
  const renewals = [
    renewTicketKeys((keys) => plane.setTicketKeys(keys)),
    renewSessionKeys(sessionKeys, (keys) => plane.setSessionKeys(keys)),
  ];
  let closed: Promise<void> | null = null;
  return {
    listeners: plane.listeners,
    evidenceFile: evidence.file,
    spoolLag: () => evidence.spool?.lag(Date.now()) ?? null,
    renewControl: (address) => evidence.spool?.renewControl(address),
    snapshot: () => ({ number: snapshot.number, hash: snapshot.hash }),
    shed: () => shed.total(),
    limitCounts: () => limitCountsOf(state.counters, snapshot.policy),
    candidate: () => candidate.total(),
    async take(next) {
      const takeIntoUse = plane.prepare(next);
      takeIntoUse();
      ({ snapshot } = next);
      Atomics.store(state.inForce, 0, snapshot.number);
    },
    async forgetTickets() {
      plane.setTicketKeys(createTicketKeys());
    },
    threads: () => Promise.resolve([{ thread: 0, snapshot: plane.snapshotNumber() }]),
    close() {
      for (const renewal of renewals) renewal.close();
      closed ??= plane.close().then(() => shared?.close());
      return closed;
    },
  };
}
