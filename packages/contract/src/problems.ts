// The catalogue of every "no": one entry per code, with its words. A code is stable for ever and never reused.
// Its reference page and the tests that provoke it are compared with this file by `npm run check`.
import type { LimitUnit } from './limit-terms.ts';
import type { UsernamePart } from './username-rules.ts';

/** Whether repeating helps: never, after a stated wait, or later with growing pauses. Clients read this and nothing else. */
export type RetryAdvice = 'never' | 'after' | 'backoff';

/** RFC 9209 §2.3 error types that we use. */
export type ProxyErrorType =
  | 'http_request_error'
  | 'http_request_denied'
  | 'destination_not_found'
  | 'destination_unavailable'
  | 'connection_refused'
  | 'connection_timeout'
  | 'connection_limit_reached'
  | 'http_response_timeout'
  | 'http_response_incomplete'
  | 'http_protocol_error'
  | 'proxy_internal_error'
  | 'proxy_internal_response'
  | 'tls_protocol_error'
  | 'tls_certificate_error';

/** One entry of the catalogue. `detail` is one sentence from typed facts, nothing from a library or an upstream. */
export interface Problem<Facts> {
  /** The honest HTTP status. A SOAP fault carries 500 instead, by its binding. */
  readonly status: number;
  readonly proxyError: ProxyErrorType;
  /** Whose doing it is. */
  readonly source: 'downstream' | 'upstream' | 'gateway';
  readonly retry: RetryAdvice;
  /** At most six words, no facts. */
  readonly title: string;
  readonly detail: (facts: Facts) => string;
  /** What the caller does next, in the imperative. */
  readonly fix: string;
  /** What the operator does, where the caller cannot help. */
  readonly operatorFix?: string;
}

function problem<Facts = Record<never, never>>(entry: Problem<Facts>): Problem<Facts> {
  return entry;
}

/** The limit that decided a refusal, for programs: its sentence alone says so to people. */
export interface LimitFacts {
  readonly rule: string;
  readonly text: string;
  /** Whose allowance it was, as `sayAllowance` writes it: of the caller itself, and of nobody else. */
  readonly key: string;
  readonly unit: LimitUnit;
  readonly quota: number;
  readonly windowMs: number;
  /** The names of every rule that had no room. */
  readonly violated: readonly string[];
}

interface CertificateWords {
  readonly subject: string;
  readonly issuer: string;
  readonly serial: string;
}

/** Of a certificate that another kind would have to take the place of: issuers that are accepted, and what it is where no client's. */
interface ReplacementWords extends CertificateWords {
  /** As they are listed, the day after the name of each that ends: `CN=… (until 2027-01-26)`. Null where whoever judges knows none. */
  readonly issuers: readonly string[] | null;
  /** What it is where it is not meant for clients, going on from "it"; null where it is meant for them. */
  readonly otherPurpose: string | null;
}

function acceptedWords(issuers: readonly string[] | null): string {
  if (issuers === null) return '';
  return ` Accepted issuers: ${issuers.length === 0 ? 'none at present' : issuers.join('; ')}.`;
}

function purposeWords(otherPurpose: string | null): string {
  return otherPurpose === null ? '' : ` Besides, it ${otherPurpose}.`;
}

/** The name in the header of a message, and the names that it may be: at most a few, perhaps none. */
interface UsernameWords {
  readonly rule: string;
  readonly outcome: 'differs' | 'absent' | 'unseen';
  readonly username: string;
  /** Local names from the Header down. */
  readonly element: string;
  readonly part: UsernamePart;
  readonly expected: readonly string[];
}

const partWords: Readonly<Record<UsernamePart, string>> = {
  subject: 'the subject of the certificate',
  'common-name': 'the common name of the certificate',
  uid: 'the UID of the certificate',
  provisioned: 'a name that provisioning gives to the certificate',
};

function usernameWords({ rule, outcome, username, element, part, expected }: UsernameWords): string {
  const due = `${partWords[part]} (${expected.length === 0 ? 'there is none' : expected.slice(0, 5).join('; ')})`;
  switch (outcome) {
    case 'differs':
      return `The message says in ${element} that it is from ${username}, which is not ${due}. Rule: ${rule}.`;
    case 'absent':
      return `The message has no ${element} in its header, where ${due} must stand. Rule: ${rule}.`;
    case 'unseen':
      return `The header of the message is longer than what is looked at, so that ${element} cannot be compared with ${due}. Rule: ${rule}.`;
  }
}

/** A right that is missing. `grantedBy` holds addresses of roles, most likely first; empty where none is known. */
interface RightWords {
  readonly subject: string;
  readonly right: 'read' | 'submit';
  readonly system: string;
  readonly channel: 'ui' | 'api';
  readonly environment: string;
  readonly grantedBy: readonly string[];
}

function wantedWords(
  { subject, right, system, channel, environment }: Omit<RightWords, 'grantedBy'>,
  verb: string,
): string {
  return `${subject} ${verb} ${right} on ${system} (${channel}, ${environment})`;
}

function grantWords(grantedBy: readonly string[], does: string): string {
  return grantedBy.length === 0 ? '' : ` ${grantedBy.join(' or ')} ${does}.`;
}

function endorserWords(endorser: string | null): string {
  return endorser === null ? '' : `, by endorsement of ${endorser}`;
}

/** Every refusal code of the product, stage first. */
export const problems = {
  'listener.malformed_request': problem<{ found: string }>({
    status: 400,
    proxyError: 'http_request_error',
    source: 'downstream',
    retry: 'never',
    title: 'Request is not valid HTTP',
    detail: ({ found }) => `The request cannot be read as HTTP/1.1: ${found}.`,
    fix: 'Send a request that follows RFC 9112; check what a proxy on the way does to it.',
  }),
  'listener.ambiguous_framing': problem<{ found: string }>({
    status: 400,
    proxyError: 'http_request_error',
    source: 'downstream',
    retry: 'never',
    title: 'Request length is ambiguous',
    detail: ({ found }) => `Two readers could disagree about where this request ends: ${found}.`,
    fix: 'Send either one Content-Length or Transfer-Encoding: chunked, never both.',
  }),
  'listener.header_too_large': problem<{ limitBytes: number }>({
    status: 431,
    proxyError: 'http_request_error',
    source: 'downstream',
    retry: 'never',
    title: 'Request header section too large',
    detail: ({ limitBytes }) => `The request line and header fields together exceed ${limitBytes} bytes.`,
    fix: 'Send fewer or shorter header fields; drop cookies that this service did not set.',
  }),
  'listener.target_too_long': problem<{ limitBytes: number }>({
    status: 414,
    proxyError: 'http_request_error',
    source: 'downstream',
    retry: 'never',
    title: 'Request target too long',
    detail: ({ limitBytes }) => `The request target exceeds ${limitBytes} bytes.`,
    fix: 'Shorten the URL; send what is long in the body.',
  }),
  'listener.version_not_supported': problem<{ found: string }>({
    status: 505,
    proxyError: 'http_request_error',
    source: 'downstream',
    retry: 'never',
    title: 'HTTP version not supported',
    detail: ({ found }) => `The request uses ${found}.`,
    fix: 'Send the request as HTTP/1.1.',
  }),
  'listener.plain_http': problem<{ port: number }>({
    status: 400,
    proxyError: 'http_request_error',
    source: 'downstream',
    retry: 'never',
    title: 'Plain HTTP on a TLS port',
    detail: ({ port }) => `Port ${port} speaks TLS, but the request came as plain HTTP.`,
    fix: 'Write https: in place of http: in the address.',
  }),
  'listener.request_timeout': problem<{ waitedMs: number }>({
    status: 408,
    proxyError: 'http_request_error',
    source: 'downstream',
    retry: 'backoff',
    title: 'Request arrived too slowly',
    detail: ({ waitedMs }) => `The request was not complete after ${waitedMs} ms.`,
    fix: 'Send the whole request without pauses; check the network between you and the gateway.',
  }),
  'listener.too_many_waiting_bodies': problem<{ source: string; limit: number }>({
    status: 503,
    proxyError: 'http_request_denied',
    source: 'downstream',
    retry: 'backoff',
    title: 'Too many unfinished requests',
    detail: ({ source, limit }) => `Source ${source} has ${limit} requests whose bodies have not arrived yet.`,
    fix: 'Finish the requests already begun before you begin more.',
  }),
  'identity.host_mismatch': problem<{ host: string; serverName: string }>({
    status: 421,
    proxyError: 'http_request_denied',
    source: 'downstream',
    retry: 'never',
    title: 'Host differs from TLS name',
    detail: ({ host, serverName }) =>
      `The TLS handshake named ${serverName} but the request names ${host === '' ? 'no host' : host}.`,
    fix: 'Open one connection per host name, and send that name in both the TLS handshake and the Host field.',
  }),
  'identity.certificate_missing': problem<{ host: string; issuers: readonly string[]; resumed: boolean }>({
    status: 403,
    proxyError: 'http_request_denied',
    source: 'downstream',
    retry: 'never',
    title: 'No client certificate offered',
    detail: ({ host, issuers, resumed }) =>
      `${host} needs a client certificate and the TLS ${resumed ? 'session that was resumed began without one: a program that has one must begin a new session, as it does after a restart' : 'handshake brought none'}.${acceptedWords(issuers)}`,
    fix: 'Configure your client with a certificate and private key issued by one of the accepted issuers.',
  }),
  'identity.certificate_expired': problem<ReplacementWords & { notAfter: string }>({
    status: 403,
    proxyError: 'http_request_denied',
    source: 'downstream',
    retry: 'never',
    title: 'Client certificate expired',
    detail: ({ subject, issuer, serial, notAfter, issuers, otherPurpose }) =>
      `The certificate ${subject} (issuer ${issuer}, serial ${serial}) expired on ${notAfter}.${purposeWords(otherPurpose)}${acceptedWords(issuers)}`,
    fix: 'Have it renewed by one of the accepted issuers: ask your access administrator, or the contact that this refusal names. Install the new certificate, then restart the program that holds the old one.',
  }),
  'identity.certificate_not_yet_valid': problem<CertificateWords & { notBefore: string }>({
    status: 403,
    proxyError: 'http_request_denied',
    source: 'downstream',
    retry: 'never',
    title: 'Client certificate not valid yet',
    detail: ({ subject, issuer, serial, notBefore }) =>
      `The certificate ${subject} (issuer ${issuer}, serial ${serial}) is valid only from ${notBefore}.`,
    fix: 'Use your present certificate until then, and check the clock of the machine that made the request.',
  }),
  'identity.issuer_unknown': problem<ReplacementWords>({
    status: 403,
    proxyError: 'http_request_denied',
    source: 'downstream',
    retry: 'never',
    title: 'Client certificate issuer not accepted',
    detail: ({ subject, issuer, serial, issuers, otherPurpose }) =>
      `The certificate ${subject} (serial ${serial}) was issued by ${issuer}, which is not accepted here.${purposeWords(otherPurpose)}${acceptedWords(issuers)}`,
    fix: 'Use a client certificate from one of the accepted issuers; ask your access administrator for one, or the contact that this refusal names.',
  }),
  'identity.authority_withdrawn': problem<
    ReplacementWords & { authority: string; until: string | null; reason: string | null }
  >({
    status: 403,
    proxyError: 'http_request_denied',
    source: 'downstream',
    retry: 'never',
    title: 'Certificate authority no longer accepted',
    detail: ({ subject, serial, authority, until, reason, issuers, otherPurpose }) =>
      `The certificate ${subject} (serial ${serial}) leads to ${authority}, which ${until === null ? 'is no longer accepted here; since which day is not told' : `was accepted here until ${until}`}.${reason === null ? '' : ` Reason: ${reason}.`}${purposeWords(otherPurpose)}${acceptedWords(issuers)}`,
    fix: 'Renew the certificate with one of the accepted issuers: ask your access administrator, or the contact that this refusal names. Then restart the program that holds the old one.',
  }),
  'identity.authority_not_yet_accepted': problem<CertificateWords & { authority: string; from: string | null }>({
    status: 403,
    proxyError: 'http_request_denied',
    source: 'downstream',
    retry: 'never',
    title: 'Certificate authority not accepted yet',
    detail: ({ subject, serial, authority, from }) =>
      `The certificate ${subject} (serial ${serial}) leads to ${authority}, which ${from === null ? 'is not accepted here yet' : `is accepted here only from ${from}`}.`,
    fix: 'Use your present certificate until then.',
  }),
  'identity.certificate_invalid': problem<CertificateWords & { valid: string; fault: string; needed: string }>({
    status: 403,
    proxyError: 'http_request_denied',
    source: 'downstream',
    retry: 'never',
    title: 'Client certificate not acceptable',
    detail: ({ subject, issuer, serial, valid, fault, needed }) =>
      `The certificate ${subject} (issuer ${issuer}, serial ${serial}, ${valid}) was refused: it ${fault}. ${needed}`,
    fix: 'Request a new client certificate from your access administrator, and pass on why this one was refused.',
  }),
  'identity.certificate_revoked': problem<CertificateWords & { revoked: string; reason: string }>({
    status: 403,
    proxyError: 'http_request_denied',
    source: 'downstream',
    retry: 'never',
    title: 'Client certificate revoked',
    detail: ({ subject, issuer, serial, revoked, reason }) =>
      `The certificate ${subject} (issuer ${issuer}, serial ${serial}) was revoked on ${revoked} (${reason}).`,
    fix: 'Stop using this certificate and its key; ask your access administrator for a new one.',
  }),
  'identity.certificate_on_hold': problem<CertificateWords & { held: string }>({
    status: 403,
    proxyError: 'http_request_denied',
    source: 'downstream',
    retry: 'never',
    title: 'Client certificate on hold',
    detail: ({ subject, issuer, serial, held }) =>
      `The certificate ${subject} (issuer ${issuer}, serial ${serial}) is on hold since ${held}: its issuer suspended it, and can lift that.`,
    fix: 'Ask your access administrator, or the contact that this refusal names, why it is on hold. Once its issuer lifts the hold, the same certificate and key are accepted again, with nothing to install.',
  }),
  'identity.revocation_unknown': problem<CertificateWords & { fault: string }>({
    status: 503,
    proxyError: 'http_request_denied',
    source: 'gateway',
    retry: 'backoff',
    title: 'Revocation state not known',
    detail: ({ subject, issuer, serial, fault }) =>
      `The certificate ${subject} (issuer ${issuer}, serial ${serial}) ${fault}. The operator of this gateway must bring the next one; nothing is known against the certificate.`,
    fix: 'Repeat the call after the stated seconds, or later: your certificate is not at fault, and only the operator can act. If it lasts, tell the contact that this refusal names.',
    operatorFix:
      'Put the current list where `trustBundles[].crls` or `crlUrls` has it; it is in force within 60 s. `headgate trust status` says what is wrong with it.',
  }),
  'identity.authority_invalid': problem<
    CertificateWords & { valid: string; fault: string; needed: string; caller: string }
  >({
    status: 403,
    proxyError: 'http_request_denied',
    source: 'downstream',
    retry: 'never',
    title: 'Issuing authority not acceptable',
    detail: ({ caller, subject, issuer, serial, valid, fault, needed }) =>
      `The certificate ${caller} leads to the authority ${subject} (issuer ${issuer}, serial ${serial}, ${valid}), which was refused: it ${fault}. ${needed}`,
    fix: 'Use a certificate of another accepted issuer, or ask your access administrator; your own certificate need not be at fault.',
    operatorFix:
      'Put a certificate of this authority that is valid into the trust bundle, or tell its callers to renew.',
  }),
  'identity.not_enrolled': problem<{
    subject: string;
    environment: string;
    /** The question was about a name, or about a certificate of which not all was judged: whether it is valid is not said. */
    isUnjudged?: boolean;
    otherCertificate: boolean;
    grantedBy: readonly string[];
  }>({
    status: 403,
    proxyError: 'http_request_denied',
    source: 'downstream',
    retry: 'never',
    title: 'Certificate not enrolled',
    detail: ({ subject, environment, isUnjudged, otherCertificate, grantedBy }) =>
      `The certificate ${subject} is ${isUnjudged === true ? '' : 'valid but '}not enrolled in ${environment}.${otherCertificate ? ' Another certificate with this subject is enrolled, by its fingerprint or serial.' : ''}${grantWords(grantedBy, 'enrols certificates')}`,
    fix: 'Ask your access administrator to provision this certificate for the environment.',
  }),
  'identity.username_mismatch': problem<UsernameWords>({
    status: 403,
    proxyError: 'http_request_denied',
    source: 'downstream',
    retry: 'never',
    title: 'Name differs from the certificate',
    detail: usernameWords,
    fix: 'Write the name of the certificate that you connect with into the header of the message, or connect with the certificate of the user whose name it is.',
  }),
  'route.unknown_host': problem<{ host: string }>({
    status: 404,
    proxyError: 'destination_not_found',
    source: 'downstream',
    retry: 'never',
    title: 'Host not served here',
    detail: ({ host }) => `This gateway does not serve the host ${host}.`,
    fix: 'Check the host name against the published addresses.',
  }),
  'route.not_found': problem<{ host: string; path: string }>({
    status: 404,
    proxyError: 'destination_not_found',
    source: 'downstream',
    retry: 'never',
    title: 'No system at this path',
    detail: ({ host, path }) => `No published address of ${host} covers the path ${path}.`,
    fix: 'Check the path against the published addresses, letter by letter.',
  }),
  'route.unknown_service': problem<{ system: string; service: string }>({
    status: 404,
    proxyError: 'destination_not_found',
    source: 'downstream',
    retry: 'never',
    title: 'Service not known',
    detail: ({ system, service }) => `${system} has no service named "${service}".`,
    fix: 'Check the service name, its version and the place of _DocAttach in it.',
  }),
  'route.undecided_service': problem<{ path: string; candidates: readonly string[] }>({
    status: 400,
    proxyError: 'http_request_error',
    source: 'downstream',
    retry: 'never',
    title: 'System cannot be told',
    detail: ({ path, candidates }) =>
      `${path} is shared by ${candidates.join(', ')}, and neither the service name, nor SOAPAction, nor the first element of the body says which is meant.`,
    fix: 'Name the service in the path, or send a SOAPAction and a body whose first element belongs to the service.',
  }),
  'route.method_not_allowed': problem<{ method: string; allowed: readonly string[] }>({
    status: 405,
    proxyError: 'http_request_denied',
    source: 'downstream',
    retry: 'never',
    title: 'Method not allowed',
    detail: ({ method, allowed }) => `${method} is not allowed here. Allowed: ${allowed.join(', ')}.`,
    fix: 'Use one of the allowed methods; SOAP calls are sent with POST.',
  }),
  'route.decommissioned': problem<{ address: string; since: string; replacement: string | null }>({
    status: 410,
    proxyError: 'destination_not_found',
    source: 'downstream',
    retry: 'never',
    title: 'Address decommissioned',
    detail: ({ address, since, replacement }) =>
      `${address} is decommissioned (${since}).${replacement === null ? '' : ` Use ${replacement} instead.`}`,
    fix: 'Move to the replacement address.',
  }),
  'route.not_served': problem<{ system: string }>({
    status: 503,
    proxyError: 'destination_unavailable',
    source: 'gateway',
    retry: 'backoff',
    title: 'System has no upstream',
    detail: ({ system }) => `This gateway has no upstream for ${system}.`,
    fix: 'Report the exchange id to the operator.',
    operatorFix: 'Add the system under `upstreams` in the gateway configuration.',
  }),
  'route.person_only': problem<{ path: string }>({
    status: 403,
    proxyError: 'http_request_denied',
    source: 'downstream',
    retry: 'never',
    title: 'For a person in a browser',
    detail: ({ path }) =>
      `${path} answers only what a person opens in a browser, or sends from a page of this host. Nothing was changed.`,
    fix: 'Call the address of the service instead: programs have no session here, and need nothing but their client certificate.',
  }),
  'admission.session_ended': problem<{ host: string; endedAt: string; because: string }>({
    status: 401,
    proxyError: 'http_request_denied',
    source: 'downstream',
    retry: 'never',
    title: 'Session ended',
    detail: ({ host, endedAt, because }) =>
      `The session of this browser at ${host} ended on ${endedAt}: ${because}. Your request was not forwarded.`,
    fix: 'Go on in a new session: a person opens the address and clicks once; a script of the page sends POST to /headgate/session once the person said so.',
  }),
  'admission.other_environment': problem<{
    subject: string;
    environment: string;
    enrolled: readonly string[];
    grantedBy: readonly string[];
  }>({
    status: 403,
    proxyError: 'http_request_denied',
    source: 'downstream',
    retry: 'never',
    title: 'Enrolled in another environment',
    detail: ({ subject, environment, enrolled, grantedBy }) =>
      `The certificate ${subject} is enrolled in ${enrolled.join(', ')}, and not in ${environment}.${grantWords(grantedBy, 'enrols it')}`,
    fix: 'Call the address of the environment in which it is enrolled, or use the certificate of this one.',
  }),
  'admission.not_permitted': problem<RightWords & { has: string }>({
    status: 403,
    proxyError: 'http_request_denied',
    source: 'downstream',
    retry: 'never',
    title: 'No right for this system',
    detail: ({ has, grantedBy, ...wanted }) =>
      `${wantedWords(wanted, 'may not')}. ${has}${grantWords(grantedBy, 'grants it')}`,
    fix: 'Ask whoever grants rights to you for this one, or use the certificate that has it.',
  }),
  'admission.right_ended': problem<RightWords & { at: string; endorser: string | null }>({
    status: 403,
    proxyError: 'http_request_denied',
    source: 'downstream',
    retry: 'never',
    title: 'Right ended',
    detail: ({ at, endorser, grantedBy, ...wanted }) =>
      `${wantedWords(wanted, 'could')} until ${at}${endorserWords(endorser)}.${grantWords(grantedBy, 'renews it')}`,
    fix: 'Have the right or the endorsement renewed by whoever gave it.',
  }),
  'admission.right_not_begun': problem<RightWords & { at: string; endorser: string | null }>({
    status: 403,
    proxyError: 'http_request_denied',
    source: 'downstream',
    retry: 'never',
    title: 'Right not begun yet',
    detail: ({ at, endorser, grantedBy, ...wanted }) =>
      `${wantedWords(wanted, 'may')} only from ${at}${endorserWords(endorser)}.${grantWords(grantedBy, 'changes that')}`,
    fix: 'Call from the stated instant on, or have the right begin earlier.',
  }),
  'admission.foreign_scid': problem<RightWords & { scid: string; rule: string; has: string }>({
    status: 403,
    proxyError: 'http_request_denied',
    source: 'downstream',
    retry: 'never',
    title: 'No right for this SCID',
    detail: ({ scid, rule, has, grantedBy, ...wanted }) =>
      `${wantedWords(wanted, 'may not')} for SCID ${scid}, over which limit ${rule} counts. ${has} The call was charged to its own sender.${grantWords(grantedBy, 'grants it')}`,
    fix: 'Put an SCID into the payload that your certificate may act for, or have the right for this one granted.',
  }),
  'admission.global_limit': problem<LimitFacts>({
    status: 429,
    proxyError: 'http_request_denied',
    source: 'downstream',
    retry: 'after',
    title: 'Global rate limit reached',
    detail: ({ text }) => text,
    fix: 'Wait the stated seconds, then pace your calls to stay under the limit; all programs behind one address share it.',
  }),
  'admission.acceptable_use': problem<LimitFacts>({
    status: 429,
    proxyError: 'http_request_denied',
    source: 'downstream',
    retry: 'after',
    title: 'Acceptable use limit reached',
    detail: ({ text }) => text,
    fix: 'Wait the stated seconds, then call this service no more often than its published period.',
  }),
  'admission.request_bytes': problem<LimitFacts>({
    status: 429,
    proxyError: 'http_request_denied',
    source: 'downstream',
    retry: 'after',
    title: 'Limit on request bytes reached',
    detail: ({ text }) => text,
    fix: 'Wait the stated seconds, then send this body again; compress it, and send Content-Length: without one the largest body that is allowed is counted in advance.',
  }),
  'admission.body_past_quota': problem<LimitFacts & { bytes: number }>({
    status: 413,
    proxyError: 'http_request_denied',
    source: 'downstream',
    retry: 'never',
    title: 'Body larger than its limit',
    detail: ({ bytes, quota, windowMs, rule }) =>
      `The body has ${bytes} bytes; the limit ${rule} admits ${quota} in ${windowMs} milliseconds, so that this one is never admitted.`,
    fix: 'Compress the payload (gzip, then base64), or split it into several submissions.',
  }),
  'admission.concurrent_requests': problem<LimitFacts>({
    status: 429,
    proxyError: 'http_request_denied',
    source: 'downstream',
    retry: 'backoff',
    title: 'Too many calls at once',
    detail: ({ text }) => text,
    fix: 'Wait for the answer to a call that is under way, then send this one; keep fewer calls open at once.',
  }),
  'admission.uncounted': problem<{ rule: string }>({
    status: 503,
    proxyError: 'http_request_denied',
    source: 'gateway',
    retry: 'after',
    title: 'Limits cannot be counted',
    detail: ({ rule }) =>
      `The gateways that count the limit ${rule} together have lost touch with what was counted. Nobody is said to have exceeded it; your request was not forwarded.`,
    fix: 'Repeat the call after the stated seconds; it is safe, since nothing was forwarded.',
    operatorFix:
      'Look for `counters-away` and `counters-began-anew` among the notices of the gateways, and see to the store at `counters.valkey`.',
  }),
  'inspection.body_too_large': problem<{ limitBytes: number; seenBytes: number; declared: boolean }>({
    status: 413,
    proxyError: 'http_request_denied',
    source: 'downstream',
    retry: 'never',
    title: 'Request body too large',
    detail: ({ limitBytes, seenBytes, declared }) =>
      `The body ${declared ? 'declares' : 'has already brought'} ${seenBytes} bytes; this address takes at most ${limitBytes}.`,
    fix: 'Compress the payload (gzip, then base64), or split it into several submissions.',
  }),
  'inspection.body_incomplete': problem<{ seenBytes: number }>({
    status: 400,
    proxyError: 'http_request_error',
    source: 'downstream',
    retry: 'backoff',
    title: 'Request body ended early',
    detail: ({ seenBytes }) => `The connection ended after ${seenBytes} bytes, before the body was complete.`,
    fix: 'Send the whole body before closing the connection.',
  }),
  'inspection.body_timeout': problem<{ waitedMs: number }>({
    status: 408,
    proxyError: 'http_request_error',
    source: 'downstream',
    retry: 'backoff',
    title: 'Request body arrived too slowly',
    detail: ({ waitedMs }) => `No more of the request body arrived for ${waitedMs} ms.`,
    fix: 'Send the body without pauses; check the network between you and the gateway.',
  }),
  'inspection.malformed_envelope': problem<{ found: string }>({
    status: 400,
    proxyError: 'http_request_denied',
    source: 'downstream',
    retry: 'never',
    title: 'Body is not a SOAP envelope',
    detail: ({ found }) => `The body was read as a SOAP envelope and is none: ${found}.`,
    fix: 'Send a SOAP 1.1 or 1.2 envelope in UTF-8, without a DOCTYPE.',
  }),
  'inspection.unsupported_content_type': problem<{ found: string; expected: readonly string[] }>({
    status: 415,
    proxyError: 'http_request_denied',
    source: 'downstream',
    retry: 'never',
    title: 'Content type not supported',
    detail: ({ found, expected }) => `The body is declared as "${found}". This address takes ${expected.join(', ')}.`,
    fix: 'Set Content-Type to what the body is.',
  }),
  'forward.upstream_unavailable': problem<{ system: string }>({
    status: 503,
    proxyError: 'destination_unavailable',
    source: 'upstream',
    retry: 'backoff',
    title: 'System not reachable',
    detail: ({ system }) => `${system} does not accept connections at the moment. Your request was not forwarded.`,
    fix: 'Repeat the call later with growing pauses; it is safe, since nothing was forwarded.',
    operatorFix: 'Check that the upstream listens at the configured address.',
  }),
  'forward.connect_timeout': problem<{ system: string; waitedMs: number }>({
    status: 504,
    proxyError: 'connection_timeout',
    source: 'upstream',
    retry: 'backoff',
    title: 'System did not accept in time',
    detail: ({ system, waitedMs }) =>
      `${system} accepted no connection within ${waitedMs} ms. Your request was not forwarded.`,
    fix: 'Repeat the call later with growing pauses; it is safe, since nothing was forwarded.',
    operatorFix: 'Check the network to the upstream, and its backlog.',
  }),
  'forward.queue_full': problem<{ system: string }>({
    status: 503,
    proxyError: 'connection_limit_reached',
    source: 'upstream',
    retry: 'backoff',
    title: 'System is busy',
    detail: ({ system }) =>
      `Every connection to ${system} is in use, and so is every place in the queue. Your request was not forwarded.`,
    fix: 'Repeat the call later with growing pauses; it is safe, since nothing was forwarded.',
    operatorFix:
      'Find out why the upstream answers slowly; where it can take more, raise `path.upstreamConnectionsMax`.',
  }),
  'forward.tls_failed': problem<{ system: string; found: string }>({
    status: 502,
    proxyError: 'tls_protocol_error',
    source: 'upstream',
    retry: 'backoff',
    title: 'No TLS connection to system',
    detail: ({ system, found }) =>
      `There is no verified TLS connection to ${system}: ${found}. Your request was not forwarded.`,
    fix: 'Repeat the call later with growing pauses; it is safe, since nothing was forwarded.',
    operatorFix:
      'Compare the certificate of the endpoint with `upstreams[].tls`: its authorities, its server name and its dates; and ours with what the endpoint accepts.',
  }),
  'forward.send_timeout': problem<{ system: string; waitedMs: number }>({
    status: 504,
    proxyError: 'http_response_timeout',
    source: 'upstream',
    retry: 'never',
    title: 'System took the request too slowly',
    detail: ({ system, waitedMs }) =>
      `${system} took no more of your request for ${waitedMs} ms, before it had all of it. It may have been carried out.`,
    fix: 'Before you repeat a submit, retrieve to see whether it was carried out.',
    operatorFix: 'Look at the upstream for the exchange id, which it received in the Headgate-Exchange field.',
  }),
  'forward.exchange_timeout': problem<{ system: string; waitedMs: number; forwarded: boolean }>({
    status: 504,
    proxyError: 'http_response_timeout',
    source: 'upstream',
    retry: 'never',
    title: 'Exchange took too long',
    detail: ({ system, waitedMs, forwarded }) =>
      `The call at ${system} was not over after ${waitedMs} ms in all. ${forwarded ? 'It may have been carried out.' : 'Your request was not forwarded.'}`,
    fix: 'Before you repeat a submit, retrieve to see whether it was carried out.',
    operatorFix: 'Compare `exchangeTimeoutMs` with how long the upstream takes for its longest answers.',
  }),
  'forward.response_timeout': problem<{ system: string; waitedMs: number }>({
    status: 504,
    proxyError: 'http_response_timeout',
    source: 'upstream',
    retry: 'never',
    title: 'System did not answer in time',
    detail: ({ system, waitedMs }) =>
      `${system} received your request and did not answer within ${waitedMs} ms. It may have been carried out.`,
    fix: 'Before you repeat a submit, retrieve to see whether it was carried out.',
    operatorFix: 'Look at the upstream for the exchange id, which it received in the Headgate-Exchange field.',
  }),
  'forward.response_incomplete': problem<{ system: string }>({
    status: 502,
    proxyError: 'http_response_incomplete',
    source: 'upstream',
    retry: 'never',
    title: 'System broke off its answer',
    detail: ({ system }) =>
      `${system} received your request and closed the connection before answering. It may have been carried out.`,
    fix: 'Before you repeat a submit, retrieve to see whether it was carried out.',
    operatorFix: 'Look at the upstream for the exchange id, which it received in the Headgate-Exchange field.',
  }),
  'forward.invalid_response': problem<{ system: string }>({
    status: 502,
    proxyError: 'http_protocol_error',
    source: 'upstream',
    retry: 'never',
    title: 'System answered invalid HTTP',
    detail: ({ system }) =>
      `${system} received your request and answered with bytes that are not valid HTTP. It may have been carried out.`,
    fix: 'Before you repeat a submit, retrieve to see whether it was carried out.',
    operatorFix: 'Look at the upstream for the exchange id, which it received in the Headgate-Exchange field.',
  }),
  'forward.html_answer': problem<{ system: string; status: number }>({
    status: 502,
    proxyError: 'http_protocol_error',
    source: 'upstream',
    retry: 'never',
    title: 'System answered with a page',
    detail: ({ system, status }) =>
      `${system} answered a program with an HTML page (status ${status}), which was withheld. The request may have been carried out.`,
    fix: 'Before you repeat a submit, retrieve to see whether it was carried out; quote the exchange id to support.',
    operatorFix:
      'Find out why the upstream answers API calls with pages (a session or log-out page is the usual cause).',
  }),
  'forward.too_many_tunnels': problem<{ limit: number }>({
    status: 503,
    proxyError: 'http_request_denied',
    source: 'gateway',
    retry: 'backoff',
    title: 'Too many upgraded connections',
    detail: ({ limit }) =>
      `This gateway keeps ${limit} upgraded connections (WebSocket) open already, and opens no more.`,
    fix: 'Close connections that you no longer use, then try again with growing pauses.',
    operatorFix: 'Raise `path.tunnelsMax`, and `path.upstreamConnectionsMax` with it.',
  }),
  'forward.too_many_tunnels_from_source': problem<{ source: string; limit: number }>({
    status: 429,
    proxyError: 'http_request_denied',
    source: 'downstream',
    retry: 'backoff',
    title: 'Too many upgraded connections',
    detail: ({ source, limit }) =>
      `Source ${source} keeps ${limit} upgraded connections (WebSocket) open already, and may open no more.`,
    fix: 'Close connections that you no longer use, then try again with growing pauses.',
    operatorFix: 'Raise `path.tunnelsPerSourceMax` where many people share one address.',
  }),
  'gateway.draining': problem({
    status: 503,
    proxyError: 'proxy_internal_response',
    source: 'gateway',
    retry: 'backoff',
    title: 'Gateway is shutting down',
    detail: () => 'This gateway is shutting down and takes no new requests. Your request was not forwarded.',
    fix: 'Open a new connection and repeat the call; it is safe, since nothing was forwarded.',
  }),
  'gateway.defect': problem({
    status: 500,
    proxyError: 'proxy_internal_error',
    source: 'gateway',
    retry: 'never',
    title: 'Defect in the gateway',
    detail: () => 'The gateway failed on this request through a fault of its own.',
    fix: 'Report the exchange id to the operator.',
    operatorFix: 'Find the exchange id in the evidence: the record holds the cause and the stack.',
  }),
} as const;

/** One entry of control's catalogue. Control is no proxy: there is no Proxy-Status, and nothing behind it. */
export interface ControlProblem<Facts> {
  readonly status: number;
  /** Whose doing it is. */
  readonly source: 'caller' | 'control';
  readonly retry: RetryAdvice;
  /** At most six words, no facts. */
  readonly title: string;
  readonly detail: (facts: Facts) => string;
  /** What the caller does next, in the imperative. */
  readonly fix: string;
  /** What the operator does, where the caller cannot help. */
  readonly operatorFix?: string;
}

function controlProblem<Facts = Record<never, never>>(entry: ControlProblem<Facts>): ControlProblem<Facts> {
  return entry;
}

/** Every refusal code of control. */
export const controlProblems = {
  'control.sign_in_needed': controlProblem({
    status: 401,
    source: 'caller',
    retry: 'never',
    title: 'Sign-in needed',
    detail: () => 'The connection brought no client certificate and the request no session.',
    fix: 'Show the client certificate of your account, or open a one-time link from `headgate control sign-in` in a browser.',
  }),
  'control.certificate_not_accepted': controlProblem<{ subject: string; fault: string; needed: string }>({
    status: 403,
    source: 'caller',
    retry: 'never',
    title: 'Client certificate not accepted',
    detail: ({ subject, fault, needed }) => `The certificate ${subject} ${fault}. ${needed}`,
    fix: 'Use a certificate that control accepts, in its dates and of an authority in its trust file.',
    operatorFix: 'The authorities that control accepts stand in `trust` of control.yaml.',
  }),
  'control.no_account': controlProblem<{ subject: string; fingerprint: string }>({
    status: 403,
    source: 'caller',
    retry: 'never',
    title: 'No account for this certificate',
    detail: ({ subject, fingerprint }) =>
      `The certificate ${subject} is good, but no account has it (SHA-256 ${fingerprint}).`,
    fix: 'Ask the operator to add this fingerprint to your account, or use the certificate that is there.',
    operatorFix: 'Add the fingerprint to `accounts` or `nodes` of control.yaml, then `headgate control apply`.',
  }),
  'control.not_permitted': controlProblem<{ account: string; has: readonly string[]; needs: readonly string[] }>({
    status: 403,
    source: 'caller',
    retry: 'never',
    title: 'Not permitted for this role',
    detail: ({ account, has, needs }) => `${account} is ${has.join(', ')}; this is for ${needs.join(' or ')}.`,
    fix: 'Ask somebody with that role, or use the account that has it.',
    operatorFix: 'Roles stand in `accounts` of control.yaml.',
  }),
  'control.not_found': controlProblem<{ path: string }>({
    status: 404,
    source: 'caller',
    retry: 'never',
    title: 'No such thing',
    detail: ({ path }) => `There is nothing at ${path} that this account may see.`,
    fix: 'Check the name; `/v1/openapi.json` has every address, and a list beside it has what there is.',
  }),
  'control.method_not_allowed': controlProblem<{ method: string; path: string; allowed: readonly string[] }>({
    status: 405,
    source: 'caller',
    retry: 'never',
    title: 'Method not allowed here',
    detail: ({ method, path, allowed }) => `${path} takes ${allowed.join(', ')}, and not ${method}.`,
    fix: 'Use a method that the Allow field of the answer names.',
  }),
  'control.invalid_request': controlProblem<{ faults: readonly string[] }>({
    status: 400,
    source: 'caller',
    retry: 'never',
    title: 'Request does not fit',
    detail: ({ faults }) => `What was sent does not fit: ${faults.join('; ')}.`,
    fix: 'Send what `/v1/openapi.json` describes.',
  }),
  'control.malformed_request': controlProblem<{ found: string }>({
    status: 400,
    source: 'caller',
    retry: 'never',
    title: 'Request cannot be read',
    detail: ({ found }) => `The request cannot be read: ${found}.`,
    fix: 'Send HTTP/1.1 with a complete body in the form that its Content-Type names.',
  }),
  'control.too_large': controlProblem<{ what: string; limitBytes: number }>({
    status: 413,
    source: 'caller',
    retry: 'never',
    title: 'Request too large',
    detail: ({ what, limitBytes }) => `The ${what} is over ${limitBytes} bytes.`,
    fix: 'Send less at once.',
  }),
  'control.unsupported_media_type': controlProblem<{ found: string }>({
    status: 415,
    source: 'caller',
    retry: 'never',
    title: 'Content type not supported',
    detail: ({ found }) => `The body is ${found}, which this address does not take.`,
    fix: 'Send the content type that `/v1/openapi.json` names for this address.',
  }),
  'control.too_many_requests': controlProblem<{ account: string; limit: number }>({
    status: 429,
    source: 'caller',
    retry: 'after',
    title: 'Too many requests at once',
    detail: ({ account, limit }) => `${account} has ${limit} requests under way, which is as many as it may.`,
    fix: 'Wait for the answers of those under way.',
    operatorFix: 'Raise `bounds.requestsPerAccountMax` in control.yaml.',
  }),
  'control.changed_meanwhile': controlProblem<{ what: string }>({
    status: 409,
    source: 'caller',
    retry: 'never',
    title: 'Changed meanwhile',
    detail: ({ what }) => `Somebody else changed ${what} meanwhile; nothing was done.`,
    fix: 'Read it again, look whether the change is still wanted, and send it again.',
  }),
  'control.snapshot_unusable': controlProblem<{ count: number; findings: readonly string[] }>({
    status: 422,
    source: 'caller',
    retry: 'never',
    title: 'Snapshot cannot be used',
    detail: ({ count, findings }) =>
      `${count} ${count === 1 ? 'fault stands' : 'faults stand'} in the way of a snapshot; what was published before stays: ${findings.join('; ')}.`,
    fix: 'Correct what is named with its file and line, and send it again.',
  }),
  'control.no_snapshot_sources': controlProblem({
    status: 409,
    source: 'control',
    retry: 'never',
    title: 'Nothing to compile from',
    detail: () => 'This control has no section `snapshot` in its configuration, so there is nothing to compile.',
    fix: 'Ask the operator to name the catalogue, policy and trust in `snapshot` of control.yaml.',
    operatorFix: 'Add the section `snapshot` to control.yaml (docs/reference/snapshots.md) and restart control.',
  }),
  'control.too_many_streams': controlProblem<{ account: string; limit: number }>({
    status: 429,
    source: 'caller',
    retry: 'after',
    title: 'Too many event streams',
    detail: ({ account, limit }) =>
      `${account} cannot read another stream of events: ${limit} are open, which is as many as may be.`,
    fix: 'Close a stream that nobody reads, or read more topics over one.',
  }),
  'control.foreign_origin': controlProblem<{ origin: string }>({
    status: 403,
    source: 'caller',
    retry: 'never',
    title: 'Sent from another site',
    detail: ({ origin }) =>
      `The request comes from ${origin}, and a browser that is signed in may change things from pages of control alone.`,
    fix: 'Do it on a page of control. A program shows its certificate and sends no Origin.',
  }),
  'control.link_unknown': controlProblem({
    status: 403,
    source: 'caller',
    retry: 'never',
    title: 'No such one-time link',
    detail: () => 'This is no one-time link of this control, or its account is not there any more.',
    fix: 'Open the whole link as it was given to you, or ask the operator for another one.',
    operatorFix: 'Make one with `headgate control sign-in --account NAME`.',
  }),
  'control.link_used': controlProblem({
    status: 403,
    source: 'caller',
    retry: 'never',
    title: 'One-time link was used',
    detail: () => 'This one-time link has signed somebody in already.',
    fix: 'Ask the operator for another one. If it was not you who used it, say so: the session can be ended.',
    operatorFix: 'Sessions are listed at `/v1/sessions`, where each can be ended.',
  }),
  'control.link_expired': controlProblem({
    status: 403,
    source: 'caller',
    retry: 'never',
    title: 'One-time link has expired',
    detail: () => 'This one-time link was not used in its time.',
    fix: 'Ask the operator for another one, and open it soon.',
    operatorFix: 'Make one with `headgate control sign-in --account NAME`; `sessions.linkMs` says how long it holds.',
  }),
  'control.too_many_attempts': controlProblem<{ source: string }>({
    status: 429,
    source: 'caller',
    retry: 'after',
    title: 'Too many failed sign-ins',
    detail: ({ source }) => `From ${source} came too many links that are none.`,
    fix: 'Wait as long as Retry-After says, then open the link as it was given to you.',
  }),
  'control.store_busy': controlProblem<{ waitingCount: number }>({
    status: 503,
    source: 'control',
    retry: 'after',
    title: 'Store is busy',
    detail: ({ waitingCount }) =>
      `${waitingCount} others wait for the store already, or waited too long. Nothing was done.`,
    fix: 'Repeat the request after the stated seconds.',
    operatorFix: 'Where it stays so, use PostgreSQL with DATABASE_URL.',
  }),
  'control.store_too_slow': controlProblem<{ limitMs: number }>({
    status: 503,
    source: 'control',
    retry: 'never',
    title: 'Question took too long',
    detail: ({ limitMs }) =>
      `The store worked on this for longer than ${limitMs} ms and was stopped. Nothing was changed.`,
    fix: 'Ask for less at once: a shorter time, or one participant.',
  }),
  'control.store_unavailable': controlProblem({
    status: 503,
    source: 'control',
    retry: 'backoff',
    title: 'Store is not available',
    detail: () => 'The store was lost while it worked on this. Whether a change took effect is not known.',
    fix: 'Look whether your change is there; where it is not, repeat it with growing pauses.',
    operatorFix: 'What was lost stands in what control says on its standard error.',
  }),
  'control.journal_unwritable': controlProblem({
    status: 503,
    source: 'control',
    retry: 'backoff',
    title: 'Journal cannot be written',
    detail: () => 'The disk did not take what must not be lost, so nothing was done.',
    fix: 'Repeat the request later, with growing pauses.',
    operatorFix:
      'Make room on the disk of `store.folder`, or replace it; what the system says stands in the standard error.',
  }),
  'control.draining': controlProblem({
    status: 503,
    source: 'control',
    retry: 'after',
    title: 'Control is shutting down',
    detail: () => 'Control is shutting down and takes no new requests. Nothing was done.',
    fix: 'Repeat the request when control runs again; gateways serve meanwhile.',
  }),
  'control.ledger_busy': controlProblem({
    status: 503,
    source: 'control',
    retry: 'after',
    title: 'The ledger takes no more now',
    detail: () => 'The ledger has as much to do as it may, or its store takes nothing. Nothing of this batch was kept.',
    fix: 'Send the same batch again after the stated time; what was taken before is not counted twice.',
    operatorFix:
      'Look at what control says of its store on standard error. With more than 10,000 records a second, use PostgreSQL with DATABASE_URL.',
  }),
  'control.too_many_boots': controlProblem<{ limit: number }>({
    status: 429,
    source: 'caller',
    retry: 'after',
    title: 'Too many boots in one day',
    detail: ({ limit }) =>
      `Records came of more boots and threads than ${limit.toLocaleString('en-US')} that began today (UTC). Nothing of this batch was kept.`,
    fix: 'Send the same batch again after the stated time; from tomorrow (UTC) it is taken. Of an import, send the rest of the logs tomorrow or under another name.',
    operatorFix:
      'Look at why the node starts again and again: its standard error says so at each start. What was taken of it stays.',
  }),
  'control.no_such_exchange': controlProblem<{ exchange: string; keptSince: string | null }>({
    status: 404,
    source: 'caller',
    retry: 'never',
    title: 'No record of this exchange',
    detail: ({ exchange, keptSince }) =>
      `No record of ${exchange} is kept that this account may see${keptSince === null ? '; none is kept at all yet' : `. Records are kept since ${keptSince}`}.`,
    fix: 'Take the id from the field Headgate-Exchange of the answer, or from the line `exchange` of the problem. A call of the last seconds may not have come yet.',
  }),
  'control.defect': controlProblem<{ id: string }>({
    status: 500,
    source: 'control',
    retry: 'never',
    title: 'Defect in control',
    detail: ({ id }) => `Control failed on this request through a fault of its own (${id}).`,
    fix: 'Report the id to the operator.',
    operatorFix: 'Find the id in what control says on its standard error: the cause stands there.',
  }),
} as const;

/** Every code of control. */
export type ControlProblemCode = keyof typeof controlProblems;

/** The typed facts that a sentence of control needs. */
export type ControlProblemFacts<Code extends ControlProblemCode> = Parameters<
  (typeof controlProblems)[Code]['detail']
>[0];

/** Every code of the catalogue. */
export type ProblemCode = keyof typeof problems;

/** The typed facts that a code's sentence needs. */
export type ProblemFacts<Code extends ProblemCode> = Parameters<(typeof problems)[Code]['detail']>[0];

/**
 * The type of a limit's refusal (draft-ietf-httpapi-ratelimit-headers-11 §5.1): programs that know nothing of us know it. `code`
 * says the rest.
 */
export const quotaExceededType = 'https://iana.org/assignments/http-problem-types#quota-exceeded';

/** RFC 9457 `type` of a problem: a URN, since the words travel with the answer and need no web page. */
export function problemType(code: ProblemCode | ControlProblemCode): string {
  return `urn:headgate:problem:${code}`;
}
