// fast-proxy, on the undici that it brings, behind the bench's policy.

import createFastProxy from 'fast-proxy';
import { serve, upstream, upstreamConnectionsMax } from './policy.mjs';

const { proxy } = createFastProxy({ base: upstream, undici: { connections: upstreamConnectionsMax, pipelining: 1 } });

serve((request, response, fields) => {
  proxy(request, response, request.url, { rewriteRequestHeaders: (_request, headers) => ({ ...headers, ...fields }) });
});
