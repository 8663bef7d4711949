// Distinguished names as callers really write them: spaces dropped, an attribute type by number, either order.

const typeSpellings: ReadonlyMap<string, string> = new Map([
  ['oid.2.5.4.5', 'serialnumber'],
  ['2.5.4.5', 'serialnumber'],
]);

/**
 * True when two distinguished names say the same. Spaces count for nothing, since .NET callers strip them; the type
 * `OID.2.5.4.5` is `serialNumber`; the order may be reversed, since libraries print both. Letter case of values counts.
 */
export function isSameName(left: string, right: string): boolean {
  const parts = toParts(left);
  const other = toParts(right);
  if (parts.length === 0 || parts.length !== other.length) return false;
  const isEqual = (candidates: readonly string[]) => parts.every((part, index) => part === candidates[index]);
  return isEqual(other) || isEqual(other.toReversed());
}

function toParts(name: string): string[] {
  // Split at commas and line breaks that no backslash precedes.
  return name
    .split(/(?<!\\)[,\n]/)
    .map(toPart)
    .filter((part) => part !== '');
}

function toPart(text: string): string {
  const packed = text.replace(/\s+/g, '');
  const at = packed.indexOf('=');
  if (at < 0) return packed;
  const type = packed.slice(0, at).toLowerCase();
  return `${typeSpellings.get(type) ?? type}=${packed.slice(at + 1)}`;
}
