// What a gateway says beside its evidence: what happened outside any exchange.
import type { EndpointNotice } from './upstream.ts';

/** Something that happened outside any exchange. */
export type GatewayNotice =
  | {
      readonly kind: 'handshake-failed';
      readonly listener: string;
      readonly source: string;
      readonly serverName: string | null;
      readonly reason: string;
    }
  | { readonly kind: 'connection-refused'; readonly listener: string; readonly source: string }
  | {
      /** A defect outside any exchange; it cost one connection. */
      readonly kind: 'connection-defect';
      readonly listener: string;
      readonly source: string;
      readonly defect: string;
    }
  | { readonly kind: 'evidence-trouble'; readonly sentence: string }
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
  /** The system resets connections that wait at a listener which closes. */
  | { readonly kind: 'queued-connections-at-risk'; readonly sentence: string };
