// One record per exchange, always: the sections as the stages left them, in path order.
import type { Exchange } from '../exchange.ts';
import type { Gateway } from '../gateway.ts';

/** Hands the exchange's record to the sink. Paths are kept without their query, which may hold what nobody should keep. */
export function recordEvidence(exchange: Exchange, { evidence }: Gateway): void {
  const { connection, request, body } = exchange;
  evidence.append({
    exchange: exchange.id,
    snapshot: exchange.serving.snapshot.number,
    listener: {
      listener: connection.listener,
      source: connection.source,
      sourcePort: connection.sourcePort,
      receivedMs: exchange.receivedMs,
      serverName: connection.serverName,
      tlsVersion: connection.tlsVersion,
      tlsResumed: connection.tlsResumed,
      method: request.method,
      host: request.host,
      path: request.path.slice(0, 2_048),
      contentType: request.fields.get('content-type')?.slice(0, 200) ?? null,
      framing: body.framing,
      userAgent: request.fields.get('user-agent')?.slice(0, 200) ?? null,
    },
    identity: exchange.identity,
    route: exchange.route,
    admission: exchange.admission,
    inspection: exchange.inspection,
    forward: exchange.forward,
    response: exchange.response ?? noResponse(exchange),
  });
}

function noResponse({ body, downstream }: Exchange): NonNullable<Exchange['response']> {
  return {
    status: null,
    format: 'none',
    refusal: null,
    detail: null,
    requestBytes: body.receivedBytes,
    responseBytes: downstream.sentBytes,
    durationMs: 0,
    complete: false,
    defect: null,
  };
}
