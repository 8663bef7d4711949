// The request path, in order, in one function. The reasons for the order are in ARCHITECTURE.md.
import { admit } from './admission/admit.ts';
import { recordEvidence } from './evidence/record-evidence.ts';
import type { Exchange } from './exchange.ts';
import { echo } from './forward/echo.ts';
import { forward } from './forward/forward.ts';
import type { Gateway } from './gateway.ts';
import { identify } from './identity/identify.ts';
import { inspect } from './inspection/inspect.ts';
import type { Reply } from './reply.ts';
import { replyFor } from './response/reply-for.ts';
import { respond } from './response/respond.ts';
import { selectRoute } from './route/select-route.ts';

/** Serves one exchange to its end. Never rejects: every exchange is answered or aborted, and recorded. */
export async function serve(exchange: Exchange, gateway: Gateway): Promise<void> {
  try {
    const reply = await answer(exchange, gateway).catch((thrown: unknown) => replyFor(thrown));
    await respond(exchange, reply, gateway);
  } finally {
    recordEvidence(exchange, gateway); // Every exchange ends here, refused and broken ones too.
  }
}

async function answer(exchange: Exchange, gateway: Gateway): Promise<Reply> {
  const principal = identify(exchange, gateway);
  const route = await selectRoute(exchange, gateway);
  const permit = await admit(exchange, principal, route, gateway);
  const inspected = await inspect(exchange, route, gateway);
  if (route.kind === 'echo') return echo(exchange, inspected, permit);
  return forward(exchange, inspected, permit, principal, route, gateway);
}
