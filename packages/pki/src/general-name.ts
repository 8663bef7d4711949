// Reads GeneralName (RFC 5280 §4.2.1.6), which names a subject, a constraint, or the place of a list.
import { isIP } from 'node:net';
import { type DerElement, DerReader, TAG, toHex } from './der.ts';
import { escapeInvisible, toComparableNames, toDistinguishedName } from './distinguished-name.ts';
import { UnreadableDer } from './unreadable-der.ts';

/** A name of one of the forms that are understood, or only the number of its form. */
export type GeneralName =
  | { readonly form: 'email' | 'dns' | 'uri'; readonly text: string }
  /** Octets in hexadecimal: an address, or in a constraint an address and its mask. */
  | { readonly form: 'ip'; readonly octets: string }
  /** Relative names, the least specific first, in comparable form. */
  | { readonly form: 'directory'; readonly text: string; readonly names: readonly string[] }
  | { readonly form: 'other'; readonly number: number; readonly octets: string };

/** The name that an element holds. */
export function toGeneralName({ tag, content }: DerElement): GeneralName {
  switch (tag) {
    case 0x81:
      return { form: 'email', text: toText(content) };
    case 0x82:
      return { form: 'dns', text: toText(content) };
    case 0x86:
      return { form: 'uri', text: toText(content) };
    case 0x87:
      return { form: 'ip', octets: toHex(content) };
    case 0xa4: {
      const outer = new DerReader(content);
      const name = outer.next(TAG.sequence).content;
      outer.finish();
      return { form: 'directory', text: toDistinguishedName(name), names: toComparableNames(name) };
    }
    default:
      if ((tag & 0xc0) !== 0x80) throw new UnreadableDer('has a name of no known form');
      return { form: 'other', number: tag & 0x1f, octets: toHex(content) };
  }
}

/** Every name of a GeneralNames content, at least one. */
export function readGeneralNames(content: Uint8Array): readonly GeneralName[] {
  const names = new DerReader(content);
  const found: GeneralName[] = [];
  while (!names.atEnd) found.push(toGeneralName(names.next()));
  if (found.length === 0) throw new UnreadableDer('has an empty list of names');
  return found;
}

/** A name with its form in front, safe to print: `DNS:ws.example.org`. */
export function sayGeneralName(name: GeneralName): string {
  switch (name.form) {
    case 'email':
      return `email:${escapeInvisible(name.text)}`;
    case 'dns':
      return `DNS:${escapeInvisible(name.text)}`;
    case 'uri':
      return `URI:${escapeInvisible(name.text)}`;
    case 'ip':
      return `IP:${sayAddress(name.octets)}`;
    case 'directory':
      return `DirName:${name.text}`;
    case 'other':
      return `other:#${name.octets}`;
  }
}

// The strings are of IA5, one octet a character.
function toText(content: Uint8Array): string {
  return Buffer.from(content).toString('latin1');
}

/** An address of 4 or 16 octets as it is written; throws for any other size. */
function sayAddress(octets: string): string {
  if (octets.length === 8) return [...Buffer.from(octets, 'hex')].join('.');
  const address = octets.replace(/.{4}(?!$)/g, '$&:');
  if (isIP(address) !== 6) throw new UnreadableDer('has a malformed IP address');
  // URL parsing gives the one canonical spelling of RFC 5952.
  return new URL(`http://[${address}]/`).hostname.slice(1, -1);
}
