// An attacker in a process of its own: begins handshakes as fast as they are answered, and finishes none. A ClientHello costs it
// nothing and the gateway a signature. Arguments: port, source, how many at once,
// for how many seconds. Its last message is how many were answered.
import { once } from 'node:events';
import { connect } from 'node:net';
import { clientHello, inRecords } from '../conformance/tls/client-hello.ts';

const [port = 0, parallel = 0, seconds = 0] = [2, 4, 5].map((at) => Number(process.argv[at]));
const localAddress = process.argv[3] ?? '';
const hello = inRecords(clientHello({ serverNames: ['gw.test'], isTls13: true }));
let answered = 0;
let isOver = false;

async function storm(): Promise<void> {
  while (!isOver) {
    const socket = connect({ host: '127.0.0.1', port, localAddress, noDelay: true });
    socket.on('error', () => undefined);
    socket.write(hello);
    socket.once('data', () => {
      answered += 1;
      socket.destroy();
    });
    await once(socket, 'close');
  }
}

setTimeout(() => {
  isOver = true;
  process.send?.(answered, () => process.exit());
}, seconds * 1_000);
process.on('disconnect', () => process.exit());
await Promise.all(Array.from({ length: parallel }, storm));
