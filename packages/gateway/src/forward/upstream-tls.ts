// TLS toward back ends: whom an upstream trusts, what the gateway shows, and in which words a handshake is told that failed.
import { isIP } from 'node:net';
import { type ConnectionOptions, createSecureContext, type SecureContext } from 'node:tls';
import { createTrustBundle, UnreadableTrustBundle } from '@headgate/pki';
import type { UpstreamOptions } from '../config-upstreams.ts';
import { keyTextOf, textOf, unusable } from '../named-file.ts';
import { provePair } from '../server-keys.ts';

type TlsOptions = NonNullable<UpstreamOptions['tls']>;

/** The files of an upstream, read and proved usable. Plain, so that a message can carry it to another thread. */
export interface UpstreamTls {
  readonly pem: { readonly ca: string; readonly cert?: string; readonly key?: string };
  /** Null: the host of the endpoint's address. */
  readonly serverName: string | null;
}

/** Reads the TLS files of every upstream, in order; null where there are none. Rejects with `UnusableFiles`. */
export function readUpstreamTls(
  upstreams: readonly UpstreamOptions[],
  base: string,
): Promise<readonly (UpstreamTls | null)[]> {
  return Promise.all(upstreams.map(async ({ tls }) => (tls === undefined ? null : readOne(tls, base))));
}

async function readOne(tls: TlsOptions, base: string): Promise<UpstreamTls> {
  const { authorities, certificate, key } = tls;
  const ca = await textOf(authorities, base);
  try {
    createTrustBundle({ name: 'upstream', anchorsPem: ca, intermediatesPem: '' });
  } catch (cause) {
    if (!(cause instanceof UnreadableTrustBundle)) throw cause;
    throw unusable(authorities, cause.message, 'PEM certificates that can be read', cause.lineNumber);
  }
  const shown =
    certificate === undefined || key === undefined
      ? null
      : { cert: await textOf(certificate, base), key: await keyTextOf(key, base) };
  try {
    const files: UpstreamTls = { pem: { ca, ...shown }, serverName: tls.serverName ?? null };
    if (shown !== null) provePair(shown);
    contextOf(files);
    return files;
  } catch (cause) {
    const found = `${certificate} with ${key}: ${(cause as Error).message}`;
    throw unusable(certificate ?? authorities, found, 'a PEM chain and its private key');
  }
}

const contexts = new WeakMap<UpstreamTls, SecureContext>();

/** Made once for each reading of the files: it is dear. Throws what OpenSSL says of PEM text that was not proved. */
function contextOf(files: UpstreamTls): SecureContext {
  const known = contexts.get(files);
  if (known !== undefined) return known;
  const context = createSecureContext({ ...files.pem, minVersion: 'TLSv1.2' });
  contexts.set(files, context);
  return context;
}

/** What `tls.connect` needs so that chain, dates and name of the endpoint's certificate are verified. */
export function secureOptions(files: UpstreamTls, host: string): ConnectionOptions {
  const name = files.serverName ?? host;
  return {
    secureContext: contextOf(files),
    rejectUnauthorized: true, // Said outright: the environment must not be able to turn it off.
    // RFC 6066 §3: no address in SNI. Without one Node compares the certificate with `host`, which is the address then.
    ...(isIP(name) === 0 ? { servername: name } : {}),
    ALPNProtocols: ['http/1.1'],
  };
}

const foundByCode: Readonly<Record<string, string>> = {
  CERT_HAS_EXPIRED: 'its certificate has expired',
  CERT_NOT_YET_VALID: 'its certificate is not valid yet',
  ERR_TLS_CERT_ALTNAME_INVALID: 'its certificate is for another name',
  UNABLE_TO_VERIFY_LEAF_SIGNATURE: 'the issuer of its certificate is not trusted here',
  UNABLE_TO_GET_ISSUER_CERT: 'the issuer of its certificate is not trusted here',
  UNABLE_TO_GET_ISSUER_CERT_LOCALLY: 'the issuer of its certificate is not trusted here',
  SELF_SIGNED_CERT_IN_CHAIN: 'the issuer of its certificate is not trusted here',
  DEPTH_ZERO_SELF_SIGNED_CERT: 'the issuer of its certificate is not trusted here',
  INVALID_PURPOSE: 'its certificate is not for a server',
};

/** Alerts about our certificate (RFC 8446 §6.2): they end a handshake, so that no request was read after them. */
const certificateAlert =
  /^ERR_SSL_\w*ALERT_(?:CERTIFICATE_\w+|BAD_CERTIFICATE|UNSUPPORTED_CERTIFICATE|UNKNOWN_CA|ACCESS_DENIED)$/;

/** Whether an error says that the endpoint refused the gateway's certificate. In TLS 1.3 it comes after our side is done. */
export function isCertificateAlert(error: Error): boolean {
  return certificateAlert.test(codeOf(error));
}

/** Whether another handshake would fail just so; a connection that broke may be whole the next time. */
export function isLastingFault(error: Error): boolean {
  const code = codeOf(error);
  return foundByCode[code] !== undefined || code.startsWith('ERR_SSL_');
}

/** A failed handshake in words of our own. */
export function handshakeFound(error: Error): string {
  const code = codeOf(error);
  const known = foundByCode[code];
  if (known !== undefined) return known;
  if (isCertificateAlert(error)) return 'it does not accept the certificate of the gateway';
  if (code === 'ERR_SSL_WRONG_VERSION_NUMBER' || code === 'ERR_SSL_PACKET_LENGTH_TOO_LONG')
    return 'it does not speak TLS';
  return code.startsWith('ERR_SSL_') ? 'the two sides have no TLS in common' : 'it closed the connection';
}

function codeOf(error: Error): string {
  return (error as NodeJS.ErrnoException).code ?? '';
}
