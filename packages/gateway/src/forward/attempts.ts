// Attempts at the endpoints of a group, until one ends the exchange. Retries only what cannot have been carried out.
import type { Endpoint, Member, Outcome, UpstreamGroup, UpstreamRequest } from '../upstream.ts';

/** How the last attempt ended, and how many there were. */
export interface Attempted {
  readonly outcome: Outcome;
  readonly endpoint: string;
  readonly attempts: number;
  /** Whether one more would have been safe, and the budget of the group withheld it. */
  readonly retryWithheld: boolean;
}

/**
 * Makes the first attempt; most calls need no other, and none of a promise for it. Calls back with the last outcome. `nowMs`
 * counts from 1970 UTC.
 */
export function attemptInTurn(
  request: UpstreamRequest,
  group: UpstreamGroup,
  hashText: string,
  nowMs: number,
  settle: (attempted: Attempted) => void,
): void {
  group.retries.called(nowMs);
  const member = group.next(hashText, none);
  if (member === null) throw new Error(`upstream ${group.name} has no endpoint`);
  if (member.watched) request.watch = member;
  const { endpoint } = member;
  endpoint.attempt(request, false, (outcome) => {
    if (outcome.kind === 'answered') settle({ outcome, endpoint: endpoint.url, attempts: 1, retryWithheld: false });
    // The connection that brought the outcome is still busy with it.
    else queueMicrotask(() => void attemptAgain(request, group, hashText, nowMs, member, outcome).then(settle));
  });
}

/** One attempt, as a promise; never rejects. */
export function attempted(endpoint: Endpoint, request: UpstreamRequest, fresh: boolean): Promise<Outcome> {
  return new Promise((settle) => endpoint.attempt(request, fresh, settle));
}

const none: readonly Member[] = [];

/** Goes on after an attempt without an answer: once more at the same endpoint, or at each other one in turn. */
async function attemptAgain(
  request: UpstreamRequest,
  group: UpstreamGroup,
  hashText: string,
  nowMs: number,
  first: Member,
  firstOutcome: Outcome,
): Promise<Attempted> {
  const tried: Member[] = [];
  let member: Member = first;
  let outcome = firstOutcome;
  let attempts = 1;
  for (;;) {
    if (wasStale(outcome, request)) {
      // Not drawn on the budget: a kept connection is found closed once, and this attempt opens one of its own.
      attempts += 1;
      outcome = await attempted(member.endpoint, request, true);
    }
    member.failed(outcome);
    tried.push(member);
    const ended = { outcome, endpoint: member.endpoint.url, attempts };
    const next = mayGoOn(outcome, request) ? group.next(hashText, tried) : null;
    if (next === null) return { ...ended, retryWithheld: false };
    if (!group.retries.take(nowMs)) return { ...ended, retryWithheld: true };
    member = next;
    attempts += 1;
    request.watch = member.watched ? member : null;
    outcome = await attempted(member.endpoint, request, false);
  }
}

/** A kept connection that the endpoint had closed, or closed just as it was used: no fault of anybody's. */
function wasStale(outcome: Outcome, { repeatable }: UpstreamRequest): boolean {
  if (outcome.kind === 'not-sent') return true;
  return repeatable && outcome.kind === 'no-answer' && outcome.reason === 'broken' && outcome.reusedConnection;
}

/** Nothing was sent, and there is time left: another endpoint may do better. */
function mayGoOn(outcome: Outcome, { isBodyBegun }: UpstreamRequest): boolean {
  if (isBodyBegun) return false;
  return outcome.kind === 'not-sent' || (outcome.kind === 'not-connected' && outcome.reason !== 'whole');
}
