// What a decision over three rules costs where nodes count together: CPU time of the node and of the store, and how many a second one
// node gets through its one connection, pipelined. `node bench/decision-over-nodes.ts`; needs valkey-server on this machine.
import { readFile } from 'node:fs/promises';
import type { Charge, LimitRule } from '@headgate/contract';
import { openSharedCounters } from '@headgate/gateway';
import { startValkey } from '@headgate/testkit';

const decisions = 40_000;
const callers = 256;
/** Decisions that wait for their answers at once. */
const openMax = 64;
/** `utime` and `stime` of /proc count in hundredths of a second. */
const tickUs = 10_000;

const ruleOf = (name: string, unit: LimitRule['unit'], quota: number): LimitRule => ({
  name,
  layer: 'acceptable-use',
  where: {},
  key: ['source'],
  unit,
  quota,
  windowMs: 1_000,
  algorithm: 'exact-sliding-window',
  mode: 'enforce',
  counts: 'admitted',
  degraded: 'refuse',
  refusal: { status: 500, text: 'Wait <n> seconds.', seconds: 'remaining' },
  evidence: 'assumed',
  source: 'bench',
});

/** Three rules over requests, and the same with the last over bytes. */
const kinds = {
  requests: [ruleOf('a', 'requests', 4_000), ruleOf('b', 'requests', 4_000), ruleOf('c', 'requests', 4_000)],
  bytes: [ruleOf('d', 'requests', 4_000), ruleOf('e', 'requests', 4_000), ruleOf('f', 'request-bytes', 4_000_000)],
};

const valkey = await startValkey();
try {
  const store = {
    endpoints: [{ host: valkey.host, port: valkey.port }],
    cluster: false,
    nodes: ['a'],
    timeoutMs: 5_000,
    leaseMs: 3_000,
    longWindowMs: 10_000,
    holdOffMsMax: 100,
    rememberedMax: 1_000,
  };
  const opened = await openSharedCounters(
    { node: 'a', counters: { valkey: store } },
    '.',
    { limits: [] },
    {
      elapsed: () => performance.now(),
      notice: (notice) => console.error(JSON.stringify(notice)),
      decided: () => undefined,
    },
  );
  if (opened === null) throw new Error('nothing was opened');
  const { counters } = opened;
  console.log('rules     decisions/s  node µs  store µs  admitted');
  for (const [kind, rules] of Object.entries(kinds)) {
    const calls = Array.from({ length: callers }, (_, caller) =>
      rules.map(
        (rule): Charge => ({ rule, key: `${rule.name}|source=${caller}`, amount: rule.unit === 'requests' ? 1 : 900 }),
      ),
    );
    const run = async (count: number): Promise<number> => {
      let [sent, admitted] = [0, 0];
      const work = async (): Promise<void> => {
        while (sent < count) {
          sent += 1;
          if ((await counters.decide(calls[sent % callers] ?? [], Date.now())).admitted) admitted += 1;
        }
      };
      await Promise.all(Array.from({ length: openMax }, work));
      return admitted;
    };
    await run(decisions / 4);
    const [nodeBefore, storeBefore, beganMs] = [process.cpuUsage(), await storeUs(valkey.pid), performance.now()];
    const admitted = await run(decisions);
    const seconds = (performance.now() - beganMs) / 1_000;
    const { user, system } = process.cpuUsage(nodeBefore);
    const store = ((await storeUs(valkey.pid)) - storeBefore) / decisions;
    const node = (user + system) / decisions;
    const row = [(decisions / seconds).toFixed(0).padEnd(12), node.toFixed(1).padEnd(8), store.toFixed(1).padEnd(9)];
    console.log(`${kind.padEnd(9)} ${row.join(' ')} ${(admitted / decisions).toFixed(2)}`);
  }
  await opened.close();
} finally {
  await valkey.close();
}

async function storeUs(pid: number): Promise<number> {
  const fields = (await readFile(`/proc/${pid}/stat`, 'utf8')).split(') ')[1]?.split(' ') ?? [];
  return (Number(fields[11]) + Number(fields[12])) * tickUs;
}
