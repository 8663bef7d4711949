// What the stages need from outside: clock, counters, upstreams, evidence, and every bound of the path.
import type { CounterStore, EvidenceSink } from '@headgate/contract';
import type { RecentRefusals } from '@headgate/rules';
import type { CandidateTally } from './candidate-counts.ts';
import type { PathOptions } from './config.ts';
import type { CookieMemory } from './evidence/cookie-memory.ts';
import type { Verdicts } from './identity/verdicts.ts';
import type { SessionKeys } from './session-keys.ts';
import type { Tunnels } from './tunnel.ts';
import type { UpstreamPool } from './upstream.ts';

/** A gateway's collaborators, passed in so that every decision replays. */
export interface Gateway {
  /** Milliseconds since 1970 UTC. */
  readonly clock: () => number;
  readonly counters: CounterStore;
  readonly recentRefusals: RecentRefusals;
  /** Of a candidate policy in shadow: its own, which refuse nobody. */
  readonly candidateCounters: CounterStore;
  readonly countCandidate: CandidateTally['note'];
  readonly verdicts: Verdicts;
  readonly upstreams: UpstreamPool;
  readonly evidence: EvidenceSink;
  readonly cookies: CookieMemory;
  readonly tunnels: Tunnels;
  /** Keys of session cookies, as they are now. */
  readonly sessionKeys: () => SessionKeys;
  readonly options: PathOptions;
  /** True once the gateway takes no new requests. */
  readonly draining: () => boolean;
}
