// A record before its number, with no more than a record must have.
import type { EvidenceSink } from '@headgate/contract';

/** A record as a stage hands it over. */
export type Draft = Parameters<EvidenceSink['append']>[0];

/** One with every section that must be there. */
export const whole: Draft = {
  exchange: 'x',
  snapshot: 1,
  listener: {
    listener: 'secure',
    source: '127.0.0.1',
    sourcePort: 1,
    receivedMs: 0,
    serverName: null,
    tlsVersion: null,
    tlsResumed: false,
    method: 'POST',
    host: 'ws.example',
    path: '/sst/a',
    contentType: null,
    framing: 'none',
    contentEncoding: null,
    userAgent: null,
    cookies: null,
  },
  identity: null,
  route: null,
  admission: null,
  inspection: null,
  forward: null,
  response: {
    status: 200,
    format: 'upstream',
    refusal: null,
    detail: null,
    requestBytes: 0,
    responseBytes: 0,
    durationMs: 0,
    complete: true,
    defect: null,
  },
};
