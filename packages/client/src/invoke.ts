// One call, in order: catalogue → credential → pacing → encode → call → diagnose. Nothing else calls these stages.
import { call } from './call/call.ts';
import { lookUp } from './catalogue/look-up.ts';
import { currentCredential } from './credential/current-credential.ts';
import { type Decoded, decode } from './diagnose/decode.ts';
import { diagnose } from './diagnose/diagnose.ts';
import { type CallInput, encode } from './encode/encode.ts';
import { awaitTurn } from './pacing/await-turn.ts';
import type { Session } from './session.ts';

/** Calls `system/service`, as in `cmri/RetrieveMarketAwards`, and returns its decoded answer; raises ClientProblem. */
export async function invoke(name: string, input: CallInput, session: Session): Promise<Decoded> {
  const operation = lookUp(session.catalogue, name, session.target);
  const credential = currentCredential(session.credentials, operation, session.now());
  const turn = await awaitTurn(session.pacer, operation, credential);
  try {
    const request = encode(operation, input, credential, { nowMs: session.now(), nextId: session.nextId });
    const outcome = await call(request, credential, session.transport);
    const { answer, problem } = diagnose(outcome, operation);
    turn.settle(session.now(), problem?.retryAfterSeconds);
    if (problem !== null) throw problem;
    return decode(answer, operation);
  } finally {
    turn.release(); // Only a call that never left gives its room back: a settled turn stays settled.
  }
}
