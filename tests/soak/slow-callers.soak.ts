// slowhttptest by kind, 1,000 connections for 120 s each, before a gateway with its default bounds. Meanwhile a bystander calls
// ten times a second and an honest upload crawls. HEADGATE_SLOW_S, HEADGATE_SLOW_CONNECTIONS and HEADGATE_SLOW_KINDS make it
// shorter, as in: HEADGATE_SLOW_S=10 HEADGATE_SLOW_KINDS=read,plain node --test tests/soak/slow-callers.soak.ts
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { test } from 'node:test';
import { missing, soapRequest } from '@headgate/testkit';
import {
  type Aftermath,
  bystanderMsMax,
  callGuarded,
  megabytes,
  openHosts,
  quantile,
  startBesiegedGateway,
  startBystander,
  watchMachine,
} from './besieged-gateway.ts';

const seconds = Number(process.env.HEADGATE_SLOW_S ?? 120);
const connections = Number(process.env.HEADGATE_SLOW_CONNECTIONS ?? 1_000);
const chosen = (process.env.HEADGATE_SLOW_KINDS ?? 'headers,body,read,range,plain,tls').split(',');

/** 64 kbit/s. */
const honestBytesPerSecond = 8_000;
const honestBytes = Math.min(1_000_000, honestBytesPerSecond * seconds);

const kinds: Readonly<Record<string, { readonly path: string; readonly options: string }>> = {
  headers: { path: 'ReadLittle1', options: '-H -i 10 -x 24' },
  // Longer than what is collected before it is forwarded: each would hold a connection to the back end.
  body: { path: 'SendLittle1', options: '-B -i 10 -s 200000 -t POST -f application/json -x 32' },
  read: { path: 'ReadMuch1', options: '-X -w 512 -y 1024 -n 5 -z 32' },
  range: { path: 'ReadLittle1', options: '-R -t GET -a 1 -b 2000' },
};

function sumOf(counts: Readonly<Record<string, number>>): number {
  return Object.values(counts).reduce((sum, count) => sum + count, 0);
}

/** What was shed is told once in the counts, and once in notices or records. */
function assertCounted({ shed, noticed, refusals, defects }: Aftermath): void {
  for (const bound of ['connectionsMax', 'connectionsPerSourceMax', 'handshakesMax', 'handshakesPerSourceMax'])
    assert.equal(noticed[bound] ?? 0, shed[bound] ?? 0, `notices of ${bound}`);
  assert.equal(refusals['listener.too_many_waiting_bodies'] ?? 0, shed.waitingBodiesPerSourceMax ?? 0);
  assert.equal(refusals['inspection.body_timeout'] ?? 0, shed.bodyTimeoutMs ?? 0);
  // A connection that idled before its first request is counted, and has no record.
  const slow = (shed.bodyBytesPerSecondMin ?? 0) + (shed.requestTimeoutMs ?? 0);
  const late = refusals['listener.request_timeout'] ?? 0;
  assert.ok(late >= slow && late <= slow + (shed.headerTimeoutMs ?? 0), `${late} requests were late`);
  assert.equal(defects, 0);
}

for (const proto of ['plain', 'tls'] as const) {
  for (const [kind, { path, options }] of Object.entries(kinds)) {
    if (!chosen.includes(kind) || !chosen.includes(proto)) continue;
    test(`${connections} connections with slow ${kind} over ${proto} for ${seconds} s keep no bystander waiting`, {
      skip: missing('slowhttptest'),
    }, async (t) => {
      const gateway = await startBesiegedGateway();
      const startBytes = await gateway.residentBytes();
      const bystander = startBystander(gateway);
      const [scheme, port, system] =
        proto === 'tls' ? ['https', gateway.port, 'feed'] : ['http', gateway.plainPort, 'tape'];
      const url = `${scheme}://${openHosts[proto]}:${port}/api/${system}/${path}`;
      const words = `${options} -c ${connections} -r 200 -l ${seconds} -p 3 -u ${url}`.split(' ');
      const honest = Buffer.alloc(honestBytes, ' ');
      honest.write(soapRequest);
      const upload = callGuarded(gateway, {
        source: '127.0.9.10',
        body: honest,
        bytesPerSecond: honestBytesPerSecond,
      });
      upload.catch(() => undefined); // Judged below.
      const attack = spawn('slowhttptest', words, { stdio: ['ignore', 'pipe', 'inherit'] });
      let said = '';
      attack.stdout.on('data', (chunk: Buffer) => {
        said = `${said}${chunk.toString()}`.slice(-2_000);
      });
      let peakBytes = startBytes;
      const machine = await watchMachine(gateway);
      const watch = setInterval(() => {
        void gateway.residentBytes().then((bytes) => {
          peakBytes = Math.max(peakBytes, bytes);
        });
      }, 1_000);
      // It gives itself a time; where it does not keep it, it is ended.
      const impatience = setTimeout(() => attack.kill('SIGKILL'), (seconds + 30) * 1_000);
      await once(attack, 'close');
      clearTimeout(impatience);
      const uploaded = await upload;
      clearInterval(watch);
      const { durationsMs, faults } = await bystander.stop();
      const endBytes = await gateway.residentBytes();
      const aftermath = await gateway.stop();

      const worstMs = Math.max(...durationsMs);
      // biome-ignore lint/suspicious/noControlCharactersInRegex: slowhttptest colours what it says.
      const ended = /Exit status: [^\n]*/.exec(said.replace(/\x1b\[[0-9;]*m/g, ''))?.[0] ?? '';
      const [p50, p99] = [0.5, 0.99].map((share) => quantile(durationsMs, share).toFixed(0));
      t.diagnostic(
        `bystander: ${durationsMs.length} calls, p50 ${p50} ms, p99 ${p99} ms, worst ${worstMs.toFixed(0)} ms`,
      );
      t.diagnostic(machine.stop());
      t.diagnostic(`memory: ${[startBytes, peakBytes, endBytes].map(megabytes).join(', ')} at start, peak and end`);
      t.diagnostic(`shed ${sumOf(aftermath.shed)}: ${JSON.stringify(aftermath.shed)}`);
      t.diagnostic(`records: ${JSON.stringify(aftermath.refusals)}; ${aftermath.notices} notices; ${ended}`);
      assert.deepEqual(faults, [], 'every call of the bystander is answered 200');
      assert.equal(uploaded.status, 200, `the honest upload: ${uploaded.text}`);
      assertCounted(aftermath);
      assert.ok(worstMs < bystanderMsMax, `the worst call of the bystander took ${worstMs.toFixed(0)} ms`);
    });
  }
}
