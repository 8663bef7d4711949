// What goes back to the caller: made by `forward` or `replyFor`, sent by `respond`.
import type { StatedRefusal } from '@headgate/contract';

/** An upstream's answer, hop-by-hop fields already dropped. */
export interface UpstreamReply {
  readonly kind: 'upstream';
  readonly status: number;
  /** Flat: name, value, name, value. */
  readonly fields: readonly string[];
  readonly body: Uint8Array | AsyncIterable<Uint8Array>;
}

/** A refusal to be written in the caller's format. `defect` is for the record only. */
export interface RefusalReply {
  readonly kind: 'refusal';
  readonly refusal: StatedRefusal;
  readonly defect: string | null;
}

/** What goes back to the caller. */
export type Reply = UpstreamReply | RefusalReply;
