// What happens often in one second is told twice at most: at once, and in sum when the second is over. An attack that could
// write a line for each of its connections would fill the operator's disk.

/** Something to tell; `kind`, `listener`, `source` and `reason` say of what, `count` how often. */
export interface Countable {
  readonly kind: string;
  readonly listener: string;
  readonly source: string;
  /** One of few: what a caller can think of does not tell notices apart. */
  readonly reason?: string;
  readonly count: number;
}

/** Tells notices. */
export interface NoticeDigest<Notice extends Countable> {
  add(notice: Notice): void;
  /** Tells what is still held back. */
  flush(): void;
}

/** Sources and reasons told apart within one second; beyond it they are told together. */
const sourcesMax = 100;

/** What stands for the sources beyond `sourcesMax`. */
export const otherSources = 'other sources';

const spanMs = 1_000;

/** Creates a digest. The last of a second speaks for the others in what is particular to it, such as a name. */
export function createNoticeDigest<Notice extends Countable>(tell: (notice: Notice) => void): NoticeDigest<Notice> {
  /** By kind, listener, source and reason: what was not told yet; null where all was. */
  const held = new Map<string, Notice | null>();
  let timer: NodeJS.Timeout | null = null;
  const flush = (): void => {
    if (timer !== null) clearTimeout(timer);
    timer = null;
    const last = [...held.values()];
    held.clear();
    for (const notice of last) if (notice !== null) tell(notice);
  };
  return {
    add(notice) {
      timer ??= setTimeout(flush, spanMs).unref();
      let named = notice;
      const what = `${notice.kind} ${notice.listener} ${notice.reason}`;
      let key = `${what} ${notice.source}`;
      if (!held.has(key) && held.size >= sourcesMax) {
        named = { ...notice, source: otherSources };
        key = `${what} ${otherSources}`;
      }
      const before = held.get(key);
      if (before === undefined) {
        held.set(key, null);
        tell(named);
      } else held.set(key, { ...named, count: named.count + (before?.count ?? 0) });
    },
    flush,
  };
}
