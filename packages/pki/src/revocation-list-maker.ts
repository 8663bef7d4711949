// Makes revocation lists for tests and demonstrations, good ones and bad ones. Never used on the way of a real exchange.
import { EXTENSION } from './certificate-extensions.ts';
import {
  makeAlgorithm,
  makeExtension,
  makeName,
  type Signer,
  type Signing,
  signOver,
  toKeyIdentifier,
} from './certificate-maker.ts';
import { TAG } from './der.ts';
import {
  writeBitString,
  writeElement,
  writeImplicit,
  writeInteger,
  writeSequence,
  writeTagged,
  writeTime,
} from './der-writer.ts';

/** One entry: a serial number in hexadecimal, as certificates print it. */
export interface MadeEntry {
  readonly serial: string;
  readonly onMs: number;
  /** Number of RFC 5280 §5.3.1; absent leaves the extension out. */
  readonly reason?: number;
  /** Further extensions, as they are. */
  readonly extensions?: readonly Uint8Array[];
}

/** Everything that a made list says. Instants are ms since 1970 UTC, kept to the second below. */
export interface ListContents extends Signing {
  readonly signer: Signer;
  readonly thisUpdateMs: number;
  /** Null leaves it out, which no list may. */
  readonly nextUpdateMs: number | null;
  readonly entries?: readonly MadeEntry[];
  /** Null makes a list of version 1, which has no extensions. */
  readonly number: number | null;
  /** Makes a delta to the complete list of this number. */
  readonly base?: number;
  /** The value of an issuingDistributionPoint, whole. */
  readonly scope?: Uint8Array;
  /** Default true; false leaves out which key signed it. */
  readonly keyIdentifier?: boolean;
  /** Further extensions, as they are. */
  readonly extensions?: readonly Uint8Array[];
  /** What becomes of the signature; by default it stays. */
  readonly forge?: (signature: Uint8Array) => Uint8Array;
}

/** The DER of a list that says what it is told to, true or not. */
export function makeRevocationList(contents: ListContents): Buffer<ArrayBuffer> {
  const { signer, entries = [], number, nextUpdateMs } = contents;
  const algorithm = makeAlgorithm(signer.key, contents);
  const extensions = toListExtensions(contents);
  const toBeSigned = writeSequence(
    ...(number === null ? [] : [writeInteger(1)]),
    algorithm,
    makeName(signer.subject),
    writeTime(contents.thisUpdateMs),
    ...(nextUpdateMs === null ? [] : [writeTime(nextUpdateMs)]),
    ...(entries.length === 0 ? [] : [writeSequence(Buffer.concat(entries.map(toEntry)))]),
    ...(extensions.length === 0 ? [] : [writeTagged(0, writeSequence(...extensions))]),
  );
  const signature = signOver(toBeSigned, signer.key, contents);
  return writeSequence(toBeSigned, algorithm, writeBitString(contents.forge?.(signature) ?? signature));
}

function toListExtensions({ number, base, scope, signer, keyIdentifier, extensions = [] }: ListContents): Uint8Array[] {
  const own = number === null ? [] : [makeExtension('2.5.29.20', false, writeInteger(number))];
  const ofSigner = writeSequence(writeImplicit(0, toKeyIdentifier(signer.key)));
  return [
    ...own,
    ...(number === null || keyIdentifier === false
      ? []
      : [makeExtension(EXTENSION.authorityKeyIdentifier, false, ofSigner)]),
    ...(base === undefined ? [] : [makeExtension('2.5.29.27', true, writeInteger(base))]),
    ...(scope === undefined ? [] : [makeExtension('2.5.29.28', true, scope)]),
    ...extensions,
  ];
}

function toEntry({ serial, onMs, reason, extensions = [] }: MadeEntry): Buffer<ArrayBuffer> {
  const all = [
    ...(reason === undefined ? [] : [makeExtension('2.5.29.21', false, writeElement(0x0a, Buffer.of(reason)))]),
    ...extensions,
  ];
  return writeSequence(
    writeElement(TAG.integer, Buffer.from(/^[89A-Fa-f]/.test(serial) ? `00${serial}` : serial, 'hex')),
    writeTime(onMs),
    ...(all.length === 0 ? [] : [writeSequence(...all)]),
  );
}
