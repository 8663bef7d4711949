// Heads that callers repeat: one caller polls the same few services for years. What was read and concluded from a head is kept
// per kind of connection (all that evidence tells of one but its port) and dropped with the snapshot it was concluded under.
import { dropOldest } from '../drop-oldest.ts';
import type { Connection, ExchangeMemo, RequestHead } from '../exchange.ts';
import type { Serving } from '../serving.ts';
import type { framingOf } from './framing.ts';

/** Heads kept per kind of connection, kinds kept at once, and heads in all; the oldest go first. */
const headsMax = 64;
const kindsMax = 1_024;
/** With all that the stages concluded, a head is some 30 KiB; a caller makes a kind of every server name it thinks of. */
const headsInAllMax = 2_048;

/** Heads longer than this are read anew each time, in bytes. */
const headBytesMax = 4_096;

/** What one head said, and what the stages concluded from it. */
export interface RememberedHead {
  readonly head: RequestHead;
  readonly bytes: number;
  readonly framing: ReturnType<typeof framingOf>;
  readonly keepAlive: boolean;
  readonly awaitsContinue: boolean;
  readonly serving: Serving;
  readonly memo: ExchangeMemo;
}

/** The heads of one kind of connection. */
export interface HeadsOfKind {
  /** The head that begins at `at`, if it is known under this snapshot and whole. */
  find(input: Buffer, at: number, serving: Serving): RememberedHead | null;
  keep(input: Buffer, at: number, head: RememberedHead): void;
}

/** Gives connections of one kind the same memory. */
export interface HeadMemory {
  of(connection: Connection): HeadsOfKind;
}

/** Creates the memory of one listener. */
export function createHeadMemory(): HeadMemory {
  const kinds = new Map<string, Map<string, RememberedHead>>();
  let headsInAll = 0;
  const dropOldestKind = (): void => {
    const oldest = kinds.entries().next();
    if (oldest.done) return;
    const [kind, heads] = oldest.value;
    headsInAll -= heads.size;
    kinds.delete(kind);
    heads.clear(); // Its connections may live on, and remember nothing more than they meet from now on.
  };
  return {
    of({ source, serverName, tlsVersion, tlsResumed, peerCertificate }) {
      const kind = `${source} ${serverName} ${tlsVersion} ${tlsResumed} ${peerCertificate?.fingerprint}`;
      const known = kinds.get(kind) ?? new Map<string, RememberedHead>();
      kinds.set(kind, known);
      if (kinds.size > kindsMax) dropOldestKind();
      return headsOfKind(known, (change) => {
        if (kinds.get(kind) === known) headsInAll += change;
        while (headsInAll > headsInAllMax) dropOldestKind();
      });
    },
  };
}

const headEnd = Buffer.from('\r\n\r\n');

/** `grown` hears by how many heads the kind grew. */
function headsOfKind(heads: Map<string, RememberedHead>, grown: (change: number) => void): HeadsOfKind {
  return {
    find(input, at, serving) {
      const endAt = input.indexOf(headEnd, at);
      if (endAt === -1 || endAt - at > headBytesMax) return null;
      // The whole head is the key, empty line included: equal bytes are an equal head.
      const known = heads.get(input.toString('latin1', at, endAt + headEnd.byteLength));
      return known?.serving === serving ? known : null;
    },
    keep(input, at, head) {
      if (head.bytes > headBytesMax) return;
      const before = heads.size;
      heads.set(input.toString('latin1', at, at + head.bytes), head);
      dropOldest(heads, headsMax);
      if (heads.size > before) grown(1);
    },
  };
}
