// The bound of a memory: what came first goes first.

/** Forgets the oldest entries until no more than `entriesMax` are left. */
export function dropOldest<Key>(entries: Map<Key, unknown> | Set<Key>, entriesMax: number): void {
  if (entries.size <= entriesMax) return;
  for (const oldest of entries.keys()) {
    entries.delete(oldest);
    if (entries.size <= entriesMax) return;
  }
}
