// zeep, unchanged, as Debian ships it: a participant's Python program calls the dispatch system through the gateway.
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { type TestContext, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import type { TestUser } from '@headgate/pki';
import { adsPath } from '@headgate/simulator';
import { missing } from '@headgate/testkit';
import { type Market, startMarket } from './interop/market.ts';

interface FaultRead {
  readonly message: string;
  readonly code: string;
  readonly description: string | null;
}

/** What the Python program writes. */
interface ZeepReport {
  readonly dispatches: {
    readonly address: string;
    readonly uids: readonly string[];
    readonly root: string;
    readonly uid: string;
    readonly instructions: number;
    readonly hasNewTrajectories: boolean;
    readonly status: number;
    readonly unknownBatch: FaultRead | null;
    readonly stranger: FaultRead | null;
  };
  /** Arguments of each operation by path. */
  readonly descriptions: Readonly<Record<string, Readonly<Record<string, string>>>>;
}

// The paths of the simulator's reference that have both forms, one of each kind of message among them.
const described = [
  adsPath,
  ...[
    '/sst/cmri/RetrieveMarketAwards_CMRIv4',
    '/sst/sibr/SubmitRawBidSet_SIBRv4',
    '/sst/drrs/SubmitDRRegistrations_DRRSv1',
    '/sst/drrs/RetrieveDRRegistrations_DRRSv1',
    '/sst/stlmt/RetrieveMeterData_MRISv1',
  ].flatMap((path) => [`${path}_AP`, `${path}_DocAttach_AP`]),
];

async function runZeep(t: TestContext, { gateway, simulator }: Market): Promise<ZeepReport> {
  const folder = await mkdtemp(join(tmpdir(), 'headgate-zeep-'));
  t.after(() => rm(folder, { recursive: true, force: true }));
  const stranger = await gateway.authority.strangerUser({ name: 'ALPHAx0001', organisation: 'CAISO' });
  const authority = join(folder, 'authority.pem');
  await writeFile(authority, gateway.authority.trustBundlePem('current', 'server').anchorsPem);
  const child = spawn('/usr/bin/python3', [fileURLToPath(new URL('interop/ads_zeep.py', import.meta.url))], {
    stdio: ['pipe', 'pipe', 'pipe'],
  });
  t.after(() => child.kill('SIGKILL'));
  const written = Promise.all([text(child.stdout), text(child.stderr), once(child, 'exit')]);
  child.stdin.end(
    JSON.stringify({
      port: gateway.port,
      ads: `https://adsws.prod.caiso.com${adsPath}`,
      authority,
      user: await filesOf(folder, 'user', gateway.user),
      stranger: await filesOf(folder, 'stranger', stranger),
      simulator: simulator.url,
      paths: described,
    }),
  );
  const [out, complaints, [status]] = await written;
  assert.equal(status, 0, complaints);
  return JSON.parse(out) as ZeepReport;
}

async function filesOf(folder: string, name: string, user: TestUser): Promise<{ certificate: string; key: string }> {
  const files = { certificate: join(folder, `${name}.pem`), key: join(folder, `${name}.key`) };
  await writeFile(files.certificate, user.certificatePem);
  await writeFile(files.key, user.keyPem, { mode: 0o600 });
  return files;
}

test('zeep polls the dispatch system through the gateway', { skip: missing('python3-zeep') }, async (t) => {
  const { dispatches, descriptions } = await runZeep(t, await startMarket(t));

  await t.test('it is sent where the description says, which is the address by which it asked', () => {
    assert.equal(dispatches.address, `https://adsws.prod.caiso.com${adsPath}`);
  });
  await t.test('it lists an hour of batches, and unpacks the latest', () => {
    assert.equal(dispatches.uids.length, 12);
    assert.equal(dispatches.root, 'DispatchBatch');
    assert.equal(dispatches.uid, dispatches.uids.at(-1));
    assert.ok(dispatches.instructions > 0);
  });
  await t.test('it takes results of other types for what they are', () => {
    assert.equal(dispatches.hasNewTrajectories, true);
    assert.equal(dispatches.status, 0);
  });
  await t.test("a fault of the system behind arrives as zeep's Fault", () => {
    assert.equal(dispatches.unknownBatch?.message, 'There is no batch DISP-none.');
  });
  await t.test("a certificate of an unknown issuer is zeep's Fault with the gateway's sentence", () => {
    assert.match(dispatches.stranger?.message ?? '', /^The certificate CN=ALPHAx0001,.* which is not accepted here\./);
    assert.equal(dispatches.stranger?.code, 'SOAP-ENV:Client');
    assert.equal(dispatches.stranger?.description, dispatches.stranger?.message);
  });
  await t.test('it reads every kind of description that the simulator writes', () => {
    assert.deepEqual(Object.keys(descriptions), described);
    const argumentsOf = (path: string) => Object.values(descriptions[path] ?? {})[0] ?? '';
    assert.match(argumentsOf('/sst/cmri/RetrieveMarketAwards_CMRIv4_DocAttach_AP'), /dateTimeStart.*CAISOWSHeader/);
    assert.match(argumentsOf('/sst/sibr/SubmitRawBidSet_SIBRv4_DocAttach_AP'), /^AttachmentValue: xsd:base64Binary/);
    // zeep reads the multipart binding of a plain submit but cannot fill it: such callers use the DocAttach form.
    assert.equal(argumentsOf('/sst/sibr/SubmitRawBidSet_SIBRv4_AP'), '');
  });
});
