// The certificate that a question is about, as far as the command line names it: by some of its names, or all of them from its PEM.
import { open } from 'node:fs/promises';
import { credentialBytesMax } from '@headgate/client';
import { credentialKey } from '@headgate/contract';
import { readCertificate, UnreadableCertificate } from '@headgate/pki';
import type { CertificateNames, CompiledRights } from '@headgate/rules';
import { CliRefusal } from '../cli-refusal.ts';
import { exitCodes } from '../exit-codes.ts';

/** Names of one certificate; what is left out is not known. */
export interface GivenNames {
  readonly subject?: string | undefined;
  readonly issuer?: string | undefined;
  readonly serial?: string | undefined;
  readonly fingerprint?: string | undefined;
}

/** A certificate in a file: every name of it, its dates, and all of it. */
export interface CertificateFile {
  readonly names: Required<GivenNames> & { readonly subject: string; readonly fingerprint: string };
  readonly notBeforeMs: number;
  readonly notAfterMs: number;
  readonly der: Buffer;
}

/** Every name of the first certificate of a PEM file. */
export async function namesOfFile(file: string): Promise<Required<GivenNames>> {
  return (await certificateOfFile(file)).names;
}

/** The first certificate of a PEM file. */
export async function certificateOfFile(file: string): Promise<CertificateFile> {
  const [, base64 = ''] =
    /-----BEGIN CERTIFICATE-----([\s\S]+?)-----END CERTIFICATE-----/.exec(await textOf(file)) ?? [];
  if (base64 === '') throw unusable(file, 'holds no certificate in PEM');
  const der = Buffer.from(base64, 'base64');
  try {
    const { subject, issuer, serial, fingerprint256, notBeforeMs, notAfterMs } = readCertificate(der);
    return { names: { subject, issuer, serial, fingerprint: fingerprint256 }, notBeforeMs, notAfterMs, der };
  } catch (fault) {
    if (!(fault instanceof UnreadableCertificate)) throw fault;
    throw unusable(file, `holds a certificate that cannot be used: it ${fault.fault}`);
  }
}

async function textOf(file: string): Promise<string> {
  try {
    await using handle = await open(file);
    const { size } = await handle.stat();
    if (size > credentialBytesMax) throw unusable(file, `has ${size} bytes, of which ${credentialBytesMax} are read`);
    return await handle.readFile('utf8');
  } catch (fault) {
    if (fault instanceof CliRefusal) throw fault;
    throw unusable(file, `cannot be read (${(fault as NodeJS.ErrnoException).code ?? 'unreadable'})`);
  }
}

function unusable(file: string, what: string): CliRefusal {
  return new CliRefusal(`${file} ${what}; --certificate takes a certificate in PEM`, exitCodes.unusable);
}

/** As rules look a certificate up. An entry that fits a close name also tells the subject that it states. */
export function toLookUp({ credentials }: CompiledRights, given: GivenNames): CertificateNames {
  const { subject, issuer = '', serial = '', fingerprint = '' } = given;
  const close = credentials.get(credentialKey({ fingerprint })) ?? credentials.get(credentialKey({ issuer, serial }));
  return { subject: subject ?? close?.credential.subject ?? '', issuer, serial, fingerprint256: fingerprint };
}

/** A name that stands in a sentence: the subject, else the closest that is known. */
export function wordsFor({ subject, issuer, serial, fingerprint }: GivenNames): string {
  if (subject !== undefined) return subject;
  return fingerprint === undefined ? `with serial ${serial} of ${issuer}` : `with fingerprint ${fingerprint}`;
}

/** Why entries cannot tell of a certificate that none of them names. */
export interface Untold {
  readonly detail: string;
  readonly fix: string;
}

/** What is not known of a certificate that no entry names, where an entry may be its own after all; null where none can be. */
export function untoldOf({ credentials }: CompiledRights, given: GivenNames, file: string): Untold | null {
  const { subject, fingerprint, issuer, serial } = given;
  const isKnown = {
    fingerprint: fingerprint !== undefined,
    'issuer and serial': issuer !== undefined && serial !== undefined,
    subject: subject !== undefined,
  } as const;
  const open = new Set<keyof typeof isKnown>();
  for (const { credential } of credentials.values()) {
    const isOfAnother = subject !== undefined && (credential.subject ?? subject) !== subject;
    const by =
      credential.fingerprint !== undefined
        ? 'fingerprint'
        : credential.serial !== undefined
          ? 'issuer and serial'
          : 'subject';
    if (!isOfAnother && !isKnown[by]) open.add(by);
  }
  if (open.size === 0) return null;
  const ways = (Object.keys(isKnown) as (keyof typeof isKnown)[]).filter((way) => open.has(way));
  const said = [
    ...(isKnown.fingerprint ? [`fingerprint ${fingerprint}`] : []),
    ...(isKnown['issuer and serial'] ? [`issuer ${issuer} and serial ${serial}`] : []),
    ...(isKnown.subject ? [`subject ${subject}`] : []),
  ].join(', or ');
  return {
    detail: `No entry of ${file} names the ${said}. Entries by ${ways.join(' and by ')} exist, and one of them may be of this certificate.`,
    fix: `Say its ${ways.join(' or ')} too, or give --certificate FILE.pem, which tells all of them.`,
  };
}
