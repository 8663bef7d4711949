// What Node's parser cannot read never becomes a request: it is answered here, in the form of every refusal, and the connection ends.
import type { Socket } from 'node:net';
import { ControlRefusal } from './control-refusal.ts';
import { problemBody, problemFields } from './problem-answer.ts';

/** Answers a request that could not be read, where there is still somebody to answer. */
export function brokenRequest(error: Error & { readonly code?: string }, socket: Socket): void {
  if (error.code === 'ECONNRESET' || !socket.writable) {
    socket.destroy();
    return;
  }
  const refusal = new ControlRefusal('control.malformed_request', { found: foundBy(error.code ?? '') });
  const body = JSON.stringify(problemBody(refusal));
  const fields = { ...problemFields(refusal), 'content-length': String(Buffer.byteLength(body)), connection: 'close' };
  const head = Object.entries(fields).map(([name, value]) => `${name}: ${value}`);
  socket.end(['HTTP/1.1 400 Bad Request', ...head, '', body].join('\r\n'));
}

function foundBy(code: string): string {
  switch (code) {
    case 'HPE_HEADER_OVERFLOW':
      return 'its header section is too long';
    case 'ERR_HTTP_REQUEST_TIMEOUT':
      return 'it arrived too slowly';
    default:
      return 'it is no HTTP/1.1';
  }
}
