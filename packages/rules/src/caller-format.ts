// In which form does this caller read a refusal? A program never gets HTML; a SOAP caller gets the fault of its SOAP version.

/** The fields of a head, by name in lower case. */
export interface FieldsOfHead {
  /** The first value of a field, or null. */
  get(name: string): string | null;
}

/** The four forms of a refusal. */
export type RefusalFormat = 'soap-1.1' | 'soap-1.2' | 'problem+json' | 'html';

/** What tells a caller's format. `channel` and `speaksSoap` are unknown (null, false) before the route is known. */
export interface CallerSigns {
  readonly method: string;
  readonly fields: FieldsOfHead;
  readonly channel: 'ui' | 'api' | null;
  readonly speaksSoap: boolean;
}

/**
 * Decides the format: what the request is written in first (SOAP 1.1 §6.1.1, SOAP 1.2 Part 2 §7.1.4), then what the address
 * speaks, then what the caller accepts. HTML only to a browser that navigates: on a `ui` address, or on an unknown one.
 */
export function callerFormat({ method, fields, channel, speaksSoap }: CallerSigns): RefusalFormat {
  const type = (fields.get('content-type') ?? '').toLowerCase();
  if (type.includes('application/soap+xml')) return 'soap-1.2';
  if (type.startsWith('text/xml') || type.startsWith('multipart/related') || fields.get('soapaction') !== null)
    return 'soap-1.1';
  const accepts = (fields.get('accept') ?? '').toLowerCase();
  if (accepts.includes('application/soap+xml')) return 'soap-1.2';
  if (type.includes('json') || accepts.includes('json')) return 'problem+json';
  if (speaksSoap) return 'soap-1.1';
  const navigates = method === 'GET' || method === 'HEAD' || type.startsWith('application/x-www-form-urlencoded');
  // Fetch Metadata §2.3: a script of a page asks in another mode. A page in its hands would be taken for the answer.
  const asPage = ['navigate', null].includes(fields.get('sec-fetch-mode'));
  // Java's own client accepts text/html by default; XHTML is asked for by browsers alone.
  const reads = accepts.includes(channel === 'ui' ? 'text/html' : 'application/xhtml+xml');
  if (channel !== 'api' && navigates && asPage && reads) return 'html';
  return 'problem+json';
}
