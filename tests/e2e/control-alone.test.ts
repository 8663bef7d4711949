// An operator's story: `headgate control` alone, from files, asked over its API and through its local door.
import assert from 'node:assert/strict';
import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { request } from 'node:https';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { after, before, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { createTestAuthority, type TestUser } from '@headgate/pki';

const root = fileURLToPath(new URL('../..', import.meta.url));
const main = 'packages/cli/src/main.ts';

let folder = '';
let operator: TestUser;
let stranger: TestUser;

before(async () => {
  folder = await mkdtemp(join(tmpdir(), 'headgate-control-alone-'));
  const authority = await createTestAuthority({ nowMs: Date.now() });
  const server = await authority.serverChain('current', ['localhost', '127.0.0.1']);
  const person = { organisation: 'Example', keyType: 'ec-p256' } as const;
  operator = await authority.user('current', { ...person, name: 'OPERATORx0001' });
  stranger = await authority.user('current', { ...person, name: 'STRANGERx0001' });
  const { anchorsPem, intermediatesPem } = authority.trustBundlePem('current', 'user');
  const files = {
    'control.pem': server.certificatePem,
    'control.key': server.keyPem,
    'anchors.pem': anchorsPem + intermediatesPem,
    'server-anchors.pem': authority.trustBundlePem('current', 'server').anchorsPem,
    'operator.pem': operator.certificatePem,
    'operator.key': operator.keyPem,
    'stranger.pem': stranger.certificatePem,
    'stranger.key': stranger.keyPem,
  };
  for (const [name, text] of Object.entries(files)) await writeFile(join(folder, name), text, { mode: 0o600 });
  await writeConfig([operator]);
});

after(() => rm(folder, { recursive: true, force: true }));

async function writeConfig(users: readonly TestUser[], more = ''): Promise<string> {
  const file = join(folder, 'control.yaml');
  const accounts = users.map(
    ({ fingerprint256 }, at) => `  - { name: person-${at}, roles: [operator], fingerprints: [${fingerprint256}] }`,
  );
  await writeFile(
    file,
    `listen: { port: 0 }\ntls: { certificate: control.pem, key: control.key }\ntrust: { anchors: anchors.pem }\n` +
      `store: { folder: state }\naccounts:\n${accounts.join('\n')}\n${more}`,
  );
  return file;
}

interface Running {
  readonly child: ChildProcess;
  readonly lines: string[];
  /** Waits until a line matches, and gives what its group matched. */
  line(pattern: RegExp): Promise<string>;
  readonly ended: Promise<number | null>;
}

function runControl(): Running {
  const child = spawn(process.execPath, [main, 'control', '--config', join(folder, 'control.yaml')], {
    cwd: root,
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const lines: string[] = [];
  const heard = new EventTarget();
  for (const stream of [child.stdout, child.stderr])
    createInterface({ input: stream }).on('line', (line) => {
      lines.push(line);
      heard.dispatchEvent(new Event('line'));
    });
  const ended = once(child, 'close').then(([code]) => code as number | null);
  void ended.then(() => heard.dispatchEvent(new Event('line')));
  return {
    child,
    lines,
    ended,
    async line(pattern) {
      for (;;) {
        const found = lines.map((line) => pattern.exec(line)).find((match) => match !== null);
        if (found !== undefined) return found[1] ?? found[0];
        assert.equal(child.exitCode, null, `no line matches ${pattern}:\n${lines.join('\n')}`);
        await once(heard, 'line');
      }
    },
  };
}

/** Runs a command of the binary to its end. */
function headgate(
  ...args: readonly string[]
): Promise<{ readonly code: number; readonly stdout: string; readonly stderr: string }> {
  const { promise, resolve } = Promise.withResolvers<{ code: number; stdout: string; stderr: string }>();
  const child = execFile(process.execPath, [main, ...args], { cwd: root }, (_fault, stdout, stderr) =>
    resolve({ code: child.exitCode ?? -1, stdout, stderr }),
  );
  return promise;
}

async function profile(port: string, who: string): Promise<string> {
  const file = join(folder, `${who}.yaml`);
  const text = `control: https://127.0.0.1:${port}\ncertificate: ${who}.pem\nkey: ${who}.key\ntrust: server-anchors.pem\n`;
  await writeFile(file, text);
  return file;
}

function statusOfLink(link: string, method: string): Promise<number> {
  const { promise, resolve, reject } = Promise.withResolvers<number>();
  const secret = new URL(link).searchParams.get('link');
  const sent = request(link, {
    method,
    agent: false,
    rejectUnauthorized: false,
    headers: { 'content-type': 'application/json' },
  });
  sent.on('error', reject);
  sent.on('response', (answer) => {
    answer.resume();
    resolve(answer.statusCode ?? 0);
  });
  sent.end(method === 'POST' ? JSON.stringify({ link: secret }) : undefined);
  return promise;
}

test('control starts, knows who asks, signs in by a link once, takes new accounts into use, and stops on SIGTERM', async (t) => {
  const running = runControl();
  t.after(() => running.child.kill('SIGKILL'));
  const port = await running.line(/^listening on 127\.0\.0\.1:(\d+)$/);
  await running.line(/^store embedded$/);
  await running.line(/^ready$/);

  const me = await headgate('control', 'who-am-i', '--control', await profile(port, 'operator'));
  assert.deepEqual([me.code, me.stdout], [0, 'person-0: operator\n']);
  const strange = await headgate('control', 'who-am-i', '--control', await profile(port, 'stranger'));
  assert.equal(strange.code, 1);
  assert.match(strange.stderr, /No account for this certificate {2}control\.no_account/);

  const config = join(folder, 'control.yaml');
  const made = await headgate('control', 'sign-in', '--config', config, '--account', 'person-0');
  assert.match(made.stderr, /^signs person-0 in once, until /);
  const link = made.stdout.trim();
  assert.deepEqual(
    [await statusOfLink(link, 'GET'), await statusOfLink(link, 'POST'), await statusOfLink(link, 'POST')],
    [200, 200, 403],
  );

  await writeConfig([operator, stranger]);
  const applied = await headgate('control', 'apply', '--config', config);
  assert.deepEqual([applied.code, applied.stdout], [0, 'accounts, nodes and trust are in force\n']);
  const known = await headgate('control', 'who-am-i', '--control', join(folder, 'stranger.yaml'));
  assert.equal(known.stdout, 'person-1: operator\n');
  await writeConfig([operator], 'bounds: { connectionsMax: 99 }\n');
  running.child.kill('SIGHUP');
  await running.line(/^applied: accounts, nodes and trust are in force$/);
  await running.line(/a restart is needed for what changed in bounds$/);

  const second = runControl();
  assert.equal(await second.ended, 4);
  assert.match(second.lines.join('\n'), /in use/);

  running.child.kill('SIGTERM');
  assert.equal(await running.ended, 0);
  assert.equal(running.lines.at(-1), 'stopped');
  const gone = await headgate('control', 'sign-in', '--config', config, '--account', 'person-0');
  assert.equal(gone.code, 4);
  assert.match(gone.stderr, /no control runs here by this configuration/);
});

test('the example is printed, and a configuration is checked with every file that it names', async () => {
  const example = await headgate('control', 'example');
  assert.match(example.stdout, /^# Configuration of Headgate control\./);
  const good = await headgate('control', 'check', '--config', await writeConfig([operator, stranger]));
  assert.deepEqual([good.code, good.stdout], [0, 'every file can be used: 2 accounts, 0 nodes\n']);
  const file = await writeConfig([operator], 'store2: {}\n');
  const bad = await headgate('control', 'check', '--config', file);
  assert.equal(bad.code, 4);
  assert.match(bad.stderr, /control\.yaml:7:1 store2: found unknown key `store2`; expected `store`/);
});
