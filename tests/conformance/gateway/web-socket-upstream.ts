// A market system's page that speaks WebSocket (RFC 6455), byte by byte, and the bytes of a caller that asks it to.
import { createHash } from 'node:crypto';
import type { Socket } from 'node:net';
import { type RawUpstream, startRawUpstream } from '@headgate/testkit';

/** RFC 6455 §1.3. */
const handshakeGuid = '258EAFA5-E914-47DA-95CA-C5AB0DC85B11';

/** The key of every handshake that these tests write themselves. */
export const handshakeKey = 'dGhlIHNhbXBsZSBub25jZQ==';

/** A handshake as bytes; `fields` replace or add lines, null leaves one out. */
export function handshakeBytes(host: string, path: string, fields: Record<string, string | null> = {}): string {
  const all: Record<string, string | null> = {
    Host: host,
    Connection: 'keep-alive, Upgrade',
    Upgrade: 'websocket',
    'Sec-WebSocket-Key': handshakeKey,
    'Sec-WebSocket-Version': '13',
    ...fields,
  };
  const lines = Object.entries(all).flatMap(([name, value]) => (value === null ? [] : [`${name}: ${value}\r\n`]));
  return `GET ${path} HTTP/1.1\r\n${lines.join('')}\r\n`;
}

/** The answer to the handshake in a request's head. */
export function switchingAnswer(head: string): string {
  const key = /^sec-websocket-key: (.*)$/im.exec(head)?.[1]?.trim() ?? '';
  const accept = createHash('sha1').update(`${key}${handshakeGuid}`).digest('base64');
  return `HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: ${accept}\r\n\r\n`;
}

/** What the system does on a connection, once a request's head is whole. */
export interface Turn {
  readonly socket: Socket;
  readonly head: string;
  /** What came behind the head so far. */
  readonly rest: string;
}

/** Starts a system that is asked once per connection: `turn` is called with the head, then with each piece behind it. */
export function startWebSocketUpstream(turn: (turn: Turn, isHead: boolean) => void): Promise<RawUpstream> {
  const asked = new Set<Socket>();
  return startRawUpstream((socket, text) => {
    const end = text.indexOf('\r\n\r\n');
    if (end === -1) return;
    const isHead = !asked.has(socket);
    asked.add(socket);
    turn({ socket, head: text.slice(0, end + 4), rest: text.slice(end + 4) }, isHead);
  });
}

/** Answers the frames in `bytes`: text comes back, a close frame is answered and ends the connection. Short frames only. */
export function answerFrames(socket: Socket, bytes: Buffer): void {
  for (let at = 0; at + 6 <= bytes.byteLength; ) {
    const opcode = (bytes[at] ?? 0) & 0x0f;
    const length = (bytes[at + 1] ?? 0) & 0x7f;
    const mask = bytes.subarray(at + 2, at + 6);
    const payload = bytes.subarray(at + 6, at + 6 + length).map((byte, index) => byte ^ (mask[index % 4] ?? 0));
    socket.write(Buffer.concat([Buffer.from([0x80 | opcode, length]), payload]));
    if (opcode === 8) socket.end();
    at += 6 + length;
  }
}
