// An operator's story: `headgate gateway` alone, from files.
import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { cp, mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { createTestAuthority } from '@headgate/pki';
import { startTestGateway, type TestGateway } from '@headgate/testkit';

const root = fileURLToPath(new URL('../..', import.meta.url));

interface Running {
  readonly child: ChildProcess;
  readonly lines: string[];
  /** Waits until a line matches. */
  line(pattern: RegExp): Promise<string>;
  readonly ended: Promise<number | null>;
}

function run(args: readonly string[]): Running {
  const child = spawn(process.execPath, ['packages/cli/src/main.ts', ...args], {
    cwd: root,
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const lines: string[] = [];
  const waiting: { pattern: RegExp; resolve: (line: string) => void }[] = [];
  const hear = (line: string) => {
    lines.push(line);
    for (const waiter of waiting) if (waiter.pattern.test(line)) waiter.resolve(line);
  };
  createInterface({ input: child.stdout }).on('line', hear);
  createInterface({ input: child.stderr }).on('line', hear);
  const ended = once(child, 'close').then(([code]) => code as number | null);
  return {
    child,
    lines,
    ended,
    line(pattern) {
      const found = lines.find((line) => pattern.test(line));
      if (found !== undefined) return Promise.resolve(found);
      const { promise, resolve, reject } = Promise.withResolvers<string>();
      waiting.push({ pattern, resolve });
      void ended.then(() => reject(new Error(`no line matches ${pattern}:\n${lines.join('\n')}`)));
      return promise;
    },
  };
}

/** The files of a gateway under test, written as an operator would write them: JSON is YAML too. */
async function configFile(
  gateway: TestGateway,
  name: string,
  change: (config: Record<string, unknown>) => void = () => undefined,
): Promise<string> {
  const config = structuredClone(gateway.config) as unknown as Record<string, unknown>;
  change(config);
  const file = join(gateway.folder, `${name}.yaml`);
  await writeFile(file, JSON.stringify({ ...config, node: name, evidence: { folder: `evidence-${name}` } }));
  return file;
}

test('a gateway started from files says its process id, its listeners and that it is ready, and stops on SIGTERM', async (t) => {
  const kit = await startTestGateway();
  t.after(() => kit.close());
  const running = run(['gateway', '--config', await configFile(kit, 'alone')]);
  t.after(() => running.child.kill('SIGKILL'));

  assert.equal(await running.line(/^gateway pid/), `gateway pid ${running.child.pid}`);
  await running.line(/^listener secure on 127\.0\.0\.1:\d+$/);
  await running.line(/^no revocation lists in force: nobody is refused as revoked$/);
  await running.line(/^listener plain on 127\.0\.0\.1:\d+$/);
  await running.line(/^ready$/);
  running.child.kill('SIGTERM');
  assert.equal(await running.ended, 0);
  assert.equal(running.lines.at(-1), 'stopped');
});

const noThreadNames = process.platform === 'linux' ? false : 'names of threads are read from /proc';

test('a gateway of one thread serves apart from the main one, keeps its port to itself and has nothing to warn of', {
  skip: noThreadNames,
}, async (t) => {
  const kit = await startTestGateway();
  t.after(() => kit.close());
  const first = run(['gateway', '--config', await configFile(kit, 'apart')]);
  t.after(() => first.child.kill('SIGKILL'));
  await first.line(/^ready$/);
  assert.deepEqual(
    first.lines.filter((line) => line.includes('queued-connections-at-risk')),
    [],
  );
  const tasks = `/proc/${first.child.pid}/task`;
  const names = await Promise.all((await readdir(tasks)).map((task) => readFile(join(tasks, task, 'comm'), 'utf8')));
  assert.ok(
    names.some((name) => name.trim() === 'headgate 0'),
    names.join(''),
  );

  const port = Number(/:(\d+)$/.exec(await first.line(/^listener secure/))?.[1]);
  const second = run([
    'gateway',
    '--config',
    await configFile(kit, 'beside', (config) => {
      for (const listener of config.listeners as { port: number }[]) listener.port = port;
    }),
  ]);
  t.after(() => second.child.kill('SIGKILL'));
  // Whatever it says first: one that shared the port would go on.
  assert.match(await second.line(/^ready$|is taken/), new RegExp(`port ${port} .* is taken`));
  assert.equal(await second.ended, 4);
});

test('a gateway of two threads says what a stop costs where Linux hands no connections on, reloads, and stops', async (t) => {
  const kit = await startTestGateway();
  t.after(() => kit.close());
  const file = await configFile(kit, 'two-threads', (config) => {
    config.threads = 2;
  });
  const running = run(['gateway', '--config', file]);
  t.after(() => running.child.kill('SIGKILL'));
  await running.line(/^ready$/);
  const setting = await readFile('/proc/sys/net/ipv4/tcp_migrate_req', 'utf8').catch(() => '1');
  const isTold = running.lines.some((line) => line.includes('"queued-connections-at-risk"'));
  assert.equal(isTold, setting.trim() === '0');
  running.child.kill('SIGHUP');
  await running.line(/^reloaded: snapshot 2 /);
  running.child.kill('SIGTERM');
  assert.equal(await running.ended, 0);
  assert.equal(running.lines.at(-1), 'stopped');
});

test('a candidate named at the start is judged in shadow, said at the start and at the stop, and one that is none is refused', async (t) => {
  const kit = await startTestGateway();
  t.after(() => kit.close());
  const config = await configFile(kit, 'shadowing');
  const candidate = join(kit.folder, 'candidate.yaml');
  await writeFile(candidate, 'limits: []\n');
  const running = run(['gateway', '--config', config, '--shadow', candidate]);
  t.after(() => running.child.kill('SIGKILL'));
  await running.line(/^shadow policy [0-9a-f]{12}: judged beside the policy, and refuses nobody$/);
  await running.line(/^ready$/);
  running.child.kill('SIGHUP');
  await running.line(/^reloaded: snapshot 2 /);
  running.child.kill('SIGTERM');
  assert.equal(await running.ended, 0);
  await writeFile(candidate, 'limits: none\n');
  const broken = run(['gateway', '--config', config, '--shadow', candidate]);
  await broken.line(/candidate\.yaml:1:9 limits: found none/);
  assert.equal(await broken.ended, 4);
  const absent = run(['gateway', '--config', config, '--shadow', join(kit.folder, 'nowhere.yaml')]);
  await absent.line(/found no such file; expected a file that can be read: .*nowhere\.yaml/);
  assert.equal(await absent.ended, 4);
});

test('two gateways run on one host from two files', async (t) => {
  const kit = await startTestGateway();
  t.after(() => kit.close());
  const both = [
    run(['gateway', '--config', await configFile(kit, 'one')]),
    run(['gateway', '--config', await configFile(kit, 'two')]),
  ];
  for (const { child } of both) t.after(() => child.kill('SIGKILL'));
  await Promise.all(both.map((each) => each.line(/^ready$/)));
});

test('a second gateway on a taken port is told which port and what to change', async (t) => {
  const kit = await startTestGateway();
  t.after(() => kit.close());
  const file = await configFile(kit, 'second', (config) => {
    for (const listener of config.listeners as { port: number }[]) listener.port = kit.port;
  });
  const running = run(['gateway', '--config', file]);
  assert.equal(await running.ended, 4);
  assert.match(running.lines.join('\n'), new RegExp(`port ${kit.port} .* is taken .*listeners\\[\\]\\.port`));
  assert.doesNotMatch(running.lines.join('\n'), / at .*\.ts:/);
});

test('a simulator on a taken port is told the same way, with the option to change', async (t) => {
  const kit = await startTestGateway();
  t.after(() => kit.close());
  const running = run(['simulator', '--port', String(kit.port)]);
  assert.equal(await running.ended, 4);
  assert.match(
    running.lines.join('\n'),
    new RegExp(
      `^headgate simulator: port ${kit.port} on 127\\.0\\.0\\.1 is taken .*; change --port or stop that process$`,
    ),
  );
});

test('a configuration that is not there is told with the command that writes one', async () => {
  const running = run(['gateway', '--config', '/nonexistent/gateway.yaml']);
  assert.equal(await running.ended, 4);
  assert.match(running.lines.join('\n'), /there is no \/nonexistent\/gateway\.yaml; .*gateway example > gateway\.yaml/);
});

test('a process id is told only by a gateway whose files can be used', async (t) => {
  const kit = await startTestGateway();
  t.after(() => kit.close());
  const file = await configFile(kit, 'lacking', (config) => {
    config.provisioning = 'nowhere.yaml';
  });
  const running = run(['gateway', '--config', file]);
  assert.equal(await running.ended, 4);
  assert.doesNotMatch(running.lines.join('\n'), /gateway pid/);
});

test('a wrong configuration is refused with file, line, found and expected', async (t) => {
  const kit = await startTestGateway();
  t.after(() => kit.close());
  const file = join(kit.folder, 'wrong.yaml');
  await writeFile(file, 'node: wrong\nlistners: []\n');
  const running = run(['gateway', '--config', file]);
  assert.equal(await running.ended, 4);
  assert.match(
    running.lines.join('\n'),
    /wrong\.yaml:2:1 listners: found unknown key `listners`; expected `listeners`/,
  );
});

test('SIGHUP takes changed files into use, and a broken file leaves the old ones in force', async (t) => {
  const kit = await startTestGateway({ policy: await readFile(join(root, 'catalogues/caiso/policy.yaml'), 'utf8') });
  t.after(() => kit.close());
  const running = run(['gateway', '--config', await configFile(kit, 'reloaded')]);
  t.after(() => running.child.kill('SIGKILL'));
  await running.line(/^ready$/);

  await writeFile(join(kit.folder, 'policy.yaml'), 'limits: [oops]\n');
  running.child.kill('SIGHUP');
  await running.line(/the old files stay in force: policy\.yaml:1:/);
  await writeFile(join(kit.folder, 'policy.yaml'), 'limits: []\n');
  running.child.kill('SIGHUP');
  await running.line(/^reloaded: snapshot \d+/);
});

test('a gateway whose log nobody reads any more goes on serving and reloading', async (t) => {
  const kit = await startTestGateway();
  t.after(() => kit.close());
  const running = run(['gateway', '--config', await configFile(kit, 'unread')]);
  const { child, lines, ended } = running;
  t.after(() => child.kill('SIGKILL'));
  await running.line(/^ready$/);
  const plain = lines.join('\n').match(/^listener plain on (.+)$/m)?.[1];
  const evidence = join(kit.folder, lines.join('\n').match(/^evidence .*?(evidence-unread.+)$/m)?.[1] ?? '');
  child.stdout?.destroy();
  child.stderr?.destroy();
  for (const snapshot of [2, 3]) {
    child.kill('SIGHUP');
    do await fetch(`http://${plain}/`);
    while (!(await readFile(evidence, 'utf8')).includes(`"snapshot":${snapshot},`));
  }
  child.kill('SIGTERM');
  assert.equal(await ended, 0);
});

test('the printed example is a configuration that only lacks its files', async (t) => {
  const kit = await startTestGateway();
  t.after(() => kit.close());
  const printed = run(['gateway', 'example']);
  assert.equal(await printed.ended, 0);
  const file = join(kit.folder, 'example.yaml');
  await writeFile(file, printed.lines.join('\n'));
  const checked = run(['gateway', '--config', file, '--check']);
  assert.equal(await checked.ended, 4);
  const text = checked.lines.join('\n');
  assert.match(
    text,
    /example\.yaml:\d+:\d+ listeners\.0\.hosts\.1\.certificate: found no such file; expected .*certificates\/ws\.caiso\.com\.pem/,
  );
  assert.match(
    text,
    /example\.yaml:\d+:\d+ trustBundles\.0\.anchors: found no such file; expected a file that can be read/,
  );
  assert.match(text, /example\.yaml:\d+:\d+ catalogue: found no such file/);
});

test('a check names every TLS file of an upstream that is missing or cannot be used', async (t) => {
  const kit = await startTestGateway();
  t.after(() => kit.close());
  const checked = async (authorities: string) => {
    const config = {
      ...kit.config,
      upstreams: [{ system: '*', endpoints: ['https://127.0.0.1:9'], tls: { authorities } }],
    };
    const file = join(kit.folder, 'secure.yaml');
    await writeFile(file, JSON.stringify(config, null, 2));
    const { ended, lines } = run(['gateway', '--config', file, '--check']);
    return { status: await ended, text: lines.join('\n') };
  };
  const missing = await checked('nowhere.pem');
  assert.equal(missing.status, 4);
  assert.match(missing.text, /secure\.yaml:\d+:\d+ upstreams\.0\.tls\.authorities: found no such file/);
  await writeFile(join(kit.folder, 'garbage.pem'), 'no PEM\n');
  const garbage = await checked('garbage.pem');
  assert.equal(garbage.status, 4);
  assert.match(garbage.text, /garbage\.pem:\d+:\d+ found/);
  assert.equal((await checked('anchors.pem')).status, 0);
});

/** A folder as the guide makes it: the example as printed but for its ports, the catalogue, and a pair for each host. */
async function exampleFolder(simulatorUrl: string): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'headgate-example-'));
  const authority = await createTestAuthority({ nowMs: Date.now() });
  const write = (name: string, text: string) => writeFile(join(folder, name), text, { mode: 0o600 });
  await Promise.all(['certificates', 'trust', 'catalogues'].map((name) => mkdir(join(folder, name))));
  await cp(join(root, 'catalogues/caiso'), join(folder, 'catalogues/caiso'), { recursive: true });
  for (const host of ['ws.prod.caiso.com', 'ws.caiso.com', 'adsws.prod.caiso.com']) {
    const { certificatePem, keyPem } = await authority.serverChain('current', [host]);
    await write(`certificates/${host}.pem`, certificatePem);
    await write(`certificates/${host}.key`, keyPem);
  }
  const users = authority.trustBundlePem('current', 'user');
  await write('trust/users-anchors.pem', users.anchorsPem);
  await write('trust/users-intermediates.pem', users.intermediatesPem);
  const you = await authority.user('current', { name: 'YOUx1000', organisation: 'You' });
  await write('you.pem', you.certificatePem);
  await write('you.key', you.keyPem);
  await write('server-anchors.pem', authority.trustBundlePem('current', 'server').anchorsPem);
  const printed = run(['gateway', 'example']);
  await printed.ended;
  const config = printed.lines.join('\n').replaceAll(/port: \d+$/gm, 'port: 0');
  await write('gateway.yaml', config.replace('http://127.0.0.1:9000', simulatorUrl));
  return folder;
}

test('the printed example with a pair for each host and one simulator answers at the new and the old address and for ADS', async (t) => {
  const simulator = run(['simulator', '--port', '0']);
  t.after(() => simulator.child.kill('SIGKILL'));
  const listening = await simulator.line(/^listening on /);
  const folder = await exampleFolder(listening.replace('listening on ', ''));
  t.after(() => rm(folder, { recursive: true, force: true }));
  const gateway = run(['gateway', '--config', join(folder, 'gateway.yaml')]);
  t.after(() => gateway.child.kill('SIGKILL'));
  await gateway.line(/^ready$/);
  const port = (await gateway.line(/^listener secure on /)).split(':').at(-1);
  const profile = {
    certificate: 'you.pem',
    key: 'you.key',
    trust: 'server-anchors.pem',
    connectTo: `127.0.0.1:${port}`,
  };
  await writeFile(join(folder, 'you.yaml'), JSON.stringify(profile));
  const calls = [
    ['cmri', 'RetrieveMarketAwards'],
    ['cmri', 'RetrieveSchedulePrices', '--generation', 'old'],
    ['ads', 'getDispatchBatchesSinceUID'],
  ];
  for (const words of calls) {
    const called = run(['call', ...words, '--profile', join(folder, 'you.yaml')]);
    assert.equal(await called.ended, 0, called.lines.join('\n'));
  }
});
