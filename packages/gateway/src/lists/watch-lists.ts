// Looks at the files of revocation lists again and again, so that a new list is in force without anyone doing anything.

/** How often files are looked at, in milliseconds: a list is in force within a minute even where a look comes late. */
export const listLookMs = 15_000;

/** Does work again and again until closed. */
export type Repeat = (everyMs: number, work: () => void) => { close(): void };

/** The system's own timer; it keeps no process alive. */
export const repeatByTimer: Repeat = (everyMs, work) => {
  const timer = setInterval(work, everyMs).unref();
  return { close: () => clearInterval(timer) };
};

/** Looks until closed, one look at a time. `failed` hears of a look that went wrong; the next one is made all the same. */
export function watchLists(
  repeat: Repeat,
  look: () => Promise<unknown>,
  failed: (fault: unknown) => void,
): { close(): void } {
  let isLooking = false;
  return repeat(listLookMs, () => {
    if (isLooking) return;
    isLooking = true;
    look()
      .catch(failed)
      .finally(() => {
        isLooking = false;
      });
  });
}
