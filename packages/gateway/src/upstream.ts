// The words for back ends, shared by routing (which names a group) and forwarding (which uses it). Nothing here is Node's.

import type { Phases } from './config-upstreams.ts';
import type { Departure } from './exchange.ts';
import type { HeadPieces } from './http1/write-joined.ts';
import type { OpenSide } from './tunnel.ts';

/** A body with a known length. `bytes` can be sent again; `stream` only once. */
export type Payload =
  | { readonly kind: 'none' }
  | { readonly kind: 'bytes'; readonly bytes: Uint8Array }
  | { readonly kind: 'stream'; readonly lengthBytes: number; readonly chunks: AsyncIterable<Uint8Array> };

/** What is sent upstream. */
export interface UpstreamRequest {
  readonly method: string;
  /** Request line and header fields, the empty line included. */
  readonly head: HeadPieces;
  readonly payload: Payload;
  readonly departure: Departure;
  /** True where a switch of protocols was asked for: 101 is then an answer. */
  readonly upgrade?: boolean;
  /** Whether a system that receives it twice does no harm: never true of a submit. */
  readonly repeatable: boolean;
  readonly phases: Phases;
  /** When the whole of it must have ended, in monotonic milliseconds; 0 until the first attempt begins. */
  endMs: number;
  /** Whether a streamed body was begun, which can be read once. */
  isBodyBegun: boolean;
  /** Who hears how the answer to the present attempt ended; null when nobody asks. */
  watch: AnswerWatch | null;
}

/** Hears how an answer ended, once its head had come. */
export interface AnswerWatch {
  ended(status: number): void;
  broke(): void;
}

/** An answer's body as it comes. */
export interface UpstreamBody extends AsyncIterable<Uint8Array> {
  /** True when all of it arrived. */
  readonly ended: boolean;
  /** Everything that arrived, as one piece, and gone from here. */
  takeAll(): Uint8Array;
}

/** The head of an upstream's answer. Answers with the same bytes may share one. */
export interface AnswerHead {
  readonly status: number;
  readonly httpVersion: '1.0' | '1.1';
  /** Flat (name, value, …), in the order received; names in lower case. */
  readonly fields: readonly string[];
  /** What the answer before concluded from the head; whoever keeps something checks what may have changed since. */
  readonly memo: { reply?: unknown };
}

/** An upstream's answer: its head, and its body as it comes. */
export interface UpstreamAnswer {
  readonly head: AnswerHead;
  /** Rejects when the upstream breaks off, or pauses longer than `path.responseIdleMs`. */
  readonly body: UpstreamBody;
  /** The connection behind a 101, whose bytes are no longer HTTP. */
  readonly switched?: OpenSide;
  /** Ends the connection: nobody wants the rest. */
  abandon(): void;
}

/** Why no connection was had, so that nothing was sent. */
export type NotConnected =
  | { readonly kind: 'not-connected'; readonly reason: 'refused' }
  /** Every connection is in use, and so is every place in the queue. */
  | { readonly kind: 'not-connected'; readonly reason: 'queue-full' }
  /** `timed-out` waited for the endpoint, `busy` in the queue, `whole` until the end of the whole exchange. */
  | { readonly kind: 'not-connected'; readonly reason: 'timed-out' | 'busy' | 'whole'; readonly waitedMs: number }
  /** `isLasting`: another handshake would fail just so, because of a certificate or of what TLS the sides speak. */
  | { readonly kind: 'not-connected'; readonly reason: 'tls'; readonly found: string; readonly isLasting: boolean };

/** Which wait ended an attempt that was under way: for the endpoint to take more, for its answer, or for all of it. */
export type EndedWait = 'send' | 'response' | 'whole';

/** How an attempt ended: answered; nothing was sent; no answer; or the caller's own body failed. */
export type Outcome =
  | { readonly kind: 'answered'; readonly answer: UpstreamAnswer; readonly reusedConnection: boolean }
  | NotConnected
  /** A kept connection that turned out to be closed before one byte was written. */
  | { readonly kind: 'not-sent' }
  | {
      readonly kind: 'no-answer';
      /** `left`: the caller went away, which says nothing about the endpoint. */
      readonly reason: 'timeout' | 'broken' | 'invalid' | 'left';
      /** For `timeout`, the wait that ended; and how long it was. */
      readonly wait: EndedWait;
      readonly waitedMs: number;
      /** Whether the request was handed over whole. */
      readonly sent: boolean;
      readonly reusedConnection: boolean;
      readonly cause: Error;
    }
  | { readonly kind: 'no-request'; readonly cause: unknown };

/** One address of an upstream. */
export interface Endpoint {
  /** As written in the configuration. */
  readonly url: string;
  /** Calls under way at it, those that wait for a connection included. */
  readonly load: number;
  /** Makes one attempt, on a kept connection unless `fresh`, and calls back with its outcome, which may be at once. */
  attempt(request: UpstreamRequest, fresh: boolean, settle: (outcome: Outcome) => void): void;
}

/** An endpoint as one group uses it, with what the group has learnt of it. */
export interface Member extends AnswerWatch {
  readonly endpoint: Endpoint;
  /** Whether anything is learnt from its answers. */
  readonly watched: boolean;
  /** Takes note of an attempt that brought no answer. */
  failed(outcome: Outcome): void;
}

/** What keeps calls of one caller together. */
export type HashKey = 'source' | 'credential' | 'participant';

/** The endpoints that serve one system. */
export interface UpstreamGroup {
  readonly name: string;
  readonly phases: Phases;
  /** Null where it does not matter who calls. */
  readonly hashKey: HashKey | null;
  /** The member for the next attempt; null when each was tried. `hashText` counts only where there is a `hashKey`. */
  next(hashText: string, tried: readonly Member[]): Member | null;
  readonly retries: {
    /** Counts a call; instants in milliseconds since 1970 UTC. */
    called(nowMs: number): void;
    /** Whether one more retry is within the budget; counts it where it is. */
    take(nowMs: number): boolean;
  };
}

/** Something that happened to an endpoint beside the calls. */
export interface EndpointNotice {
  /** Down: it gets no calls while others are up. */
  readonly kind: 'endpoint-down' | 'endpoint-up';
  readonly upstream: string;
  readonly endpoint: string;
  readonly reason: string;
  /** Endpoints of the upstream that are up now. At none, all are used. */
  readonly endpointsUp: number;
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
