// testssl.sh judges a real gateway, with a client certificate, for each kind of server key: nothing of LOW or above but what is of
// this test's own authority. Some minutes a run; HEADGATE_TESTSSL_KEYS=ec-p256 does one of the two.
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { fakeClock, missing, startTestGateway } from '@headgate/testkit';
import { noLimits } from '../gateway/calls.ts';

const host = 'ws.prod.caiso.com';
const keyTypes = (process.env.HEADGATE_TESTSSL_KEYS ?? 'ec-p256,rsa-2048').split(',') as ('ec-p256' | 'rsa-2048')[];

/** One finding, as `--jsonfile` writes it. */
interface TestSslFinding {
  readonly id: string;
  readonly severity: 'DEBUG' | 'INFO' | 'OK' | 'WARN' | 'LOW' | 'MEDIUM' | 'HIGH' | 'CRITICAL' | 'FATAL';
  readonly finding: string;
}

/** Findings that are not the gateway's, by their id, and why. Each must be there, or its row is out of date. */
const excepted: Readonly<Record<string, string>> = {
  cert_extlifeSpan:
    'the authority of the tests issues for nine years, because tests stand in the past and libraries do not',
  cert_revocation: 'the authority of the tests publishes no list and answers no question about revocation',
};

const faults: ReadonlySet<TestSslFinding['severity']> = new Set(['LOW', 'MEDIUM', 'HIGH', 'CRITICAL', 'FATAL']);

/** What testssl.sh must have looked at and found good: a check that it could not make warns, and proves nothing. */
const proven = [
  ...'SSLv2 SSLv3 TLS1_2 TLS1_3 cipherlist_NULL cipherlist_aNULL cipherlist_EXPORT cipherlist_LOW cipherlist_STRONG_FS'.split(
    ' ',
  ),
  ...'cipher_order FS fallback_SCSV secure_renego secure_client_renego cert_trust cert_chain_of_trust'.split(' '),
  ...'heartbleed CCS ticketbleed ROBOT CRIME_TLS POODLE_SSL SWEET32 FREAK DROWN LOGJAM BEAST LUCKY13 winshock RC4'.split(
    ' ',
  ),
];

for (const keyType of keyTypes)
  test(`testssl.sh finds nothing of LOW or above with an ${keyType} key but what is of the test’s own authority`, {
    skip: missing('testssl.sh'),
  }, async (t) => {
    // testssl.sh judges dates by the machine's clock.
    const gateway = await startTestGateway({
      policy: noLimits,
      clock: fakeClock(Date.now()),
      serverKeyType: keyType,
      strictTransportMs: { [host]: 31_536_000_000 },
    });
    t.after(() => gateway.close());
    const { folder, user, authority, port } = gateway;
    const file = (name: string) => join(folder, name);
    await writeFile(file('user.pem'), user.certificatePem + user.keyPem, { mode: 0o600 });
    await writeFile(file('root.pem'), authority.trustBundlePem('current', 'server').anchorsPem);
    const judging = `--mtls ${file('user.pem')} --add-ca ${file('root.pem')} --jsonfile ${file('findings.json')}`;
    const quietly = '--nodns none --warnings batch --quiet --color 0';
    const words = `${judging} ${quietly} --ip 127.0.0.1 ${host}:${port}`.split(' ');
    const judge = spawn('testssl', words, { stdio: ['ignore', 'ignore', 'inherit'] });
    t.after(() => judge.kill());
    await once(judge, 'exit');

    const findings = JSON.parse(await readFile(file('findings.json'), 'utf8')) as readonly TestSslFinding[];
    assert.ok(findings.length > 100, `${findings.length} findings: testssl.sh did not come to its end`);
    for (const { id, severity, finding } of findings) if (severity === 'WARN') t.diagnostic(`${id}: ${finding}`);
    const good = new Set(findings.filter(({ severity }) => severity === 'OK').map(({ id }) => id));
    assert.deepEqual(
      proven.filter((id) => !good.has(id)),
      [],
    );
    const found = findings.filter(({ severity }) => faults.has(severity));
    const unexpected = found.filter(({ id }) => excepted[id] === undefined);
    assert.deepEqual(unexpected, []);
    const ids = found.map(({ id }) => id);
    assert.deepEqual(
      Object.keys(excepted).filter((id) => !ids.includes(id)),
      [],
      'rows of `excepted` that nothing needs any more',
    );
    assert.equal((await gateway.call()).status, 200);
  });
