// Keys of TLS session tickets: made at run time, never written anywhere, and renewed, so that whoever takes one from memory
// reads the connections of one hour at most.
import { randomBytes } from 'node:crypto';

/** How long keys are used, in milliseconds: no ticket is longer resumed than its keys are used (tls-settings.ts). */
const renewMs = 3_600_000;

/** Fresh keys: name, HMAC key and AES key, 48 bytes. */
export function createTicketKeys(): Buffer {
  return randomBytes(48);
}

/** Gives fresh keys to `take` every hour until closed. Node holds one set at a time: tickets of the keys before are good no more. */
export function renewTicketKeys(take: (keys: Buffer) => void): { close(): void } {
  const timer = setInterval(() => take(createTicketKeys()), renewMs).unref();
  return { close: () => clearInterval(timer) };
}
