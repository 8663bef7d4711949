import assert from 'node:assert/strict';
import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net';
import { after, describe, test } from 'node:test';
import { connect as connectTls, createServer as createTlsServer } from 'node:tls';
import { createTestAuthority } from '@headgate/pki';
import { hearBytes, isReadOnDesk, readingOnDesk } from './read-desk.ts';

describe('sockets that are read on one desk', () => {
  const servers: Server[] = [];
  after(() => {
    for (const server of servers) server.close();
  });

  async function accepting(server: Server, accepted: (socket: Socket) => void, event = 'connection'): Promise<number> {
    server.on(event, accepted);
    servers.push(server);
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    return (server.address() as AddressInfo).port;
  }

  test('what an accepted socket brings is heard on the desk, to its end', async () => {
    const heard: Buffer[] = [];
    const { promise, resolve } = Promise.withResolvers<boolean>();
    const port = await accepting(createServer({ allowHalfOpen: true }), (socket) => {
      hearBytes(socket, (bytes) => heard.push(Buffer.from(bytes)));
      socket.on('end', () => {
        resolve(isReadOnDesk(socket));
        socket.end();
      });
    });
    const sent = Buffer.alloc(300_000, 'abcdefghij');
    connect(port, '127.0.0.1').end(sent);
    assert.equal(await promise, true, 'this version of Node reads accepted sockets elsewhere');
    assert.ok(Buffer.concat(heard).equals(sent));
  });

  test('what a TLS socket brings is heard on the desk', async () => {
    const authority = await createTestAuthority({ nowMs: Date.now() });
    const { certificatePem: cert, keyPem: key } = await authority.serverChain('current', ['gw.test']);
    const heard: Buffer[] = [];
    const { promise, resolve } = Promise.withResolvers<boolean>();
    const port = await accepting(
      createTlsServer({ cert, key }),
      (socket) => {
        hearBytes(socket, (bytes) => heard.push(Buffer.from(bytes)));
        socket.on('end', () => resolve(isReadOnDesk(socket)));
      },
      'secureConnection',
    );
    const sent = Buffer.alloc(200_000, 'klmnopqrst');
    connectTls({ port, host: '127.0.0.1', rejectUnauthorized: false }).end(sent);
    assert.equal(await promise, true, 'this version of Node reads TLS sockets elsewhere');
    assert.ok(Buffer.concat(heard).equals(sent));
  });

  test('what was given back is heard first', async () => {
    const heard: Buffer[] = [];
    const { promise, resolve } = Promise.withResolvers<void>();
    const port = await accepting(createServer(), (socket) => {
      socket.once('readable', () => {
        const first = socket.read() as Buffer;
        socket.removeAllListeners('readable');
        socket.unshift(first);
        hearBytes(socket, (bytes) => heard.push(Buffer.from(bytes)));
        socket.write('more');
      });
      socket.on('end', () => resolve());
    });
    const caller = connect(port, '127.0.0.1');
    caller.write('first, ');
    await once(caller, 'data');
    caller.end('second');
    await promise;
    assert.equal(Buffer.concat(heard).toString(), 'first, second');
  });

  test('a socket that is paused brings nothing until it is resumed, and whoever heard it last hears the rest', async () => {
    let first = '';
    let second = '';
    const { promise: ended, resolve: end } = Promise.withResolvers<void>();
    const { promise: accepted, resolve: accept } = Promise.withResolvers<Socket>();
    const port = await accepting(createServer(), (socket) => {
      hearBytes(socket, (bytes) => {
        first += bytes.toString();
        socket.pause();
        accept(socket);
      });
      socket.on('end', () => end());
    });
    const caller = connect(port, '127.0.0.1');
    caller.write('one');
    const socket = await accepted;
    await new Promise<void>((done) => caller.end('two', done));
    for (let turns = 0; turns < 20; turns += 1) await new Promise(setImmediate);
    assert.deepEqual([first, second], ['one', '']);
    hearBytes(socket, (bytes) => {
      second += bytes.toString();
    });
    socket.resume();
    await ended;
    assert.deepEqual([first, second], ['one', 'two']);
  });

  test('what a socket of ours brings is heard on the desk', async () => {
    const port = await accepting(createServer(), (socket) => socket.end(Buffer.alloc(200_000, 'uvwxyz')));
    const heard: Buffer[] = [];
    const socket = connect({
      port,
      host: '127.0.0.1',
      onread: readingOnDesk((bytes) => heard.push(Buffer.from(bytes))),
    });
    await once(socket, 'close');
    assert.ok(isReadOnDesk(socket));
    assert.ok(Buffer.concat(heard).equals(Buffer.alloc(200_000, 'uvwxyz')));
  });
});
