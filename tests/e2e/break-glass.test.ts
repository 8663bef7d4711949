// An operator's night: a limit refuses a market participant who must not wait. One command, on the machine of the gateway alone; it
// holds in every thread, through a crash, and until somebody ends it.
import assert from 'node:assert/strict';
import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { writeFile } from 'node:fs/promises';
import { request } from 'node:https';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { type TestContext, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { fakeClock, soapRequest, startTestGateway, type TestGateway } from '@headgate/testkit';

const root = fileURLToPath(new URL('../..', import.meta.url));
const main = 'packages/cli/src/main.ts';

/** One call an hour, so that no test must hurry. */
const policy = `limits:
  - { name: aup, layer: acceptable-use, where: {}, key: [credential], unit: requests, quota: 1, windowMs: 3600000, algorithm: exact-sliding-window, refusal: { text: 'Once. <n>' }, evidence: assumed, source: test }
`;

interface RunningGateway {
  readonly child: ChildProcess;
  readonly port: number;
  readonly lines: readonly string[];
}

async function startGateway(t: TestContext, config: string): Promise<RunningGateway> {
  const child = spawn(process.execPath, [main, 'gateway', '--config', config], {
    cwd: root,
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  t.after(() => child.kill('SIGKILL'));
  const lines: string[] = [];
  const ready = Promise.withResolvers<void>();
  for (const stream of [child.stdout, child.stderr])
    createInterface({ input: stream }).on('line', (line) => {
      lines.push(line);
      if (line === 'ready') ready.resolve();
    });
  child.once('close', () => ready.reject(new Error(lines.join('\n'))));
  await ready.promise;
  const port = Number(/:(\d+)$/.exec(lines.find((line) => line.startsWith('listener secure')) ?? '')?.[1]);
  return { child, port, lines };
}

async function headgate(...args: readonly string[]): Promise<{ code: number; stdout: string; stderr: string }> {
  const { promise, resolve } = Promise.withResolvers<{ code: number; stdout: string; stderr: string }>();
  execFile(
    process.execPath,
    [main, ...args],
    { cwd: root, env: { ...process.env, USER: 'anna' } },
    (fault, stdout, stderr) => resolve({ code: fault === null ? 0 : Number(fault.code), stdout, stderr }),
  );
  return promise;
}

/** A call over a connection of its own, so that any thread may have it. */
async function call(kit: TestGateway, port: number): Promise<number> {
  const { promise, resolve, reject } = Promise.withResolvers<number>();
  const outgoing = request({
    host: '127.0.0.1',
    port,
    servername: 'ws.prod.caiso.com',
    method: 'POST',
    path: '/sst/cmri/RetrieveMarketAwards_CMRIv4_AP',
    headers: {
      host: 'ws.prod.caiso.com',
      'content-type': 'text/xml',
      'content-length': Buffer.byteLength(soapRequest),
    },
    agent: false,
    ca: (['legacy', 'current'] as const).map((family) => kit.authority.trustBundlePem(family, 'server').anchorsPem),
    cert: kit.user.certificatePem,
    key: kit.user.keyPem,
  });
  outgoing.on('error', reject);
  outgoing.on('response', (answer) => {
    answer.resume();
    answer.on('end', () => resolve(answer.statusCode ?? 0));
  });
  outgoing.end(soapRequest);
  return promise;
}

async function calls(kit: TestGateway, port: number, count: number): Promise<readonly number[]> {
  return Promise.all(Array.from({ length: count }, () => call(kit, port)));
}

test('one command lets a rule refuse nobody in every thread, through a crash, until it is ended', async (t) => {
  // Processes read the system's clock, and so must the certificates.
  const kit = await startTestGateway({ policy, clock: fakeClock(Date.now()) });
  t.after(() => kit.close());
  const config = join(kit.folder, 'night.yaml');
  await writeFile(config, JSON.stringify({ ...kit.config, node: 'night', threads: 2, evidence: { folder: 'night' } }));
  const first = await startGateway(t, config);
  assert.deepEqual(
    (await calls(kit, first.port, 6)).toSorted((a, b) => a - b),
    [200, 500, 500, 500, 500, 500],
  );

  const begun = await headgate(
    'policy',
    'break-glass',
    '--config',
    config,
    '--rule',
    'aup',
    '--shadow',
    '--reason',
    'awards are late',
    '--for',
    '2h',
  );
  assert.equal(begun.code, 0, begun.stderr);
  assert.match(
    begun.stdout,
    /snapshot 2 [0-9a-f]{12} is in force in 2 of 2 threads\nthread 0: snapshot 2\nthread 1: snapshot 2\n/,
  );
  const [line = '', id = ''] =
    /^break-glass (bg-\S+): aup in shadow, refuses nobody until \S+, by anna: awards are late$/m.exec(begun.stdout) ??
    [];
  assert.notEqual(line, '', begun.stdout);
  assert.deepEqual(new Set(await calls(kit, first.port, 20)), new Set([200]));

  first.child.kill('SIGKILL');
  await once(first.child, 'close');
  const second = await startGateway(t, config);
  assert.ok(
    second.lines.indexOf(line) < second.lines.indexOf('ready') && second.lines.includes(line),
    second.lines.join('\n'),
  );
  assert.ok(second.lines.some((each) => each.includes('"kind":"break-glass-holds"')));
  assert.deepEqual(new Set(await calls(kit, second.port, 20)), new Set([200]));
  assert.ok((await headgate('policy', 'status', '--config', config)).stdout.includes(line));
  assert.ok((await headgate('policy', 'show', '--config', config)).stdout.includes(line));

  const ended = await headgate('policy', 'break-glass', '--config', config, '--end', id);
  assert.equal(ended.code, 0, ended.stderr);
  assert.doesNotMatch(ended.stdout, /break-glass/);
  assert.deepEqual(
    (await calls(kit, second.port, 6)).toSorted((a, b) => a - b),
    [200, 500, 500, 500, 500, 500],
  );
});
