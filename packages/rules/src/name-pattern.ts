// Name patterns of a policy file: letter case is ignored and "*" stands for any run of characters.
// Patterns are compiled once; a match reads each character of the name a bounded number of times, whatever the pattern.

/** A compiled pattern. Without a "*" only `prefix` is used, and it is the whole name. */
export interface NamePattern {
  readonly exact: boolean;
  readonly prefix: string;
  readonly middles: readonly Piece[];
  readonly suffix: string;
}

interface Piece {
  readonly text: string;
  /** For each length of a partial match, the length to fall back to (Knuth, Morris and Pratt). */
  readonly fallbacks: readonly number[];
}

/** Compiles one pattern. Cannot fail: every string is a pattern, and only "*" is special. */
export function toNamePattern(pattern: string): NamePattern {
  const [prefix = '', ...rest] = pattern.toLowerCase().split('*');
  const suffix = rest.pop();
  const middles = rest.filter((text) => text !== '').map((text) => ({ text, fallbacks: fallbacksOf(text) }));
  return { exact: suffix === undefined, prefix, middles, suffix: suffix ?? '' };
}

/** True if the name, already in lower case, fits the pattern. Linear in the length of the name. */
export function matchesName(pattern: NamePattern, lowerCaseName: string): boolean {
  if (pattern.exact) return lowerCaseName === pattern.prefix;
  if (!lowerCaseName.startsWith(pattern.prefix)) return false;
  const endsAt = lowerCaseName.length - pattern.suffix.length;
  let from = pattern.prefix.length;
  if (from > endsAt || !lowerCaseName.endsWith(pattern.suffix)) return false;
  for (const piece of pattern.middles) {
    // The leftmost place leaves the most room for the later pieces, so no other place needs to be tried.
    from = endOfFirst(piece, lowerCaseName, from, endsAt);
    if (from < 0) return false;
  }
  return true;
}

// Not `indexOf`: engines may take pattern length × name length on names made for it, and names come from outside.
function endOfFirst(piece: Piece, name: string, from: number, endsAt: number): number {
  let matched = 0;
  for (let index = from; index < endsAt; index += 1) {
    matched = extended(piece.text, piece.fallbacks, matched, name.charCodeAt(index));
    if (matched === piece.text.length) return index + 1;
  }
  return -1;
}

function extended(text: string, fallbacks: readonly number[], matchedBefore: number, code: number): number {
  let matched = matchedBefore;
  while (matched > 0 && text.charCodeAt(matched) !== code) matched = fallbacks[matched - 1] ?? 0;
  return text.charCodeAt(matched) === code ? matched + 1 : 0;
}

function fallbacksOf(text: string): readonly number[] {
  const fallbacks = [0];
  for (let index = 1; index < text.length; index += 1) {
    fallbacks.push(extended(text, fallbacks, fallbacks[index - 1] ?? 0, text.charCodeAt(index)));
  }
  return fallbacks;
}
