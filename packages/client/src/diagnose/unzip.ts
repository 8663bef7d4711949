// The archives of OASIS: one or a few text files. Bounded by what they say and by what they turn out to hold.
import { unzipSync } from 'fflate';

/** One file of an archive. */
export interface ZippedFile {
  readonly name: string;
  readonly text: string;
}

const filesMax = 64;

/** The text files of an archive in its order, or a phrase that says why it cannot be read. */
export function unzip(bytes: Uint8Array, bytesMax: number): ZippedFile[] | string {
  if (bytes[0] !== 0x50 || bytes[1] !== 0x4b) return 'no zip archive';
  let declaredBytes = 0;
  let files = 0;
  try {
    const entries = unzipSync(bytes, {
      filter({ originalSize }) {
        declaredBytes += originalSize;
        files += 1;
        return declaredBytes <= bytesMax && files <= filesMax;
      },
    });
    if (declaredBytes > bytesMax) return `an archive of more than ${bytesMax} bytes`;
    if (files > filesMax) return `an archive of more than ${filesMax} files`;
    return Object.entries(entries).map(([name, content]) => ({ name, text: new TextDecoder().decode(content) }));
  } catch {
    return 'a damaged archive';
  }
}
