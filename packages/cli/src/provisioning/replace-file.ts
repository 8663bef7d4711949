// Replaces a file whole or not at all: what reads it meanwhile, and what comes after a crash, finds the old text or the new one.
import { open, readFile, realpath, rename, rm, stat } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { CliRefusal } from '../cli-refusal.ts';
import { exitCodes } from '../exit-codes.ts';

/** Replaces the text `before` of a file, and refuses where it says something else by now. A link stays one. */
export async function replaceFile(file: string, before: string, after: string): Promise<void> {
  const target = await realpath(file);
  const fresh = join(dirname(target), `.${basename(target)}.${process.pid}.new`);
  try {
    await writeWhole(fresh, after, (await stat(target)).mode);
    if ((await readFile(target, 'utf8')) !== before)
      throw new CliRefusal(
        `${file} was changed meanwhile, and nothing was written; run the import again`,
        exitCodes.unusable,
      );
    await rename(fresh, target);
  } catch (fault) {
    await rm(fresh, { force: true });
    if (fault instanceof CliRefusal) throw fault;
    const { code } = fault as NodeJS.ErrnoException;
    if (code === undefined) throw fault;
    throw new CliRefusal(`${file} cannot be written (${code}), and stays as it was`, exitCodes.unusable);
  }
  await syncFolder(dirname(target));
}

async function writeWhole(file: string, text: string, mode: number): Promise<void> {
  const handle = await open(file, 'wx', mode & 0o777);
  try {
    await handle.writeFile(text);
    await handle.sync(); // Before the rename: a crash must not leave a name without its bytes.
  } finally {
    await handle.close();
  }
}

async function syncFolder(folder: string): Promise<void> {
  const handle = await open(folder, 'r');
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}
