// One request and its answer, as the stages fill it in. None of Node's HTTP types appear here, so that the listener and
// the forwarder can be replaced beneath the path. Each stage writes only the section that bears its name.
import type {
  AdmissionEvidence,
  ForwardEvidence,
  IdentityEvidence,
  InspectionEvidence,
  ResponseEvidence,
  RouteEvidence,
} from '@headgate/contract';
import type { EnvelopeHead } from '@headgate/soap';
import type { AnswerFields } from './http1/answer-fields.ts';
import type { MaybePromise } from './maybe-promise.ts';
import type { Serving } from './serving.ts';
import type { OpenSide } from './tunnel.ts';
import type { UiSession } from './ui-session.ts';

/** Header fields in the order received. Names are lower case; values are trimmed. */
export interface Fields {
  /** The first value of a field, or null. */
  get(name: string): string | null;
  /** Every value of a field. */
  all(name: string): readonly string[];
  entries(): readonly (readonly [name: string, value: string])[];
}

/** The request line and header fields. `target` is the origin-form request target (RFC 9112 §3.2.1). */
export interface RequestHead {
  readonly method: string;
  readonly target: string;
  readonly path: string;
  readonly query: string;
  /** Host name in lower case, without port; empty when the request named none. */
  readonly host: string;
  /** Host as the caller named it, in lower case, with its port if it gave one. */
  readonly authority: string;
  readonly httpVersion: '1.0' | '1.1';
  readonly fields: Fields;
}

/** A request body that can be peeked at before anyone decides. */
export interface RequestBody {
  readonly framing: 'none' | 'content-length' | 'chunked';
  /** Declared length in bytes; null when chunked. */
  readonly declaredBytes: number | null;
  /** Bytes received so far. */
  readonly receivedBytes: number;
  /** True when the last byte arrived. */
  readonly arrived: boolean;
  /**
   * Peeks at the start without consuming it: at least `bytesMax` bytes, or the whole body when it is shorter.
   * Refuses with `inspection.body_timeout` after `deadlineMs` without enough bytes, with `inspection.body_incomplete`
   * when the caller goes away, and with `listener.too_many_waiting_bodies` past the bound per source.
   */
  head(bytesMax: number, deadlineMs: number): MaybePromise<Uint8Array>;
  /** What a `head` has peeked at, and perhaps more; empty once it was taken. */
  readonly peeked: Uint8Array;
  /** The whole body where all of it has arrived, else null. Taking it counts as reading it. */
  readonly whole: Uint8Array | null;
  /** The whole body from its first byte, peeked bytes included. May be read once. */
  chunks(): AsyncIterable<Uint8Array>;
  /** Reads what is left and throws it away, within the bounds of the refusal drain. */
  discard(): void;
}

/** Tells when the caller goes away before its answer is complete. Lighter than an AbortSignal, of which every call would need one. */
export interface Departure {
  /** Calls `listener` when it happens, at once where it has; null to hear no more. There is one listener at a time. */
  hear(listener: (() => void) | null): void;
}

/** What the caller gets. `send` may be called once. */
export interface Downstream {
  /**
   * Writes the answer. Undefined when it was taken whole at once; else resolves when the last byte was handed to the socket.
   * Throws or rejects when the caller went away. `own` are the fields of this answer alone, flat: name, value, name, value.
   */
  send(
    status: number,
    fields: AnswerFields,
    own: readonly string[],
    body: Uint8Array | AsyncIterable<Uint8Array>,
  ): Promise<void> | undefined;
  /**
   * Answers 101 and gives the connection away: what the caller sent behind its request, and sends from now on, is no HTTP.
   * `fields` is flat. Throws when the caller went away.
   */
  switchProtocols(fields: readonly string[]): OpenSide;
  /** The connection ends after this answer, whatever its caller asked for. */
  closeAfter(): void;
  /** True once a status line went out. */
  readonly started: boolean;
  readonly sentBytes: number;
  /** Ends the connection at once: the only honest end of an answer that broke off halfway. */
  abort(): void;
  readonly departure: Departure;
}

/** The client certificate of a connection, parsed once. */
export interface PeerCertificate {
  readonly der: Uint8Array;
  /** SHA-256, lower-case hex. */
  readonly fingerprint: string;
}

/** What is known of the connection. Names are lower case. */
export interface Connection {
  readonly listener: string;
  readonly secure: boolean;
  /** TCP source address in canonical form. */
  readonly source: string;
  readonly sourcePort: number;
  /** True where the source is what a trusted balancer's PROXY header says. */
  readonly balanced: boolean;
  readonly serverName: string | null;
  readonly tlsVersion: string | null;
  readonly tlsResumed: boolean;
  readonly peerCertificate: PeerCertificate | null;
  /** Whether a request has come over it: one that never brought any is served also while the gateway drains. */
  hasServed: boolean;
}

/**
 * What earlier exchanges concluded from the same head on the same listener, whoever sent it, under the same snapshot. Each stage
 * keeps its own conclusion and checks what may have changed since (the clock, above all).
 */
export interface HeadMemo {
  identity?: unknown;
  route?: unknown;
  forward?: unknown;
  response?: unknown;
  evidence?: unknown;
  /** Of the evidence sink. */
  sink?: unknown;
}

/** What earlier exchanges concluded of callers of the same kind (all but the port), under the same snapshot. */
export interface CallerMemo {
  identity?: unknown;
  admission?: unknown;
  session?: unknown;
  inspection?: unknown;
  forward?: unknown;
  /** Of the evidence sink. */
  sink?: unknown;
}

/** One request and its answer. */
export interface Exchange {
  readonly id: string;
  readonly receivedMs: number;
  readonly connection: Connection;
  readonly request: RequestHead;
  readonly body: RequestBody;
  readonly downstream: Downstream;
  /** The snapshot it began with; it ends under the same one. */
  readonly serving: Serving;
  readonly headMemo: HeadMemo;
  readonly callerMemo: CallerMemo;
  /** `RateLimit-Policy` and `RateLimit` of the answer, once admission has asked limits that are told of. */
  limitPolicy: string | null;
  limitsLeft: string | null;
  /** What an old address says of its successor and its end, flat: name, value; null at others, and before the route is known. */
  succession: readonly string[] | null;
  /** The person's session, once admission has looked; null wherever there are none, as at every address for programs. */
  session: UiSession | null;
  /** Gives back its turn among the calls of its source, where it goes on for longer than calls do. */
  leaveTurn?: () => void;
  /** The start of the SOAP envelope, read at most once; undefined until then. See `envelope-head.ts`. */
  envelopeHead: MaybePromise<EnvelopeHead | null> | undefined;

  identity: IdentityEvidence | null;
  route: RouteEvidence | null;
  admission: AdmissionEvidence | null;
  inspection: InspectionEvidence | null;
  forward: ForwardEvidence | null;
  response: ResponseEvidence | null;
}
