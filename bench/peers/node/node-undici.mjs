// node:https with undici's dispatch: what a careful team writes by hand before it writes a gateway.

import { Pool } from 'undici';
import { serve, upstream, upstreamConnectionsMax } from './policy.mjs';

const pool = new Pool(upstream, { connections: upstreamConnectionsMax, pipelining: 1 });
const hopByHop = new Set(['connection', 'keep-alive', 'te', 'trailer', 'transfer-encoding', 'upgrade', 'expect']);

const endToEnd = (fields) => Object.fromEntries(Object.entries(fields).filter(([name]) => !hopByHop.has(name)));

serve((request, response, fields) => {
  const hasBody = request.headers['content-length'] !== undefined || request.headers['transfer-encoding'] !== undefined;
  pool.dispatch(
    {
      path: request.url,
      method: request.method,
      headers: Object.assign(endToEnd(request.headers), fields),
      body: hasBody ? request : null,
    },
    {
      onRequestStart() {},
      onResponseStart(controller, status, received) {
        response.writeHead(status, endToEnd(received));
        response.on('drain', () => controller.resume());
      },
      onResponseData(controller, chunk) {
        if (!response.write(chunk)) controller.pause();
      },
      onResponseEnd() {
        response.end();
      },
      onResponseError() {
        response.destroy();
      },
    },
  );
});
