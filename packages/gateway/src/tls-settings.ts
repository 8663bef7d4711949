// What TLS toward callers offers, the same for every host and every certificate.
import { constants } from 'node:crypto';
import type { SecureContextOptions } from 'node:tls';

/** TLS 1.3, and of TLS 1.2 only what has forward secrecy and authenticated encryption (RFC 9325 §4.2). */
const ciphers = [
  'TLS_AES_256_GCM_SHA384',
  'TLS_CHACHA20_POLY1305_SHA256',
  'TLS_AES_128_GCM_SHA256',
  'ECDHE-ECDSA-AES256-GCM-SHA384',
  'ECDHE-RSA-AES256-GCM-SHA384',
  'ECDHE-ECDSA-CHACHA20-POLY1305',
  'ECDHE-RSA-CHACHA20-POLY1305',
  'ECDHE-ECDSA-AES128-GCM-SHA256',
  'ECDHE-RSA-AES128-GCM-SHA256',
];

/** Without finite fields: a caller that asks for them makes the server do the dearer half (CVE-2002-20001). */
const groups = ['X25519MLKEM768', 'X25519', 'P-256', 'P-384'];

/**
 * How long a ticket may be resumed, in seconds; OpenSSL's own is 7,200. No longer than keys of tickets are used (ticket-keys.ts),
 * and longer than the quarter of an hour between two polls of a program that opens a connection for each.
 */
const ticketSeconds = 3_600;

/**
 * OpenSSL takes some of them from the context of a host and some from the server's, so each context has them all. A caller may
 * not renegotiate: it could change its certificate below a request that was judged by another (CVE-2009-3555), and a handshake
 * is dear.
 */
export const tlsSettings: SecureContextOptions = {
  minVersion: 'TLSv1.2',
  maxVersion: 'TLSv1.3',
  ciphers: ciphers.join(':'),
  ecdhCurve: groups.join(':'),
  honorCipherOrder: true,
  sessionTimeout: ticketSeconds,
  secureOptions: constants.SSL_OP_NO_RENEGOTIATION | constants.SSL_OP_NO_COMPRESSION,
};
