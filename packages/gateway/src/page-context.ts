// What a page of this gateway tells about its reader's own connection.

import type { Exchange } from './exchange.ts';
import type { PageContext } from './refusal-page.ts';
import { readPeer } from './seen.ts';

/** Reads what the snapshot and the connection say. */
export function pageContext({ serving, connection, request, receivedMs }: Exchange): PageContext {
  const { operator, programme } = serving.snapshot.catalogue;
  const host = serving.host(connection.listener, request.host);
  const peer = connection.peerCertificate;
  return {
    host: request.host,
    operator: operator.name,
    contact: programme.support.contact,
    issuers: host === null ? [] : serving.issuers(host.trust, receivedMs),
    target: request.method === 'POST' ? null : request.target,
    certificate: peer === null ? null : readPeer(peer),
  };
}
