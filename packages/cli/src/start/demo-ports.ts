// The ports of a demo: those that the README names, unless somebody else has them.
import { createServer, type Server } from 'node:net';
import { platform } from 'node:process';
import type { DemoPorts } from './demo-world.ts';

/** Ports that the demo prefers; others are taken when these are in use. */
const demoPorts: DemoPorts = { tls: 8443, plain: 8080, control: 9443 };

/** Ports, what to say of them, and what lets another demo have them. */
export interface TakenPorts {
  readonly ports: DemoPorts;
  readonly notes: readonly string[];
  readonly release: () => void;
}

/** The preferred ports where nobody has them, else any that are free, and a note for each that was taken. */
export async function takePorts(preferredPorts: DemoPorts = demoPorts): Promise<TakenPorts> {
  const claims: Server[] = [];
  const taken = async (preferred: number): Promise<number> => {
    const claim = await claimPort(preferred);
    if (claim !== null) claims.push(claim);
    return (claim === null ? null : await triedPort(preferred)) ?? (await triedPort(0)) ?? 0;
  };
  const ports = {
    tls: await taken(preferredPorts.tls),
    plain: await taken(preferredPorts.plain),
    control: await taken(preferredPorts.control),
  };
  const names = ['tls', 'plain', 'control'] as const;
  const moved = names.filter((name) => ports[name] !== preferredPorts[name]);
  return {
    ports,
    notes: moved.map((name) => `port ${preferredPorts[name]} is taken; using ${ports[name]}`),
    release() {
      for (const claim of claims) claim.close();
    },
  };
}

/**
 * Keeps a port from other demos for as long as this one runs: its own parts take it seconds after it was found free. Null where
 * another demo has it. The claim is an abstract socket (unix(7)), which ends with the process; only Linux has them, and elsewhere
 * two demos that begin together may collide.
 */
async function claimPort(port: number): Promise<Server | null> {
  const server = createServer();
  const { promise, resolve: claimed } = Promise.withResolvers<Server | null>();
  server.once('error', () => claimed(null));
  server.listen(platform === 'linux' ? { path: `\0headgate-demo-${port}` } : { host: '127.0.0.1', port: 0 }, () =>
    claimed(server),
  );
  return promise;
}

async function triedPort(port: number): Promise<number | null> {
  const server = createServer();
  const { promise, resolve: tried } = Promise.withResolvers<number | null>();
  server.once('error', () => tried(null));
  server.listen({ host: '127.0.0.1', port }, () => {
    const address = server.address();
    server.close(() => tried(typeof address === 'object' && address !== null ? address.port : null));
  });
  return promise;
}
