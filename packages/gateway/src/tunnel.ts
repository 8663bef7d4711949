// Two connections that switched protocols, joined: bytes pass both ways, as fast as the slower side takes them, within bounds of
// quiet, time and size. What they mean is not looked at.
import { Refusal } from '@headgate/contract';
import type { Places } from '@headgate/rules';
import type { PathOptions } from './config.ts';
import type { Deadlines, Waiting } from './deadlines.ts';
import type { Connection } from './exchange.ts';

/** One side of a tunnel. */
export interface OpenSide {
  /** Begins to tell what arrives; before, nothing is read. */
  hear(ear: SideEar): void;
  /** False: enough for now, until `drained`. */
  write(bytes: Uint8Array): boolean;
  /** Sends no more than was written. */
  end(): void;
  destroy(): void;
  pause(): void;
  resume(): void;
}

/** What one side tells. */
export interface SideEar {
  data(bytes: Uint8Array): void;
  drained(): void;
  ended(): void;
  closed(): void;
}

/** How a tunnel ended: both sides in order, one of them not, or by a bound or a stop of ours. */
export type TunnelEnd = 'ended' | 'broken' | 'idle' | 'too-long' | 'too-much' | 'drained';

/** What passed until both connections were closed. */
export interface TunnelResult {
  readonly end: TunnelEnd;
  readonly callerBytes: number;
  readonly upstreamBytes: number;
}

/** The tunnels of one thread. */
export interface Tunnels {
  /**
   * Takes a place for a tunnel of that connection. Call the result to give it back. Refuses with `forward.too_many_tunnels` or
   * `forward.too_many_tunnels_from_source`.
   */
  enter(connection: Pick<Connection, 'listener' | 'source'>): () => void;
  /** Joins two sides; resolves when both are closed. Never rejects. */
  join(caller: OpenSide, upstream: OpenSide): Promise<TunnelResult>;
  /** Ends every tunnel, and every one that is joined from now on. */
  drain(): void;
}

/** How long a side may take to close once no more is sent to it, in milliseconds. */
const closingMs = 1_000;

type Bounds = Pick<PathOptions, 'tunnelIdleMs' | 'tunnelMs' | 'tunnelBytesMax' | 'tunnelsMax' | 'tunnelsPerSourceMax'>;

/**
 * Creates the tunnels of one thread, none yet; `places` are those of every thread. `shed` hears of each that is refused, by the
 * bound that it is past.
 */
export function createTunnels(
  bounds: Bounds,
  deadlines: Deadlines,
  places: Places,
  shed: (bound: 'tunnelsMax' | 'tunnelsPerSourceMax') => void,
): Tunnels {
  const open = new Set<Tunnel>();
  let taken = 0;
  let draining = false;
  return {
    enter({ listener, source }) {
      if (taken >= bounds.tunnelsMax) {
        shed('tunnelsMax');
        throw new Refusal('forward.too_many_tunnels', { limit: bounds.tunnelsMax });
      }
      const one = [{ key: `${listener} ${source}`, max: bounds.tunnelsPerSourceMax }];
      if (!places.enter(one)) {
        shed('tunnelsPerSourceMax');
        throw new Refusal('forward.too_many_tunnels_from_source', { source, limit: bounds.tunnelsPerSourceMax });
      }
      taken += 1;
      return () => {
        taken -= 1;
        places.leave(one);
      };
    },
    async join(caller, upstream) {
      const tunnel = new Tunnel(caller, upstream, bounds, deadlines);
      open.add(tunnel);
      if (draining) tunnel.close('drained');
      const result = await tunnel.closed;
      open.delete(tunnel);
      return result;
    },
    drain() {
      draining = true;
      for (const tunnel of open) tunnel.close('drained');
    },
  };
}

/** One direction, as far as its source has come. */
interface Direction {
  bytes: number;
  ended: boolean;
  closed: boolean;
}

class Tunnel implements Waiting {
  deadlineMs: number;
  readonly closed: Promise<TunnelResult>;
  readonly #resolve: (result: TunnelResult) => void;
  readonly #sides: readonly [caller: OpenSide, upstream: OpenSide];
  readonly #bounds: Bounds;
  readonly #deadlines: Deadlines;
  readonly #untilMs: number;
  readonly #caller: Direction = { bytes: 0, ended: false, closed: false };
  readonly #upstream: Direction = { bytes: 0, ended: false, closed: false };
  #end: TunnelEnd | null = null;

  constructor(caller: OpenSide, upstream: OpenSide, bounds: Bounds, deadlines: Deadlines) {
    const { promise, resolve } = Promise.withResolvers<TunnelResult>();
    this.closed = promise;
    this.#resolve = resolve;
    this.#sides = [caller, upstream];
    this.#bounds = bounds;
    this.#deadlines = deadlines;
    this.#untilMs = deadlines.now() + bounds.tunnelMs;
    this.deadlineMs = Math.min(this.#untilMs, deadlines.now() + bounds.tunnelIdleMs);
    deadlines.add(this);
    this.#carry(caller, upstream, this.#caller);
    this.#carry(upstream, caller, this.#upstream);
  }

  /** Ends both sides behind what was written to them, then cuts. */
  close(end: TunnelEnd): void {
    if (this.#end !== null) return;
    this.#end = end;
    // Both ended by themselves: the slower one may still take what was written to it.
    this.deadlineMs = this.#deadlines.now() + (end === 'ended' ? this.#bounds.tunnelIdleMs : closingMs);
    for (const side of this.#sides) {
      side.end();
      side.resume(); // What still arrives is dropped: the close of a side that is not read is never seen.
    }
  }

  expire(): void {
    if (this.#end === null) this.close(this.#deadlines.now() >= this.#untilMs ? 'too-long' : 'idle');
    else for (const side of this.#sides) side.destroy();
  }

  #carry(from: OpenSide, to: OpenSide, direction: Direction): void {
    from.hear({
      data: (bytes) => {
        if (this.#end !== null) return;
        this.#touch();
        if (direction.bytes + bytes.byteLength > this.#bounds.tunnelBytesMax) {
          this.close('too-much');
          return;
        }
        direction.bytes += bytes.byteLength;
        if (!to.write(bytes)) from.pause();
      },
      drained: () => {
        // `from` takes bytes again: whoever fills it may go on.
        if (this.#end === null) this.#touch();
        to.resume();
      },
      ended: () => {
        direction.ended = true;
        if (this.#caller.ended && this.#upstream.ended) this.close('ended');
        else to.end();
      },
      closed: () => this.#sideClosed(direction),
    });
  }

  #touch(): void {
    this.deadlineMs = Math.min(this.#untilMs, this.#deadlines.now() + this.#bounds.tunnelIdleMs);
  }

  #sideClosed(direction: Direction): void {
    direction.closed = true;
    this.close('broken'); // Unless it ended already: what comes from the other side has nowhere to go any more.
    if (!this.#caller.closed || !this.#upstream.closed) {
      this.deadlineMs = Math.min(this.deadlineMs, this.#deadlines.now() + closingMs);
      return;
    }
    this.#deadlines.remove(this);
    this.#resolve({ end: this.#end ?? 'broken', callerBytes: this.#caller.bytes, upstreamBytes: this.#upstream.bytes });
  }
}
