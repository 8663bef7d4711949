// One record per exchange, always: the sections as the stages left them, in path order.
import type { CookieEvidence } from '@headgate/contract';
import type { Exchange } from '../exchange.ts';
import type { Gateway } from '../gateway.ts';
import type { CookieMemory } from './cookie-memory.ts';

/** Hands the exchange's record to the sink. Paths are kept without their query, which may hold what nobody should keep. */
export function recordEvidence(exchange: Exchange, { evidence, cookies }: Gateway): void {
  const { connection, request, body } = exchange;
  const notes = headNotes(exchange, cookies);
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
        path: notes.path,
        contentType: notes.contentType,
        framing: body.framing,
        contentEncoding: notes.contentEncoding,
        userAgent: notes.userAgent,
        cookies: notes.cookies,
      },
      identity: exchange.identity,
      route: exchange.route,
      admission: exchange.admission,
      inspection: exchange.inspection,
      forward: exchange.forward,
      response: exchange.response ?? noResponse(exchange),
    },
    { head: exchange.headMemo, caller: exchange.callerMemo },
  );
}

/** What a head alone says. */
interface HeadNotes {
  readonly path: string;
  readonly contentType: string | null;
  readonly contentEncoding: string | null;
  readonly userAgent: string | null;
  readonly cookies: CookieEvidence | null;
}

function headNotes(exchange: Exchange, cookies: CookieMemory): HeadNotes {
  const known = exchange.headMemo.evidence as HeadNotes | undefined;
  if (known !== undefined) return known;
  const { path, fields } = exchange.request;
  const notes = {
    path: atMost(path, 2_048),
    contentType: atMost(fields.get('content-type'), 200),
    contentEncoding: atMost(fields.get('content-encoding'), 100),
    userAgent: atMost(fields.get('user-agent'), 200),
    cookies: cookies.note(exchange.connection, fields.all('cookie')),
  };
  // Whether cookies came before is another answer for each caller.
  if (notes.cookies === null) exchange.headMemo.evidence = notes;
  return notes;
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
