// Reads and proves revocation lists where no call waits: hundreds of thousands of entries take longer than a call may be held up.
import { createHash } from 'node:crypto';
import { Worker } from 'node:worker_threads';
import type { TrustBundleFacts } from '@headgate/contract';
import {
  createTrustBundle,
  type ProvedList,
  proveList,
  readRevocationList,
  splitLists,
  type TrustBundle,
  UnreadableRevocationList,
} from '@headgate/pki';
import type { ListFaultCode } from './list-faults.ts';

/**
 * From this size on lists are read in a thread of their own, in bytes (1.25 MiB, some 25,000 entries). Starting one costs a tenth of a
 * second, and reading less than this takes a few milliseconds.
 */
const apartFromBytes = 1_310_720;

/** What is to be read: a file in PEM or DER, or lists that were split before. */
export interface ListOrders {
  readonly trust: TrustBundleFacts;
  readonly source: { readonly file: Uint8Array } | { readonly lists: readonly Uint8Array[] };
}

/** A list that was read, with the SHA-256 of its DER in lower-case hexadecimal. */
export interface ReadList extends ProvedList {
  readonly sha256: string;
}

/** What cannot be used, and why. */
export interface FoundFault {
  readonly code: ListFaultCode;
  readonly reason: string;
}

/** What was read. */
export type ListsRead = { readonly lists: readonly ReadList[] } | { readonly fault: FoundFault };

/** Reads lists, in a thread of its own where they are large. Rejects when that thread fails, as one that runs out of memory does. */
export async function readLists(orders: ListOrders, bundle: TrustBundle): Promise<ListsRead> {
  const { source } = orders;
  const bytes = 'file' in source ? source.file.length : source.lists.reduce((sum, { length }) => sum + length, 0);
  if (bytes < apartFromBytes) return readListsHere(orders, bundle);
  const { promise, resolve, reject } = Promise.withResolvers<ListsRead>();
  const worker = new Worker(new URL('./list-thread.ts', import.meta.url), {
    name: 'headgate lists',
    workerData: orders,
  });
  worker.once('message', resolve);
  worker.once('error', reject);
  worker.once('exit', () => reject(new Error('the thread that reads revocation lists ended without a word')));
  return promise;
}

/** Reads lists in this thread. */
export function readListsHere(
  { trust, source }: ListOrders,
  bundle: TrustBundle = createTrustBundle(trust),
): ListsRead {
  try {
    const ders = 'file' in source ? splitFile(source.file) : source.lists;
    const lists = ders.map((der): ReadList => {
      const own = toShared(der);
      const sha256 = createHash('sha256').update(own).digest('hex');
      return { ...proveList(readRevocationList(own), bundle), sha256 };
    });
    return { lists };
  } catch (fault) {
    if (fault instanceof UnreadableRevocationList) return { fault: { code: 'malformed', reason: fault.message } };
    if (fault instanceof NoList) return { fault: fault.found };
    throw fault;
  }
}

class NoList extends Error {
  readonly found: FoundFault;

  constructor(found: FoundFault) {
    super(found.reason);
    this.found = found;
  }
}

function splitFile(file: Uint8Array): readonly Uint8Array[] {
  if (isPage(file)) throw new NoList({ code: 'html', reason: 'It is a page (HTML), not a list.' });
  try {
    return splitLists(file);
  } catch (fault) {
    if (!(fault instanceof UnreadableRevocationList)) throw fault;
    throw new NoList({ code: 'not_a_list', reason: fault.message });
  }
}

/** Servers that are out of order, and portals that want somebody to log in, answer with pages and status 200. */
function isPage(file: Uint8Array): boolean {
  return /^\uFEFF?\s*</.test(Buffer.from(file.subarray(0, 64)).toString('utf8'));
}

/** Shared memory, so that every thread looks into the same bytes; a list that is in it already stays where it is. */
export function toShared(bytes: Uint8Array): Uint8Array {
  if (bytes.buffer instanceof SharedArrayBuffer) return bytes;
  const own = new Uint8Array(new SharedArrayBuffer(bytes.length));
  own.set(bytes);
  return own;
}
