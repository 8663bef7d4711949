// Handshakes that failed, in sum: who, for which name, and why. A caller whose handshake fails can read no answer and leaves no
// record, so that this is all an operator has to find it by.
import type { CountedNotice, GatewayNotice } from './gateway-notice.ts';
import type { HandshakeFailureReason } from './listener/handshake-failure.ts';
import { otherSources } from './notice-digest.ts';

/** Handshakes that failed of one reason, from one source for one name. */
export interface HandshakeFailureCount {
  readonly listener: string;
  readonly source: string;
  readonly serverName: string | null;
  readonly reason: HandshakeFailureReason;
  readonly count: number;
}

/** How many failed, by reason. */
export type HandshakeFailureTotals = Readonly<Partial<Record<HandshakeFailureReason, number>>>;

/** Sums that grow. */
export interface HandshakeFailures {
  add(notice: Extract<CountedNotice, { readonly kind: 'handshake-failed' }>): void;
  total(): HandshakeFailureTotals;
  /** The most frequent since it was asked last, at most `rowsTold`, and how many failed in all; null where none did. */
  takeRows(): { readonly count: number; readonly rows: readonly HandshakeFailureCount[] } | null;
}

/** Sources, names and reasons told apart at once; beyond it sources are counted together. */
const rowsMax = 1_000;

/** Rows of one summary. */
const rowsTold = 10;

/** Creates sums at zero. */
export function createHandshakeFailures(): HandshakeFailures {
  const totals: Partial<Record<HandshakeFailureReason, number>> = {};
  let rows = new Map<string, HandshakeFailureCount>();
  return {
    add({ listener, source, serverName, reason, count }) {
      totals[reason] = (totals[reason] ?? 0) + count;
      const own = { listener, source, serverName, reason };
      const isFull = rows.size >= rowsMax && !rows.has(keyOf(own));
      const place = isFull ? { ...own, source: otherSources, serverName: null } : own;
      const key = keyOf(place);
      rows.set(key, { ...place, count: (rows.get(key)?.count ?? 0) + count });
    },
    total: () => ({ ...totals }),
    takeRows() {
      if (rows.size === 0) return null;
      const taken = [...rows.values()].toSorted((one, other) => other.count - one.count);
      rows = new Map();
      return { count: taken.reduce((sum, row) => sum + row.count, 0), rows: taken.slice(0, rowsTold) };
    },
  };
}

/** How often the sums are told, in milliseconds. */
const tellMs = 3_600_000;

/** Passes notices on, keeps the sums of failed handshakes, and tells them once an hour and at the end. */
export function watchHandshakes(tell: (notice: GatewayNotice) => void): {
  notice(notice: GatewayNotice): void;
  total(): HandshakeFailureTotals;
  close(): void;
} {
  const failures = createHandshakeFailures();
  const tellRows = (): void => {
    const taken = failures.takeRows();
    if (taken !== null) tell({ kind: 'handshake-failures', ...taken });
  };
  const timer = setInterval(tellRows, tellMs).unref();
  return {
    notice(notice) {
      tell(notice);
      if (notice.kind === 'handshake-failed') failures.add(notice);
    },
    total: () => failures.total(),
    close() {
      clearInterval(timer);
      tellRows();
    },
  };
}

function keyOf({ listener, source, serverName, reason }: Omit<HandshakeFailureCount, 'count'>): string {
  return JSON.stringify([listener, source, serverName, reason]);
}
