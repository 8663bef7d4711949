// What is done to a store while nodes are overloaded: each fault once.
import { breathe } from './counters.fixture.ts';
import type { ProbedLimit } from './probe.fixture.ts';
import { type Judgement, type Probe, startProbe } from './probe-nodes.fixture.ts';
import { machineMs } from './probe-thread.fixture.ts';

/** A store that can be hurt, and the wire of one node to it. */
export interface HurtStore {
  readonly valkey: {
    readonly port: number;
    kill(): Promise<void>;
    startAgain(): Promise<void>;
    pause(): void;
    resume(): void;
  };
  readonly proxy: { readonly port: number; cut(): void; mend(): void };
}

/** How long nodes work unharmed between faults, and how long a fault lasts. */
export interface Ordeal {
  readonly limit: ProbedLimit;
  readonly degraded: 'divide' | 'refuse';
  readonly workMs: number;
  readonly faultMs: number;
  readonly rounds: number;
}

/** Three nodes of four threads each, twenty sources, a hundred times the quota: the store is killed, stopped and cut off. */
export async function undergo(
  { valkey, proxy }: HurtStore,
  { limit, degraded, workMs, faultMs, rounds }: Ordeal,
): Promise<Judgement> {
  const at = (port: number) => ({ endpoints: [{ host: '127.0.0.1', port }], cluster: false });
  const addresses = [at(proxy.port), at(valkey.port), at(valkey.port)];
  let probe: Probe | null = null;
  try {
    probe = await startProbe({ addresses, threads: 4, sourceCount: 20, limit, overload: 100, degraded });
    for (let round = 0; round < rounds; round += 1) {
      await probe.work(workMs);
      await probe.fault(async () => {
        await valkey.kill();
        await valkey.startAgain();
        await passed(faultMs / 4);
      });
      await probe.work(workMs);
      await probe.fault(async () => {
        valkey.pause();
        await passed(faultMs);
        valkey.resume();
        await passed(faultMs / 4);
      });
      await probe.work(workMs);
      await probe.fault(async () => {
        proxy.cut();
        await passed(faultMs);
        proxy.mend();
        await passed(faultMs / 4);
      });
    }
    return await probe.judge();
  } finally {
    probe?.close();
  }
}

async function passed(ms: number): Promise<void> {
  const untilMs = machineMs() + ms;
  while (machineMs() < untilMs) await breathe();
}
