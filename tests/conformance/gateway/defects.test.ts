// What the caller and the operator learn when the fault is ours, or when a certificate is one that OpenSSL would let in.
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { createSnapshotFiles, startGateway } from '@headgate/gateway';
import { readFault } from '@headgate/soap';
import { soapRequest } from '@headgate/testkit';
import { callsTo } from './calls.ts';
import { type Operator, operators } from './operators.ts';

for (const operator of operators) describe(`at ${operator.name}`, () => tellsFaultsAt(operator));

function tellsFaultsAt(operator: Operator): void {
  const { open, post, start } = callsTo(operator);

  test('a defect of ours is answered gateway.defect with an id and nothing else, and the record holds the stack', async (t) => {
    const kit = await start();
    const files = createSnapshotFiles({ ...kit.config, node: 'defect' }, kit.folder);
    const records: import('@headgate/contract').EvidenceRecord[] = [];
    const running = await startGateway({
      config: { ...kit.config, node: 'defect', evidence: { ...kit.config.evidence, folder: 'evidence-defect' } },
      base: kit.folder,
      clock: () => kit.clock.now(),
      // A snapshot that lost its trust bundles cannot come from files; it stands for whatever we did not think of.
      snapshots: { current: async () => ({ ...(await files.current()), trust: new Map() }) },
      seen: (record) => records.push(record),
    });
    t.after(async () => {
      await running.close();
      await kit.close();
    });
    const caller = await open({ ...kit, port: running.listeners[0]?.port ?? 0 });
    caller.write(post(soapRequest));
    const answer = await caller.answer();
    caller.destroy();

    const fault = readFault(answer.body);
    assert.equal(fault?.problem.code, 'gateway.defect');
    assert.doesNotMatch(answer.body, /trust bundle|\.ts|at /);
    assert.equal(fault?.problem.exchange, answer.fields.get('headgate-exchange'));
    assert.equal(records[0]?.response.refusal, 'gateway.defect');
    assert.match(records[0]?.response.defect ?? '', /trust bundle "users" is not in snapshot/);
    assert.equal(kit.upstream.received.length, 0);
  });

  test('a certificate with a key of 1024 bits is refused with identity.certificate_invalid, and the check is named', async (t) => {
    const gateway = await start();
    t.after(() => gateway.close());
    const weak = await gateway.authority.user('current', {
      name: 'WEAKx0001',
      organisation: 'CAISO',
      keyType: 'rsa-1024',
    });
    // OpenSSL refuses to offer so short a key at its default level, as few clients of this market are set.
    const answer = await gateway.call({ user: weak, ciphers: 'DEFAULT@SECLEVEL=0' });
    const fault = readFault(answer.body);
    assert.equal(fault?.problem.code, 'identity.certificate_invalid');
    assert.match(fault?.text ?? '', /CN=WEAKx0001.*has a key \(rsa\) of 1024 bits, which is too weak/);
    assert.equal(gateway.upstream.received.length, 0);
  });
}
