// Runs command lines in this process and keeps what they print; a TLS server and a profile for those that call.
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import type { RequestListener } from 'node:http';
import { createServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Writable } from 'node:stream';
import type { TestContext } from 'node:test';
import { fileURLToPath } from 'node:url';
import { createTestAuthority } from '@headgate/pki';
import { registerCall } from './commands/call.ts';
import { registerCatalogue } from './commands/catalogue.ts';
import { registerProblem } from './commands/problem.ts';
import { registerVersion } from './commands/version.ts';
import type { Output, Register } from './context.ts';
import { runCli } from './run.ts';

/** What a command line did. */
export interface CliRun {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** The folder that holds `packages` and `catalogues`. */
export const workspaceRoot = fileURLToPath(new URL('../../..', import.meta.url));

const registers: readonly Register[] = [registerCall, registerCatalogue, registerProblem, registerVersion];

/** Runs a command line at noon on the day of the deck unless told otherwise. */
export async function runLine(
  args: readonly string[],
  { clock = () => Date.UTC(2024, 1, 21, 20), env = {}, more = [] as readonly Register[] } = {},
): Promise<CliRun> {
  const [stdout, stderr] = [memory(), memory()];
  const code = await runCli(args, [...registers, ...more], {
    stdout,
    stderr,
    env,
    clock,
    workspaceRoot,
    goOnUnseen: () => undefined,
  });
  return { code, stdout: stdout.text(), stderr: stderr.text() };
}

function memory(): Output & { text(): string } {
  const chunks: Buffer[] = [];
  const stream = new Writable({
    write(chunk: Buffer, _encoding, done) {
      chunks.push(chunk);
      done();
    },
  });
  return Object.assign(stream, { text: () => Buffer.concat(chunks).toString() });
}

/** Serves one handler over TLS, and writes a profile that reaches it. Returns the profile's path. */
export async function profileFor(t: TestContext, handler: RequestListener): Promise<string> {
  const authority = await createTestAuthority({ nowMs: Date.now() });
  const chain = await authority.serverChain('current', ['ws.prod.caiso.com', 'adsws.prod.caiso.com']);
  const user = await authority.user('current', { name: 'ALPHAx0001', organisation: 'CAISO' });
  const server = createServer({ cert: chain.certificatePem, key: chain.keyPem }, handler);
  const { promise, resolve } = Promise.withResolvers<void>();
  server.listen(0, '127.0.0.1', resolve);
  await promise;
  const folder = await mkdtemp(join(tmpdir(), 'headgate-cli-'));
  t.after(async () => {
    server.close();
    server.closeAllConnections();
    await rm(folder, { recursive: true });
  });
  const files = {
    'user.pem': user.certificatePem,
    'user-key.pem': user.keyPem,
    'anchors.pem': authority.trustBundlePem('current', 'server').anchorsPem,
    'profile.yaml': `certificate: user.pem\nkey: user-key.pem\ntrust: anchors.pem\nconnectTo: 127.0.0.1:${(server.address() as AddressInfo).port}\n`,
  };
  for (const [name, text] of Object.entries(files)) await writeFile(join(folder, name), text, { mode: 0o600 });
  return join(folder, 'profile.yaml');
}
