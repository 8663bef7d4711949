// The policy that every Node peer of the bench applies, nearest to Headgate's: mutual TLS, a route by path, three limits, the
// caller's identity as header fields, a SOAP fault for a refusal. Written for speed, so that the proxies look no worse
// than they are.

import { randomUUID } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { createServer } from 'node:https';

/** What the bench passes on the command line. */
export const site = JSON.parse(process.argv[2] ?? '{}');

/** Address of the market system. */
export const upstream = `http://127.0.0.1:${site.backendPort}`;

/** The longest body, in bytes. */
export const bodyBytesMax = 2_097_152;

/** Connections to the market system at most, as Headgate's default. */
export const upstreamConnectionsMax = 256;

/** What https.createServer takes: the certificates, and the bounds that Headgate has. */
export const serverOptions = {
  cert: readFileSync(`${site.certificates}/server.pem`),
  key: readFileSync(`${site.certificates}/server.key`),
  ca: readFileSync(`${site.certificates}/trust.pem`),
  requestCert: true,
  rejectUnauthorized: true,
  minVersion: 'TLSv1.2',
  ALPNProtocols: ['http/1.1'],
  maxHeaderSize: 16_384,
  headersTimeout: 30_000,
  requestTimeout: 600_000,
  keepAliveTimeout: 600_000,
};

const routes = {
  open: /^\/(?:api\/prices|soap\/offers)\/(?:Read|Send)[A-Za-z]+[0-9]*$/,
  strict: /^\/soap\/claims\/(?:Read|Send)[A-Za-z]+[0-9]*$/,
};

/** One limit: at most `quota` calls at once, refilled evenly over `windowMs`. */
function createLimit(quota, windowMs) {
  const intervalMs = windowMs / quota;
  const toleranceMs = windowMs - intervalMs;
  const nextByKey = new Map();
  return (key, nowMs) => {
    const base = Math.max(nextByKey.get(key) ?? 0, nowMs);
    if (base - nowMs > toleranceMs) return false;
    nextByKey.set(key, base + intervalMs);
    return true;
  };
}

const limits = {
  open: createLimit(4096, 1000),
  strict: createLimit(30, 1000),
  sourceService: createLimit(4096, 1000),
  credentialService: createLimit(4096, 1000),
};

const callers = new WeakMap();

function callerOf(socket) {
  let caller = callers.get(socket);
  if (caller === undefined) {
    const certificate = socket.getPeerX509Certificate();
    caller = {
      source: socket.remoteAddress,
      fingerprint: certificate.fingerprint256,
      clientCert: `:${certificate.raw.toString('base64')}:`,
      subject: certificate.subject.replaceAll('\n', ','),
    };
    callers.set(socket, caller);
  }
  return caller;
}

/** Admits a call and gives the header fields to add to it, or refuses it and gives null. */
export function admit(kind, request, response) {
  const path = request.url;
  if (!routes[kind].test(path)) {
    response.writeHead(404, { 'content-length': '0' });
    response.end();
    return null;
  }
  const caller = callerOf(request.socket);
  const nowMs = performance.now();
  const exchange = randomUUID();
  const isAdmitted =
    limits[kind](caller.source, nowMs) &&
    limits.sourceService(`${caller.source}|${path}`, nowMs) &&
    limits.credentialService(`${caller.fingerprint}|${path}`, nowMs);
  if (!isAdmitted) {
    response.writeHead(429, {
      'content-type': 'text/xml; charset=utf-8',
      'content-length': site.fault.length,
      'retry-after': '1',
      'x-request-id': exchange,
    });
    response.end(site.fault);
    request.resume();
    return null;
  }
  return {
    via: '1.1 node',
    forwarded: `for=${caller.source};host="${request.headers.host}";proto=https`,
    'x-forwarded-for': caller.source,
    'x-forwarded-proto': 'https',
    'x-request-id': exchange,
    'client-cert': caller.clientCert,
    'x-client-subject': caller.subject,
  };
}

/** Opens both ports for a peer that is a plain request listener. `forward` gets the fields to add. */
export function serve(forward) {
  for (const [kind, port] of [
    ['open', site.port],
    ['strict', site.strictPort],
  ]) {
    const server = createServer(serverOptions, (request, response) => {
      const fields = admit(kind, request, response);
      if (fields !== null) forward(request, response, fields);
    });
    server.listen({ port, host: '127.0.0.1', backlog: 4096 });
  }
}
