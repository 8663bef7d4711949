// What every check of ours takes and gives: a tree of texts in, findings out. No check touches the disk.

/** The repository as checks see it: path from the root, with forward slashes, to text ('' for what is not text). */
export type Tree = ReadonlyMap<string, string>;

/** One fault: where it stands, what was found, and what to do instead. Lines count from 1. */
export interface Finding {
  readonly file: string;
  readonly line: number;
  readonly found: string;
  readonly fix: string;
}

/** Line of a character offset, counted from 1. */
export function lineAt(text: string, offset: number): number {
  let line = 1;
  for (let index = text.indexOf('\n'); index !== -1 && index < offset; index = text.indexOf('\n', index + 1)) line += 1;
  return line;
}
