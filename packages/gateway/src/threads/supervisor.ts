// The main thread of a gateway with several: it reads files and hands them out, and replaces threads that die. It serves nobody
// itself, so that nothing a caller sends can end it.
import { resolve } from 'node:path';
import { MessageChannel, type MessagePort } from 'node:worker_threads';
import { createThreadMemory, openThreadMemory } from '@headgate/rules';
import { toBoot } from '../boot.ts';
import { createCandidateTally } from '../candidate-counts.ts';
import type { ControlAddress } from '../control-tls.ts';
import { answerCounters } from '../counters/port-counters.ts';
import { randomSeed } from '../counters/random-seed.ts';
import type { SharedCounters } from '../counters/shared-counters.ts';
import { monotonic } from '../deadlines.ts';
import type { GatewayFiles } from '../gateway-files.ts';
import { lockGatewayEvidence } from '../gateway-lock.ts';
import { limitCountsOf } from '../limit-counts.ts';
import { type OpeningOptions, openSharedCounters } from '../open-shared-counters.ts';
import { openSpool } from '../open-spool.ts';
import { createSessionKeys, renewSessionKeys } from '../session-keys.ts';
import { createShedCounts } from '../shed-counts.ts';
import type { GatewayOptions, ServingGateway, ThreadInForce } from '../start-gateway.ts';
import { createTicketKeys, renewTicketKeys } from '../ticket-keys.ts';
import type { ThreadOrders } from './messages.ts';
import { tellQueuedConnectionsAtRisk } from './queued-connections.ts';
import { type CreateWorker, createThreadWorker, type Ready, type Remark, startThread } from './running-thread.ts';
import { createSeat, type Seat } from './seat.ts';

/** What the threads of a gateway are started with. */
export interface ThreadsOptions extends GatewayOptions {
  readonly files: GatewayFiles;
  /** Where evidence is sent; null where it is not. */
  readonly control: ControlAddress | null;
  /** Default: threads that serve. Tests start threads that die. */
  readonly createWorker?: CreateWorker;
}

/** The main thread's own name in the shared memory. */
const supervisorOwner = 1;

/** Starts as many threads as the configuration says. Rejects with the system's error for a taken port. */
export async function startThreads(options: ThreadsOptions): Promise<ServingGateway> {
  const { config, notice = () => undefined } = options;
  const evidenceFolder = resolve(options.base, config.evidence.folder);
  const unlock = lockGatewayEvidence(evidenceFolder, config.node);
  const giveUp = (fault: unknown): never => {
    unlock();
    throw fault;
  };
  const { policy } = options.files.snapshot;
  const memory = createThreadMemory(randomSeed(), {
    connectionsMax: config.listeners.length * config.path.connectionsMax,
  });
  const state = openThreadMemory(memory, supervisorOwner);
  const decided: OpeningOptions['decided'] = (charges, decision) => state.counters.tally(charges, decision);
  const opening = { elapsed: monotonic, notice, decided };
  const shared = await openSharedCounters(config, options.base, policy, opening).catch(giveUp);
  const spool = await openSpool({ ...options, notice, folder: evidenceFolder }).catch(async (fault: unknown) => {
    await shared?.close();
    return giveUp(fault);
  });
  const boot = toBoot(config.node, Date.now());
  let { files } = options;
  let ticketKeys = createTicketKeys();
  let sessionKeys = createSessionKeys();
  let ports: readonly number[] | null = null;
  let lastOwner = supervisorOwner;
  Atomics.store(state.inForce, 0, files.snapshot.number);

  const portTo = (counters: SharedCounters): MessagePort => {
    const { port1, port2 } = new MessageChannel();
    answerCounters(port1, counters, { defect: counters.defect, elapsed: monotonic });
    return port2;
  };

  const shed = createShedCounts();
  const candidate = createCandidateTally();
  const hear = (remark: Remark): void => {
    if (remark.kind === 'notice') notice(remark.notice);
    else if (remark.kind === 'shed') shed.add(remark.more);
    else if (remark.kind === 'candidate') candidate.add(remark.more);
    else options.seen?.(remark.record);
  };
  const ordersFor = (thread: number, isFirst: boolean): ThreadOrders => {
    lastOwner += 1;
    // A thread that takes another's place counts its records from 1 again.
    const ownBoot = isFirst ? boot : toBoot(config.node, Date.now());
    return {
      config,
      thread,
      owner: lastOwner,
      boot: ownBoot,
      evidenceFolder,
      ring: spool?.ring(ownBoot, thread) ?? null,
      memory,
      counters: shared === null ? null : portTo(shared.counters),
      candidateCounters: shared === null ? null : portTo(shared.candidateCounters),
      files,
      ticketKeys,
      sessionKeys,
      ports,
      sendsRecords: options.seen !== undefined,
    };
  };
  const seats = Array.from({ length: config.threads }, (_, thread): Seat => {
    let isFirst = true;
    return createSeat({
      thread,
      notice,
      start() {
        const orders = ordersFor(thread, isFirst);
        isFirst = false;
        const started = startThread(orders, hear, options.createWorker ?? createThreadWorker);
        void started.ended.then(() => orders.ring !== null && spool?.ended(orders.ring));
        return started;
      },
      repairAfter({ orders }) {
        const placeCount = state.repairAfter(orders.owner);
        // Each connection holds two places, one of its listener and one of its source.
        return placeCount === null ? null : Math.ceil(placeCount / 2);
      },
    });
  });
  const everyThread = () => seats.flatMap((seat) => seat.current() ?? []);

  const close = async (): Promise<void> => {
    for (const seat of seats) seat.leave();
    const threads = everyThread();
    // Every thread is told at once, and each drains what it has.
    const drained = await Promise.allSettled(threads.map((thread) => thread.ask({ kind: 'close' })));
    await Promise.all(threads.map((thread) => thread.end()));
    await shared?.close();
    await spool?.close().finally(unlock);
    unlock();
    for (const outcome of drained) if (outcome.status === 'rejected') throw outcome.reason;
  };
  const ready: Ready[] = [];
  try {
    const [first, ...others] = seats;
    if (first !== undefined) ready.push(await first.open());
    // Where the system chooses a port, the others listen where the first does; so does every replacement.
    ports = ready[0]?.listeners.map(({ port }) => port) ?? null;
    ready.push(...(await Promise.all(others.map((seat) => seat.open()))));
  } catch (fault) {
    await close();
    throw fault;
  }
  if (config.threads > 1) tellQueuedConnectionsAtRisk(notice);

  const take = async (next: GatewayFiles): Promise<void> => {
    const prepared = everyThread();
    await Promise.all(prepared.map((thread) => thread.ask({ kind: 'prepare', files: next })));
    // From here on no fault is possible: every thread that is there has the files, and whoever comes starts with them.
    files = next;
    Atomics.store(state.inForce, 0, files.snapshot.number);
    await Promise.all(
      everyThread().map(async (thread) => {
        if (thread.orders.files !== next && !prepared.includes(thread))
          await thread.ask({ kind: 'prepare', files: next });
        await thread.ask({ kind: 'take' });
      }),
    );
  };
  const takeTicketKeys = async (keys: Buffer): Promise<void> => {
    ticketKeys = keys;
    await Promise.all(everyThread().map((thread) => thread.ask({ kind: 'ticket-keys', keys })));
  };
  const threads = (): Promise<readonly ThreadInForce[]> =>
    Promise.all(
      seats.map(async (seat, thread) => ({
        thread,
        snapshot: (await seat.current()?.ask({ kind: 'status' })) ?? null,
      })),
    );
  const renewals = [
    renewTicketKeys((keys) => void takeTicketKeys(keys)),
    renewSessionKeys(sessionKeys, (keys) => {
      sessionKeys = keys;
      for (const thread of everyThread()) void thread.ask({ kind: 'session-keys', keys });
    }),
  ];
  let closed: Promise<void> | null = null;
  return {
    listeners: ready[0]?.listeners ?? [],
    evidenceFile: spool?.file ?? ready[0]?.evidenceFile ?? '',
    spoolLag: () => spool?.lag(Date.now()) ?? null,
    renewControl: (control) => spool?.renewControl(control),
    snapshot: () => ({ number: files.snapshot.number, hash: files.snapshot.hash }),
    shed: () => shed.total(),
    limitCounts: () => limitCountsOf(state.counters, files.snapshot.policy),
    candidate: () => candidate.total(),
    threads,
    take,
    forgetTickets: () => takeTicketKeys(createTicketKeys()),
    close() {
      for (const renewal of renewals) renewal.close();
      closed ??= close();
      return closed;
    },
  };
}
