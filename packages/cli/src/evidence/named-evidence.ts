// Evidence that a command line names, read whole: with a refusal where there is none, and a line that tells how far it is.
import type { EvidenceRecord } from '@headgate/contract';
import { CliRefusal } from '../cli-refusal.ts';
import type { CliContext } from '../context.ts';
import { exitCodes } from '../exit-codes.ts';
import {
  type EvidenceFile,
  type EvidenceReading,
  evidenceEndings,
  evidenceFiles,
  readEvidence,
} from './read-evidence.ts';

/** From this size on a reader wants to know how far it is, in bytes (16 MiB). */
const progressFromBytes = 16 * 1_048_576;

/** How often it is told, in milliseconds. */
const progressEveryMs = 200;

/** Calls `seen` with every record of the files and folders. Refuses where nothing can be read. */
export async function readNamedEvidence(
  named: readonly string[],
  context: CliContext,
  seen: (record: EvidenceRecord) => void,
): Promise<EvidenceReading & { readonly files: number }> {
  const files = await filesOf(named);
  const progress = progressLine(files, context);
  const reading = await readEvidence(files, seen, (readBytes) => progress.told(readBytes)).catch((fault: unknown) => {
    progress.done();
    throw refusalOf(fault);
  });
  progress.done();
  return { ...reading, files: files.length };
}

/** The files that are meant; refuses where there is none. */
export async function filesOf(
  named: readonly string[],
  endings: readonly string[] = evidenceEndings,
): Promise<readonly EvidenceFile[]> {
  try {
    const files = await evidenceFiles(named, endings);
    if (files.length > 0) return files;
  } catch (fault) {
    throw refusalOf(fault);
  }
  throw new CliRefusal(`${named.join(', ')} holds no ${endings.join(' or ')} file`, exitCodes.unusable);
}

/** What the system says of a file, as a refusal; whatever else it is, unchanged. */
function refusalOf(fault: unknown): unknown {
  const { code, path } = fault as NodeJS.ErrnoException;
  if (code === undefined || path === undefined) return fault;
  if (code === 'EACCES' || code === 'EPERM')
    return new CliRefusal(`this user may not read ${path}; run the command as one who may`, exitCodes.unusable);
  const found = code === 'ENOENT' ? `there is no ${path}` : `${path} cannot be read (${code})`;
  return new CliRefusal(
    `${found}; name files or folders that \`evidence.folder\` of a gateway means`,
    exitCodes.unusable,
  );
}

/** One line that a person at a terminal sees while long files are read, and that is gone afterwards. */
function progressLine(files: readonly EvidenceFile[], { stderr, clock }: CliContext) {
  const allBytes = files.reduce((sum, { bytes }) => sum + bytes, 0);
  const isShown = stderr.isTTY === true && allBytes >= progressFromBytes;
  let lastMs = Number.NEGATIVE_INFINITY;
  const megabytes = (bytes: number) => Math.round(bytes / 1_000_000).toLocaleString('en-US');
  return {
    told(readBytes: number): void {
      const nowMs = clock();
      if (!isShown || nowMs - lastMs < progressEveryMs) return;
      lastMs = nowMs;
      stderr.write(`\r\u001b[Kread ${megabytes(readBytes)} of ${megabytes(allBytes)} MB`);
    },
    done(): void {
      if (isShown) stderr.write('\r\u001b[K');
    },
  };
}
