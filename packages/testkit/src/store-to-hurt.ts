// A Valkey with a replica, and a wire to it for each node: everything that may befall a store can be done to it while nodes use it.
import { startTcpProxy, type TcpProxy } from './tcp-proxy.ts';
import { startValkey, type Valkey } from './valkey.ts';

/** A store and what can be done to it. */
export interface StoreToHurt {
  /** Where each node reaches the store. */
  readonly ports: readonly number[];
  /** Ends the primary and starts it again, empty. */
  restart(): Promise<void>;
  /** The primary answers nothing from now on, and keeps what it knows. */
  pause(): void;
  resume(): void;
  /** Cuts the wire of one node. */
  cut(node: number): void;
  mend(node: number): void;
  /** Ends the primary; its replica takes over, and every wire leads there. Another replica is started. */
  failOver(): Promise<void>;
  /** Runs a command at the primary. */
  command(...words: readonly string[]): Promise<string>;
  close(): Promise<void>;
}

/** Starts one for so many nodes; resolves once the replica has copied its primary. */
export async function startStoreToHurt(nodeCount: number): Promise<StoreToHurt> {
  const servers: Valkey[] = [];
  const wires: TcpProxy[] = [];
  const close = async (): Promise<void> => {
    await Promise.all(wires.map((wire) => wire.close()));
    await Promise.all(servers.map((server) => server.close()));
  };
  const follow = async (replica: Valkey, primary: Valkey): Promise<void> => {
    await replica.command('REPLICAOF', primary.host, String(primary.port));
    while (!(await replica.command('INFO', 'replication')).includes('master_link_status:up'));
  };
  try {
    let primary = await startValkey();
    servers.push(primary);
    let replica = await startValkey();
    servers.push(replica);
    await follow(replica, primary);
    for (let node = 0; node < nodeCount; node += 1) wires.push(await startTcpProxy(primary.port));
    return {
      ports: wires.map(({ port }) => port),
      async restart() {
        await primary.kill();
        await primary.startAgain();
      },
      pause: () => primary.pause(),
      resume: () => primary.resume(),
      cut: (node) => wires[node]?.cut(),
      mend: (node) => wires[node]?.mend(),
      async failOver() {
        await primary.kill();
        await replica.command('REPLICAOF', 'NO', 'ONE');
        for (const wire of wires) wire.moveTo(replica.port);
        [primary, replica] = [replica, primary];
        await replica.startAgain();
        await follow(replica, primary);
      },
      command: (...words) => primary.command(...words),
      close,
    };
  } catch (error) {
    await close();
    throw error;
  }
}
