// A request ready for the wire, as `encode` makes it and `call` sends it. The private key is never part of it.

/** One HTTP request: absolute address, header fields in order, and a body whose length is known. */
export interface WireRequest {
  readonly method: 'GET' | 'POST';
  readonly url: URL;
  /** Names and values in sending order; Host and Content-Length are added by `call`. */
  readonly headers: readonly (readonly [name: string, value: string])[];
  readonly body: Buffer | null;
  /** Whether sending it twice does no harm: true for retrieves, never for submits. */
  readonly repeatable: boolean;
}
