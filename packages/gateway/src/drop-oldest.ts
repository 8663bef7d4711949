// The bound of a memory: what came first goes first.

/** Forgets the oldest entries until no more than `entriesMax` are left. */
export function dropOldest(entries: Map<string, unknown> | Set<string>, entriesMax: number): void {
  for (const oldest of entries.keys()) {
    if (entries.size <= entriesMax) return;
    entries.delete(oldest);
  }
}
