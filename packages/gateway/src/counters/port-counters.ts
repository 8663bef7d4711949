// Threads that serve ask the main thread, which alone talks to the store: a node has one lease, one memory and one connection. What was
// refused they refuse again by themselves, until the call could be admitted: an overload must not become a queue before the main thread.
import type { MessagePort } from 'node:worker_threads';
import type { CallOutcome, Charge, CounterDecision, CounterStore, KnownRefusal, Standing } from '@headgate/contract';
import { guardCounters } from './guarded-counters.ts';
import { createHeldByThread } from './held-by-thread.ts';
import { knownRefusal } from './shared-decision.ts';
import { type StackedCall, toStackedCall } from './stacked-call.ts';

/** What a thread sends: charges it did not name before, and what it asks about them. */
interface Question {
  readonly named: readonly { readonly name: number; readonly charges: readonly Charge[] }[];
  /** Decisions, three numbers each: call, name of the charges, instant. */
  readonly decide: readonly number[];
  readonly stand: readonly { readonly call: number; readonly name: number; readonly nowMs: number }[];
  readonly settle: readonly { readonly name: number; readonly outcome: CallOutcome }[];
  /** Every name of before has gone, and names begin anew. */
  readonly forget: boolean;
}

type Refused = Extract<CounterDecision, { admitted: false }>;

/** What comes back for one call. A charge is named by its place, and what is known counts from the answer: each thread has its clock. */
interface Answer {
  readonly call: number;
  readonly decision:
    | Exclude<CounterDecision, Refused>
    | (Omit<Refused, 'decidedBy'> & { readonly decidedBy: number })
    | null;
  /** Where each allowance stands, as far as it is known. */
  readonly standings: readonly (Standing | undefined)[];
}

/** Lists of charges that both sides know by name. */
const namesMax = 10_000;

/** What the counters of a thread are made of. */
export interface PortCountersOptions {
  /** Milliseconds that only go forward, of this thread. */
  readonly elapsed: () => number;
  /** Told of each refusal that the main thread was not asked for, and so does not count. */
  readonly repeated: (charges: readonly Charge[], decision: CounterDecision) => void;
}

/** Counters of a thread, over a port whose other end `answerCounters` has. */
export function createPortCounters(port: MessagePort, { elapsed, repeated }: PortCountersOptions): CounterStore {
  const refused = new WeakMap<readonly Charge[], StackedCall>();
  let names = new WeakMap<readonly Charge[], number>();
  let nameCount = 0;
  let callCount = 0;
  let question: {
    -readonly [Part in keyof Question]: Question[Part] extends readonly (infer One)[] ? One[] : boolean;
  } = emptyQuestion();
  let isSending = false;
  const open = new Map<number, (answer: Answer) => void>();
  port.on('message', (answers: readonly Answer[]) => {
    for (const answer of answers) {
      const resolve = open.get(answer.call);
      open.delete(answer.call);
      resolve?.(answer);
    }
  });
  port.unref();
  // What comes in one turn goes in one message.
  const sendSoon = (): void => {
    if (isSending) return;
    isSending = true;
    queueMicrotask(() => {
      isSending = false;
      port.postMessage(question);
      question = emptyQuestion();
    });
  };
  const nameOf = (charges: readonly Charge[]): number => {
    const known = names.get(charges);
    if (known !== undefined) return known;
    if (nameCount >= namesMax && !isSending) {
      names = new WeakMap();
      nameCount = 0;
      question.forget = true;
    }
    nameCount += 1;
    names.set(charges, nameCount);
    question.named.push({ name: nameCount, charges: charges.map(toPlainCharge) });
    return nameCount;
  };
  const ask = (put: (call: number) => void): Promise<Answer> => {
    callCount += 1;
    const { promise, resolve } = Promise.withResolvers<Answer>();
    open.set(callCount, resolve);
    put(callCount);
    sendSoon();
    return promise;
  };
  const askFor = async (charges: readonly Charge[], nowMs: number): Promise<CounterDecision> => {
    const name = nameOf(charges);
    const askedMs = elapsed();
    const decision = toDecision(charges, await ask((call) => question.decide.push(call, name, nowMs)));
    if (decision.admitted || decision.known === undefined) return decision;
    // It was decided after it was asked for and before it was here: the earliest counts from the one, the latest from the other.
    const known = knownFrom(decision.known, askedMs, elapsed());
    if (known.untilMs > askedMs) refused.set(charges, { ...toStackedCall(charges), refused: known });
    return decision;
  };
  return {
    decide(charges, nowMs) {
      const call = refused.get(charges);
      if (call === undefined) return askFor(charges, nowMs);
      const decision = knownRefusal(call, charges, nowMs, elapsed());
      if (decision !== null) {
        repeated(charges, decision);
        return decision;
      }
      refused.delete(charges);
      return askFor(charges, nowMs);
    },
    settle(charges, outcome) {
      question.settle.push({ name: nameOf(charges), outcome });
      sendSoon();
    },
    async standings(charges, nowMs) {
      const name = nameOf(charges);
      const { standings } = await ask((call) => question.stand.push({ call, name, nowMs }));
      return standings.map((standing) => standing ?? { remaining: 0, moreAtMs: nowMs });
    },
  };
}

/** How the counters of threads are answered. */
export interface AnswererOptions {
  readonly defect: (stack: string) => void;
  /** The clock that the counters of the node tell by. */
  readonly elapsed: () => number;
}

/**
 * Answers the counters of a thread from those of the node. What its calls hold once it is gone is given back. Counters that throw cost
 * the call that they were asked for; `defect` is told.
 */
export function answerCounters(port: MessagePort, unguarded: CounterStore, { defect, elapsed }: AnswererOptions): void {
  const counters = guardCounters(unguarded, defect);
  const held = createHeldByThread(counters);
  let named = new Map<number, readonly Charge[]>();
  let answers: Answer[] = [];
  const answer = (one: Answer): void => {
    if (answers.length === 0)
      queueMicrotask(() => {
        port.postMessage(answers);
        answers = [];
      });
    answers.push(one);
  };
  const decide = (call: number, charges: readonly Charge[], nowMs: number): void => {
    const tell = (decision: CounterDecision): void => {
      held.note(charges, decision);
      answer(toAnswer(call, charges, decision, elapsed()));
    };
    const decided = counters.decide(charges, nowMs);
    if (decided instanceof Promise) void decided.then(tell);
    else tell(decided);
  };
  port.on('message', (question: Question) => {
    if (question.forget) named = new Map();
    for (const { name, charges } of question.named) named.set(name, charges);
    const chargesOf = (name: number): readonly Charge[] => named.get(name) ?? [];
    // Before what is asked: a call that has ended makes room for the next.
    for (const { name, outcome } of question.settle) held.settle(chargesOf(name), outcome);
    for (let at = 0; at < question.decide.length; at += 3) {
      const [call = 0, name = 0, nowMs = 0] = question.decide.slice(at, at + 3);
      decide(call, chargesOf(name), nowMs);
    }
    for (const { call, name, nowMs } of question.stand)
      void Promise.resolve(counters.standings(chargesOf(name), nowMs)).then((standings) =>
        answer({ call, decision: null, standings }),
      );
  });
  port.on('close', () => held.giveBack());
  port.unref();
}

function emptyQuestion() {
  return { named: [], decide: [], stand: [], settle: [], forget: false };
}

/** What counters keep in a charge stays in its thread. */
function toPlainCharge({ rule, key, amount }: Charge): Charge {
  return amount === undefined ? { rule, key } : { rule, key, amount };
}

function toAnswer(call: number, charges: readonly Charge[], decision: CounterDecision, atMs: number): Answer {
  const standings = charges.map(({ standing }) => standing);
  if (decision.admitted) return { call, decision, standings };
  const decidedBy = charges.indexOf(decision.decidedBy);
  if (decision.known === undefined) return { call, decision: { ...decision, decidedBy }, standings };
  return { call, decision: { ...decision, decidedBy, known: knownFrom(decision.known, -atMs, -atMs) }, standings };
}

/** The same with other beginnings of time. */
function knownFrom(known: KnownRefusal, earliestFromMs: number, latestFromMs: number): KnownRefusal {
  return {
    earliestMs: known.earliestMs.map((ms) => ms + earliestFromMs),
    latestMs: known.latestMs.map((ms) => ms + latestFromMs),
    untilMs: known.untilMs + earliestFromMs,
  };
}

function toDecision(charges: readonly Charge[], { decision, standings }: Answer): CounterDecision {
  for (const [at, charge] of charges.entries()) {
    const standing = standings[at];
    if (standing !== undefined) charge.standing = standing;
  }
  if (decision === null) throw new Error('a question about standings was answered by a decision');
  if (decision.admitted) return decision;
  const decidedBy = charges[decision.decidedBy];
  if (decidedBy === undefined) throw new Error('a refusal by a rule that the call has not');
  return { ...decision, decidedBy };
}
