// A file that the configuration names, as text, or the finding that says why it cannot be read.
import { readFile } from 'node:fs/promises';
import { resolve } from 'node:path';
import { UnusableFiles } from './unusable-files.ts';

/** Reads a file; relative names start from `base`. Rejects with `UnusableFiles`. */
export async function textOf(file: string, base: string): Promise<string> {
  try {
    return await readFile(resolve(base, file), 'utf8');
  } catch (cause) {
    const { code } = cause as NodeJS.ErrnoException;
    const found = code === 'ENOENT' ? 'no such file' : (code ?? 'an unreadable file');
    throw unusable(file, found, 'a file that can be read');
  }
}

/** A finding about a named file; `line` counts from 1. */
export function unusable(file: string, found: string, expected: string, line = 1): UnusableFiles {
  return new UnusableFiles([{ file, line, column: 1, path: '', found, expected }]);
}
