// Chance without a generator: every value is a function of the seed and of what it is for, never of the order of calls.

/** A fraction in [0, 1) that depends on nothing but the parts given. */
export function seededFraction(...parts: readonly (string | number)[]): number {
  let high = 0xdeadbeef;
  let low = 0x41c6ce57;
  const text = parts.join('\u0000');
  for (let index = 0; index < text.length; index += 1) {
    const unit = text.charCodeAt(index);
    high = Math.imul(high ^ unit, 2654435761);
    low = Math.imul(low ^ unit, 1597334677);
  }
  high = Math.imul(high ^ (high >>> 16), 2246822507) ^ Math.imul(low ^ (low >>> 13), 3266489909);
  low = Math.imul(low ^ (low >>> 16), 2246822507) ^ Math.imul(high ^ (high >>> 13), 3266489909);
  return ((0x1fffff & low) * 0x100000000 + (high >>> 0)) / 0x20000000000000;
}

/** A number in [least, most) that depends on nothing but the parts given. */
export function seededBetween(least: number, most: number, ...parts: readonly (string | number)[]): number {
  return least + (most - least) * seededFraction(...parts);
}

/** Upper-case hexadecimal digits, 1 to 96 of them, that depend on nothing but the parts given. */
export function seededHex(digits: number, ...parts: readonly (string | number)[]): string {
  let text = '';
  for (let block = 0; text.length < digits; block += 1) {
    text += Math.floor(seededFraction(block, ...parts) * 0x1000000000000)
      .toString(16)
      .padStart(12, '0');
  }
  return text.slice(0, digits).toUpperCase();
}

/** Rounded half away from zero to so many decimals, never minus zero. */
export function rounded(value: number, decimals: number): number {
  return Number(value.toFixed(decimals)) + 0;
}
