// JSON documents by path, for an operator whose systems speak JSON.
import { BoundedMap } from './bounded-map.ts';

/** A stored document: its path, number, content, and when it was written. */
export interface StoredDocument {
  readonly path: string;
  readonly number: number;
  readonly content: unknown;
  readonly writtenMs: number;
}

/** Documents by path, at most 1,000; past that the oldest goes. */
export interface DocumentStore {
  get(path: string): StoredDocument | undefined;
  put(path: string, content: unknown, nowMs: number): StoredDocument;
  /** Stores under the collection's next number. */
  add(collection: string, content: unknown, nowMs: number): StoredDocument;
  remove(path: string): boolean;
  /** The documents directly below a path, in the order of writing. */
  below(collection: string): StoredDocument[];
  /** The documents at any depth below a path, in the order of writing. */
  under(path: string): StoredDocument[];
}

/** Most bytes of one document. */
export const documentBytesMax = 1024 * 1024;

/** Most objects and arrays inside one another. */
export const documentDepthMax = 64;

/** An empty store. */
export function createDocumentStore(): DocumentStore {
  const documents = new BoundedMap<string, StoredDocument>(1_000);
  let number = 0;
  const write = (path: string, content: unknown, writtenMs: number): StoredDocument => {
    const document = { path, number, content, writtenMs };
    documents.set(path, document);
    return document;
  };
  return {
    get: (path) => documents.get(path),
    put(path, content, nowMs) {
      number += 1;
      return write(path, content, nowMs);
    },
    add(collection, content, nowMs) {
      number += 1;
      return write(`${collection}/${number}`, content, nowMs);
    },
    remove: (path) => documents.delete(path),
    under: (path) => [...documents.values()].filter((document) => document.path.startsWith(`${path}/`)),
    below: (collection) =>
      [...documents.values()].filter(({ path }) => {
        const rest = path.startsWith(`${collection}/`) ? path.slice(collection.length + 1) : '';
        return rest !== '' && !rest.includes('/');
      }),
  };
}
