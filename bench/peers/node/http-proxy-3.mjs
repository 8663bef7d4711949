// http-proxy-3, the maintained successor of http-proxy, behind the bench's policy.

import { Agent } from 'node:http';
import { createProxyServer } from 'http-proxy-3';
import { serve, upstream, upstreamConnectionsMax } from './policy.mjs';

const agent = new Agent({
  keepAlive: true,
  maxSockets: upstreamConnectionsMax,
  maxFreeSockets: upstreamConnectionsMax,
});
const proxy = createProxyServer({ target: upstream, agent });
proxy.on('error', (_error, _request, response) => response.destroy());

serve((request, response, fields) => {
  Object.assign(request.headers, fields);
  proxy.web(request, response);
});
