// Text that any store takes. PostgreSQL holds neither a zero byte nor half a surrogate pair (its manual, §8.3 and §8.14.1), and what
// asks it for one fails in a place where nobody can tell the caller why: it is refused where it arrives.

/** Whether a store can hold a text. */
export function isStorable(text: string): boolean {
  return text.isWellFormed() && !text.includes('\0');
}

/** Whether everything in a value of JSON can be stored, names of members too. */
export function holdsStorable(value: unknown): boolean {
  // A list and no recursion: a megabyte of brackets is deeper than the stack.
  const waiting: unknown[] = [value];
  while (waiting.length > 0) {
    const next = waiting.pop();
    if (typeof next === 'string' && !isStorable(next)) return false;
    if (typeof next !== 'object' || next === null) continue;
    for (const [name, member] of Object.entries(next)) waiting.push(name, member);
  }
  return true;
}
