import assert from 'node:assert/strict';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import type { RequestListener } from 'node:http';
import { createServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { type TestContext, test } from 'node:test';
import { createTestAuthority } from '@headgate/pki';
import { runLine } from '../cli.fixture.ts';
import { CliRefusal } from '../cli-refusal.ts';
import { registerControl } from '../commands/control.ts';
import { askControl } from './ask-control.ts';
import { readControlProfile } from './control-profile.ts';
import { ControlSaidNo } from './control-said-no.ts';

const problem = {
  type: 'urn:headgate:problem:control.not_found',
  title: 'No such thing',
  status: 404,
  code: 'control.not_found',
  detail: 'There is nothing at /v1/me that this account may see.',
  fix: 'Check the name.',
};

/** A server with a certificate, and a profile for it; `more` are lines of the profile. */
async function profileOf(t: TestContext, handler: RequestListener, more = ''): Promise<string> {
  const authority = await createTestAuthority({ nowMs: Date.now() });
  const chain = await authority.serverChain('current', ['control.example.net']);
  const user = await authority.user('current', { name: 'ALPHAx0001', organisation: 'CAISO', keyType: 'ec-p256' });
  const { anchorsPem, intermediatesPem } = authority.trustBundlePem('current', 'user');
  const identity = { cert: chain.certificatePem, key: chain.keyPem, ca: anchorsPem + intermediatesPem };
  const server = createServer({ ...identity, requestCert: true, rejectUnauthorized: true }, handler);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const folder = await mkdtemp(join(tmpdir(), 'headgate-ask-'));
  t.after(async () => {
    server.close();
    server.closeAllConnections();
    await rm(folder, { recursive: true });
  });
  const { port } = server.address() as AddressInfo;
  const files = {
    'user.pem': user.certificatePem,
    'user.key': user.keyPem,
    'anchors.pem': authority.trustBundlePem('current', 'server').anchorsPem,
    'strangers.pem': anchorsPem,
    'operator.yaml': `control: https://127.0.0.1:${port}\ncertificate: user.pem\nkey: user.key\n${more === '' ? 'trust: anchors.pem\nserverName: control.example.net\n' : more}`,
  };
  for (const [name, text] of Object.entries(files)) await writeFile(join(folder, name), text, { mode: 0o600 });
  return join(folder, 'operator.yaml');
}

async function asking(t: TestContext, handler: RequestListener, more = '') {
  const control = await profileOf(t, handler, more);
  const asked = askControl(await readControlProfile({ control }, { env: {}, workspaceRoot: '/nowhere' }), {
    answerMs: 300,
  });
  t.after(() => asked.close());
  return asked;
}

test('control is asked with the certificate of the profile, and its JSON is the answer', async (t) => {
  const asked = await asking(t, (request, response) => {
    let body = '';
    request.on('data', (piece: Buffer) => {
      body += piece.toString();
    });
    request.on('end', () => {
      const { method, url, headers } = request;
      response.end(JSON.stringify({ method, url, type: headers['content-type'], body }));
    });
  });
  assert.deepEqual(await asked.get('/v1/me?x=1'), { method: 'GET', url: '/v1/me?x=1', body: '' });
  const posted = await asked.post('/v1/things', { a: 1 });
  assert.deepEqual(posted, { method: 'POST', url: '/v1/things', type: 'application/json', body: '{"a":1}' });
  const stream = Readable.from(['{"one":1}\n', '{"two":2}\n']);
  const fields = { 'content-type': 'application/x-ndjson' };
  const sent = await asked.post<{ body: string; type: string }>('/v1/records', { stream, fields });
  assert.deepEqual([sent.type, sent.body], ['application/x-ndjson', '{"one":1}\n{"two":2}\n']);
  assert.equal((await (await asked.stream('/v1/long')).toArray()).length, 1);
});

test('many questions over one connection leave nothing behind on it', async (t) => {
  const sockets = new Set<unknown>();
  const asked = await asking(t, (request, response) => {
    sockets.add(request.socket);
    response.end('{}');
  });
  const warnings: Error[] = [];
  const keep = (warning: Error) => warnings.push(warning);
  process.on('warning', keep);
  t.after(() => process.off('warning', keep));
  for (let count = 0; count < 30; count += 1) await asked.get('/v1/me');
  await new Promise((resolve) => setImmediate(resolve));
  assert.deepEqual([sockets.size, warnings], [1, []]);
});

test('a refusal of control comes with its code and its fix, also while a long body is being sent', async (t) => {
  const asked = await asking(t, (request, response) => {
    response.writeHead(404, { 'content-type': 'application/problem+json', 'retry-after': '7', connection: 'close' });
    response.end(JSON.stringify(problem));
    if (request.method === 'POST') request.pause();
  });
  const isSaid = (fault: unknown) => {
    assert.ok(fault instanceof ControlSaidNo);
    assert.deepEqual([fault.problem.code, fault.problem.fix], ['control.not_found', 'Check the name.']);
    assert.equal(fault.problem.retryAfterSeconds, 7);
    return true;
  };
  await assert.rejects(asked.get('/v1/nothing'), isSaid);
  await assert.rejects(asked.stream('/v1/nothing'), isSaid);
  function* endless() {
    for (;;) yield Buffer.alloc(65_536, 0x20);
  }
  const body = { stream: Readable.from(endless()), fields: { 'content-type': 'application/x-ndjson' } };
  await assert.rejects(asked.post('/v1/records', body), isSaid);
});

test('a command shows a refusal with its fix, and as JSON where it is asked to', async (t) => {
  const control = await profileOf(t, (_request, response) => {
    response.writeHead(404, { 'content-type': 'application/problem+json' });
    response.end(JSON.stringify(problem));
  });
  const more = { more: [registerControl] };
  const said = await runLine(['control', 'who-am-i', '--control', control], more);
  assert.equal(said.code, 3);
  assert.match(
    said.stderr,
    /No such thing {2}control\.not_found\n.*nothing at \/v1\/me.*\n {2}fix: {8}Check the name\./,
  );
  const json = await runLine(['control', 'who-am-i', '--control', control, '--json'], more);
  assert.equal((JSON.parse(json.stdout) as { problem: { code: string } }).problem.code, 'control.not_found');
  const env = await runLine(['control', 'who-am-i'], { ...more, env: { HEADGATE_CONTROL: control } });
  assert.equal(env.code, 3);
});

test('a control that cannot be reached, trusted or understood is told in words, with what to do', async (t) => {
  const refusedWith = (words: RegExp) => (fault: unknown) => {
    assert.ok(fault instanceof CliRefusal, String(fault));
    assert.match(fault.message, words);
    return true;
  };
  const fine: RequestListener = (_request, response) => void response.end('{}');
  const strange = await asking(t, fine, 'trust: strangers.pem\nserverName: control.example.net\n');
  await assert.rejects(strange.get('/v1/me'), refusedWith(/does not trust; `trust` must hold/));
  const misnamed = await asking(t, fine, 'trust: anchors.pem\nserverName: other.example.net\n');
  await assert.rejects(misnamed.get('/v1/me'), refusedWith(/is not for .*serverName/));
  const silent = await asking(t, () => undefined);
  await assert.rejects(silent.get('/v1/me'), refusedWith(/does not answer in time/));
  const other = await asking(t, (_request, response) => {
    response.writeHead(502);
    response.end('<html>');
  });
  await assert.rejects(other.get('/v1/me'), refusedWith(/answered 502 and no problem of Headgate/));
  const broken = await asking(t, (request) => void request.socket.destroy());
  await assert.rejects(broken.get('/v1/me'), refusedWith(/broke the connection off/));
  const gone = await profileOf(t, fine, 'trust: anchors.pem\n');
  await writeFile(gone, 'control: https://127.0.0.1:1\ncertificate: user.pem\nkey: user.key\ntrust: anchors.pem\n');
  const asked = askControl(await readControlProfile({ control: gone }, { env: {}, workspaceRoot: '/nowhere' }));
  await assert.rejects(asked.get('/v1/me'), refusedWith(/nobody listens at 127\.0\.0\.1:1\. Start control/));
});

test('a profile that is missing or wrong is told with its line', async (t) => {
  const read = (control?: string) =>
    readControlProfile(control === undefined ? {} : { control }, { env: {}, workspaceRoot: '/nowhere' });
  await assert.rejects(read(), /which control\? Give --control FILE/);
  await assert.rejects(read('/nowhere/operator.yaml'), /there is no \/nowhere\/operator\.yaml/);
  const file = await profileOf(t, () => undefined);
  await writeFile(file, 'control: http://127.0.0.1:1\ncertificate: user.pem\nkey: user.key\ntrust: anchors.pem\n');
  await assert.rejects(read(file), /operator\.yaml:1:10 control: found http:/);
  await writeFile(file, 'control: https://127.0.0.1:1\ncertificate: none.pem\nkey: user.key\ntrust: anchors.pem\n');
  await assert.rejects(read(file), /there is no none\.pem, which .*operator\.yaml names/);
});
