// The TLS server of one listener: which certificate a handshake is shown, and whether it is asked for one.
import { createServer, type SecureContext, type TLSSocket, type TlsOptions, type Server as TlsServer } from 'node:tls';
import { tlsSettings } from '../tls-settings.ts';
import type { ListenerOptions } from './listener-options.ts';

/** What a server does with the host name of a handshake. */
type NameCallback = NonNullable<TlsOptions['SNICallback']>;

/**
 * Creates a server that looks at the host name of each handshake; it accepts nothing by itself. `contextOf` gives the certificate of
 * a host, by its name, where it is not the server's own: changing from one to another costs a handshake one part in fifty.
 */
export function createTlsServer(
  options: ListenerOptions,
  contextOf: (name: string) => SecureContext | undefined,
): TlsServer {
  return serverWith(options, function (this: TLSSocket, serverName, done) {
    // A throw here would end the process (CVE-2026-21637).
    try {
      const name = toHostName(serverName);
      if (options.serving().host(options.name, name)?.certificates.isAsked !== true) askForNone(this);
      done(null, contextOf(name));
    } catch (thrown) {
      done(thrown as Error);
    }
  });
}

/**
 * Creates a server whose handshakes go the same way whatever host they name: each is shown the first host's certificate and asked for
 * one. Stopping to look at the name costs a handshake one part in thirty.
 */
export function createNamelessTlsServer(options: ListenerOptions): TlsServer {
  return serverWith(options, undefined);
}

function serverWith(options: ListenerOptions, SNICallback: NameCallback | undefined): TlsServer {
  return createServer({
    ...tlsSettings,
    handshakeTimeout: options.path.headerTimeoutMs,
    ALPNProtocols: ['http/1.1'],
    ticketKeys: options.ticketKeys,
    // Asked for, never judged here: a refused certificate is explained in the answer (invariant 6). No `ca` option, so
    // that no list of authorities is sent and clients offer what they have. A handshake that names no host is asked.
    requestCert: true,
    rejectUnauthorized: false,
    ...(SNICallback === undefined ? {} : { SNICallback }),
    ...options.hosts[0]?.pem,
  });
}

/** A name as hosts are called: RFC 6066 §3 has no trailing dot, yet some send one. */
export function toHostName(serverName: string): string {
  return serverName.toLowerCase().replace(/\.$/, '');
}

/**
 * OpenSSL asks for a certificate by connection, Node by server. Its way to say so is not in Node's documentation, but the
 * handshake is read once, by OpenSSL: a ClientHello that we read beside it could name two hosts to two readers
 * (docs/decisions/0026). Where a Node no longer has it, everybody is asked, and tls.test.ts fails.
 */
function askForNone(socket: TLSSocket): void {
  const { _handle: handle } = socket as TLSSocket & { readonly _handle?: NativeTls };
  handle?.setVerifyMode?.(false, false);
}

interface NativeTls {
  setVerifyMode?(asksForCertificate: boolean, rejectsUnauthorized: boolean): void;
}
