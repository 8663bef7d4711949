// What the spool thread does: takes records out of the rings of all threads and keeps them, in order and each once.
import { RingReader, type RingReading } from '../record-ring.ts';
import { gapLine, type SpoolBounds, type SpoolFile, type SpoolPiece, type SpoolStream } from './spool-file.ts';

/** How many numbers are reserved beyond the last that is kept: the most records that a crash can lose sight of. */
const reservedAhead = 10_000;

/** How often it is told that records go which control never had, in milliseconds (10 min). */
const letGoToldEveryMs = 600_000;

/** A ring and whose it is. */
export interface SpoolRing {
  readonly boot: string;
  readonly thread: number;
  readonly ring: SharedArrayBuffer;
}

/** What a spool needs. */
export interface SpoolOptions {
  readonly file: SpoolFile;
  readonly fileName: string;
  readonly bounds: SpoolBounds;
  readonly clock: () => number;
  /** Says that keeping fails, and that it works again. */
  readonly trouble: (sentence: string) => void;
}

/** A spool at work. */
export interface Spool {
  /** Takes a ring in; its first numbers are reserved when this returns, unless the disk takes nothing. */
  attach(ring: SpoolRing): void;
  /** Nothing more is written to the ring. */
  ended(ring: Omit<SpoolRing, 'ring'>): void;
  /** Keeps what stands in the rings. `more`: there was too much for one turn; `failed`: it stays in the rings. */
  commit(): 'more' | 'done' | 'failed';
  /** The rings of which more may come. */
  attached(): readonly Omit<SpoolRing, 'ring'>[];
  /** Tells the gaps of boots before, all of which are no more; those that rings are attached of go on. */
  tellGaps(others: readonly Omit<SpoolPiece, 'kind' | 'lines'>[]): void;
  /** Lets go of what is past its time; pieces up to `inFlight` stay. */
  retain(inFlight: number): void;
}

interface Attached extends SpoolRing {
  readonly reader: RingReader;
  stream: SpoolStream;
}

/** Creates a spool without rings. */
export function createSpool({ file, fileName, bounds, clock, trouble }: SpoolOptions): Spool {
  const rings = new Map<string, Attached>();
  const known = new Map(file.openStreams().map((stream) => [keyOf(stream), stream]));
  let isFailing = false;
  let letGo = 0;
  let letGoToldMs = Number.NEGATIVE_INFINITY;

  const attempted = (write: () => void): boolean => {
    try {
      write();
      if (isFailing)
        trouble(`evidence is kept again in ${fileName}; where the gateway had no room for it, gaps tell so`);
      isFailing = false;
      return true;
    } catch (fault) {
      if (!isFailing)
        trouble(
          `evidence cannot be kept in ${fileName} (${(fault as Error).message}); the gateway holds what it has room for`,
        );
      isFailing = true;
      return false;
    }
  };

  const takeAll = (): { pieces: SpoolPiece[]; changed: [Attached, RingReading, SpoolStream][]; more: boolean } => {
    const pieces: SpoolPiece[] = [];
    const changed: [Attached, RingReading, SpoolStream][] = [];
    let more = false;
    for (const attached of rings.values()) {
      const { boot, thread, reader, stream } = attached;
      const reading = reader.read(clock());
      more ||= reading.more;
      for (const { kind, ...part } of reading.parts) {
        if (kind === 'records' && 'lines' in part) pieces.push({ kind, boot, thread, ...part });
        else pieces.push({ kind: 'gap', boot, thread, ...part, lines: gapLine({ boot, thread, ...part }) });
      }
      const isOver = stream.ended && !reading.more;
      const reservedTo = stream.ended ? stream.reservedTo : reading.last + reservedAhead;
      if (reading.parts.length === 0 && !reading.moved && reservedTo === stream.reservedTo && !isOver) continue;
      const { last, lastMs } = reading;
      changed.push([attached, reading, { ...stream, reservedTo, last, lastMs, ended: isOver }]);
    }
    return { pieces, changed, more };
  };

  const commit = (): ReturnType<Spool['commit']> => {
    const { pieces, changed, more } = takeAll();
    if (changed.length === 0) return more ? 'more' : 'done';
    const streams = changed.map(([, , stream]) => stream);
    if (!attempted(() => file.commit(pieces, streams, clock()))) return 'failed';
    for (const [attached, reading, stream] of changed) {
      attached.reader.release(reading);
      attached.reader.reserve(stream.reservedTo);
      attached.stream = { ...stream, ended: attached.stream.ended };
      if (stream.ended) rings.delete(keyOf(stream));
    }
    return more ? 'more' : 'done';
  };

  return {
    attach(ring) {
      const key = keyOf(ring);
      const nowMs = clock();
      const before = known.get(key);
      const stream: SpoolStream = before ?? {
        boot: ring.boot,
        thread: ring.thread,
        reservedTo: 0,
        last: 0,
        lastMs: nowMs,
        ended: false,
      };
      known.delete(key);
      const reader = new RingReader(ring.ring, stream.last, stream.lastMs);
      rings.set(key, { ...ring, reader, stream });
      commit();
    },
    ended(ring) {
      const attached = rings.get(keyOf(ring));
      if (attached !== undefined) attached.stream = { ...attached.stream, ended: true };
    },
    commit,
    attached: () => [...rings.values()].map(({ boot, thread }) => ({ boot, thread })),
    tellGaps(others) {
      const nowMs = clock();
      const left = [...known.values()];
      const gaps = [
        ...others,
        ...left.flatMap(({ boot, thread, last, lastMs, reservedTo }) =>
          reservedTo > last ? [{ boot, thread, first: last + 1, last: reservedTo, fromMs: lastMs, toMs: nowMs }] : [],
        ),
      ];
      if (gaps.length + left.length === 0) return;
      const pieces = gaps.map((gap): SpoolPiece => ({ kind: 'gap', ...gap, lines: gapLine(gap) }));
      file.commit(
        pieces,
        left.map((stream) => ({ ...stream, ended: true })),
        nowMs,
      );
      known.clear();
    },
    retain(inFlight) {
      attempted(() => {
        const gone = file.retain(bounds, inFlight, clock());
        letGo += gone;
        if (letGo === 0 || clock() < letGoToldMs + letGoToldEveryMs) return;
        letGoToldMs = clock();
        trouble(
          `${letGo} records that control never had were let go, since more than ${bounds.unsentBytesMax} bytes waited (evidence.unsentBytesMax); gaps tell so`,
        );
        letGo = 0;
      });
    },
  };
}

function keyOf({ boot, thread }: Omit<SpoolRing, 'ring'>): string {
  return `${boot} ${thread}`;
}
