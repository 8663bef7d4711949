// A wire that a test can cut: passes bytes to a server, or swallows them, or moves to another server.
import { type AddressInfo, connect, createServer, type Socket } from 'node:net';

/** A running proxy on loopback. */
export interface TcpProxy {
  readonly port: number;
  /** From now on nothing passes and nobody is told, as if the wire were cut. New connections open and stay silent. */
  cut(): void;
  /** Lets new connections pass again; those of before stay dead. */
  mend(): void;
  /** New connections go to another port; those that are open are closed. */
  moveTo(port: number): void;
  close(): Promise<void>;
}

/** Starts a proxy to a port of loopback. */
export async function startTcpProxy(towards: number): Promise<TcpProxy> {
  let port = towards;
  let isCut = false;
  const open = new Set<Socket>();
  const keep = (socket: Socket): Socket => {
    open.add(socket);
    socket.setNoDelay(true);
    socket.on('error', () => socket.destroy());
    socket.on('close', () => open.delete(socket));
    return socket;
  };
  const server = createServer((near) => {
    keep(near);
    if (isCut) return void near.resume();
    const far = keep(connect(port, '127.0.0.1'));
    let isDead = false;
    // A pair that was cut once stays so: what was lost on the way is not sent again.
    const pass = (to: Socket) => (bytes: Buffer) => {
      isDead ||= isCut;
      if (!isDead) to.write(bytes);
    };
    near.on('data', pass(far));
    far.on('data', pass(near));
    near.on('close', () => far.destroy());
    far.on('close', () => {
      if (!isCut) near.destroy();
    });
  });
  const { promise, resolve } = Promise.withResolvers<void>();
  server.listen(0, '127.0.0.1', resolve);
  await promise;
  return {
    port: (server.address() as AddressInfo).port,
    cut: () => {
      isCut = true;
    },
    mend: () => {
      isCut = false;
    },
    moveTo(other) {
      port = other;
      for (const socket of open) socket.destroy();
    },
    async close() {
      for (const socket of open) socket.destroy();
      await new Promise((closed) => server.close(closed));
    },
  };
}
