// Why a handshake failed, in words that an operator can act on. OpenSSL names the line of code that gave up.

/** What a handshake failed of. */
export type HandshakeFailureReason =
  | 'no-shared-version'
  | 'no-shared-cipher'
  | 'no-shared-group'
  | 'no-shared-signature'
  | 'no-shared-protocol'
  | 'chain-not-trusted'
  | 'caller-refused'
  | 'client-key'
  | 'bad-record'
  | 'bad-message'
  | 'plain-http'
  | 'not-tls'
  | 'caller-left'
  | 'timeout'
  | 'proxy-header'
  | 'other';

/** A reason, and what happened in one sentence. */
export interface HandshakeFailure {
  readonly reason: HandshakeFailureReason;
  readonly detail: string;
}

const ofCode: Readonly<Record<string, HandshakeFailure>> = {
  ECONNRESET: {
    reason: 'caller-left',
    detail:
      'the caller left in the middle of the handshake; some programs do so where they do not trust our certificate chain',
  },
  EPIPE: { reason: 'caller-left', detail: 'the caller left in the middle of the handshake' },
  ERR_TLS_HANDSHAKE_TIMEOUT: { reason: 'timeout', detail: 'the handshake was not over within path.headerTimeoutMs' },
};

/** By OpenSSL's words for its error, which follow `ERR_SSL_` in the code. */
const ofReason: Readonly<Record<string, HandshakeFailure>> = {
  ...named('no-shared-version', 'the caller speaks neither TLS 1.2 nor TLS 1.3', [
    'UNSUPPORTED_PROTOCOL',
    'VERSION_TOO_LOW',
    'NO_PROTOCOLS_AVAILABLE',
    'UNKNOWN_SSL_VERSION',
  ]),
  ...named('no-shared-version', 'the caller fell back to an older version than it can speak', [
    'INAPPROPRIATE_FALLBACK',
  ]),
  ...named(
    'no-shared-cipher',
    'the caller offers no cipher suite that is accepted here, or no curve or signature to go with it: AEAD with ECDHE is needed',
    ['NO_SHARED_CIPHER', 'NO_CIPHERS_SPECIFIED', 'NO_CIPHER_MATCH'],
  ),
  ...named('no-shared-group', 'the caller offers no group for the key exchange that is accepted here', [
    'NO_SUITABLE_KEY_SHARE',
    'NO_SUITABLE_GROUPS',
    'NO_SHARED_GROUPS',
    'BAD_KEY_SHARE',
  ]),
  ...named('no-shared-signature', 'the caller takes no signature that our certificate’s key can make', [
    'NO_SUITABLE_SIGNATURE_ALGORITHM',
    'NO_SHARED_SIGNATURE_ALGORITHMS',
  ]),
  ...named('no-shared-protocol', 'the caller insists on another protocol than HTTP/1.1 (ALPN)', [
    'NO_APPLICATION_PROTOCOL',
  ]),
  ...named('client-key', 'the caller could not prove that it has the key of its certificate', [
    'BAD_SIGNATURE',
    'WRONG_SIGNATURE_TYPE',
    'WRONG_SIGNATURE_SIZE',
  ]),
  ...named(
    'bad-record',
    'a record could not be decrypted: it was damaged on its way, or is no part of this connection',
    [
      'DECRYPTION_FAILED',
      'DECRYPTION_FAILED_OR_BAD_RECORD_MAC',
      'BAD_RECORD_TYPE',
      'DIGEST_CHECK_FAILED',
      'ENCRYPTED_LENGTH_TOO_LONG',
      'PACKET_LENGTH_TOO_LONG',
      'DATA_LENGTH_TOO_LONG',
    ],
  ),
  ...named('plain-http', 'the caller speaks plain HTTP; it was told so', ['HTTP_REQUEST']),
  ...named('not-tls', 'what the caller sent is no TLS', [
    'WRONG_VERSION_NUMBER',
    'UNKNOWN_PROTOCOL',
    'HTTPS_PROXY_REQUEST',
    'RECORD_TOO_SMALL',
  ]),
};

/** Alerts (RFC 8446 §6.2) of a caller that looked at our chain and did not like it. */
const chainAlerts: ReadonlySet<string> = new Set([
  'bad_certificate',
  'unsupported_certificate',
  'certificate_revoked',
  'certificate_expired',
  'certificate_unknown',
  'unknown_ca',
  'bad_certificate_status_response',
  'bad_certificate_hash_value',
]);

/** Alerts whose code does not say that they are one. */
const quietAlerts = /^TLSV1_(UNRECOGNIZED_NAME|UNSUPPORTED_EXTENSION|CERTIFICATE_UNOBTAINABLE|BAD_CERTIFICATE_.*)$/;

/** The failure that an error of Node or OpenSSL tells of. */
export function readHandshakeFailure(code: string): HandshakeFailure {
  const known = ofCode[code];
  if (known !== undefined) return known;
  const words = /^ERR_SSL_(.+)$/.exec(code)?.[1];
  if (words === undefined) return { reason: 'other', detail: `the handshake failed: ${code}` };
  const alert = (/ALERT_(.+)$/.exec(words) ?? quietAlerts.exec(words))?.[1]?.toLowerCase();
  if (alert !== undefined) return ofAlert(alert);
  return (
    ofReason[words] ?? { reason: 'bad-message', detail: `the caller sent what TLS does not allow: ${inWords(words)}` }
  );
}

function ofAlert(alert: string): HandshakeFailure {
  if (chainAlerts.has(alert))
    return { reason: 'chain-not-trusted', detail: `the caller does not trust our certificate chain: alert ${alert}` };
  return { reason: 'caller-refused', detail: `the caller broke the handshake off: alert ${alert}` };
}

function named(
  reason: HandshakeFailureReason,
  detail: string,
  words: readonly string[],
): Readonly<Record<string, HandshakeFailure>> {
  return Object.fromEntries(words.map((each) => [each, { reason, detail }]));
}

function inWords(words: string): string {
  return words.toLowerCase().replaceAll('_', ' ');
}
