// The request path, in order, in one function. The reasons for the order are in ARCHITECTURE.md.
import { admit, isPermit } from './admission/admit.ts';
import { type Permit, settle } from './admission/permit.ts';
import { recordEvidence } from './evidence/record-evidence.ts';
import type { Exchange } from './exchange.ts';
import { echo } from './forward/echo.ts';
import { forward } from './forward/forward.ts';
import { tellDocument } from './forward/tell-document.ts';
import { tendSession } from './forward/tend-session.ts';
import type { Gateway } from './gateway.ts';
import { identify } from './identity/identify.ts';
import { inspect } from './inspection/inspect.ts';
import type { Reply } from './reply.ts';
import { replyFor } from './response/reply-for.ts';
import { respond } from './response/respond.ts';
import { selectRoute } from './route/select-route.ts';

/** Serves one exchange to its end. Never rejects: every exchange is answered or aborted, and recorded. */
export async function serve(exchange: Exchange, gateway: Gateway): Promise<void> {
  let reply: Reply;
  let permit: Permit | null = null;
  try {
    try {
      const principal = identify(exchange, gateway);
      const routed = selectRoute(exchange, gateway);
      const route = routed instanceof Promise ? await routed : routed;
      const admitted = admit(exchange, principal, route, gateway);
      const permitted = admitted instanceof Promise ? await admitted : admitted;
      if (isPermit(permitted)) {
        permit = permitted;
        const looked = inspect(exchange, principal, route, gateway);
        const inspected = looked instanceof Promise ? await looked : looked;
        if (route.kind === 'system') reply = await forward(exchange, inspected, permit, principal, route, gateway);
        else if (route.kind === 'echo') reply = await echo(exchange, inspected, permit);
        else if (route.kind === 'document') reply = await tellDocument(exchange, principal, route, gateway);
        else reply = await tendSession(exchange, principal, gateway);
      } else {
        reply = { kind: 'refusal', refusal: permitted, defect: null };
      }
    } catch (thrown) {
      reply = replyFor(thrown);
    }
    const sent = respond(exchange, reply, gateway);
    if (sent !== undefined) await sent;
  } finally {
    settle(exchange, permit, gateway); // Every exchange ends here, refused and broken ones too.
    recordEvidence(exchange, gateway);
  }
}
