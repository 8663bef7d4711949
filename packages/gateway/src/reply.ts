// What goes back to the caller: made by `forward` or `replyFor`, sent by `respond`.
import type { StatedRefusal } from '@headgate/contract';
import type { AnswerFields } from './http1/answer-fields.ts';
import type { Seen } from './seen.ts';
import type { OpenSide } from './tunnel.ts';

/** An upstream's answer, hop-by-hop fields already dropped. */
export interface UpstreamReply {
  readonly kind: 'upstream';
  readonly status: number;
  readonly fields: AnswerFields;
  readonly body: Uint8Array | AsyncIterable<Uint8Array>;
}

/** A refusal to be written in the caller's format. `defect` is for the record only. */
export interface RefusalReply {
  readonly kind: 'refusal';
  readonly refusal: StatedRefusal;
  readonly defect: string | null;
}

/** What this gateway saw of the request, to be written in the caller's format. */
export interface EchoReply {
  readonly kind: 'echo';
  readonly seen: Seen;
}

/** The upstream switched protocols: its fields, and the connection that is to be joined with the caller's. */
export interface SwitchReply {
  readonly kind: 'switch';
  /** Flat: name, value, name, value. */
  readonly fields: readonly string[];
  readonly upstream: OpenSide;
  /** Gives back the place of the tunnel. To be called once, however it ends. */
  readonly leave: () => void;
}

/** A page of our own about a person's session, or the same for a script. */
export interface SessionReply {
  readonly kind: 'session';
  readonly status: 200 | 303;
  readonly format: 'html' | 'json';
  /** Flat: name, value, name, value. */
  readonly fields: readonly string[];
  readonly body: Uint8Array;
}

/** A document of our own about the gateway; empty where the caller has it already. */
export interface DocumentReply {
  readonly kind: 'document';
  readonly status: 200 | 304;
  /** Flat: name, value, name, value. */
  readonly fields: readonly string[];
  readonly body: Uint8Array;
}

/** What goes back to the caller. */
export type Reply = UpstreamReply | RefusalReply | EchoReply | SwitchReply | SessionReply | DocumentReply;
