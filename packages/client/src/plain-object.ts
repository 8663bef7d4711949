// JSON and YAML give unknown values; most of what is read from them is a map of names.

/** True for a map of names to values: no list, no null. */
export function isPlainObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
