// The certificate of the connection, as a gateway in front forwards it (RFC 9440).
import { X509Certificate } from 'node:crypto';
import { fields } from '@headgate/contract';
import { fieldOf, type Incoming } from './message.ts';

/** The DER of the `Client-Cert` field; null without the field, empty where its value is no certificate. */
export function certificateFieldOf(incoming: Pick<Incoming, 'fields'>): Buffer | null {
  if (incoming.fields[fields.clientCert] === undefined) return null;
  // RFC 8941 section 3.3.5: a byte sequence is base64 between colons.
  const base64 = /^:([A-Za-z0-9+/]+={0,2}):$/.exec(fieldOf(incoming, fields.clientCert) ?? '')?.[1];
  if (base64 === undefined) return Buffer.alloc(0);
  const der = Buffer.from(base64, 'base64');
  try {
    new X509Certificate(der);
    return der;
  } catch {
    return Buffer.alloc(0);
  }
}
