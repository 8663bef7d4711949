// Honest traffic and attacks for an hour, or for HEADGATE_SOAK_MINUTES, before a gateway in a process of its own: after the first
// quarter its memory is flat, nobody honest is refused, and nothing is a defect.
import assert from 'node:assert/strict';
import { randomInt } from 'node:crypto';
import { once } from 'node:events';
import { Agent } from 'node:https';
import { connect } from 'node:net';
import { performance } from 'node:perf_hooks';
import { test } from 'node:test';
import { openRawCaller, type RawCaller, soapRequest } from '@headgate/testkit';
import {
  type BesiegedGateway,
  callGuarded,
  megabytes,
  openHosts,
  quantile,
  startBesiegedGateway,
  startBystander,
} from './besieged-gateway.ts';

const minutes = Number(process.env.HEADGATE_SOAK_MINUTES ?? 60);

/** Growth of the fitted line from the first quarter to the end, in bytes. */
const growthBytesMax = 32 * 1_048_576;

/** A new attack begins so often, in milliseconds. */
const attackMs = 40;

/** How long an attacker keeps its connection at most, in milliseconds; beyond the waits below. */
const attackMsMax = 15_000;

const host = `Host: ${openHosts.tls}\r\n`;
const json = 'Content-Type: application/json\r\n';
const post = `POST /api/feed/SendLittle1 HTTP/1.1\r\n${host}${json}`;
const get = (service: string) => `GET /api/feed/${service} HTTP/1.1\r\n${host}\r\n`;

/** What an attacker does with a connection that shook hands. */
const attacks: Readonly<Record<string, (caller: RawCaller) => void>> = {
  'half a head': (caller) => caller.write(`GET /api/feed/ReadLittle1 HTTP/1.1\r\n${host}X-A: `),
  'no byte at all': () => undefined,
  'a body that stalls': (caller) => caller.write(`${post}Content-Length: 500000\r\n\r\n${' '.repeat(100_000)}`),
  'a body without end': (caller) => caller.write(`${post}Transfer-Encoding: chunked\r\n\r\n${endlessChunks}`),
  'chunks of one byte': (caller) => caller.write(`${post}Transfer-Encoding: chunked\r\n\r\n${tinyChunks}`),
  'an answer that is not read': (caller) => {
    caller.socket.pause();
    caller.write(get('ReadMuch1'));
  },
  'an answer that is broken off': (caller) => {
    caller.write(get('ReadMuch1'));
    caller.socket.once('data', () => caller.destroy());
  },
  noise: (caller) => caller.write('\x00\xff\x16\x03 GARBAGE\r\n\r\n'),
  'a pipeline': (caller) => caller.write(get('ReadLittle1').repeat(200)),
  'names never seen before': (caller) =>
    caller.write(get(`ReadA${randomInt(2 ** 40)}`).replace('\r\n\r\n', `\r\nX-${randomInt(2 ** 40)}: 1\r\n\r\n`)),
};
const endlessChunks = `10000\r\n${' '.repeat(65_536)}\r\n`.repeat(32);
const tinyChunks = `${'1\r\n \r\n'.repeat(20_000)}0\r\n\r\n`;

async function attack(gateway: BesiegedGateway, kind: string): Promise<void> {
  const source = `127.0.6.${randomInt(1, 9)}`;
  const kit = { ...gateway.kit, port: gateway.port };
  // Now and then a name that no host has; the rest name none, since the host is an address.
  const serverName = randomInt(10) === 0 ? `s${randomInt(2 ** 40)}.example` : null;
  const caller = await openRawCaller(kit, { source, user: null, serverName });
  setTimeout(() => caller.destroy(), attackMsMax).unref();
  attacks[kind]?.(caller);
}

/** Fills what is remembered of heads, which is bounded, before memory is looked at: attacks would take long to do so. */
async function fillMemory(gateway: BesiegedGateway): Promise<void> {
  const kit = { ...gateway.kit, port: gateway.port };
  for (let kind = 0; kind < 48; kind += 1) {
    const caller = await openRawCaller(kit, { source: '127.0.6.30', user: null, serverName: `k${kind}.example` });
    for (let at = 0; at < 64; at += 1) {
      caller.write(get(`ReadA${kind * 64 + at}`));
      await caller.answer();
    }
    caller.destroy();
  }
}

/** A connection that never finishes its handshake. */
function halfHandshake(gateway: BesiegedGateway): void {
  const socket = connect({ host: '127.0.0.1', port: gateway.port, localAddress: '127.0.6.20' });
  socket.on('error', () => undefined);
  socket.write('\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03', 'latin1');
  setTimeout(() => socket.destroy(), attackMsMax).unref();
}

/** Least squares over samples of (minutes, bytes): bytes a minute. */
function slopeOf(samples: readonly (readonly [minute: number, bytes: number])[]): number {
  const mean = (values: readonly number[]) => values.reduce((sum, value) => sum + value, 0) / values.length;
  const minute = mean(samples.map(([at]) => at));
  const bytes = mean(samples.map(([, held]) => held));
  const together = samples.reduce((sum, [at, held]) => sum + (at - minute) * (held - bytes), 0);
  return together / samples.reduce((sum, [at]) => sum + (at - minute) ** 2, 0);
}

test(`${minutes} minutes of traffic and attacks leave the memory of the gateway flat`, async (t) => {
  const gateway = await startBesiegedGateway({
    headerTimeoutMs: 5_000,
    bodyTimeoutMs: 2_000,
    sendTimeoutMs: 5_000,
    drainMs: 2_000,
    keepAliveMs: 5_000,
  });
  await fillMemory(gateway);
  // It lets go of idle connections before the gateway does: a call that meets a close on its way cannot be answered.
  const agent = new Agent({ keepAlive: true, maxSockets: 8, timeout: 3_000 });
  const bodies = [soapRequest, soapRequest + ' '.repeat(60_000), soapRequest + ' '.repeat(1_000_000)];
  const faults: string[] = [];
  const underWay = new Set<Promise<unknown>>();
  let calls = 0;
  let begun = 0;
  const names = Object.keys(attacks);
  const timers = [
    setInterval(() => {
      const body = bodies[randomInt(100) < 90 ? 0 : randomInt(1, 3)] ?? '';
      calls += 1;
      const call = callGuarded(gateway, { source: '127.0.9.11', agent, body }).then(
        ({ status }) => status !== 200 && faults.push(`status ${status}`),
        (fault: unknown) => faults.push(String(fault)),
      );
      underWay.add(call);
      void call.then(() => underWay.delete(call));
    }, 25),
    setInterval(() => {
      begun += 1;
      if (begun % 8 === 0) halfHandshake(gateway);
      // Refused at the door is what the bounds are for.
      else attack(gateway, names[begun % names.length] ?? '').catch(() => undefined);
    }, attackMs),
  ];
  const bystander = startBystander(gateway);
  const samples: [number, number][] = [];
  const startMs = performance.now();
  const over = new AbortController();
  const sampling = setInterval(() => {
    const minute = (performance.now() - startMs) / 60_000;
    void gateway.residentBytes().then((bytes) => samples.push([minute, bytes]));
    if (minute >= minutes) over.abort();
  }, 2_000);
  await once(over.signal, 'abort');
  for (const timer of [...timers, sampling]) clearInterval(timer);
  const { durationsMs, faults: unanswered } = await bystander.stop();
  await Promise.all(underWay);
  agent.destroy();
  const aftermath = await gateway.stop();

  const settled = samples.filter(([minute]) => minute >= minutes / 4);
  const slope = slopeOf(settled);
  const held = settled.map(([, bytes]) => bytes);
  const growth = slope * minutes * 0.75;
  t.diagnostic(`${calls} calls, ${begun} attacks; shed ${JSON.stringify(aftermath.shed)}`);
  t.diagnostic(`records: ${JSON.stringify(aftermath.refusals)}; ${aftermath.notices} notices`);
  t.diagnostic(
    `memory after the first quarter: ${megabytes(Math.min(...held))} to ${megabytes(Math.max(...held))}, ${(slope / 1_024).toFixed(0)} KB a minute`,
  );
  t.diagnostic(
    `every minute: ${samples
      .filter((_, at) => at % 30 === 0)
      .map(([, bytes]) => megabytes(bytes))
      .join(' ')}`,
  );
  t.diagnostic(
    `bystander: ${durationsMs.length} calls, worst ${Math.max(...durationsMs).toFixed(0)} ms, p99 ${quantile(durationsMs, 0.99).toFixed(0)} ms`,
  );
  assert.deepEqual(unanswered, [], 'every call of the bystander is answered 200');
  assert.deepEqual(faults.slice(0, 10), [], `${faults.length} honest calls failed`);
  assert.equal(aftermath.defects, 0);
  assert.ok(growth < growthBytesMax, `memory grew by ${megabytes(growth)} behind the first quarter`);
});
