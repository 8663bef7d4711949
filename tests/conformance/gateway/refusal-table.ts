// Every condition under which the gateway must say no, written from the requirement alone:
// "each a code in the problem catalogue with a fix, in SOAP 1.1, SOAP 1.2, JSON or HTML as the caller speaks.
// Never HTML to a program, never a stack trace." The runner is refusal-table.test.ts.
import type { ProblemCode } from '@headgate/contract';

/** How a condition is brought about. The runner turns it into a call, a certificate, or a state of the back end. */
export type Provocation =
  | { readonly kind: 'call'; readonly host?: string; readonly serverName?: string; readonly path?: string }
  | { readonly kind: 'method'; readonly method: string }
  | { readonly kind: 'certificate'; readonly user: 'none' | 'expired' | 'not-yet-valid' | 'stranger' }
  | { readonly kind: 'body'; readonly body: 'garbage' | 'over-limit-declared' | 'over-limit-chunked' }
  | { readonly kind: 'upstream'; readonly state: 'down' | 'slow' };

/** One row: what is wrong, how to bring it about, and what every caller must be told. */
export interface RefusalRow {
  readonly condition: string;
  readonly provoke: Provocation;
  readonly code: ProblemCode;
  /** The honest status; a SOAP fault carries 500 in its place. */
  readonly status: number;
  /** What the sentence must name, besides saying no. */
  readonly names: readonly RegExp[];
  readonly forwarded: 'no' | 'yes';
  /** False where no page host can be in this condition. */
  readonly browser: boolean;
  /** True where only a caller that sends a SOAP body can be in this condition. */
  readonly soapBodyOnly?: true;
}

/** The refusals, in the order of the path. */
export const refusalTable: readonly RefusalRow[] = [
  {
    condition: 'the host is unknown',
    provoke: { kind: 'call', host: 'unknown.example.org', serverName: 'unknown.example.org' },
    code: 'route.unknown_host',
    status: 404,
    names: [/unknown\.example\.org/],
    forwarded: 'no',
    browser: false,
  },
  {
    condition: 'the TLS name differs from Host',
    provoke: { kind: 'call', serverName: 'wsmap.caiso.com' },
    code: 'identity.host_mismatch',
    status: 421,
    names: [/wsmap\.caiso\.com/, /ws\.prod\.caiso\.com|cmri\.caiso\.com/],
    forwarded: 'no',
    browser: true,
  },
  {
    condition: 'the service is unknown',
    provoke: { kind: 'call', path: '/sst/cmri/MoonPhases_CMRIv9_AP' },
    code: 'route.unknown_service',
    status: 404,
    names: [/CMRI/i, /MoonPhases_CMRIv9/],
    forwarded: 'no',
    browser: false,
  },
  {
    condition: 'the service is that of a system behind another path',
    provoke: { kind: 'call', path: '/sst/cmri/RetrieveMeterData_STLMTv1_AP' },
    code: 'route.unknown_service',
    status: 404,
    names: [/CMRI/i, /RetrieveMeterData_STLMTv1/],
    forwarded: 'no',
    browser: false,
  },
  {
    condition: 'the method is wrong',
    provoke: { kind: 'method', method: 'DELETE' },
    code: 'route.method_not_allowed',
    status: 405,
    names: [/DELETE/, /POST/],
    forwarded: 'no',
    browser: false,
  },
  {
    condition: 'no certificate is sent',
    provoke: { kind: 'certificate', user: 'none' },
    code: 'identity.certificate_missing',
    status: 403,
    names: [/certificate/, /[Ii]ssuer/],
    forwarded: 'no',
    browser: true,
  },
  {
    condition: 'the certificate is expired',
    provoke: { kind: 'certificate', user: 'expired' },
    code: 'identity.certificate_expired',
    status: 403,
    names: [/GAMMAx0003/, /issuer/, /serial/, /\d{4}-\d{2}-\d{2}/],
    forwarded: 'no',
    browser: true,
  },
  {
    condition: 'the certificate is not yet valid',
    provoke: { kind: 'certificate', user: 'not-yet-valid' },
    code: 'identity.certificate_not_yet_valid',
    status: 403,
    names: [/GAMMAx0003/, /issuer/, /serial/, /\d{4}-\d{2}-\d{2}/],
    forwarded: 'no',
    browser: true,
  },
  {
    condition: 'the certificate comes from an unknown authority',
    provoke: { kind: 'certificate', user: 'stranger' },
    code: 'identity.issuer_unknown',
    status: 403,
    names: [/GAMMAx0003/, /serial/, /issued by/, /[Aa]ccepted issuers: \S/],
    forwarded: 'no',
    browser: true,
  },
  {
    condition: 'the body is garbage',
    provoke: { kind: 'body', body: 'garbage' },
    code: 'inspection.malformed_envelope',
    status: 400,
    names: [/SOAP envelope/],
    forwarded: 'no',
    browser: false,
    soapBodyOnly: true,
  },
  {
    condition: 'the body declares more than the limit',
    provoke: { kind: 'body', body: 'over-limit-declared' },
    code: 'inspection.body_too_large',
    status: 413,
    names: [/declares \d+ bytes/, /at most \d+/],
    forwarded: 'no',
    browser: false,
  },
  {
    condition: 'the body grows over the limit',
    provoke: { kind: 'body', body: 'over-limit-chunked' },
    code: 'inspection.body_too_large',
    status: 413,
    names: [/already brought \d+ bytes/, /at most \d+/],
    forwarded: 'no',
    browser: false,
  },
  {
    condition: 'the upstream is down',
    provoke: { kind: 'upstream', state: 'down' },
    code: 'forward.upstream_unavailable',
    status: 503,
    names: [/CMRI|OASIS/, /not forwarded/],
    forwarded: 'no',
    browser: true,
  },
  {
    condition: 'the upstream is slow',
    provoke: { kind: 'upstream', state: 'slow' },
    code: 'forward.response_timeout',
    status: 504,
    names: [/CMRI|OASIS/, /\d+ ms/, /may have been carried out/],
    forwarded: 'yes',
    browser: true,
  },
];

/** How a caller makes known what it reads, and what it must therefore be answered. */
export interface CallerFormat {
  readonly caller: string;
  readonly speaks: 'soap-1.1' | 'soap-1.2' | 'problem+json' | 'html';
  /** Content type of the request body; null for a caller that sends none. */
  readonly contentType: string | null;
  readonly accept: string | null;
  /** True for a person at a page host. */
  readonly browser: boolean;
}

/** The callers, each with the one format that it must be answered in. */
export const callerFormats: readonly CallerFormat[] = [
  {
    caller: 'SOAP 1.1 (text/xml)',
    speaks: 'soap-1.1',
    contentType: 'text/xml; charset=UTF-8',
    accept: null,
    browser: false,
  },
  {
    caller: 'SOAP 1.1 with attachments (multipart/related)',
    speaks: 'soap-1.1',
    contentType: 'multipart/related; type="text/xml"; boundary="part"',
    accept: null,
    browser: false,
  },
  {
    caller: 'SOAP 1.2 (application/soap+xml)',
    speaks: 'soap-1.2',
    contentType: 'application/soap+xml; charset=utf-8',
    accept: null,
    browser: false,
  },
  { caller: 'JSON by Accept', speaks: 'problem+json', contentType: null, accept: 'application/json', browser: false },
  {
    caller: 'JSON by Content-Type',
    speaks: 'problem+json',
    contentType: 'application/json',
    accept: null,
    browser: false,
  },
  {
    caller: 'a SOAP program that says Accept: */*',
    speaks: 'soap-1.1',
    contentType: 'text/xml',
    accept: '*/*',
    browser: false,
  },
  {
    caller: 'a SOAP program that says Accept: text/html',
    speaks: 'soap-1.1',
    contentType: 'text/xml',
    accept: 'text/html, image/gif, image/jpeg, *; q=.2, */*; q=.2',
    browser: false,
  },
  {
    caller: 'a browser at a page host',
    speaks: 'html',
    contentType: null,
    accept: 'text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8',
    browser: true,
  },
];
