import assert from 'node:assert/strict';
import { test } from 'node:test';
import { foreignCpus, generatorWords, type Load, parseLoadResult } from './load.ts';

const printed = {
  seconds: 2,
  finished: 130,
  calls: 100,
  errors: 0,
  firstError: '',
  missed: 0,
  handshakes: 32,
  resumed: 0,
  bytesSent: 1,
  bytesReceived: 2,
  watchedCpuSeconds: 0.5,
  knownCpuSeconds: 0.25,
  machineBusySeconds: 2,
  ownCpuSeconds: 0.25,
  latencyUs: { p50: 200.5, p90: 300, p99: 400, p999: 500, max: 600 },
  status: { 200: 99, 429: 1 },
};

test('what the generator prints is read with its statuses and percentiles', () => {
  const result = parseLoadResult(`${JSON.stringify(printed)}\n`);
  assert.equal(result.calls, 100);
  assert.equal(result.serverCpuSeconds, 0.5);
  assert.equal(result.p99Us, 400);
  assert.deepEqual(result.status, { 200: 99, 429: 1 });
});

test('what is missing or no number is named', () => {
  assert.throws(() => parseLoadResult(''), /printed no JSON/);
  assert.throws(() => parseLoadResult('[]'), /printed no object/);
  assert.throws(() => parseLoadResult(JSON.stringify({ ...printed, calls: null })), /printed no calls/);
  assert.throws(() => parseLoadResult(JSON.stringify({ ...printed, latencyUs: { p50: 1 } })), /printed no p99/);
  assert.throws(() => parseLoadResult(JSON.stringify({ ...printed, status: { 200: -1 } })), /printed no 200/);
});

test('the CPU of others is what is busy beyond server, generator and the rest of the bench', () => {
  const result = parseLoadResult(JSON.stringify(printed));
  assert.equal(foreignCpus(result), 0.5);
  assert.equal(foreignCpus({ ...result, machineBusySeconds: 0.9 }), 0);
});

test('only the words of a load that has them are given to the generator', () => {
  const load: Load = {
    host: 'gw.test',
    path: '/a',
    services: 0,
    fields: ['Accept: a/b'],
    method: 'GET',
    connections: 4,
    sources: 1,
    warmupSeconds: 0.5,
    seconds: 1,
  };
  const target = { port: 8443, certificateFile: 'caller.pem', serverPids: [7, 8], knownPids: [9] };
  const plain = generatorWords(load, target).join(' ');
  assert.match(plain, /--field Accept: a\/b .*--watch 7 --watch 8 --known 9$/);
  assert.doesNotMatch(plain, /--fresh|--rate|--body/);
  const full = generatorWords({ ...load, fresh: true, bodyFile: 'b.xml' }, target).join(' ');
  assert.match(full, /--body b\.xml --fresh/);
  assert.match(generatorWords({ ...load, ratePerSecond: 1_000 }, target).join(' '), /--rate 1000/);
});
