// Remembers what was concluded from texts that come again, within a bound of entries and characters; past it, it begins anew. Keys are
// copies: a slice of a block of a file would keep the whole block.

/** A memory. */
export interface BoundedMemory<Value> {
  /** What is remembered of a text, else what `conclude` says, which is then remembered. */
  of(text: string, conclude: () => Value): Value;
}

const entriesMax = 50_000;
const charactersMax = 16_777_216;

/** Begins to remember. Null and undefined cannot be told from nothing by the caller, and are remembered all the same. */
export function createMemory<Value>(): BoundedMemory<Value> {
  let known = new Map<string, Value>();
  let characters = 0;
  return {
    of(text, conclude) {
      const found = known.get(text);
      if (found !== undefined || known.has(text)) return found as Value;
      const value = conclude();
      if (known.size >= entriesMax || characters + text.length > charactersMax) {
        known = new Map();
        characters = 0;
      }
      known.set(Buffer.from(text).toString(), value);
      characters += text.length;
      return value;
    },
  };
}
