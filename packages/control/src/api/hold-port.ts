// The port of control is taken before its store is opened: who has it already is told at once, and nobody takes it meanwhile.
import { createServer } from 'node:net';

/**
 * Takes a port until the listener of control does; returns what gives it back, once or again. Whoever connects meanwhile is cut off, as though
 * nobody listened. Rejects with the system's error for a port that is taken. Port 0 means any, and is not held.
 */
export async function holdPort({ address, port }: { readonly address: string; readonly port: number }) {
  if (port === 0) return async () => undefined;
  const server = createServer((socket) => socket.destroy());
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  server.once('error', reject);
  server.listen({ host: address, port }, resolve);
  await promise;
  return async (): Promise<void> => {
    const closed = Promise.withResolvers<void>();
    server.close(() => closed.resolve());
    await closed.promise;
  };
}
