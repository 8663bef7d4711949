// What lines of logs may say, whatever they call it. Every format is a way from its own names to these.

/** Everything that is taken from a line. Whatever else stands in one is passed over. */
export const logFields = [
  'time',
  'timeUnix',
  'timeMs',
  'timeStart',
  'timeYear',
  'timeMonth',
  'timeDay',
  'timeClock',
  'timeHour',
  'timeMinute',
  'timeSecond',
  'timeOffset',
  'source',
  'sourcePort',
  'sourceAndPort',
  'forwardedFor',
  'listener',
  'listenerPort',
  'scheme',
  'host',
  'serverName',
  'request',
  'method',
  'uri',
  'path',
  'query',
  'contentType',
  'contentEncoding',
  'contentLength',
  'transferEncoding',
  'soapAction',
  'cookies',
  'userAgent',
  'captures',
  'status',
  'requestBytes',
  'responseBytes',
  'durationS',
  'durationMs',
  'durationUs',
  'firstByteS',
  'firstByteMs',
  'complete',
  'termination',
  'error',
  'tlsVersion',
  'cipher',
  'tlsResumed',
  'verify',
  'subject',
  'issuer',
  'serial',
  'fingerprint',
  'certificate',
  'notAfter',
  'upstream',
  'endpoint',
  'endpointPort',
  'upstreamStatus',
  'attempts',
  'combined',
] as const;

/** One of them. */
export type LogField = (typeof logFields)[number];

/** Where each field stands in the values of a line. */
export const placeOfField: Readonly<Record<LogField, number>> = Object.fromEntries(
  logFields.map((field, at) => [field, at]),
) as Record<LogField, number>;

/** The values of one line by `placeOfField`; null and undefined where it does not say. */
export type LogValues = (string | null | undefined)[];

/** Request fields of HTTP that are of use, by their names in lower case. */
const headerFields: ReadonlyMap<string, LogField> = new Map<string, LogField>([
  ['host', 'host'],
  ['user-agent', 'userAgent'],
  ['content-type', 'contentType'],
  ['content-encoding', 'contentEncoding'],
  ['content-length', 'contentLength'],
  ['transfer-encoding', 'transferEncoding'],
  ['soapaction', 'soapAction'],
  ['cookie', 'cookies'],
  ['x-forwarded-for', 'forwardedFor'],
]);

/** What a request field of HTTP is; null where it is of no use. `_` stands for `-`, as in variables of nginx. */
export function fieldOfHeader(name: string): LogField | null {
  return headerFields.get(name.toLowerCase().replaceAll('_', '-')) ?? null;
}

/** Whether a word is one of the fields. */
export function isLogField(word: string): word is LogField {
  return Object.hasOwn(placeOfField, word);
}
