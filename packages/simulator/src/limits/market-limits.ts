// The limits of a market at its own door, decided by the rules that the gateway decides by: what a call is charged to, and the
// refusal. No sockets here; time is passed in.
import {
  type CatalogueIndex,
  type Charge,
  isHeld,
  isRefusal,
  type Policy,
  type Provisioning,
  type Refusal,
  type StatedRefusal,
} from '@headgate/contract';
import {
  chargesFor,
  compilePolicy,
  compileRights,
  connectionCharges,
  limitField,
  limitFieldStarts,
  limitRefusal,
  policyField,
} from '@headgate/rules';
import { createScidPlaces } from '@headgate/soap';
import { type CallHead, type CoveredCall, callForRights, classifyCall, coverCall, subjectOf } from './covered-call.ts';
import { countsScids, judgeRight, judgeScid, type RightsReady } from './judge-right.ts';
import { type Counting, createCounting, type Personality } from './personalities.ts';

/** What limits are judged by. */
export interface MarketLimitsOptions {
  readonly index: CatalogueIndex;
  readonly policy: Policy;
  /** Null: nobody is asked for rights, and nobody is a participant. */
  readonly provisioning: Provisioning | null;
  readonly personality: Personality;
}

/** What came of a call. */
export type JudgedCall =
  | { readonly kind: 'uncounted' }
  | { readonly kind: 'refused'; readonly refusal: StatedRefusal; readonly told: LimitsTold | null }
  | {
      readonly kind: 'admitted';
      readonly told: LimitsTold | null;
      /** Gives back what the call held, once its answer has ended. Infinity where more of its body may come. */
      readonly settle: (requestBytes: number) => void;
    };

/** `RateLimit-Policy` and `RateLimit`. */
export interface LimitsTold {
  readonly policy: string;
  readonly left: string;
}

/** Judges connections and calls. */
export interface MarketLimits {
  /** Charges a connection; false when it is to be closed. */
  admitConnection(source: string, nowMs: number): boolean;
  /** The address of a call; null where the catalogue has none, and nothing is counted. */
  cover(call: CallHead): CoveredCall | null;
  /** Whether the body has to be there before a call is judged. */
  needsBody(call: CallHead, covered: CoveredCall): boolean;
  /** Charges a call. `body` is whole, or null where it was not needed. */
  judge(call: CallHead, covered: CoveredCall, body: Uint8Array | null, clock: () => number): Promise<JudgedCall>;
}

type Ready = Omit<RightsReady, 'rights'> & {
  readonly rights: RightsReady['rights'] | null;
  readonly counting: Counting;
};

/** Makes limits ready. */
export function createMarketLimits({ index, policy, provisioning, personality }: MarketLimitsOptions): MarketLimits {
  const ready: Ready = {
    index,
    compiled: compilePolicy(policy),
    rights: provisioning === null ? null : compileRights(provisioning),
    scids: createScidPlaces(index),
    counting: createCounting(personality),
  };
  return {
    admitConnection(source, nowMs) {
      const charges = connectionCharges(ready.compiled, source);
      return charges.length === 0 || ready.counting.decide(charges, nowMs).admitted;
    },
    cover: (call) => coverCall(index, call),
    needsBody: (call, covered) => needsBody(ready, call, covered),
    async judge(call, covered, body, clock) {
      try {
        return await judge(ready, call, covered, body, clock);
      } catch (thrown) {
        if (isRefusal(thrown)) return { kind: 'refused', refusal: thrown, told: null };
        throw thrown;
      }
    },
  };
}

/** Whether a call has a service at all. What the catalogue cannot name, the systems behind refuse by themselves. */
function isNamed({ method, asksDescription }: CallHead, { speaksSoap }: CoveredCall): boolean {
  return !asksDescription && (!speaksSoap || method === 'POST');
}

function needsBody({ index, compiled }: Ready, call: CallHead, covered: CoveredCall): boolean {
  if (!isNamed(call, covered)) return false;
  const service = classifyCall(index, call, covered, null);
  if (service === null && covered.match.channel === 'api') return covered.speaksSoap;
  const charges = chargesFor(compiled, subjectOf(call, covered.match, service, null));
  return charges.some((each) => countsScids(each) || (isOfBytes(each) && call.declaredBytes === null));
}

async function judge(
  ready: Ready,
  call: CallHead,
  covered: CoveredCall,
  body: Uint8Array | null,
  clock: () => number,
): Promise<JudgedCall> {
  const { match } = covered;
  const { certificate } = call;
  const service = isNamed(call, covered) ? classifyCall(ready.index, call, covered, body) : null;
  if (service === null && match.channel === 'api' && !call.asksDescription) return { kind: 'uncounted' };
  const { rights } = ready;
  const isAsked = rights !== null && certificate !== null;
  const right = isAsked ? judgeRight({ ...ready, rights }, certificate, callForRights(match, service), clock()) : null;
  const subject = subjectOf(call, match, service, right?.allowed.participant ?? null);
  const charges = chargesFor(ready.compiled, subject);
  const contentType = call.field('content-type') ?? '';
  const judged =
    rights === null || right === null || body === null
      ? { charges, refusal: null }
      : await judgeScid({ ...ready, rights }, right, { charges, subject }, { contentType, body }, clock);
  const weighed = inBytes(judged.charges, call.declaredBytes ?? body?.byteLength ?? 0);
  return decide(ready.counting, weighed, judged.refusal, clock()); // Anew: a payload may have been waited for.
}

function decide(counting: Counting, charges: readonly Charge[], foreign: Refusal | null, nowMs: number): JudgedCall {
  const decision = counting.decide(charges, nowMs);
  const rules = charges.map(({ rule }) => rule);
  const policy = policyField(rules);
  const told = policy === null ? null : { policy, left: limitField(charges, limitFieldStarts(rules), nowMs) };
  if (!decision.admitted) return { kind: 'refused', refusal: limitRefusal(decision, nowMs), told };
  const full = new Set(decision.shadowRefusals.map(({ rule }) => rule));
  const held = charges.filter((each) => isHeld(each) && !full.has(each.rule.name));
  const charged = decision.charged === undefined ? {} : { charged: decision.charged };
  const settle = (requestBytes: number): void => {
    if (held.length > 0) counting.settle(held, { ...charged, requestBytes });
  };
  if (foreign === null) return { kind: 'admitted', told, settle };
  settle(Number.POSITIVE_INFINITY);
  return { kind: 'refused', refusal: foreign, told };
}

function inBytes(charges: readonly Charge[], amount: number): readonly Charge[] {
  return charges.map((each) => (isOfBytes(each) ? { rule: each.rule, key: each.key, amount } : each));
}

function isOfBytes({ rule }: Charge): boolean {
  return rule.unit === 'request-bytes';
}
