// The words for back ends, shared by routing (which names a group) and forwarding (which uses it). Nothing here is Node's.

import type { Departure } from './exchange.ts';
import type { OpenSide } from './tunnel.ts';

/** A body with a known length. `bytes` can be sent again; `stream` only once. */
export type Payload =
  | { readonly kind: 'none' }
  | { readonly kind: 'bytes'; readonly bytes: Uint8Array }
  | { readonly kind: 'stream'; readonly lengthBytes: number; readonly chunks: AsyncIterable<Uint8Array> };

/** What is sent upstream. */
export interface UpstreamRequest {
  readonly method: string;
  /** Request line and header fields, the empty line included; one character per byte. */
  readonly head: string;
  readonly payload: Payload;
  readonly departure: Departure;
  /** True where a switch of protocols was asked for: 101 is then an answer. */
  readonly upgrade?: boolean;
}

/** An answer's body as it comes. */
export interface UpstreamBody extends AsyncIterable<Uint8Array> {
  /** True when all of it arrived. */
  readonly ended: boolean;
  /** Everything that arrived, as one piece, and gone from here. */
  takeAll(): Uint8Array;
}

/** The head of an upstream's answer, and its body as it comes. */
export interface UpstreamAnswer {
  readonly status: number;
  readonly httpVersion: '1.0' | '1.1';
  /** Flat (name, value, …), in the order received; names in lower case. */
  readonly fields: readonly string[];
  /** Rejects when the upstream breaks off, or pauses longer than `path.responseIdleMs`. */
  readonly body: UpstreamBody;
  /** The connection behind a 101, whose bytes are no longer HTTP. */
  readonly switched?: OpenSide;
  /** Ends the connection: nobody wants the rest. */
  abandon(): void;
}

/** How an attempt ended: answered; not connected, so nothing was sent; no answer; or the caller's own body failed. */
export type Outcome =
  | { readonly kind: 'answered'; readonly answer: UpstreamAnswer; readonly reusedConnection: boolean }
  | { readonly kind: 'not-connected'; readonly timedOut: boolean }
  | {
      readonly kind: 'no-answer';
      readonly reason: 'timeout' | 'broken' | 'invalid';
      readonly reusedConnection: boolean;
      readonly cause: Error;
    }
  | { readonly kind: 'no-request'; readonly cause: unknown };

/** One address of an upstream. */
export interface Endpoint {
  /** As written in the configuration. */
  readonly url: string;
  /** Makes one attempt. Never rejects. */
  attempt(request: UpstreamRequest): Promise<Outcome>;
}

/** The endpoints that serve one system; used in turn. */
export interface UpstreamGroup {
  readonly name: string;
  /** Every endpoint once, beginning with the one whose turn it is. */
  inTurn(): readonly Endpoint[];
}

/** Every upstream of a gateway. */
export interface UpstreamPool {
  /** The most particular group for a system: by system, then environment, then infrastructure; null when none matches. */
  select(where: {
    readonly system: string;
    readonly environment: string;
    readonly infrastructure: string;
  }): UpstreamGroup | null;
  close(): void;
}
