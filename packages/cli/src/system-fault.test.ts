import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer } from 'node:net';
import { test } from 'node:test';
import { isSystemFault, type SystemFault, sayFault } from './system-fault.ts';

async function faultOf(host: string): Promise<SystemFault> {
  const server = createServer();
  const failed = once(server, 'error');
  server.listen(0, host);
  const [fault] = (await failed) as readonly unknown[];
  assert.ok(isSystemFault(fault));
  return fault;
}

test('an address that is no name and not of this machine is told in words that name it', async () => {
  const unknown = await faultOf('nowhere.invalid');
  assert.match(
    sayFault(unknown, '`listen.port`'),
    /no (?:address is known of|server of names answered for) nowhere\.invalid/,
  );
  assert.equal(sayFault(await faultOf('192.0.2.1'), '`listen.port`'), '192.0.2.1 is no address of this machine');
});
