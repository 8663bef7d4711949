import assert from 'node:assert/strict';
import { test } from 'node:test';
import { soapEnvelope } from './bodies.ts';
import type { LoadResult } from './load.ts';
import { faultOf, loadOf, metricIds, metrics, numberOf, scenariosOf } from './metrics.ts';
import { planCpus } from './site.ts';

const right: LoadResult = {
  seconds: 1,
  calls: 1_000,
  errors: 0,
  firstError: '',
  missed: 0,
  handshakes: 0,
  resumed: 0,
  serverCpuSeconds: 0.5,
  machineBusySeconds: 1,
  generatorCpuSeconds: 0.3,
  knownCpuSeconds: 0.1,
  p50Us: 200,
  p99Us: 900,
  p999Us: 1_500,
  status: { 200: 1_000 },
};

test('every metric has a row, in the order of the ids', () => {
  assert.deepEqual(
    metrics.map(({ id }) => id),
    [...metricIds],
  );
});

test('two metrics of one load need one scenario', () => {
  assert.deepEqual(scenariosOf(['latency-p99', 'latency-p50', 'get']), ['get', 'latency']);
});

test('a run in which every call was served is right', () => {
  assert.equal(faultOf('get', right), null);
});

test('a run with another status is wrong and says which', () => {
  const status = { 200: 990, 404: 10 };
  assert.match(faultOf('post-4k', { ...right, status }) ?? '', /not every call was served: 990 × 200, 10 × 404/);
  assert.match(
    faultOf('get', { ...right, errors: 3, firstError: 'receive: closed' }) ?? '',
    /3 broken.*receive: closed/,
  );
  assert.match(faultOf('get', { ...right, calls: 0, status: {} }) ?? '', /no call was answered/);
  assert.match(faultOf('latency', { ...right, missed: 5 }) ?? '', /5 calls were due/);
  assert.match(faultOf('handshake', { ...right, resumed: 5 }) ?? '', /5 handshakes were not full/);
});

test('a refusal run is right while no more is served than the limit allows', () => {
  assert.equal(faultOf('refusal', { ...right, status: { 200: 60, 429: 940 } }), null);
  assert.equal(faultOf('refusal', { ...right, status: { 429: 1_000 } }), null);
  assert.match(
    faultOf('refusal', { ...right, status: { 200: 91, 429: 909 } }) ?? '',
    /91 calls were served.*allows 90/,
  );
  assert.match(faultOf('refusal', { ...right, status: { 500: 1_000 } }) ?? '', /neither served nor refused/);
  assert.match(faultOf('refusal', { ...right, calls: 30, status: { 200: 20, 429: 10 } }) ?? '', /too few refusals/);
});

test('calls per CPU second divide by the CPU time of the server, and latencies are as printed', () => {
  assert.equal(numberOf('get', right), 2_000);
  assert.equal(numberOf('get', { ...right, serverCpuSeconds: 0 }), null);
  assert.equal(numberOf('latency-p50', right), 200);
  assert.equal(numberOf('latency-p99', right), 900);
});

test('only the refusal load goes to the strict entrance', () => {
  const bodies = { soap512: 'a', soap4k: 'b', soap1m: 'c' };
  assert.equal(loadOf('refusal', bodies, true).entrance, 'strict');
  assert.equal(loadOf('refusal', bodies, true).load.sources, 1);
  assert.equal(loadOf('post-1m', bodies, false).entrance, 'open');
  assert.equal(loadOf('handshake', bodies, false).load.fresh, true);
});

test('an envelope has exactly the length asked for, and the least is said', () => {
  assert.equal(Buffer.byteLength(soapEnvelope(512)), 512);
  assert.equal(Buffer.byteLength(soapEnvelope(1_048_576)), 1_048_576);
  assert.throws(() => soapEnvelope(10), /an envelope needs \d+ bytes/);
});

test('the server has a CPU of its own, and one CPU is not enough', () => {
  assert.deepEqual(planCpus(2), { server: '0', twoThreads: '0,1', others: '1' });
  assert.equal(planCpus(8).twoThreads, '0,2');
  assert.throws(() => planCpus(1), /needs two CPUs/);
});
