// One record per exchange, always: the sections as the stages left them, in path order.
import type { Exchange } from '../exchange.ts';
import type { Gateway } from '../gateway.ts';

/** Hands the exchange's record to the sink. Paths are kept without their query, which may hold what nobody should keep. */
export function recordEvidence(exchange: Exchange, { evidence }: Gateway): void {
  const { connection, request, body } = exchange;
  evidence.append(
    {
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
        path: atMost(request.path, 2_048),
        contentType: atMost(request.fields.get('content-type'), 200),
        framing: body.framing,
        userAgent: atMost(request.fields.get('user-agent'), 200),
      },
      identity: exchange.identity,
      route: exchange.route,
      admission: exchange.admission,
      inspection: exchange.inspection,
      forward: exchange.forward,
      response: exchange.response ?? noResponse(exchange),
    },
    exchange.memo,
  );
}

/** The same text where it is short enough, which is nearly always. */
function atMost<Text extends string | null>(text: Text, charactersMax: number): Text {
  return text === null || text.length <= charactersMax ? text : (text.slice(0, charactersMax) as Text);
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
