// Prints X.501 names as RFC 4514 does and the operator's files do: most specific attribute first, comma, no space.
import { DerReader, TAG, toDottedOid, toHex } from './der.ts';
import { UnreadableDer } from './unreadable-der.ts';

/** RFC 4514 §3, and the two that certificates in the field add. Any other type is printed dotted, its value in hexadecimal. */
export const attributeTypes: ReadonlyMap<string, string> = new Map([
  ['2.5.4.3', 'CN'],
  ['2.5.4.5', 'serialNumber'],
  ['2.5.4.6', 'C'],
  ['2.5.4.7', 'L'],
  ['2.5.4.8', 'ST'],
  ['2.5.4.9', 'STREET'],
  ['2.5.4.10', 'O'],
  ['2.5.4.11', 'OU'],
  ['0.9.2342.19200300.100.1.1', 'UID'],
  ['0.9.2342.19200300.100.1.25', 'DC'],
  ['1.2.840.113549.1.9.1', 'emailAddress'],
]);

// A byte order mark is kept: dropping it would print two different names alike.
const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

/** The content of a Name's SEQUENCE as an RFC 4514 string, e.g. `CN=ALPHAx0001,OU=people,O=CAISO,C=US`. */
export function toDistinguishedName(content: Uint8Array): string {
  return readRelativeNames(content, (text) => text)
    .toReversed()
    .join(',');
}

/** The relative names of a Name's content, the least specific first, in a form in which equal ones are equal texts. */
export function toComparableNames(content: Uint8Array): readonly string[] {
  return readRelativeNames(content, toComparableText);
}

/** A printed name in a form in which names that RFC 5280 §7.1 takes as equal mostly are; where they are not, the safe side is "no". */
export function toComparable(name: string): string {
  return name.toLowerCase().replace(/ +/g, ' ');
}

const emailAddress = '1.2.840.113549.1.9.1';

/** The mailboxes that stand in a Name's content, as they are (RFC 5280 §4.1.2.6, end). */
export function readMailboxes(content: Uint8Array): readonly string[] {
  const names = new DerReader(content);
  const mailboxes: string[] = [];
  while (!names.atEnd) {
    const attributes = names.enter(TAG.set);
    while (!attributes.atEnd) {
      const attribute = attributes.enter(TAG.sequence);
      const isMailbox = toDottedOid(attribute.next(TAG.objectIdentifier).content) === emailAddress;
      const value = attribute.next();
      if (isMailbox) mailboxes.push(toText(value.tag, value.content) ?? '');
    }
  }
  return mailboxes;
}

// RFC 5280 §7.1: letter case, runs of spaces, and spaces at either end say nothing.
function toComparableText(text: string): string {
  return text.normalize('NFKC').toLowerCase().trim().replace(/\s+/g, ' ');
}

function readRelativeNames(content: Uint8Array, form: (text: string) => string): string[] {
  const names = new DerReader(content);
  const printed: string[] = [];
  while (!names.atEnd) printed.push(toRelativeName(names.enter(TAG.set), form));
  return printed;
}

/** The text with everything that could break a line, a header field or a reader's eye as RFC 4514 §2.4 hexadecimal pairs. */
export function escapeInvisible(text: string): string {
  // Cf holds the direction overrides, which make a name read backwards.
  return text.replace(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/gu, (character) =>
    Buffer.from(character, 'utf8').toString('hex').replace(/../g, '\\$&'),
  );
}

function toRelativeName(attributes: DerReader, form: (text: string) => string): string {
  const printed: string[] = [];
  while (!attributes.atEnd) printed.push(toAttribute(attributes.enter(TAG.sequence), form));
  if (printed.length === 0) throw new UnreadableDer('has an empty relative name');
  return printed.join('+');
}

function toAttribute(attribute: DerReader, form: (text: string) => string): string {
  const type = toDottedOid(attribute.next(TAG.objectIdentifier).content);
  const value = attribute.next();
  attribute.finish();
  const name = attributeTypes.get(type);
  const text = name === undefined ? undefined : toText(value.tag, value.content);
  // Whoever reads names in C ends this one here (CVE-2009-2408).
  if (text?.includes('\0') === true) throw new UnreadableDer('has a NUL character in a name');
  return text === undefined ? `${name ?? type}=#${toHex(value.encoded)}` : `${name}=${escapeValue(form(text))}`;
}

function toText(tag: number, content: Uint8Array): string | undefined {
  switch (tag) {
    case TAG.utf8String:
      return toUtf8Text(content);
    case TAG.printableString:
    case TAG.ia5String:
    case TAG.numericString:
    case TAG.visibleString:
    case TAG.teletexString:
      return Buffer.from(content).toString('latin1');
    case TAG.bmpString:
      return toWideText(content, 2);
    case TAG.universalString:
      return toWideText(content, 4);
    default:
      return undefined;
  }
}

function toUtf8Text(content: Uint8Array): string {
  try {
    return utf8.decode(content);
  } catch (cause) {
    throw new UnreadableDer('has a name that is not UTF-8', { cause });
  }
}

function toWideText(content: Uint8Array, bytesPerUnit: 2 | 4): string {
  if (content.length % bytesPerUnit !== 0) throw new UnreadableDer('has a name cut short');
  const units = Buffer.from(content);
  let text = '';
  for (let offset = 0; offset < units.length; offset += bytesPerUnit) {
    const codePoint = units.readUIntBE(offset, bytesPerUnit);
    if (codePoint > 0x10ffff) throw new UnreadableDer('has a name outside Unicode');
    text += bytesPerUnit === 2 ? String.fromCharCode(codePoint) : String.fromCodePoint(codePoint);
  }
  return text;
}

function escapeValue(text: string): string {
  const special = text.replace(/["+,;<>\\]/g, '\\$&');
  return escapeInvisible(special.replace(/^[ #]/, '\\$&').replace(/ $/, '\\ '));
}
