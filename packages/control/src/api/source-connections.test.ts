import assert from 'node:assert/strict';
import { once } from 'node:events';
import { test } from 'node:test';
import { connect, type TLSSocket } from 'node:tls';
import { startTestControl } from './control-app.fixture.ts';

test('a source that holds as many connections as it may gets no other, and gets one again when it gives one up', async () => {
  const control = await startTestControl({ bounds: { connectionsPerSourceMax: 4 } });
  const open = async (): Promise<TLSSocket | null> => {
    const socket = connect({ port: control.port, host: '127.0.0.1', rejectUnauthorized: false });
    const isOpen = await once(socket, 'secureConnect').then(
      () => true,
      () => false,
    );
    return isOpen ? socket : null;
  };
  const held = [await open(), await open(), await open(), await open()];
  assert.equal(await open(), null);
  const [first] = held;
  first?.destroy();
  let again = await open();
  while (again === null) again = await open(); // Until the server has heard of the end.
  for (const socket of [...held, again]) socket?.destroy();
  await control.close();
});
