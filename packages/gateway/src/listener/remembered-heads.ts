// Heads that callers repeat: programs poll the same few services for years, and all of one make send the same bytes. What was
// read and concluded from a head is kept, whoever sent it, and dropped with the snapshot it was concluded under.
import type { HeadMemo, RequestHead } from '../exchange.ts';
import { createKnownHeads } from '../http1/known-heads.ts';
import type { Serving } from '../serving.ts';
import type { framingOf } from './framing.ts';

/** Heads kept of one listener. */
const headsMax = 2_048;

/** What one head said, and what the stages concluded from it. */
export interface RememberedHead {
  readonly head: RequestHead;
  readonly bytes: number;
  readonly framing: ReturnType<typeof framingOf>;
  readonly keepAlive: boolean;
  readonly awaitsContinue: boolean;
  readonly serving: Serving;
  readonly memo: HeadMemo;
}

/** The heads of one listener. */
export interface RememberedHeads {
  /** The head that begins at `at`, if it is known under this snapshot and whole. */
  find(input: Buffer, at: number, serving: Serving): RememberedHead | null;
  /** Keeps a head that was read from `at` on. */
  keep(input: Buffer, at: number, head: RememberedHead): void;
}

/** Creates the memory of one listener. `seed` is a random word of 32 bits. */
export function createRememberedHeads(seed: number): RememberedHeads {
  const known = createKnownHeads<RememberedHead>({ seed, headsMax });
  return {
    find(input, at, serving) {
      const remembered = known.find(input, at);
      return remembered?.serving === serving ? remembered : null;
    },
    keep: (input, at, head) => known.keep(input, at, head.bytes, head),
  };
}
