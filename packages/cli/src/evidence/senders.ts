// Who still sends in a way that an operator wants to see end: chunked, uncompressed, with cookies. Counted per credential.
import type { EvidenceRecord } from '@headgate/contract';

/** The ways that are counted. */
export const manners = ['chunked', 'uncompressed', 'cookies'] as const;
/** One way of sending. */
export type Manner = (typeof manners)[number];

/** Calls of one caller in one way. */
export interface MannerCount {
  readonly calls: number;
  /** The last of them, as an instant in UTC; null where there was none. */
  readonly lastSeen: string | null;
}

/** One caller: a certificate with its participant, or, where none was offered, a source address. */
export interface Sender {
  readonly subject: string | null;
  readonly participant: string | null;
  readonly source: string | null;
  readonly calls: number;
  readonly lastSeen: string;
  readonly chunked: MannerCount;
  readonly uncompressed: MannerCount & { readonly largestBytes: number };
  /** `reused` counts cookies that had come before. */
  readonly cookies: MannerCount & { readonly reused: number };
}

/** Counts senders. */
export interface SenderCount {
  take(record: EvidenceRecord): void;
  /** Those who sent in any of the ways, most such calls first; all callers where no way is named. */
  senders(of: readonly Manner[]): readonly Sender[];
  /** Calls of callers past the bound, of which none is told. */
  readonly uncounted: number;
}

/** Callers told apart; an address without a certificate costs an attacker nothing. */
const sendersMax = 50_000;

interface Tally {
  calls: number;
  lastMs: number;
}

interface Counted {
  readonly subject: string | null;
  readonly source: string | null;
  participant: string | null;
  readonly all: Tally;
  readonly chunked: Tally;
  readonly uncompressed: Tally;
  readonly cookies: Tally;
  largestBytes: number;
  reused: number;
}

/** Begins to count. Bodies below `fromBytes` are too small for their packing to matter. */
export function countSenders(fromBytes: number): SenderCount {
  const known = new Map<string, Counted>();
  let uncounted = 0;
  return {
    take(record) {
      const { listener, identity, response } = record;
      const subject = identity?.subject ?? null;
      const key = subject ?? `from ${listener.source}`;
      let counted = known.get(key);
      if (counted === undefined) {
        if (known.size >= sendersMax) {
          uncounted += 1;
          return;
        }
        counted = nothingYet(subject, subject === null ? listener.source : null);
        known.set(key, counted);
      }
      counted.participant = identity?.participant ?? counted.participant;
      const atMs = listener.receivedMs;
      tally(counted.all, atMs);
      if (listener.framing === 'chunked') tally(counted.chunked, atMs);
      if (isUncompressed(record, fromBytes)) {
        tally(counted.uncompressed, atMs);
        counted.largestBytes = Math.max(counted.largestBytes, response.requestBytes);
      }
      // A browser keeps cookies as it should; a program needs none. Records of an older version say nothing of them.
      const cookies = record.route?.channel === 'ui' ? null : (listener.cookies ?? null);
      if (cookies !== null && cookies.count > 0) {
        tally(counted.cookies, atMs);
        counted.reused += cookies.reused;
      }
    },
    senders(of) {
      const weight = (sender: Sender) =>
        of.length === 0 ? sender.calls : of.reduce((sum, manner) => sum + sender[manner].calls, 0);
      return [...known.values()]
        .map(toSender)
        .filter((sender) => weight(sender) > 0)
        .toSorted((a, b) => weight(b) - weight(a));
    },
    get uncounted() {
      return uncounted;
    },
  };
}

/** A body of some size that neither its Content-Encoding nor its payload says to be compressed; a tunnel has no body. */
function isUncompressed({ listener, inspection, response }: EvidenceRecord, fromBytes: number): boolean {
  if (inspection === null || response.status === 101 || response.requestBytes < fromBytes) return false;
  const encoding = listener.contentEncoding ?? 'identity';
  return encoding === 'identity' && inspection.payloadEncoding?.startsWith('gzip') !== true;
}

function nothingYet(subject: string | null, source: string | null): Counted {
  const none = (): Tally => ({ calls: 0, lastMs: 0 });
  const tallies = { all: none(), chunked: none(), uncompressed: none(), cookies: none() };
  return { subject, source, participant: null, ...tallies, largestBytes: 0, reused: 0 };
}

function tally(one: Tally, atMs: number): void {
  one.calls += 1;
  one.lastMs = Math.max(one.lastMs, atMs);
}

function toSender({ subject, participant, source, ...counted }: Counted): Sender {
  const count = ({ calls, lastMs }: Tally): MannerCount => ({ calls, lastSeen: calls === 0 ? null : instant(lastMs) });
  return {
    subject,
    participant,
    source,
    calls: counted.all.calls,
    lastSeen: instant(counted.all.lastMs),
    chunked: count(counted.chunked),
    uncompressed: { ...count(counted.uncompressed), largestBytes: counted.largestBytes },
    cookies: { ...count(counted.cookies), reused: counted.reused },
  };
}

function instant(atMs: number): string {
  return new Date(atMs).toISOString();
}
