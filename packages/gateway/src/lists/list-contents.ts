// What stands at the sources of revocation lists now: files are looked at, URLs are asked when they are due. Knows bytes, not lists.
import { createHash } from 'node:crypto';
import type { BigIntStats } from 'node:fs';
import { open, stat } from 'node:fs/promises';
import { resolve } from 'node:path';
import { listBytesMax } from '@headgate/pki';
import type { Config } from '../config.ts';
import { textOf } from '../named-file.ts';
import { UnusableFiles } from '../unusable-files.ts';
import { type Fetched, fetchList, type Validators } from './fetch-list.ts';
import type { ListMemory } from './list-memory.ts';
import type { FoundFault } from './read-lists.ts';

type WrittenBundle = Config['trustBundles'][number];

/** One source: a file, or a URL that is fetched. */
export interface ListSource {
  readonly key: string;
  readonly bundle: string;
  /** As the configuration names it. */
  readonly name: string;
  /** How it is fetched; null for a file. */
  readonly fetched: WrittenBundle['crlUrls'][number] | null;
}

/** What tells whether another look would find something else. */
export type SeenContent =
  /** What the system says of the file, another one after every change, and what of it is in force. */
  | { readonly mark: string; readonly answer: SeenAnswer | null }
  /** When the URL was asked, and the answer that is in force. */
  | { readonly askedMs: number; readonly answer: SeenAnswer | null };

/** An answer of a URL, or what stood in a file, without its bytes, which are there until they are kept. */
export interface SeenAnswer {
  readonly sha256: string;
  readonly validators: Validators;
}

/** What stands at a source. */
export type Content =
  /** Nothing was looked at: what was known of it, faults too, is still so. */
  | { readonly kind: 'kept' }
  /** What is in force stands there. */
  | { readonly kind: 'same'; readonly seen: SeenContent }
  | {
      readonly kind: 'bytes';
      readonly bytes: Uint8Array;
      readonly seen: SeenContent;
      /** What was seen where these bytes turn out to be no usable list. */
      readonly otherwise: SeenContent;
      /** From the copy of a former answer; `fault` says why it stands in for the server, null where that was not asked. */
      readonly copy: { readonly fault: FoundFault | null } | null;
    }
  | { readonly kind: 'fault'; readonly fault: FoundFault; readonly seen: SeenContent };

/** What is known of a source. */
export interface KnownContent {
  readonly seen: SeenContent;
  readonly fault: FoundFault | null;
  /** When what was refused for its date may count, in ms since 1970 UTC. */
  readonly againMs: number;
}

/** How to look. */
export interface LookOptions {
  readonly fetchNow?: boolean;
  /** Whatever was refused is looked at again. */
  readonly olderToo?: boolean;
  /** False where the authorities are others: then all bytes are needed again. */
  readonly isSameTrust: boolean;
}

/** What is kept of a file. */
export interface KeptFile {
  readonly bytes: Uint8Array;
  readonly answer: SeenAnswer;
}

/** The contents of sources. */
export interface ListContents {
  /** Looks at a source; `known` is null the first time. */
  look(source: ListSource, known: KnownContent | null, options: LookOptions): Promise<Content>;
  /** Asks the server of a URL for all of its list, whatever is known. */
  fetch(source: ListSource): Promise<Content>;
  /** Whether a look could find something else. */
  mayDiffer(source: ListSource, known: KnownContent): Promise<boolean>;
  /** The copy of what was in force of a file before this process; null where there is none. */
  copyOfFile(source: ListSource): Promise<KeptFile | null>;
  /** The bytes of an answer that were not kept yet; null where they were. */
  bytesOf(answer: SeenAnswer): Uint8Array | null;
  /** The bytes of an answer are on disk. */
  kept(answer: SeenAnswer): void;
}

/** The sources of a bundle, in the order of the configuration. */
export function sourcesOf({ name: bundle, crls, crlUrls }: WrittenBundle): readonly ListSource[] {
  const files = crls.map((name): ListSource => ({ key: `${bundle}\0file\0${name}`, bundle, name, fetched: null }));
  const urls = crlUrls.map(
    (fetched): ListSource => ({ key: `${bundle}\0url\0${fetched.url}`, bundle, name: fetched.url, fetched }),
  );
  return [...files, ...urls];
}

/** What contents need from outside. */
export interface ListContentsOptions {
  /** Folder that relative file names start from. */
  readonly base: string;
  readonly memory: ListMemory;
  /** Milliseconds since 1970 UTC. */
  readonly clock: () => number;
}

/** Creates the contents of a gateway's sources. */
export function createListContents({ base, memory, clock }: ListContentsOptions): ListContents {
  const unkept = new WeakMap<SeenAnswer, Uint8Array>();

  const lookAtFile = async (
    { name }: ListSource,
    known: KnownContent | null,
    { isSameTrust, olderToo = false }: LookOptions,
  ): Promise<Content> => {
    const mark = await markOf(resolve(base, name));
    const isKnown = known !== null && isSameTrust && isMarked(known.seen, mark) && clock() < known.againMs;
    if (isKnown && !(olderToo && known.fault !== null)) return { kind: 'kept' };
    const otherwise = { mark, answer: known === null ? null : answerIn(known.seen) };
    const read = await bytesIn(resolve(base, name));
    if ('fault' in read) return { kind: 'fault', seen: otherwise, ...read };
    const { bytes } = read;
    const answer = { sha256: createHash('sha256').update(bytes).digest('hex'), validators: noValidators };
    unkept.set(answer, bytes);
    return { kind: 'bytes', bytes, seen: { mark, answer }, otherwise, copy: null };
  };

  const ask = async ({ name: url, fetched }: ListSource, known: Validators | null): Promise<Fetched> => {
    if (fetched === null) throw new Error(`${url} is a file`);
    const { authorities: file, bytesMax, timeoutMs } = fetched;
    try {
      const authorities = file === undefined ? null : await textOf(file, base);
      return await fetchList({ url, authorities, bytesMax, timeoutMs, known });
    } catch (fault) {
      if (!(fault instanceof UnusableFiles)) throw fault;
      return { kind: 'failed', fault: { code: 'not_trusted', reason: `${fault.message}.` } };
    }
  };

  const askFor = async (source: ListSource, known: KnownContent | null, validators: Validators | null) => {
    const before = known === null ? null : answerIn(known.seen);
    // The time of the question: what changes while it is answered is asked for at the next.
    const askedMs = clock();
    const fetched = await ask(source, validators);
    return contentOf(fetched, askedMs, before);
  };

  const contentOf = (fetched: Fetched, askedMs: number, before: SeenAnswer | null): Content => {
    const otherwise = { askedMs, answer: before };
    if (fetched.kind === 'failed') return { kind: 'fault', fault: fetched.fault, seen: otherwise };
    if (fetched.kind === 'unchanged') return { kind: 'same', seen: otherwise };
    const { bytes, sha256, validators } = fetched;
    const answer = { sha256, validators };
    unkept.set(answer, bytes);
    return { kind: 'bytes', bytes, seen: { askedMs, answer }, otherwise, copy: null };
  };

  const copyOf = async (source: ListSource, fault: FoundFault | null): Promise<Content | null> => {
    const found = await memory.copyOf(source.bundle, addressOf(source));
    if (found === null) return null;
    const { bytes, sha256, validators } = found;
    const askedMs = fault === null ? Number.NEGATIVE_INFINITY : clock();
    const seen = { askedMs, answer: { sha256, validators } };
    return { kind: 'bytes', bytes, seen, otherwise: { askedMs, answer: null }, copy: { fault } };
  };

  const lookAtUrl = async (
    source: ListSource,
    known: KnownContent | null,
    { fetchNow = false, olderToo = false, isSameTrust }: LookOptions,
  ): Promise<Content> => {
    if (known === null) {
      // A restart does not wait for a server: the copy counts, and the server is asked at the first look.
      const first = fetchNow || olderToo ? null : await copyOf(source, null);
      if (first !== null) return first;
      const content = await askFor(source, null, null);
      return content.kind === 'fault' ? ((await copyOf(source, content.fault)) ?? content) : content;
    }
    if (!fetchNow && isSameTrust && !isDue(source, known, clock())) return { kind: 'kept' };
    const before = answerIn(known.seen);
    const isGood = known.fault === null && isSameTrust;
    const content = await askFor(source, known, isGood ? (before?.validators ?? null) : null);
    const isBefore = content.kind === 'bytes' && isSameTrust && before !== null && isAnswer(content.seen, before);
    return isBefore ? { kind: 'same', seen: content.otherwise } : content;
  };

  return {
    look: (source, known, options) =>
      source.fetched === null ? lookAtFile(source, known, options) : lookAtUrl(source, known, options),
    fetch: (source) => askFor(source, null, null),
    async mayDiffer(source, known) {
      if (source.fetched !== null) return isDue(source, known, clock());
      return clock() >= known.againMs || !isMarked(known.seen, await markOf(resolve(base, source.name)));
    },
    async copyOfFile(source) {
      const found = await memory.bytesOf(source.bundle, addressOf(source));
      if (found === null) return null;
      return { bytes: found.bytes, answer: { sha256: found.sha256, validators: noValidators } };
    },
    bytesOf: (answer) => unkept.get(answer) ?? null,
    kept: (answer) => void unkept.delete(answer),
  };
}

function isDue({ fetched }: ListSource, { seen }: KnownContent, nowMs: number): boolean {
  if (fetched === null || !('askedMs' in seen)) return false;
  return nowMs >= seen.askedMs + fetched.everyMs || nowMs < seen.askedMs; // A clock that was set back must not stop it.
}

function isMarked(seen: SeenContent, mark: string): boolean {
  return 'mark' in seen && seen.mark === mark;
}

/** What is in force of a source. */
export function answerIn({ answer }: SeenContent): SeenAnswer | null {
  return answer;
}

const noValidators: Validators = { etag: null, lastModified: null };

/** By what a source is remembered: its URL, or `file:` and the name of the file, as the configuration has them. */
export function addressOf({ name, fetched }: Pick<ListSource, 'name' | 'fetched'>): string {
  return fetched === null ? fileAddress(name) : name;
}

/** By what a file is remembered. No URL of a list begins so. */
export function fileAddress(name: string): string {
  return `file:${name}`;
}

function isAnswer(seen: SeenContent, { sha256 }: SeenAnswer): boolean {
  return answerIn(seen)?.sha256 === sha256;
}

async function markOf(path: string): Promise<string> {
  const found: BigIntStats | null = await stat(path, { bigint: true }).catch(() => null);
  return found === null ? 'none' : `${found.ino} ${found.size} ${found.mtimeNs} ${found.ctimeNs}`;
}

/** The bytes of a file in shared memory, as the file is now: one that grows meanwhile is read again at the next look. */
async function bytesIn(path: string): Promise<{ readonly bytes: Uint8Array } | { readonly fault: FoundFault }> {
  try {
    await using file = await open(path);
    const { size } = await file.stat();
    if (size > listBytesMax)
      return {
        fault: { code: 'too_large', reason: `The file has ${size} bytes, of which at most ${listBytesMax} are read.` },
      };
    const bytes = new Uint8Array(new SharedArrayBuffer(size));
    for (let at = 0; at < size; ) {
      const { bytesRead } = await file.read(bytes, at, size - at, at);
      if (bytesRead === 0)
        return { fault: { code: 'truncated', reason: 'The file became shorter while it was read.' } };
      at += bytesRead;
    }
    return { bytes };
  } catch (fault) {
    const { code } = fault as NodeJS.ErrnoException;
    if (code === undefined) throw fault;
    return code === 'ENOENT'
      ? { fault: { code: 'file_missing', reason: 'The file is not there.' } }
      : { fault: { code: 'file_unreadable', reason: `The file cannot be read (${code}).` } };
  }
}
