// What the main thread and the spool thread say to each other. Everything here is plain: messages are copied, rings are shared.
import type { ControlAddress } from '../control-tls.ts';
import type { GatewayNotice } from '../gateway-notice.ts';
import type { SpoolRing } from './spool.ts';
import type { SpoolBounds, SpoolPiece, Unsent } from './spool-file.ts';

/** What the spool thread is started with. */
export interface SpoolOrders {
  readonly file: string;
  readonly node: string;
  readonly bounds: SpoolBounds;
  readonly control: ControlAddress | null;
  /** Rings that are there already, and whether nothing more is written to them. */
  readonly rings: readonly (SpoolRing & { readonly ended: boolean })[];
  /** What is missing of boots before that kept files. */
  readonly gaps: readonly Omit<SpoolPiece, 'kind' | 'lines'>[];
}

/** What the main thread asks for. */
export type SpoolRequest =
  | ({ readonly kind: 'attach' } & SpoolRing)
  | ({ readonly kind: 'ended' } & Omit<SpoolRing, 'ring'>)
  | { readonly kind: 'control'; readonly control: ControlAddress | null }
  | { readonly kind: 'close' };

/** What the spool thread says. */
export type SpoolSaying =
  | { readonly kind: 'ready' }
  /** It cannot open its file, or could not keep everything as it closed. */
  | { readonly kind: 'failed'; readonly why: string }
  | { readonly kind: 'notice'; readonly notice: GatewayNotice }
  /** Everything of a ring that ended is kept. */
  | ({ readonly kind: 'drained' } & Omit<SpoolRing, 'ring'>)
  | ({ readonly kind: 'unsent' } & Unsent)
  | { readonly kind: 'closed' };
