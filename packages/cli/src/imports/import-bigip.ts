// Reads the configuration of a BIG-IP, tells what becomes of it, and writes that where a folder is named.
import { mkdir, readdir, readFile, stat, writeFile } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { importBigip, writeFiles } from '@headgate/imports';
import { CliRefusal } from '../cli-refusal.ts';
import type { CliContext } from '../context.ts';
import { exitCodes } from '../exit-codes.ts';
import { bigipText } from '../render/bigip-text.ts';
import { plainText } from '../render/plain-text.ts';

/** What the command line says. */
export interface BigipOptions {
  readonly out?: string;
  readonly json?: true;
}

/** Largest file, in bytes (64 MiB). */
const fileBytesMax = 67_108_864;

/** Translates the files and tells of it. */
export async function importNamedBigip(
  files: readonly string[],
  { out, json }: BigipOptions,
  context: CliContext,
): Promise<void> {
  const read = await Promise.all(files.map(readConfigFile));
  const imported = importBigip(read);
  const [firstFault] = imported.faults;
  if (Object.keys(imported.objects).length === 0)
    throw new CliRefusal(
      `${files.join(', ')} holds no object of a BIG-IP${firstFault === undefined ? '' : `; line ${firstFault.line}: ${plainText(firstFault.fault)}`}; name bigip.conf of version 11 or later`,
      exitCodes.unusable,
    );
  if (out !== undefined) {
    const day = new Date(Math.max(...read.map(({ writtenMs }) => writtenMs))).toISOString().slice(0, 10);
    await writeOut(
      out,
      writeFiles(
        imported,
        read.map(({ file }) => file),
        day,
      ),
    );
  }
  if (json === true) context.stdout.write(`${JSON.stringify(imported, null, 2)}\n`);
  else context.stdout.write(bigipText(imported, out ?? null, context.stdout));
}

async function readConfigFile(file: string) {
  try {
    const { size, mtimeMs } = await stat(file);
    if (size > fileBytesMax) throw new CliRefusal(`${file} is larger than 64 MiB`, exitCodes.unusable);
    const bytes = await readFile(file);
    if (bytes.includes(0) || (bytes[0] === 0x1f && bytes[1] === 0x8b))
      throw new CliRefusal(
        `${file} is no text; of a UCS archive, take config/bigip.conf and config/bigip_base.conf`,
        exitCodes.unusable,
      );
    return { file: basename(file), text: bytes.toString('utf8'), writtenMs: mtimeMs };
  } catch (fault) {
    if (fault instanceof CliRefusal) throw fault;
    const { code } = fault as NodeJS.ErrnoException;
    throw new CliRefusal(
      code === 'ENOENT' ? `there is no ${file}` : `${file} cannot be read (${code})`,
      exitCodes.unusable,
    );
  }
}

async function writeOut(folder: string, files: ReadonlyMap<string, string>): Promise<void> {
  try {
    await mkdir(folder, { recursive: true });
    if ((await readdir(folder)).length > 0)
      throw new CliRefusal(`${folder} is not empty; name another folder with --out`, exitCodes.unusable);
    for (const [name, text] of files) {
      const file = join(folder, name);
      await mkdir(dirname(file), { recursive: true });
      await writeFile(file, text);
    }
  } catch (fault) {
    if (fault instanceof CliRefusal) throw fault;
    throw new CliRefusal(`${folder} cannot be written (${(fault as NodeJS.ErrnoException).code})`, exitCodes.unusable);
  }
}
