// Names as other programs write them, told from names as certificates are compared here: as written, most specific attribute first.
import { parseDistinguishedName } from '@headgate/pki';

/** A name that no certificate has as it is written. */
export interface MiswrittenName {
  /** How it would be compared. */
  readonly right: string;
  /** What is wrong with it, going on from the name: `is the reverse of CN=…`. */
  readonly fault: string;
}

/** Longest name that is looked at, in characters. */
const nameCharactersMax = 2_000;

/** How general an attribute is: whatever is more so stands farther to the end (RFC 4514 §2.1). */
const generality: Readonly<Record<string, number>> = { C: 3, DC: 3, ST: 2, L: 2, O: 2, OU: 1, CN: 0, UID: 0 };

/** What is wrong with a name as it is written, as `openssl x509 -subject` prints it perhaps; null where nothing is seen. */
export function miswritten(text: string): MiswrittenName | null {
  if (text.length > nameCharactersMax) return null;
  const parts = text.startsWith('/') ? text.slice(1).split(/\/(?=[A-Za-z][A-Za-z0-9.]*=)/) : partsOf(text);
  const tidy = parts.map((part) => part.trim().replace(/^([A-Za-z0-9.]+) *= */, '$1='));
  const types = parseDistinguishedName(tidy.join(','))?.map(([first]) => generality[first?.type ?? '']);
  if (types === undefined || tidy.length < 2) return null;
  const [first, last] = [types[0], types.at(-1)];
  if (first !== undefined && last !== undefined && first > last) {
    const right = tidy.toReversed().join(',');
    return { right, fault: `is the reverse of ${right}; the most specific attribute stands first` };
  }
  const right = tidy.join(',');
  return right === text ? null : { right, fault: `is written otherwise than ${right}; names are compared as written` };
}

/** The attributes of a name, parted at separators that are neither escaped nor quoted. */
function partsOf(text: string): readonly string[] {
  const parts = [''];
  let isQuoted = false;
  for (let at = 0; at < text.length; at += 1) {
    const character = text[at] ?? '';
    if (character === '"') isQuoted = !isQuoted;
    if (!isQuoted && /[,;]/.test(character)) parts.push('');
    else if (character === '\\') {
      parts[parts.length - 1] += text.slice(at, at + 2);
      at += 1;
    } else parts[parts.length - 1] += character;
  }
  return parts;
}
