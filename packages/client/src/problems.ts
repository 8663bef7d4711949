// The client's own catalogue of "no": what stops a call on this side, or what the client finds wrong with an answer.
// The gateway's codes live in the contract; codes are stable for ever and never reused in either.
import type { Problem } from '@headgate/contract';

/** Who stopped the call: the gateway, the market system behind it, the network between, or this client. */
export type RefusedBy = 'gateway' | 'system' | 'network' | 'client';

/** One client entry: the contract's shape without the HTTP status and proxy error, which only a server has. */
export interface ClientProblemEntry<Facts> extends Omit<Problem<Facts>, 'status' | 'proxyError' | 'source'> {
  readonly refusedBy: RefusedBy;
}

function problem<Facts = Record<never, never>>(entry: ClientProblemEntry<Facts>): ClientProblemEntry<Facts> {
  return entry;
}

/** Every code of the client, stage first. */
export const clientProblems = {
  'catalogue.unreadable': problem<{ folder: string; findings: readonly string[] }>({
    refusedBy: 'client',
    retry: 'never',
    title: 'Catalogue cannot be read',
    detail: ({ folder, findings }) => `The catalogue in ${folder} cannot be read: ${findings.slice(0, 5).join('; ')}.`,
    fix: 'Name a catalogue folder with --catalogue, or repair the lines named above.',
  }),
  'catalogue.unknown_system': problem<{ system: string; known: readonly string[] }>({
    refusedBy: 'client',
    retry: 'never',
    title: 'System not in the catalogue',
    detail: ({ system, known }) => `The catalogue has no system "${system}". It has ${known.join(', ')}.`,
    fix: 'Use one of these names; `headgate catalogue show` lists them with their addresses.',
  }),
  'catalogue.unknown_service': problem<{ system: string; service: string; near: readonly string[] }>({
    refusedBy: 'client',
    retry: 'never',
    title: 'Service not in the catalogue',
    detail: ({ system, service, near }) =>
      `${system} has no service "${service}" in the catalogue.${near.length === 0 ? ` It lists no service of ${system}: write the whole name as it stands in the path, as in Retrieve…_TAGv1_AP.` : ` It has ${near.join(', ')}.`}`,
    fix: 'Check the name and its version; if the service exists, add it to the services of the catalogue folder.',
  }),
  'catalogue.ambiguous_service': problem<{ system: string; service: string; candidates: readonly string[] }>({
    refusedBy: 'client',
    retry: 'never',
    title: 'Service name fits several',
    detail: ({ system, service, candidates }) =>
      `"${service}" fits several services of ${system}: ${candidates.join(', ')}.`,
    fix: 'Write the name with its version tail, as it stands in the list.',
  }),
  'catalogue.unknown_url': problem<{ url: string }>({
    refusedBy: 'client',
    retry: 'never',
    title: 'Address not in the catalogue',
    detail: ({ url }) => `No published address covers ${url}.`,
    fix: 'Check scheme, host and path; `headgate catalogue show` lists the addresses.',
  }),
  'catalogue.unknown_environment': problem<{ environment: string; known: readonly string[] }>({
    refusedBy: 'client',
    retry: 'never',
    title: 'Environment not in the catalogue',
    detail: ({ environment, known }) =>
      `The catalogue has no environment "${environment}". It has ${known.join(', ')}.`,
    fix: 'Use one of these names.',
  }),
  'catalogue.no_address': problem<{ system: string; environment: string; generation: string }>({
    refusedBy: 'client',
    retry: 'never',
    title: 'No address to call',
    detail: ({ system, environment, generation }) =>
      `The catalogue has no ${generation} API address of ${system} in ${environment}.`,
    fix: 'Choose another --environment or --generation; `headgate catalogue show` prints the addresses that exist.',
  }),
  'credential.missing': problem<{ what: string; needs: string }>({
    refusedBy: 'client',
    retry: 'never',
    title: 'Credential is missing',
    detail: ({ what, needs }) => `${needs} needs ${what}, and none was given.`,
    fix: 'Give the PEM files with --certificate, --key and --trust, or name them in a profile.',
  }),
  'credential.unreadable': problem<{ what: string; found: string }>({
    refusedBy: 'client',
    retry: 'never',
    title: 'Credential cannot be read',
    detail: ({ what, found }) => `The ${what} cannot be read: ${found}.`,
    fix: 'Give a PEM file (it begins with "-----BEGIN"), and the passphrase in HEADGATE_KEY_PASSPHRASE if the key has one.',
  }),
  'credential.unsupported_format': problem<{ what: string; format: string }>({
    refusedBy: 'client',
    retry: 'never',
    title: 'Credential format not supported',
    detail: ({ what, format }) => `The ${what} is ${format}; this client reads PEM only.`,
    fix: 'Convert it: `openssl pkcs12 -in FILE -nokeys -out certificate.pem` and `openssl pkcs12 -in FILE -nocerts -out key.pem`.',
  }),
  'credential.key_cannot_sign': problem<{ subject: string; keyType: string }>({
    refusedBy: 'client',
    retry: 'never',
    title: 'Key cannot sign messages',
    detail: ({ subject, keyType }) =>
      `The key of the certificate ${subject} is ${keyType}, and messages to this service are signed with RSA.`,
    fix: 'Ask whoever issued the certificate for one with an RSA key of 2048 bits or more; no conversion makes one of this key.',
  }),
  'credential.key_mismatch': problem<{ subject: string }>({
    refusedBy: 'client',
    retry: 'never',
    title: 'Key is of another certificate',
    detail: ({ subject }) => `The private key does not belong to the certificate ${subject}.`,
    fix: 'Give the key file that was made for this certificate.',
  }),
  'credential.expired': problem<{ subject: string; issuer: string; notAfter: string }>({
    refusedBy: 'client',
    retry: 'never',
    title: 'Client certificate expired',
    detail: ({ subject, issuer, notAfter }) =>
      `The certificate ${subject} (issuer ${issuer}) expired on ${notAfter}, so no call was made.`,
    fix: 'Install the renewed certificate; --allow-expired sends this one anyway and shows how the gateway answers.',
  }),
  'credential.not_yet_valid': problem<{ subject: string; notBefore: string }>({
    refusedBy: 'client',
    retry: 'never',
    title: 'Client certificate not valid yet',
    detail: ({ subject, notBefore }) => `The certificate ${subject} is valid only from ${notBefore}; no call was made.`,
    fix: 'Use your present certificate until then, and check the clock of this machine.',
  }),
  'pacing.wait_too_long': problem<{ rule: string; waitMs: number; waitMsMax: number }>({
    refusedBy: 'client',
    retry: 'after',
    title: 'Turn is too far away',
    detail: ({ rule, waitMs, waitMsMax }) =>
      `The limit ${rule} leaves room only in ${waitMs} ms; this client waits at most ${waitMsMax} ms.`,
    fix: 'Call less often, or let the client wait longer.',
  }),
  'encode.invalid_input': problem<{ field: string; found: string; expected: string }>({
    refusedBy: 'client',
    retry: 'never',
    title: 'Input cannot be encoded',
    detail: ({ field, found, expected }) => `${field}: found ${found}; expected ${expected}. Nothing was sent.`,
    fix: 'Correct the field and call again.',
  }),
  'encode.too_large': problem<{ bytes: number; bytesMax: number }>({
    refusedBy: 'client',
    retry: 'never',
    title: 'Request would be too large',
    detail: ({ bytes, bytesMax }) =>
      `The encoded request has ${bytes} bytes and the address takes at most ${bytesMax}. Nothing was sent.`,
    fix: 'Split the payload into several submissions.',
  }),
  'call.lookup_failed': problem<{ host: string; code: string }>({
    refusedBy: 'network',
    retry: 'backoff',
    title: 'Host name not found',
    detail: ({ host, code }) => `The name ${host} could not be resolved (${code}). Nothing was sent.`,
    fix: 'Check the name service of this machine, or reach the gateway with --connect-to HOST:PORT.',
  }),
  'call.connect_failed': problem<{ host: string; address: string; code: string }>({
    refusedBy: 'network',
    retry: 'backoff',
    title: 'No connection',
    detail: ({ host, address, code }) => `No connection to ${host} (${address}): ${code}. Nothing was sent.`,
    fix: 'Check that the gateway runs, that the address is right and that your firewall lets you out to it.',
  }),
  'call.tls_untrusted': problem<{ host: string; check: string; presented: string }>({
    refusedBy: 'client',
    retry: 'never',
    title: 'Server certificate not trusted',
    detail: ({ host, check, presented }) =>
      `The server at ${host} presented ${presented}, which this client does not trust: ${check}. Nothing was sent.`,
    fix: 'Compare the certificate with the published anchors; add the missing anchor to your trust file, and never switch the check off.',
  }),
  'call.tls_wrong_name': problem<{ host: string; presented: string }>({
    refusedBy: 'client',
    retry: 'never',
    title: 'Server certificate names another host',
    detail: ({ host, presented }) =>
      `The server that was reached for ${host} presented ${presented}, which does not name this host. Nothing was sent.`,
    fix: 'Check where the connection goes (--connect-to, /etc/hosts); if that is right, the operator must serve a certificate that names this host. More anchors do not help.',
  }),
  'call.tls_failed': problem<{ host: string; code: string }>({
    refusedBy: 'network',
    retry: 'never',
    title: 'TLS handshake failed',
    detail: ({ host, code }) => `The TLS handshake with ${host} failed: ${code}. Nothing was sent.`,
    fix: 'Check that the port speaks TLS 1.2 or later, and whether a proxy on the way interferes.',
  }),
  'call.timeout': problem<{ host: string; phase: string; waitedMs: number; mayBeDone: boolean }>({
    refusedBy: 'network',
    retry: 'backoff',
    title: 'No progress in time',
    detail: ({ host, phase, waitedMs, mayBeDone }) =>
      `${host} made no progress in the phase "${phase}" for ${waitedMs} ms. ${mayBeDone ? 'The request may have been carried out.' : 'Nothing was carried out.'}`,
    fix: 'If the request may have been carried out, retrieve before you repeat a submit; else repeat with growing pauses.',
  }),
  'call.reset': problem<{ host: string; phase: string; mayBeDone: boolean }>({
    refusedBy: 'network',
    retry: 'backoff',
    title: 'Connection was reset',
    detail: ({ host, phase, mayBeDone }) =>
      `The connection to ${host} was closed in the phase "${phase}". ${mayBeDone ? 'The request may have been carried out.' : 'Nothing was carried out.'}`,
    fix: 'If the request may have been carried out, retrieve before you repeat a submit. A reset that grows with the size of the body points at a limit on the way.',
  }),
  'call.malformed_answer': problem<{ host: string; code: string }>({
    refusedBy: 'network',
    retry: 'never',
    title: 'Answer is not HTTP',
    detail: ({ host, code }) => `${host} answered with bytes that are not valid HTTP (${code}).`,
    fix: 'Check that the address and port are those of the gateway.',
  }),
  'call.answer_too_large': problem<{ bytesMax: number }>({
    refusedBy: 'client',
    retry: 'never',
    title: 'Answer is too large',
    detail: ({ bytesMax }) => `The answer exceeds ${bytesMax} bytes and was not read further.`,
    fix: 'Ask for less at a time: a shorter period or fewer resources.',
  }),
  'call.redirected': problem<{ status: number; location: string }>({
    refusedBy: 'gateway',
    retry: 'never',
    title: 'Call was redirected',
    detail: ({ status, location }) =>
      `The answer is a redirect (${status}) to ${location}; redirects are not followed.`,
    fix: 'Call the address of the catalogue directly; a redirect of an API call points at a session or log-in page.',
  }),
  'call.refused_by_gateway': problem<{ code: string; detail: string }>({
    refusedBy: 'gateway',
    retry: 'never',
    title: 'Gateway refused the call',
    detail: ({ code, detail }) => `${detail}${code === '' ? '' : ` (code ${code})`}`,
    fix: 'Follow the fix that the gateway names; quote the exchange id to the operator.',
  }),
  'diagnose.acceptable_use': problem<{ text: string }>({
    refusedBy: 'gateway',
    retry: 'after',
    title: 'Acceptable use limit reached',
    detail: ({ text }) => text,
    fix: 'Wait the stated seconds, then call this service no more often than its published period; keep pacing on.',
  }),
  'diagnose.logged_out': problem<{ status: number; title: string }>({
    refusedBy: 'gateway',
    retry: 'backoff',
    title: 'Log-out page instead of an answer',
    detail: ({ status, title }) =>
      `The answer (status ${status}) is the page "${title}": the access layer dropped the session. Whether the request was carried out is not known.`,
    fix: 'Repeat a retrieve once on a new connection; before repeating a submit, retrieve. Quote the full page to support.',
  }),
  'diagnose.not_authorised': problem<{ status: number }>({
    refusedBy: 'gateway',
    retry: 'never',
    title: 'Certificate has no access',
    detail: ({ status }) =>
      `The answer (status ${status}) is a page that says this certificate is not authorised here.`,
    fix: 'Ask your access administrator for the role in this environment, or use the certificate that has it.',
  }),
  'diagnose.html_answer': problem<{ status: number; title: string }>({
    refusedBy: 'gateway',
    retry: 'backoff',
    title: 'HTML page instead of an answer',
    detail: ({ status, title }) =>
      `A program was answered with an HTML page (status ${status}, titled "${title}"). Whether the request was carried out is not known.`,
    fix: 'Check the address; before repeating a submit, retrieve. `--show` prints the page for a support case.',
  }),
  'diagnose.http_error': problem<{ status: number; contentType: string }>({
    refusedBy: 'gateway',
    retry: 'backoff',
    title: 'Answer is an HTTP error',
    detail: ({ status, contentType }) =>
      `The answer has status ${status} and no body that this client can read (${contentType}).`,
    fix: 'Check the address and the service name; `--show` prints the whole answer.',
  }),
  'diagnose.system_fault': problem<{ system: string; text: string }>({
    refusedBy: 'system',
    retry: 'never',
    title: 'System answered with a fault',
    detail: ({ system, text }) => `${system} answered: ${text}`,
    fix: 'Correct what the system names; the request reached it.',
  }),
  'diagnose.system_error': problem<{ system: string; text: string; result: string }>({
    refusedBy: 'system',
    retry: 'never',
    title: 'System answered with an error',
    detail: ({ system, text, result }) =>
      `${system} accepted the call and answered with an error${result === '' ? '' : ` (${result})`}: ${text}`,
    fix: 'Correct what the system names; the request reached it and was judged by it.',
  }),
  'diagnose.signature_invalid': problem<{ found: string }>({
    refusedBy: 'client',
    retry: 'never',
    title: 'Signature of the answer is invalid',
    detail: ({ found }) => `The answer is signed and the signature does not hold: ${found}. It was not used.`,
    fix: 'Do not use this answer; report it to the operator with the exchange id.',
  }),
  'diagnose.hash_mismatch': problem<{ expected: string; found: string }>({
    refusedBy: 'client',
    retry: 'backoff',
    title: 'Attachment hash differs',
    detail: ({ expected, found }) =>
      `The attachment's hash is ${found} and the envelope says ${expected}; the attachment was damaged on the way.`,
    fix: 'Repeat the retrieve; if it happens again, report it with the exchange id.',
  }),
  'diagnose.unreadable_answer': problem<{ status: number; contentType: string; found: string }>({
    refusedBy: 'client',
    retry: 'never',
    title: 'Answer cannot be read',
    detail: ({ status, contentType, found }) =>
      `The answer (status ${status}, ${contentType}) is not what this service answers: ${found}.`,
    fix: 'Check the address; `--show` prints the whole answer for a support case.',
  }),
} as const;

/** Every code of the client's catalogue. */
export type ClientProblemCode = keyof typeof clientProblems;

/** The typed facts that a client code's sentence needs. */
export type ClientProblemFacts<Code extends ClientProblemCode> = Parameters<(typeof clientProblems)[Code]['detail']>[0];
