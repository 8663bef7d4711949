// What a gateway says beside its evidence: what happened outside any exchange.
import type { Override } from '@headgate/contract';
import type { CountersNotice } from './counters/shared-counters.ts';
import type { TrustWarning } from './expiry.ts';
import type { HandshakeFailureCount } from './handshake-failures.ts';
import type { HandshakeFailure } from './listener/handshake-failure.ts';
import type { Bound } from './listener/listener-options.ts';
import type { EndpointNotice } from './upstream.ts';

/** Something that befell connections of one source, `count` of them: see `notice-digest.ts`. */
export type CountedNotice =
  | (HandshakeFailure & {
      readonly kind: 'handshake-failed';
      readonly listener: string;
      readonly source: string;
      /** As the caller sent it; null where it named none, or failed before. */
      readonly serverName: string | null;
      readonly count: number;
    })
  | {
      readonly kind: 'connection-refused';
      readonly listener: string;
      readonly source: string;
      /** The option whose bound it is. */
      readonly bound: Bound;
      readonly count: number;
    }
  | {
      /** A rule of the policy over connections had no room; it was closed before a byte of it was read. */
      readonly kind: 'connection-over-limit';
      readonly listener: string;
      readonly source: string;
      /** The name of the rule. */
      readonly reason: string;
      readonly count: number;
    }
  | {
      /** A defect outside any exchange; it cost one connection. */
      readonly kind: 'connection-defect';
      readonly listener: string;
      readonly source: string;
      readonly defect: string;
      readonly count: number;
    };

interface RevocationNotice<Kind extends string> {
  readonly kind: Kind;
  readonly bundle: string;
  /** File or URL, as the configuration names it; null where it is about all of the bundle. */
  readonly source: string | null;
  readonly sentence: string;
}

/** Something about revocation lists, told by whoever reads them. */
export type ListNotice =
  /** A source of revocation lists cannot be used; what was in force before it stays so. Told once, not at each look. */
  | (RevocationNotice<'revocation-list-refused'> & {
      /** Stable: see `lists/list-faults.ts`. */
      readonly code: string;
      readonly fix: string;
    })
  /** A source of which that was told can be used again. */
  | RevocationNotice<'revocation-list-back'>
  /** Other revocation lists are in force. */
  | RevocationNotice<'revocation-lists-taken'>
  /** A revocation list is past its end: the next one was due. */
  | RevocationNotice<'revocation-list-ended'>;

/** Something that happened outside any exchange. */
export type GatewayNotice =
  | CountedNotice
  | { readonly kind: 'evidence-trouble'; readonly sentence: string }
  /** Control does not take evidence, and takes it again: told once each. The spool keeps what waits. */
  | { readonly kind: 'evidence-not-sent' | 'evidence-sent-again'; readonly sentence: string }
  /** The spool thread died; what stands in the rings waits for the one that takes its place. */
  | { readonly kind: 'spool-ended'; readonly defect: string; readonly replacedInMs: number }
  | { readonly kind: 'spool-replaced' }
  | { readonly kind: 'documents-trouble'; readonly sentence: string }
  | {
      /** The handshakes that failed within the last hour, or since it was told: `count` in all, the most frequent in rows. */
      readonly kind: 'handshake-failures';
      readonly count: number;
      readonly rows: readonly HandshakeFailureCount[];
    }
  /** Each thread looks at endpoints for itself, and so tells it for itself. */
  | EndpointNotice
  | {
      /** A thread died and took its connections with it. Another takes its place. */
      readonly kind: 'thread-ended';
      readonly thread: number;
      readonly defect: string;
      readonly connectionsLost: number;
      /** How long until it is replaced; longer for one that dies again and again. */
      readonly replacedInMs: number;
      /** How often this thread died within the last minutes, this time included. */
      readonly deaths: number;
    }
  | { readonly kind: 'thread-replaced'; readonly thread: number }
  | {
      /** A thread dies as often as it is replaced: the gateway serves with fewer, or with none. */
      readonly kind: 'thread-keeps-dying';
      readonly thread: number;
      readonly sentence: string;
    }
  | ListNotice
  /** A certificate or an authority ends within weeks, or has ended. Told at start, at reload, and once a day. */
  | ({ readonly kind: 'trust-warning' } & TrustWarning)
  /** Break-glass changes a rule of the policy: told at start, when it begins and when it ends. */
  | {
      readonly kind: 'break-glass-holds' | 'break-glass-ended';
      readonly override: Override;
      /** What becomes of it, and who ended it before its time. */
      readonly sentence: string;
    }
  /** The store of shared counters is away, is back, forgot, or is used by nodes that do not agree. */
  | CountersNotice
  /** What control published is in force in every thread. */
  | { readonly kind: 'snapshot-taken'; readonly number: number; readonly hash: string; readonly sentence: string }
  /** A snapshot of control, or the one on disk, cannot be used; the one before stays. Number 0: it says none. */
  | {
      readonly kind: 'snapshot-refused';
      readonly number: number;
      readonly code: string;
      readonly sentence: string;
      readonly findings: readonly string[];
    }
  /** Control was not there at the start: the gateway serves by what it took last. */
  | { readonly kind: 'snapshot-from-disk'; readonly number: number; readonly sentence: string }
  /** Control does not answer, answers again, or knows less than is in force here: told once each. */
  | { readonly kind: 'control-silent' | 'control-answers' | 'control-behind'; readonly sentence: string }
  /** Local commands cannot reach this gateway. */
  | { readonly kind: 'control-unavailable'; readonly sentence: string }
  /** The system resets connections that wait at a listener which closes. */
  | { readonly kind: 'queued-connections-at-risk'; readonly sentence: string };
