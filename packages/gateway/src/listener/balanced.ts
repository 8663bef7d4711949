// Connections from trusted balancers: the PROXY header is read and taken off before TLS or HTTP sees a byte.
import type { Socket } from 'node:net';
import type { Waiting } from '../deadlines.ts';
import type { ListenerOptions } from './listener-options.ts';
import { readProxyHeader } from './proxy-header.ts';

/** Where a connection really comes from. */
export interface Source {
  readonly address: string;
  readonly port: number;
  /** True where a PROXY header named it. */
  readonly balanced: boolean;
}

/** Waits for the header of one connection. Calls back once, with the caller's source, or null when it must be closed. */
export function awaitProxyHeader(
  socket: Socket,
  options: ListenerOptions,
  done: (source: Source | null, found: string) => void,
): void {
  let held: Buffer = Buffer.alloc(0);
  const { deadlines, path } = options;
  const finish = (source: Source | null, found: string) => {
    deadlines.remove(waiting);
    socket.off('readable', read);
    socket.off('end', ended);
    socket.off('error', failed);
    done(source, found);
  };
  const ended = () => finish(null, 'the end of the connection');
  const failed = () => finish(null, 'a broken connection');
  const read = () => {
    const chunk = socket.read() as Buffer | null;
    if (chunk === null) return;
    held = Buffer.concat([held, chunk]);
    const header = readProxyHeader(held);
    if (header.kind === 'incomplete') return;
    if (header.kind === 'invalid') {
      finish(null, header.found);
      return;
    }
    const rest = held.subarray(header.headerBytes);
    if (rest.byteLength > 0) socket.unshift(rest);
    const direct = { address: socket.remoteAddress ?? '', port: socket.remotePort ?? 0, balanced: false };
    finish(header.source === null ? direct : { ...header.source, balanced: true }, '');
  };
  const waiting: Waiting = {
    deadlineMs: deadlines.now() + path.headerTimeoutMs,
    expire: () => finish(null, 'no PROXY header in time'),
  };
  deadlines.add(waiting);
  socket.on('readable', read);
  socket.once('end', ended);
  socket.once('error', failed);
}
