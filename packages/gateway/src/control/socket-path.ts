// Where the socket of a gateway is: in its evidence folder, beside the lock of the same name, so that whoever may write there and
// nobody else finds it.
import { closeSync, openSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';

/** The socket of a node. */
export function controlSocket(evidenceFolder: string, node: string): string {
  return join(evidenceFolder, `${node}.control`);
}

/** Longest path that every system takes for a socket (unix(7): `sun_path`, 104 bytes on BSD, one for its end), in bytes. */
const pathBytesMax = 103;

/** A path that fits, for as long as `release` was not called: Linux reaches a folder by its descriptor. */
export function fittingPath(socket: string): { readonly path: string; readonly release: () => void } {
  if (Buffer.byteLength(socket) <= pathBytesMax || process.platform !== 'linux')
    return { path: socket, release: () => undefined };
  const folder = openSync(dirname(socket), 'r');
  return { path: `/proc/self/fd/${folder}/${basename(socket)}`, release: () => closeSync(folder) };
}
