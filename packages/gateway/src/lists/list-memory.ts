// What is remembered of revocation lists beyond the life of a process: how far the number of each had come, so that an older list is not
// taken for a new one after a restart, and the last good copy of what each source had, for when its server is down or its file is broken.
import { createHash, randomBytes } from 'node:crypto';
import { mkdir, open, readdir, readFile, rename, rm } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import type { DatedList } from '@headgate/pki';
import { z } from 'zod';
import type { Config } from '../config.ts';
import { unusable } from '../named-file.ts';
import type { Validators } from './fetch-list.ts';
import { toShared } from './read-lists.ts';

/** How far a list of a bundle had come. */
export interface RememberedList extends DatedList {
  readonly bundle: string;
}

/** What a source had, as it came. */
export interface ListCopy {
  readonly bytes: Uint8Array;
  readonly sha256: string;
  readonly validators: Validators;
}

/** What is kept of a source; without bytes where they are kept already. */
export interface KeptCopy extends Omit<ListCopy, 'bytes'> {
  readonly bundle: string;
  /** Its URL, or the name of its file after `file:`. */
  readonly url: string;
  readonly bytes: Uint8Array | null;
}

/** The memory of one gateway. */
export interface ListMemory {
  /** Rejects with `UnusableFiles` where what was remembered cannot be read. */
  remembered(): Promise<readonly RememberedList[]>;
  /** The last good copy; null where there is none that is whole. */
  copyOf(bundle: string, url: string): Promise<ListCopy | null>;
  /** The bytes of it alone, whatever became of the rest of the memory; null where there are none. */
  bytesOf(bundle: string, url: string): Promise<Omit<ListCopy, 'validators'> | null>;
  /** Whether something is kept of another source than these. */
  hasOthers(copies: readonly KeptCopy[]): Promise<boolean>;
  /** Remembers all of it, in place of what was remembered before. Rejects with the system's error. */
  keep(lists: readonly RememberedList[], copies: readonly KeptCopy[]): Promise<void>;
}

/** Most lists that are remembered; those that were taken longest ago are forgotten first. */
export const rememberedMax = 1_000;

const memorySchema = z.strictObject({
  lists: z.array(
    z.strictObject({
      bundle: z.string(),
      issuer: z.string(),
      scope: z.string(),
      delta: z.boolean(),
      number: z
        .string()
        .regex(/^\d{1,60}$/)
        .nullable(),
      thisUpdate: z.iso.datetime(),
    }),
  ),
  copies: z.array(
    z.strictObject({
      bundle: z.string(),
      url: z.string(),
      sha256: z.string(),
      etag: z.string().nullable(),
      lastModified: z.string().nullable(),
    }),
  ),
});

type Memory = z.infer<typeof memorySchema>;

/** The folder of a gateway's memory: in its evidence folder, beside the lock of the same name. */
export function memoryFolderOf({ node, evidence }: Pick<Config, 'node' | 'evidence'>, base: string): string {
  return resolve(base, evidence.folder, `${node}.lists`);
}

/** Opens the memory in a folder, which is made when something is kept first. */
export function openListMemory(folder: string): ListMemory {
  const file = join(folder, 'lists.json');
  let copies: Memory['copies'] | null = null;
  const read = async (): Promise<Memory> => {
    const memory = await readMemory(file);
    copies = memory.copies;
    return memory;
  };
  const bytesOf: ListMemory['bytesOf'] = async (bundle, url) => {
    const bytes = await readFile(join(folder, copyName(bundle, url))).catch(() => null);
    if (bytes === null) return null;
    return { bytes: toShared(bytes), sha256: createHash('sha256').update(bytes).digest('hex') };
  };
  return {
    async remembered() {
      return (await read()).lists.map(({ bundle, issuer, scope, delta, number, thisUpdate }) => ({
        bundle,
        issuer,
        scopeKey: scope,
        base: delta ? 0n : null, // Of a delta it counts that it is one.
        number: number === null ? null : BigInt(number),
        thisUpdateMs: Date.parse(thisUpdate),
      }));
    },
    async copyOf(bundle, url) {
      const known = (copies ?? (await read()).copies).find((each) => each.bundle === bundle && each.url === url);
      const found = await bytesOf(bundle, url);
      if (found === null) return null;
      // What the server said belongs to the bytes it was said of; a copy is proved again like every list.
      const { etag, lastModified } = known?.sha256 === found.sha256 ? known : { etag: null, lastModified: null };
      return { ...found, validators: { etag, lastModified } };
    },
    bytesOf,
    async hasOthers(kept) {
      const known = copies ?? (await read().catch(() => null))?.copies ?? [];
      return known.some((each) => !kept.some(({ bundle, url }) => each.bundle === bundle && each.url === url));
    },
    async keep(lists, kept) {
      await mkdir(folder, { recursive: true, mode: 0o700 });
      for (const { bundle, url, bytes } of kept)
        if (bytes !== null) await writeWhole(join(folder, copyName(bundle, url)), bytes);
      // Copies first: numbers that run ahead of them would refuse the copy after a restart.
      copies = kept.map(({ bundle, url, sha256, validators }) => ({ bundle, url, sha256, ...validators }));
      await writeWhole(file, Buffer.from(`${JSON.stringify({ lists: lists.map(toWritten), copies }, null, 1)}\n`));
      await dropOthers(folder, new Set(['lists.json', ...kept.map(({ bundle, url }) => copyName(bundle, url))]));
    },
  };
}

async function readMemory(file: string): Promise<Memory> {
  const text = await readFile(file, 'utf8').catch((fault: unknown) => {
    const { code } = fault as NodeJS.ErrnoException;
    if (code === 'ENOENT') return null;
    throw unusable(file, code ?? 'an unreadable file', memoryFix);
  });
  if (text === null) return { lists: [], copies: [] };
  try {
    return memorySchema.parse(JSON.parse(text));
  } catch {
    throw unusable(file, 'a memory of revocation lists that cannot be read', memoryFix);
  }
}

const memoryFix =
  'the file as the gateway wrote it. Where it is lost, remove it: then the lists that are there now are believed, however old they are';

function toWritten({ bundle, issuer, scopeKey, base, number, thisUpdateMs }: RememberedList): Memory['lists'][number] {
  return {
    bundle,
    issuer,
    scope: scopeKey,
    delta: base !== null,
    number: number?.toString() ?? null,
    thisUpdate: new Date(thisUpdateMs).toISOString(),
  };
}

function copyName(bundle: string, url: string): string {
  return `${bundle}-${createHash('sha256').update(url).digest('hex').slice(0, 16)}.crl`;
}

/** After a crash a file is there whole, as it was or as it is now: written beside, made durable, renamed. */
async function writeWhole(file: string, bytes: Uint8Array): Promise<void> {
  const beside = `${file}.${randomBytes(4).toString('hex')}.new`;
  const handle = await open(beside, 'wx', 0o600);
  try {
    await handle.writeFile(bytes);
    await handle.sync();
  } finally {
    await handle.close();
  }
  await rename(beside, file);
}

/** Copies of lists that are no longer configured, and what a crash left half written. */
async function dropOthers(folder: string, kept: ReadonlySet<string>): Promise<void> {
  for (const name of await readdir(folder))
    if (!kept.has(name) && /\.(?:crl|new)$/.test(name)) await rm(join(folder, name), { force: true });
}
