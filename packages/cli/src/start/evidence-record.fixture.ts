// A record of evidence with valid defaults; a test names only what it is about.
import type { EvidenceRecord } from '@headgate/contract';

const receivedMs = Date.UTC(2024, 1, 21, 14, 0, 5);

/** A record of one answered call at 14:00:05, or of a refused one. */
export function evidenceRecord(facts: {
  participant?: string;
  generation?: 'old' | 'new';
  system?: string;
  refusal?: EvidenceRecord['response']['refusal'];
  /** Status of the system's own answer. */
  upstreamStatus?: number;
}): EvidenceRecord {
  const { participant = 'alpha-energy', generation = 'new', system = 'CMRI', refusal = null, upstreamStatus } = facts;
  return {
    schemaVersion: 1,
    node: 'test',
    boot: 'test',
    thread: 0,
    sequence: 1,
    exchange: 'x',
    snapshot: 1,
    listener: {
      listener: 'secure',
      source: '127.0.1.11',
      sourcePort: 1,
      receivedMs,
      serverName: null,
      tlsVersion: null,
      tlsResumed: false,
      method: 'POST',
      host: 'ws.caiso.com',
      path: '/sst/cmri/X',
      contentType: null,
      framing: 'none',
      contentEncoding: null,
      userAgent: null,
      cookies: null,
    },
    identity: {
      subject: 'CN=ALPHAx1001',
      issuer: null,
      serial: null,
      fingerprint: null,
      notAfter: null,
      issuedBy: null,
      participant,
      verdict: 'accepted',
    },
    route: {
      environment: 'production',
      channel: 'api',
      generation,
      infrastructure: 'current',
      namespace: 'ws',
      address: 'https://ws.caiso.com/sst/cmri',
      system,
      service: 'RetrieveMarketAwards',
      operation: 'retrieve',
      docAttach: false,
      decidedBy: 'service-name',
    },
    admission: null,
    inspection: null,
    forward:
      upstreamStatus === undefined
        ? null
        : {
            upstream: '*/*/*',
            endpoint: 'http://127.0.0.1:9000',
            attempts: 1,
            retryWithheld: false,
            forwarded: 'yes',
            reusedConnection: false,
            status: upstreamStatus,
            firstByteMs: 1,
          },
    response: {
      status: refusal === null ? 200 : 500,
      format: 'upstream',
      refusal,
      detail: null,
      requestBytes: 0,
      responseBytes: 0,
      durationMs: 1,
      complete: true,
      defect: null,
    },
  };
}
