// Callers as the stages know them: connections of one kind (all that evidence tells of one but its port) share what was concluded
// of them, and it is dropped with the snapshot it was concluded under.
import { dropOldest } from '../drop-oldest.ts';
import type { CallerMemo, Connection } from '../exchange.ts';
import type { Serving } from '../serving.ts';

/** Kinds kept for connections to come; the oldest go first. Those that are open keep theirs. */
const kindsMax = 1_024;

/** The callers of one kind. */
export interface CallerKind {
  /** What is known under a snapshot. */
  memo(serving: Serving): CallerMemo;
}

/** Creates the memory of one listener. */
export function createRememberedCallers(): { of(connection: Connection): CallerKind } {
  const kinds = new Map<string, CallerKind>();
  return {
    of({ source, serverName, tlsVersion, tlsResumed, peerCertificate }) {
      const key = `${source} ${serverName} ${tlsVersion} ${tlsResumed} ${peerCertificate?.fingerprint}`;
      const kind = kinds.get(key) ?? createKind();
      kinds.set(key, kind);
      dropOldest(kinds, kindsMax);
      return kind;
    },
  };
}

function createKind(): CallerKind {
  let memo: CallerMemo = {};
  let concludedUnder: Serving | null = null;
  return {
    memo(serving) {
      if (concludedUnder !== serving) {
        concludedUnder = serving;
        memo = {};
      }
      return memo;
    },
  };
}
