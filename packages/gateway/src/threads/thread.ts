// The program of one thread that serves: a data plane of its own over the memory that all share, led by the main thread.
import { type MessagePort, parentPort, workerData } from 'node:worker_threads';
import type { CounterStore } from '@headgate/contract';
import { type Counters, openThreadMemory } from '@headgate/rules';
import { createToldCandidate } from '../candidate-counts.ts';
import { createPortCounters } from '../counters/port-counters.ts';
import { startDataPlane } from '../data-plane.ts';
import { monotonic } from '../deadlines.ts';
import { createToldCounts } from '../shed-counts.ts';
import { openThreadEvidence } from '../thread-evidence.ts';
import { type ThreadOrders, type ThreadRequest, type ThreadSaying, toPlainFault } from './messages.ts';

const orders = workerData as ThreadOrders;
const say = (saying: ThreadSaying): void => parentPort?.postMessage(saying);

try {
  await startThread();
} catch (fault) {
  say({ kind: 'failed', fault: toPlainFault(fault) });
}

/** The counters of all nodes where there is a port to them; those of this thread's memory count by rule what it refused by itself. */
function countersOver(port: MessagePort | null, own: Counters): CounterStore {
  if (port === null) return own;
  return createPortCounters(port, {
    elapsed: monotonic,
    repeated: (charges, decision) => own.tally(charges, decision),
  });
}

async function startThread(): Promise<void> {
  const { config, files } = orders;
  const { counters, candidateCounters, recentRefusals, connections, waitingBodies, tunnels, inForce } =
    openThreadMemory(orders.memory, orders.owner);
  const notice = (told: Extract<ThreadSaying, { kind: 'notice' }>['notice']): void =>
    say({ kind: 'notice', notice: told });
  const evidence = openThreadEvidence(orders, {
    trouble: (sentence) => notice({ kind: 'evidence-trouble', sentence }),
    seen: (record) => say({ kind: 'record', record }),
  });
  const shed = createToldCounts((more) => say({ kind: 'shed', more }));
  const candidate = createToldCandidate((more) => say({ kind: 'candidate', more }));
  const plane = await startDataPlane({
    config,
    files,
    ticketKeys: Buffer.from(orders.ticketKeys),
    sessionKeys: orders.sessionKeys,
    ports: orders.ports,
    sharedPort: orders.config.threads > 1,
    clock: Date.now,
    elapsed: monotonic,
    recentRefusals,
    counters: countersOver(orders.counters, counters),
    ownCounters: counters,
    candidateCounters: countersOver(orders.candidateCounters, candidateCounters),
    countCandidate: candidate.note,
    connections,
    waitingBodies,
    tunnels,
    inForce,
    evidence,
    notice,
    shed: (bound) => shed.add(bound),
  });
  let takeIntoUse = (): void => undefined;
  const answer = async (request: ThreadRequest): Promise<void> => {
    switch (request.kind) {
      case 'prepare':
        takeIntoUse = plane.prepare(request.files);
        return;
      case 'take':
        takeIntoUse();
        return;
      case 'status':
        candidate.flush();
        return;
      case 'ticket-keys':
        plane.setTicketKeys(Buffer.from(request.keys));
        return;
      case 'session-keys':
        plane.setSessionKeys(request.keys);
        return;
      case 'close':
        await plane.close();
        shed.flush();
        candidate.flush();
    }
  };
  parentPort?.on('message', ({ id, ...request }: ThreadRequest & { readonly id: number }) => {
    answer(request as ThreadRequest).then(
      () => say({ kind: 'done', id, fault: null, snapshot: plane.snapshotNumber() }),
      (fault: unknown) => say({ kind: 'done', id, fault: toPlainFault(fault), snapshot: plane.snapshotNumber() }),
    );
  });
  say({ kind: 'ready', listeners: plane.listeners, evidenceFile: evidence.file });
}
