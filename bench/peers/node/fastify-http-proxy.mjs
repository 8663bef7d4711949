// @fastify/http-proxy on fastify, behind the bench's policy.

import httpProxy from '@fastify/http-proxy';
import createFastify from 'fastify';
import { admit, bodyBytesMax, serverOptions, site, upstream, upstreamConnectionsMax } from './policy.mjs';

for (const [kind, port] of [
  ['open', site.port],
  ['strict', site.strictPort],
]) {
  const fastify = createFastify({ https: serverOptions, logger: false, bodyLimit: bodyBytesMax });
  fastify.decorateRequest('added', null);
  fastify.addHook('onRequest', (request, reply, next) => {
    request.added = admit(kind, request.raw, reply.raw);
    // The policy has answered on the socket; fastify must not answer again.
    if (request.added === null) reply.hijack();
    next();
  });
  fastify.register(httpProxy, {
    upstream,
    undici: { connections: upstreamConnectionsMax, pipelining: 1 },
    replyOptions: { rewriteRequestHeaders: (request, headers) => ({ ...headers, ...request.added }) },
  });
  await fastify.listen({ port, host: '127.0.0.1', backlog: 4096 });
}
