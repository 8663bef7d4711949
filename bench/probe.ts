// Before a server is measured: does it do what the others do? One call that must reach the market system with the caller's
// identity, and a few that must end in a SOAP fault.

import { readFileSync } from 'node:fs';
import { Agent, request } from 'node:https';
import { soapEnvelope } from './bodies.ts';
import { strictQuota } from './metrics.ts';
import type { Server } from './peers.ts';
import type { Site } from './site.ts';

interface Answer {
  readonly status: number;
  readonly type: string;
  readonly body: string;
}

interface Call {
  readonly port: number;
  readonly host: string;
  readonly path: string;
  readonly body?: string;
}

/** Raises an error that says what a server did instead of its part of the policy. */
export async function probe(server: Server, site: Site): Promise<void> {
  const caller = readFileSync(site.certificates.caller, 'utf8');
  const agent = new Agent({ cert: caller, key: caller, rejectUnauthorized: false, keepAlive: true, maxSockets: 1 });
  try {
    await probeIdentity(server, site, agent);
    await probeRoute(server, agent);
    await probeRefusal(server, agent);
  } finally {
    agent.destroy();
  }
}

async function probeIdentity({ name, port }: Server, site: Site, agent: Agent): Promise<void> {
  const answer = await call(agent, { port, host: 'gw.test', path: '/api/prices/ReadHead1' });
  // nginx sends PEM in percent-encoding; without encoding and line ends it is the same text.
  const head = decodeURIComponent(answer.body.replace(/%(?![0-9A-F]{2})/g, '%25')).replace(/\s/g, '');
  if (answer.status === 200 && head.includes(site.certificates.callerDer)) return;
  throw new Error(`${name} passed on no client certificate: ${answer.status} ${answer.body.slice(0, 500)}`);
}

async function probeRoute({ name, port }: Server, agent: Agent): Promise<void> {
  const { status } = await call(agent, { port, host: 'gw.test', path: '/elsewhere' });
  if (status !== 404) throw new Error(`${name} answered ${status} to a path that has no route`);
}

async function probeRefusal({ name, strictPort }: Server, agent: Agent): Promise<void> {
  const refused = { port: strictPort, host: 'refuse.test', path: '/soap/claims/SendClaims1', body: soapEnvelope(512) };
  let last: Answer = { status: 0, type: '', body: '' };
  // A slow machine may let a window pass between two calls, but hardly two.
  for (let calls = 0; calls < strictQuota * 4 && last.status !== 429; calls += 1) {
    last = await call(agent, refused);
    if (last.status !== 200 && last.status !== 429) break;
  }
  if (last.status === 429 && last.type.startsWith('text/xml') && /<(?:\w[\w-]*:)?Fault\b/.test(last.body)) return;
  throw new Error(`${name} did not refuse with a SOAP fault: ${last.status} ${last.type} ${last.body.slice(0, 300)}`);
}

function call(agent: Agent, { port, host, path, body }: Call): Promise<Answer> {
  const { promise, resolve, reject } = Promise.withResolvers<Answer>();
  const headers =
    body === undefined
      ? { host, accept: 'application/json' }
      : {
          host,
          'content-type': 'text/xml; charset=utf-8',
          soapaction: '"urn:bench:send"',
          'content-length': body.length,
        };
  const outgoing = request(
    // An address of its own: its calls must not count against the sources of the load.
    {
      agent,
      host: '127.0.0.1',
      localAddress: '127.2.0.1',
      port,
      servername: host,
      method: body === undefined ? 'GET' : 'POST',
      path,
      headers,
    },
    (incoming) => {
      const chunks: Buffer[] = [];
      incoming.on('data', (chunk: Buffer) => chunks.push(chunk));
      incoming.on('error', reject);
      incoming.on('end', () =>
        resolve({
          status: incoming.statusCode ?? 0,
          type: incoming.headers['content-type'] ?? '',
          body: Buffer.concat(chunks).toString(),
        }),
      );
    },
  );
  outgoing.on('error', reject);
  outgoing.end(body);
  return promise;
}
