// What is not equal between the policies of the servers, and whom it favours. It stands beside every table.

/** One difference, for a reader of the table. */
export interface Difference {
  readonly subject: string;
  readonly sentence: string;
}

/** Every difference that we know of. */
export const differences: readonly Difference[] = [
  {
    subject: 'evidence',
    sentence:
      'Headgate writes one evidence record per call to disk. The others run without an access log, which favours them.',
  },
  {
    subject: 'metrics',
    sentence:
      'What Headgate counts, it counts here too. nginx and HAProxy keep their built-in counters; the Node proxies keep none, which favours them.',
  },
  {
    subject: 'limits',
    sentence:
      'All evaluate three limits per call: by source, by source and service, by certificate and service. Headgate holds exact sliding windows. nginx (limit_req) and the Node proxies keep one leaky-bucket word per key, which can admit a burst and its refill in one window. HAProxy keeps a sliding estimate of the rate that counts refused calls too, so a source that hammers is never admitted again. All three are cheaper than an exact window.',
  },
  {
    subject: 'identity',
    sentence:
      'Headgate lets a refused certificate finish its handshake, builds the path itself, judges the certificate at every call and looks its rights up; the refusal is explained in the answer. The others verify in the handshake and close on failure, and know no rights.',
  },
  {
    subject: 'identity fields',
    sentence:
      'All add the certificate and its subject to what the market system receives. nginx can only send the certificate as percent-encoded PEM (longer); the others send base64 in colons (RFC 9440).',
  },
  {
    subject: 'routing',
    sentence:
      'Headgate finds address, system, service and operation in its catalogue. The others match one regular expression.',
  },
  {
    subject: 'bodies',
    sentence:
      'Headgate checks media type and the head of the SOAP envelope before it forwards a POST, and counts the bytes. The others pass bodies through. What a firewall would look for is off everywhere.',
  },
  {
    subject: 'refusal body',
    sentence:
      'Headgate writes each fault anew, with the seconds to wait, an exchange id and what to do. The others send one fixed fault and Retry-After: 1.',
  },
  {
    subject: 'header fields',
    sentence:
      'Headgate, nginx, HAProxy and the Node proxies set Via, Forwarded, X-Forwarded-For and an exchange id toward the market system. Only Headgate also drops every header field that a caller could use to claim an identity.',
  },
  {
    subject: 'client authorities',
    sentence:
      'Headgate sends no list of client authorities in the handshake; the others send theirs, a few hundred bytes.',
  },
  {
    subject: 'sessions',
    sentence: 'Session tickets are on everywhere with each server’s defaults. The handshake row never offers one.',
  },
];
