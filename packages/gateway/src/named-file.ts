// A file that the configuration names, as text, or the finding that says why it cannot be read.
import { readFile, stat } from 'node:fs/promises';
import { resolve } from 'node:path';
import type { Finding } from '@headgate/contract';
import { UnusableFiles } from './unusable-files.ts';

/** Reads a file; relative names start from `base`. Rejects with `UnusableFiles`. */
export async function textOf(file: string, base: string): Promise<string> {
  try {
    return await readFile(resolve(base, file), 'utf8');
  } catch (cause) {
    throw new UnusableFiles([unreadable(file, cause)]);
  }
}

/** The finding about a file that was not read. */
export function unreadable(file: string, cause: unknown): Finding {
  return { file, line: 1, column: 1, path: '', found: whyUnread(cause), expected: 'a file that can be read' };
}

/** Why a file was not read, in words. */
export function whyUnread(cause: unknown): string {
  const { code } = cause as NodeJS.ErrnoException;
  switch (code) {
    case 'ENOENT':
      return 'no such file';
    case 'EACCES':
    case 'EPERM':
      return 'a file that this user may not read';
    case 'EISDIR':
      return 'a folder';
    default:
      return code ?? 'an unreadable file';
  }
}

/** A finding about a named file; `line` counts from 1. */
export function unusable(file: string, found: string, expected: string, line = 1): UnusableFiles {
  return new UnusableFiles([{ file, line, column: 1, path: '', found, expected }]);
}

/**
 * Reads a private key that its owner alone may write, and nobody but its owner and its group may read: groups are how keys are
 * handed to a service. Rejects with `UnusableFiles`.
 */
export async function keyTextOf(file: string, base: string): Promise<string> {
  const { mode } = await stat(resolve(base, file)).catch(() => ({ mode: 0 })); // Whether it can be read is told below.
  if ((mode & othersAllowed) !== 0 && process.platform !== 'win32') {
    const found = `a private key with mode ${(mode & 0o777).toString(8)}`;
    throw unusable(file, found, 'one that is closed to others: chmod 600, or 640 where a group reads it');
  }
  return textOf(file, base);
}

/** Bits of a mode that no private key may have: write for the group, and anything for others (POSIX.1-2017, sys/stat.h). */
const othersAllowed = 0o027;
