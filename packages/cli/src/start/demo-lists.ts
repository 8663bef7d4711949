// Revocation lists of the demo's authorities of users: a certificate put on one and taken off it, as an authority does for a hold.
import { mkdir, readdir, readFile, rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { createTestIssuer, type Family, readCertificate } from '@headgate/pki';
import { parse, parseDocument, stringify } from 'yaml';
import { CliRefusal } from '../cli-refusal.ts';
import { exitCodes } from '../exit-codes.ts';

const dayMs = 86_400_000;

/** How long a list of the demo counts, in days. */
const listDays = 7;

/** Number of certificateHold, the one reason for which an entry may be taken off again (RFC 5280 §5.3.1). */
const onHold = 6;

/** Most certificates of a demo that are looked through. */
const certificatesMax = 1_000;

/** A certificate on a list. */
interface Held {
  readonly subject: string;
  readonly serial: string;
  readonly onMs: number;
}

type HeldBy = Partial<Record<Family, { readonly number: number; readonly held: readonly Held[] }>>;

/** What became of a list. */
export interface ChangedList {
  readonly list: string;
  readonly number: number;
  readonly subjects: readonly string[];
  readonly changed: readonly string[];
}

/** Puts every certificate of a name on the list of whoever issued it, or takes it off. Writes the list, and names it in the configuration. */
export async function changeLists(
  folder: string,
  name: string,
  isRevoked: boolean,
  nowMs: number,
): Promise<readonly ChangedList[]> {
  const issuers = await issuersOf(folder);
  const meant = (await certificatesOf(folder)).filter(({ subject }) => subject.startsWith(`CN=${name},`));
  if (meant.length === 0)
    throw new CliRefusal(
      `no certificate of ${folder}/keys is of CN=${name}; \`headgate demo certificate --name ${name}\` makes one`,
      exitCodes.notFound,
    );
  const heldFile = join(folder, 'crls', 'held.yaml');
  const before = (parse(await readFile(heldFile, 'utf8').catch(() => '{}')) ?? {}) as HeldBy;
  const families = issuers.filter(({ subject }) => meant.some(({ issuer }) => issuer === subject));
  const next: HeldBy = { ...before };
  const changed: ChangedList[] = [];
  await mkdir(join(folder, 'crls'), { recursive: true });
  for (const { family, subject: issuing, certificatePem, keyPem } of families) {
    const own = meant.filter(({ issuer }) => issuer === issuing);
    const { number = 0, held = [] } = before[family] ?? {};
    const others = held.filter(({ serial }) => !own.some((each) => each.serial === serial));
    const now = isRevoked
      ? [...others, ...own.map(({ subject, serial }) => ({ subject, serial, onMs: nowMs }))]
      : others;
    next[family] = { number: number + 1, held: now };
    const der = createTestIssuer({ certificatePem, keyPem }, { nowMs }).revocationList({
      number: number + 1,
      thisUpdateMs: nowMs,
      nextUpdateMs: nowMs + listDays * dayMs,
      entries: now.map(({ serial, onMs }) => ({ serial, onMs, reason: onHold })),
    });
    const list = `crls/${family}-users.crl`;
    await writeWhole(join(folder, list), der);
    changed.push({
      list,
      number: number + 1,
      subjects: now.map(({ subject }) => subject),
      changed: own.map(({ subject }) => subject),
    });
  }
  await writeWhole(heldFile, stringify(next));
  await nameLists(
    join(folder, 'gateway.yaml'),
    changed.map(({ list }) => list),
  );
  return changed;
}

async function certificatesOf(folder: string) {
  const names = (await readdir(join(folder, 'keys'))).filter(
    (name) => name.endsWith('.pem') && !name.startsWith('authority-'),
  );
  return Promise.all(
    names.slice(0, certificatesMax).map(async (name) => {
      const pem = await readFile(join(folder, 'keys', name), 'utf8');
      const { subject, issuer, serial } = readCertificate(derOf(pem));
      return { subject, issuer, serial };
    }),
  );
}

async function issuersOf(folder: string) {
  const families: readonly Family[] = ['legacy', 'current'];
  return Promise.all(
    families.map(async (family) => {
      const [certificatePem, keyPem] = await Promise.all(
        ['pem', 'key'].map((ending) => readFile(join(folder, 'keys', `authority-${family}.${ending}`), 'utf8')),
      ).catch(() => {
        throw new CliRefusal(
          `there is no demo in ${folder}; \`npm start\` makes one, and --folder names another place`,
          exitCodes.unusable,
        );
      });
      const pem = certificatePem ?? '';
      return { family, subject: readCertificate(derOf(pem)).subject, certificatePem: pem, keyPem: keyPem ?? '' };
    }),
  );
}

function derOf(pem: string): Buffer {
  const [, base64 = ''] = /-----BEGIN CERTIFICATE-----([\s\S]+?)-----END CERTIFICATE-----/.exec(pem) ?? [];
  return Buffer.from(base64, 'base64');
}

/** A gateway that runs looks at lists by itself, and must never see half of one. */
async function writeWhole(file: string, content: string | Uint8Array): Promise<void> {
  await writeFile(`${file}.next`, content);
  await rename(`${file}.next`, file);
}

async function nameLists(file: string, lists: readonly string[]): Promise<void> {
  const document = parseDocument(await readFile(file, 'utf8'));
  const written = document.toJS() as { trustBundles: readonly { readonly crls?: readonly string[] }[] };
  const named = written.trustBundles[0]?.crls ?? [];
  const missing = lists.filter((list) => !named.includes(list));
  if (missing.length === 0) return;
  document.setIn(['trustBundles', 0, 'crls'], [...named, ...missing]);
  await writeWhole(file, document.toString());
}
