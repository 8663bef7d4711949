// One request as a system sees it, and one answer. Bodies are whole: the server bounds them before.

/** A request whose body has arrived. Field names are lower case; the path is decoded once and has no query. */
export interface Incoming {
  readonly method: string;
  readonly path: string;
  readonly query: URLSearchParams;
  readonly fields: Readonly<Record<string, string | string[] | undefined>>;
  readonly body: Buffer;
  /** `address:port` at which the request arrived. */
  readonly ownAuthority: string;
}

/** An answer to be written with a Content-Length. */
export interface Reply {
  readonly status: number;
  readonly fields: Readonly<Record<string, string>>;
  readonly body: string | Uint8Array;
}

/** One value of a field, or null where it is absent or stands several times. */
export function fieldOf(incoming: Pick<Incoming, 'fields'>, name: string): string | null {
  const value = incoming.fields[name];
  return typeof value === 'string' ? value : null;
}

/** An answer whose body is XML of a SOAP message. */
export function xmlReply(status: number, body: string): Reply {
  return { status, fields: { 'content-type': 'text/xml; charset=utf-8' }, body };
}

/** An answer whose body is JSON. */
export function jsonReply(status: number, value: unknown): Reply {
  return { status, fields: { 'content-type': 'application/json' }, body: `${JSON.stringify(value)}\n` };
}

/** The answer for a path that no system serves; the market's own 404 has no documented body. */
export const notFoundReply: Reply = {
  status: 404,
  fields: { 'content-type': 'text/html; charset=utf-8' },
  body: '<html><head><title>404 Not Found</title></head><body><h1>Not Found</h1></body></html>',
};

/** The answer to a method that a path does not take; `allow` lists those that it takes. */
export function methodNotAllowed(allow: string): Reply {
  return { status: 405, fields: { allow }, body: '' };
}

/** The page that a certificate without access gets. Clients look for the sentence, or for the status. */
export const noAccessReply: Reply = {
  status: 403,
  fields: { 'content-type': 'text/html; charset=utf-8' },
  body: '<html><head><title>Not authorized</title></head><body><p>You are not authorized to access this page.</p></body></html>',
};
