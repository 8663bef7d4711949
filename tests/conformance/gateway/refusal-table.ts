// Every condition under which the gateway must say no, written from the requirement alone:
// "each a code in the problem catalogue with a fix, in SOAP 1.1, SOAP 1.2, JSON or HTML as the caller speaks.
// Never HTML to a program, never a stack trace." The runner is refusal-table.test.ts; whose hosts and paths, operators.ts.
import type { ProblemCode } from '@headgate/contract';
import type { Operator, Place } from './operators.ts';
import type { SpokenFormat } from './told.ts';

/** How a condition is brought about. The runner turns it into a call, a certificate, or a state of the back end. */
export type Provocation =
  | { readonly kind: 'host'; readonly host: string }
  | { readonly kind: 'server-name' }
  | { readonly kind: 'service'; readonly service: 'unknownService' | 'serviceElsewhere' }
  | { readonly kind: 'method' }
  | { readonly kind: 'certificate'; readonly user: 'none' | 'expired' | 'not-yet-valid' | 'stranger' }
  | { readonly kind: 'body'; readonly body: 'garbage' | 'over-limit-declared' | 'over-limit-chunked' }
  | { readonly kind: 'upstream'; readonly state: 'down' | 'slow' };

/** Where a caller calls: a SOAP address with SOAP or with JSON, an address that speaks JSON, or a page. */
export type CallerPlace = 'soap' | 'json-to-soap' | 'json' | 'page';

/** What the sentence of a refusal may have to name. */
export interface Called {
  readonly operator: Operator;
  readonly place: Place;
  readonly method: string;
  readonly path: string;
}

/** One row: what is wrong, how to bring it about, and what every caller must be told. */
export interface RefusalRow {
  readonly condition: string;
  readonly provoke: Provocation;
  readonly code: ProblemCode;
  /** The honest status; a SOAP fault carries 500 in its place. */
  readonly status: number;
  /** What the sentence must name, besides saying no. */
  readonly names: (called: Called) => readonly (RegExp | string)[];
  readonly forwarded: 'no' | 'yes';
  /** Callers that cannot be in this condition, each with the reason. */
  readonly never: Partial<Record<CallerPlace, string>>;
}

const lastSegment = (path: string) => path.slice(path.lastIndexOf('/') + 1).replace(/_AP$/, '');
const noHostNoPage = 'what is not known to be a page gets no page';
const pagesHaveNoServices = 'a page has no services';
const certificateWords = () => [/GAMMAx0003/, /issuer/, /serial/, /\d{4}-\d{2}-\d{2}/];

/** The refusals, in the order of the path. */
export const refusalTable: readonly RefusalRow[] = [
  {
    condition: 'the host is unknown',
    provoke: { kind: 'host', host: 'unknown.example.org' },
    code: 'route.unknown_host',
    status: 404,
    names: () => ['unknown.example.org'],
    forwarded: 'no',
    never: { page: noHostNoPage },
  },
  {
    condition: 'the TLS name differs from Host',
    provoke: { kind: 'server-name' },
    code: 'identity.host_mismatch',
    status: 421,
    names: ({ operator, place }) => [operator.secondHost, place.call.host],
    forwarded: 'no',
    never: {},
  },
  {
    condition: 'the service is unknown',
    provoke: { kind: 'service', service: 'unknownService' },
    code: 'route.unknown_service',
    status: 404,
    names: ({ place, path }) => [place.system, lastSegment(path)],
    forwarded: 'no',
    never: { page: pagesHaveNoServices },
  },
  {
    condition: 'the service is that of a system behind another path',
    provoke: { kind: 'service', service: 'serviceElsewhere' },
    code: 'route.unknown_service',
    status: 404,
    names: ({ place, path }) => [place.system, lastSegment(path)],
    forwarded: 'no',
    never: { page: pagesHaveNoServices },
  },
  {
    condition: 'the method is wrong',
    provoke: { kind: 'method' },
    code: 'route.method_not_allowed',
    status: 405,
    names: ({ method }) => [method, 'POST'],
    forwarded: 'no',
    never: { page: 'a browser follows links and sends forms' },
  },
  {
    condition: 'no certificate is sent',
    provoke: { kind: 'certificate', user: 'none' },
    code: 'identity.certificate_missing',
    status: 403,
    names: () => [/certificate/, /[Ii]ssuer/],
    forwarded: 'no',
    never: {},
  },
  {
    condition: 'the certificate is expired',
    provoke: { kind: 'certificate', user: 'expired' },
    code: 'identity.certificate_expired',
    status: 403,
    names: certificateWords,
    forwarded: 'no',
    never: {},
  },
  {
    condition: 'the certificate is not yet valid',
    provoke: { kind: 'certificate', user: 'not-yet-valid' },
    code: 'identity.certificate_not_yet_valid',
    status: 403,
    names: certificateWords,
    forwarded: 'no',
    never: {},
  },
  {
    condition: 'the certificate comes from an unknown authority',
    provoke: { kind: 'certificate', user: 'stranger' },
    code: 'identity.issuer_unknown',
    status: 403,
    names: () => [/GAMMAx0003/, /serial/, /issued by/, /[Aa]ccepted issuers: \S/],
    forwarded: 'no',
    never: {},
  },
  {
    condition: 'the body is garbage',
    provoke: { kind: 'body', body: 'garbage' },
    code: 'inspection.malformed_envelope',
    status: 400,
    names: () => [/SOAP envelope/],
    forwarded: 'no',
    never: {
      page: 'a browser sends no envelope',
      json: 'a JSON system judges its own bodies',
      'json-to-soap': 'only a SOAP body is read as an envelope',
    },
  },
  {
    condition: 'the body declares more than the limit',
    provoke: { kind: 'body', body: 'over-limit-declared' },
    code: 'inspection.body_too_large',
    status: 413,
    names: () => [/declares \d+ bytes/, /at most \d+/],
    forwarded: 'no',
    never: { page: 'a page is asked for without a body' },
  },
  {
    condition: 'the body grows over the limit',
    provoke: { kind: 'body', body: 'over-limit-chunked' },
    code: 'inspection.body_too_large',
    status: 413,
    names: () => [/already brought \d+ bytes/, /at most \d+/],
    forwarded: 'no',
    never: { page: 'a page is asked for without a body' },
  },
  {
    condition: 'the upstream is down',
    provoke: { kind: 'upstream', state: 'down' },
    code: 'forward.upstream_unavailable',
    status: 503,
    names: ({ place }) => [place.system, /not forwarded/],
    forwarded: 'no',
    never: {},
  },
  {
    condition: 'the upstream is slow',
    provoke: { kind: 'upstream', state: 'slow' },
    code: 'forward.response_timeout',
    status: 504,
    names: ({ place }) => [place.system, /\d+ ms/, /may have been carried out/],
    forwarded: 'yes',
    never: {},
  },
];

/** How a caller makes known what it reads, and what it must therefore be answered. */
export interface CallerFormat {
  readonly caller: string;
  readonly at: CallerPlace;
  readonly speaks: SpokenFormat;
  /** Content type of the request body; null for a caller that sends none. */
  readonly contentType: string | null;
  readonly accept: string | null;
}

/** The callers, each with the one format that it must be answered in. */
export const callerFormats: readonly CallerFormat[] = [
  {
    caller: 'SOAP 1.1 (text/xml)',
    at: 'soap',
    speaks: 'soap-1.1',
    contentType: 'text/xml; charset=UTF-8',
    accept: null,
  },
  {
    caller: 'SOAP 1.1 with attachments (multipart/related)',
    at: 'soap',
    speaks: 'soap-1.1',
    contentType: 'multipart/related; type="text/xml"; boundary="part"',
    accept: null,
  },
  {
    caller: 'SOAP 1.2 (application/soap+xml)',
    at: 'soap',
    speaks: 'soap-1.2',
    contentType: 'application/soap+xml; charset=utf-8',
    accept: null,
  },
  {
    caller: 'a SOAP program that says Accept: */*',
    at: 'soap',
    speaks: 'soap-1.1',
    contentType: 'text/xml',
    accept: '*/*',
  },
  {
    caller: 'a SOAP program that says Accept: text/html',
    at: 'soap',
    speaks: 'soap-1.1',
    contentType: 'text/xml',
    accept: 'text/html, image/gif, image/jpeg, *; q=.2, */*; q=.2',
  },
  {
    caller: 'JSON by Accept',
    at: 'json-to-soap',
    speaks: 'problem+json',
    contentType: null,
    accept: 'application/json',
  },
  {
    caller: 'JSON by Content-Type',
    at: 'json-to-soap',
    speaks: 'problem+json',
    contentType: 'application/json',
    accept: null,
  },
  {
    caller: 'a program of a JSON system',
    at: 'json',
    speaks: 'problem+json',
    contentType: 'application/json',
    accept: 'application/json',
  },
  {
    caller: 'a program of a JSON system that says Accept: text/html',
    at: 'json',
    speaks: 'problem+json',
    contentType: 'application/json',
    accept: 'text/html, image/gif, image/jpeg, *; q=.2, */*; q=.2',
  },
  {
    caller: 'a browser at a page host',
    at: 'page',
    speaks: 'html',
    contentType: null,
    accept: 'text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8',
  },
];

/** The callers that an operator has and that can be in the condition, and in words why the others cannot. */
export function callersOf(operator: Operator, row: RefusalRow): { callers: readonly CallerFormat[]; others: string } {
  const reasonOf = (at: CallerPlace) =>
    row.never[at] ?? (at === 'json' && 'reason' in operator.json ? operator.json.reason : null);
  const callers = callerFormats.filter(({ at }) => reasonOf(at) === null);
  const places = [...new Set(callerFormats.map(({ at }) => at))].filter((at) => reasonOf(at) !== null);
  const others = places.map((at) => `${placeWords[at]}, since ${reasonOf(at)}`).join('; ');
  return { callers, others: others === '' ? '' : ` (not ${others})` };
}

const placeWords: Readonly<Record<CallerPlace, string>> = {
  soap: 'SOAP programs',
  'json-to-soap': 'JSON at a SOAP address',
  json: 'programs of a JSON system',
  page: 'browsers',
};
