// Threads that serve ask the main thread, which alone talks to the store: a node has one lease, one memory and one connection.
import type { MessagePort } from 'node:worker_threads';
import type { Charge, CounterDecision, CounterStore } from '@headgate/contract';

/** What a thread sends: kinds of calls it did not name before, and calls, three numbers each (call, kind, instant). */
interface Question {
  readonly kinds: readonly { readonly kind: number; readonly charges: readonly Charge[] }[];
  readonly calls: readonly number[];
  /** Kinds of before are named anew from here on. */
  readonly forget: boolean;
}

/** What comes back for one call. Charges are named by their place. */
interface Answer {
  readonly call: number;
  readonly decision: Omit<Extract<CounterDecision, { admitted: false }>, 'decidedBy' | 'admitted'> & {
    readonly admitted: boolean;
    readonly decidedBy: number;
  };
  readonly standings: readonly unknown[];
}

/** Kinds of calls that both sides know by number. */
const kindsMax = 10_000;

/** Counters of a thread, over a port whose other end `answerCounters` has. */
export function createPortCounters(port: MessagePort): CounterStore {
  let kinds = new WeakMap<readonly Charge[], number>();
  let kindCount = 0;
  let callCount = 0;
  let isForgotten = false;
  let newKinds: { kind: number; charges: readonly Charge[] }[] = [];
  let calls: number[] = [];
  const open = new Map<number, { charges: readonly Charge[]; resolve: (decision: CounterDecision) => void }>();
  port.on('message', (answers: readonly Answer[]) => {
    for (const { call, decision, standings } of answers) {
      const asked = open.get(call);
      open.delete(call);
      asked?.resolve(toDecision(asked.charges, decision, standings));
    }
  });
  port.unref();
  const send = (): void => {
    port.postMessage({ kinds: newKinds, calls, forget: isForgotten } satisfies Question);
    newKinds = [];
    calls = [];
    isForgotten = false;
  };
  const kindOf = (charges: readonly Charge[]): number => {
    const known = kinds.get(charges);
    if (known !== undefined) return known;
    if (kindCount >= kindsMax && calls.length === 0) {
      kinds = new WeakMap();
      kindCount = 0;
      isForgotten = true;
    }
    kindCount += 1;
    kinds.set(charges, kindCount);
    newKinds.push({ kind: kindCount, charges: charges.map(({ rule, key }) => ({ rule, key })) });
    return kindCount;
  };
  return {
    decide(charges, nowMs) {
      const { promise, resolve } = Promise.withResolvers<CounterDecision>();
      const kind = kindOf(charges);
      callCount += 1;
      open.set(callCount, { charges, resolve });
      // What comes in one turn goes in one message.
      if (calls.length === 0) queueMicrotask(send);
      calls.push(callCount, kind, nowMs);
      return promise;
    },
  };
}

/** Answers the counters of a thread from those of the node. */
export function answerCounters(port: MessagePort, counters: CounterStore): void {
  let kinds = new Map<number, readonly Charge[]>();
  let answers: Answer[] = [];
  const answer = (call: number, charges: readonly Charge[], decision: CounterDecision): void => {
    if (answers.length === 0)
      queueMicrotask(() => {
        port.postMessage(answers);
        answers = [];
      });
    answers.push({ call, ...toAnswer(charges, decision) });
  };
  port.on('message', ({ kinds: more, calls, forget }: Question) => {
    if (forget) kinds = new Map();
    for (const { kind, charges } of more) kinds.set(kind, charges);
    for (let at = 0; at < calls.length; at += 3) {
      const [call = 0, kind = 0, nowMs = 0] = calls.slice(at, at + 3);
      const charges = kinds.get(kind) ?? [];
      const decided = counters.decide(charges, nowMs);
      if (decided instanceof Promise) void decided.then((decision) => answer(call, charges, decision));
      else answer(call, charges, decided);
    }
  });
  port.unref();
}

function toAnswer(charges: readonly Charge[], decision: CounterDecision): Omit<Answer, 'call'> {
  const standings = (charges as readonly (Charge & { standing?: unknown })[]).map(({ standing }) => standing);
  if (decision.admitted) return { decision: { ...decision, decidedBy: -1, retryAtMs: 0 }, standings };
  return { decision: { ...decision, decidedBy: charges.indexOf(decision.decidedBy) }, standings };
}

function toDecision(
  charges: readonly Charge[],
  { decidedBy, retryAtMs, admitted, ...rest }: Answer['decision'],
  standings: readonly unknown[],
): CounterDecision {
  for (const [at, charge] of charges.entries())
    if (standings[at] !== undefined) (charge as Charge & { standing?: unknown }).standing = standings[at];
  if (admitted) return { admitted, shadowRefusals: rest.shadowRefusals };
  const deciding = charges[decidedBy];
  if (deciding === undefined) throw new Error('a refusal by a rule that the call has not');
  return { ...rest, admitted: false, decidedBy: deciding, retryAtMs };
}
