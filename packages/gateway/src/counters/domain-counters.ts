// One limit domain over all nodes: decisions by the store, and what holds when it cannot be asked, was restarted or was replaced.
// Never more than a quota is admitted in any window; see docs/decisions/0040.
import type { CallOutcome, Charge, Charged, CounterDecision, RuleRefusal, Standing } from '@headgate/contract';
import { createCounters } from '@headgate/rules';
import { dropOldest } from '../drop-oldest.ts';
import type { MaybePromise } from '../maybe-promise.ts';
import { randomSeed } from './random-seed.ts';
import { createRemembered, type Untold } from './remembered.ts';
import { awayRetryMs, knownRefusal, nobodyCounted, plainAdmission, refusal } from './shared-decision.ts';
import { logOf, nameOf, type StackedCall, type StackedCharge, sumsKind, toStackedCall } from './stacked-call.ts';
import { createStoreClock } from './store-clock.ts';
import { StoreAway, type StoreFunction, type StoreLink } from './store-link.ts';

/** What the operator is told of a domain. */
export interface DomainNotice {
  readonly kind:
    | 'counters-away'
    | 'counters-back'
    | 'counters-began-anew'
    | 'counters-nodes-differ'
    | 'counters-defect';
  readonly domain: string;
  readonly sentence: string;
}

/** Says a defect of counters. */
export function defectSentence(thrown: unknown): string {
  const stack = thrown instanceof Error ? (thrown.stack ?? thrown.message) : String(thrown);
  return `A defect of this gateway: what could not be counted for it is refused, and nothing else. Please report it. ${stack}`;
}

/** What a domain is counted with. */
export interface DomainOptions {
  readonly domain: string;
  readonly link: StoreLink;
  readonly node: string;
  /** Different for each process. */
  readonly boot: string;
  /** Every node that shares the counters, this one among them. */
  readonly nodes: readonly string[];
  readonly timeoutMs: number;
  readonly leaseMs: number;
  readonly longWindowMs: number;
  readonly holdOffMsMax: number;
  readonly rememberedMax: number;
  /** Milliseconds that only go forward. */
  readonly elapsed: () => number;
  readonly notice: (notice: DomainNotice) => void;
}

/** Calls whose rules are kept ready, and whose refusals are remembered; the oldest go first. */
const callsMax = 10_000;

/** Admissions in one message of a replay. */
const replayMax = 2_000;

/** Epochs that are known to be over. */
const epochsMax = 1_000;

/** A lease of a node that stopped: nobody of its name admits anything alone (100 years). */
const leftLeaseMs = 3_155_760_000_000;

/** From one attempt to reach a store that is away to the next, in milliseconds. */
const probeMs = 100;

/** How often at least a lease is renewed within its length. */
const beatsPerLease = 6;

/**
 * A store that was silent for longer than this part of a lease may have been replaced meanwhile without knowing it, as one that was stopped and goes on:
 * nothing of what it says is trusted until it had time to be told.
 */
const silentLeases = 0.5;
const settleMs = 1_000;

/** The counters of one domain. */
export class DomainCounters {
  readonly #options: DomainOptions;
  readonly #state: string;
  readonly #own = createCounters({}, randomSeed());
  readonly #parts = new Map<string, Charge>();
  readonly #remembered;
  readonly #clock = createStoreClock();
  readonly #byCharges = new WeakMap<readonly Charge[], StackedCall>();
  readonly #byName = new Map<string, StackedCall>();
  readonly #bootMs: number;
  #epoch = '';
  /** From 1 with the first epoch. */
  #epochNumber = 0;
  #repliedMs = Number.NEGATIVE_INFINITY;
  #reachable = false;
  #saidAway = false;
  #saidDefect = false;
  #awaySinceMs: number;
  #trustedFromMs = Number.NEGATIVE_INFINITY;
  /** The lease has ended by then, at the latest; null before there was one. */
  #leaseEndsMs: number | null = null;
  #ownAdmittedMs: number;
  #mayBeAlone = true;
  #hadLease = false;
  readonly #left = new Set<string>();
  #toldAll = false;
  #telling: { readonly sequence: number; readonly untold: readonly Untold[]; readonly epochNumber: number } | null =
    null;
  #sequence = 0;
  #timer: NodeJS.Timeout | null = null;
  #beating: Promise<void> | null = null;
  #closed = false;

  constructor(options: DomainOptions) {
    this.#options = options;
    // Braces make it one slot of a cluster: a domain is on one primary, whole.
    this.#state = `headgate:1:{${options.domain}}`;
    this.#bootMs = options.elapsed();
    this.#ownAdmittedMs = this.#bootMs;
    this.#awaySinceMs = this.#bootMs;
    this.#remembered = createRemembered(options.rememberedMax, this.#bootMs);
  }

  /** One decision over charges of this domain. `nowMs` is of the caller's clock, which instants in the answer are of. */
  decide(charges: readonly Charge[], nowMs: number): MaybePromise<CounterDecision> {
    const call = this.#callOf(charges);
    const atMs = this.#options.elapsed();
    if (this.#reachable) return knownRefusal(call, charges, nowMs, atMs) ?? this.#ask(call, charges, nowMs, true);
    // The first calls wait for the first word of the store; later ones do not wait for one that is away.
    if (this.#epochNumber === 0 && !this.#saidAway)
      return this.#beat().then(() =>
        this.#reachable ? this.#ask(call, charges, nowMs, true) : this.#decideAlone(call, charges, nowMs),
      );
    return this.#decideAlone(call, charges, nowMs);
  }

  /** Begins to hold a lease, before the first call needs it. */
  join(): void {
    void this.#beat();
  }

  /** Tells the store that this node admits nothing any more, so that its part is kept for nobody. */
  async close(): Promise<void> {
    this.#closed = true;
    if (this.#timer !== null) clearTimeout(this.#timer);
    await this.#beating;
    if (this.#reachable) await this.#present(leftLeaseMs).catch(() => undefined);
  }

  #callOf(charges: readonly Charge[]): StackedCall {
    let call = this.#byCharges.get(charges);
    if (call !== undefined) return call;
    const name = nameOf(charges);
    call = this.#byName.get(name) ?? toStackedCall(charges);
    this.#byCharges.set(charges, call);
    this.#byName.set(name, call);
    dropOldest(this.#byName, callsMax);
    return call;
  }

  async #ask(call: StackedCall, charges: readonly Charge[], nowMs: number, isFirst: boolean): Promise<CounterDecision> {
    const { elapsed } = this.#options;
    const epoch = this.#epoch;
    const sentMs = elapsed();
    let reply: readonly unknown[];
    try {
      reply = await this.#send('decide', this.#keysOf(call), this.#argsOf(call, sentMs), sentMs);
    } catch (fault) {
      if (!(fault instanceof StoreAway)) throw fault; // It says nothing of the store.
      this.#lose(fault);
      return this.#decideAlone(call, charges, nowMs);
    }
    const gotMs = elapsed();
    const isOther = reply[0] === 2 || epoch !== this.#epoch;
    if (isOther && isFirst && this.#reachable) return this.#ask(call, charges, nowMs, false);
    // What was counted and came too late is not used: it costs room, and admits nothing.
    if (isOther || reply[0] === 3 || !this.#reachable || gotMs < this.#trustedFromMs) {
      return nobodyCounted(charges, Math.max(awayRetryMs, this.#trustedFromMs - gotMs), nowMs);
    }
    return reply[0] === 0
      ? this.#admitted(call, charges, reply as readonly number[], nowMs, gotMs)
      : this.#refused(call, charges, reply as readonly number[], { nowMs, sentMs, gotMs });
  }

  #keysOf(call: StackedCall): readonly string[] {
    if (call.keysEpoch !== this.#epoch) {
      call.keys = [this.#state, ...call.lines.map(({ log }) => this.#logOf(log))];
      call.keysEpoch = this.#epoch;
      call.refused = null;
    }
    return call.keys;
  }

  #argsOf(call: StackedCall, sentMs: number): readonly (string | number)[] {
    const { nodes, longWindowMs, holdOffMsMax } = this.#options;
    const names = call.divides ? nodes : [];
    const bounds = [longWindowMs * 1_000, holdOffMsMax * 1_000, nodes.length, names.length];
    return [this.#epoch, this.#deadline(sentMs), ...bounds, ...names, ...call.args];
  }

  #admitted(
    call: StackedCall,
    charges: readonly Charge[],
    reply: readonly number[],
    nowMs: number,
    gotMs: number,
  ): CounterDecision {
    for (const line of call.lines) this.#remember(line, gotMs, this.#epochNumber);
    const [, storeUs = 0] = reply;
    const shadowRefusals = call.lines.flatMap(({ isShadow, charge }, at): RuleRefusal[] => {
      const roomUs = reply[3 + at * 3] ?? 0;
      return isShadow && roomUs > 0
        ? [{ rule: charge.rule.name, retryAtMs: nowMs + Math.ceil(waitMsOf(roomUs, storeUs)) }]
        : [];
    });
    stand(charges, reply, nowMs);
    if (call.hasBytes) {
      const charged: Charged = { atMs: storeUs / 1_000, epoch: this.#epoch };
      return { admitted: true, shadowRefusals, charged };
    }
    return shadowRefusals.length === 0 ? plainAdmission : { admitted: true, shadowRefusals };
  }

  #refused(
    call: StackedCall,
    charges: readonly Charge[],
    reply: readonly number[],
    { nowMs, sentMs, gotMs }: { readonly nowMs: number; readonly sentMs: number; readonly gotMs: number },
  ): CounterDecision {
    const [, storeUs = 0] = reply;
    const marks = String(reply[2]);
    const refusing = call.lines.map(({ isShadow }, at) => !isShadow && marks[at] === '1');
    const waitsMs = call.lines.map((_, at) => {
      const roomUs = reply[3 + at * 3] ?? 0;
      return roomUs === 0 ? Number.NEGATIVE_INFINITY : waitMsOf(Math.abs(roomUs), storeUs);
    });
    stand(charges, reply, nowMs);
    const isHeld = refusing.some((refuses, at) => refuses && (reply[3 + at * 3] ?? 0) < 0);
    const enforced = waitsMs.filter((_, at) => call.lines[at]?.isShadow === false);
    const waitMs = Math.ceil(Math.max(0, ...enforced));
    if (isHeld) return nobodyCounted(charges, waitMs, nowMs);
    // A rule that counts attempts must hear of every one, and bytes may be given back; of others it is known what the store would say.
    if (!call.countsAttempts && !call.hasBytes)
      call.refused = {
        earliestMs: waitsMs.map((each) => sentMs + each),
        latestMs: waitsMs.map((each) => gotMs + each),
        untilMs: sentMs + Math.max(...enforced),
      };
    return refusal(call, charges, { waitsMs, refusing, waitMs, nowMs, known: call.refused });
  }

  /** Without the store: a node's part of a quota, or nothing. */
  #decideAlone(call: StackedCall, charges: readonly Charge[], nowMs: number): CounterDecision {
    if (call.enforcedCount === 0) return plainAdmission;
    const atMs = this.#options.elapsed();
    const mayBe = call.lines.every((line) => line.isShadow || this.#admitsAlone(line, atMs));
    if (!mayBe) return nobodyCounted(charges, awayRetryMs, nowMs);
    const parts = call.lines.filter(({ isShadow }) => !isShadow).map((line) => this.#partOf(line));
    const decision = this.#own.decide(parts, Math.floor(atMs));
    const told = parts.map(({ standing }) => standing).values();
    for (const [at, { isShadow }] of call.lines.entries()) {
      const charge = charges[at];
      if (isShadow || charge === undefined) continue;
      const { remaining = 0, moreAtMs = atMs } = told.next().value ?? {};
      charge.standing = { remaining, moreAtMs: nowMs + Math.max(0, Math.ceil(moreAtMs - atMs)) };
    }
    if (!decision.admitted) {
      // More than this node's part, and perhaps not more than the quota.
      if (!Number.isFinite(decision.retryAtMs)) return nobodyCounted(charges, awayRetryMs, nowMs);
      const waitMs = Math.ceil(decision.retryAtMs - atMs);
      const waitsMs = call.lines.map(({ isShadow }) => (isShadow ? Number.NEGATIVE_INFINITY : waitMs));
      const decidedBy = call.lines.findIndex(({ log }) => log === decision.decidedBy.key);
      const refusing = call.lines.map((_, at) => at === decidedBy);
      return refusal(call, charges, { waitsMs, refusing, waitMs, nowMs, known: null });
    }
    this.#ownAdmittedMs = atMs;
    for (const line of call.lines) this.#remember(line, atMs, 0);
    return decision.charged === undefined
      ? plainAdmission
      : { admitted: true, shadowRefusals: [], charged: decision.charged };
  }

  /** Gives back bytes that were charged and did not come. What cannot be given back stays charged. */
  settle(charges: readonly Charge[], { charged, requestBytes }: CallOutcome): void {
    if (charged === undefined) return;
    const tooMuch = charges.filter(({ amount = 1 }) => amount > requestBytes);
    if (tooMuch.length === 0) return;
    if (charged.epoch === undefined) {
      const parts = toStackedCall(tooMuch).lines.filter(({ isShadow }) => !isShadow);
      const ofParts = parts.map((line) => this.#partOf(line));
      this.#own.settle(ofParts, { charged, requestBytes });
    } else if (charged.epoch === this.#epoch && this.#reachable) {
      const keys = [this.#state, ...tooMuch.map((charge) => this.#logOf(logOf(charge)))];
      const amounts = tooMuch.flatMap(({ rule, amount = 1 }) => [rule.windowMs * 1_000, amount - requestBytes]);
      const args = [charged.epoch, Math.round(charged.atMs * 1_000), ...amounts];
      this.#send('settle', keys, args, this.#options.elapsed()).catch((fault: unknown) => {
        if (!(fault instanceof StoreAway)) this.#tellDefect(fault);
      });
    }
  }

  /**
   * The store keeps this node's part for it once the lease has ended, and what it admitted of that part before has left the window
   * one window later.
   */
  #admitsAlone({ divides, quota, windowMs }: StackedCharge, atMs: number): boolean {
    const { nodes } = this.#options;
    if (!divides || !this.#mayBeAlone || this.#leaseEndsMs === null) return false;
    return quota >= nodes.length && atMs > this.#leaseEndsMs + windowMs;
  }

  #partOf(line: StackedCharge): Charge {
    const part = this.#partFor(line);
    return line.amount === 1 ? part : { ...part, amount: line.amount };
  }

  #partFor({ charge, log, quota, windowMs }: StackedCharge): Charge {
    const known = this.#parts.get(log);
    const partQuota = Math.floor(quota / this.#options.nodes.length);
    // A reload or an override may have changed the rule while the store is away.
    if (known !== undefined && known.rule.quota === partQuota && known.rule.windowMs === windowMs + 1) return known;
    // Whole milliseconds are cut off an instant: one more makes sure that a window is never shorter than it is.
    const part = { ...charge.rule, quota: partQuota, windowMs: windowMs + 1 };
    const charged: Charge = { rule: part, key: log };
    this.#parts.set(log, charged);
    dropOldest(this.#parts, callsMax);
    return charged;
  }

  #remember(line: StackedCharge, atMs: number, epochNumber: number): void {
    if (line.isShadow || line.windowMs < this.#options.longWindowMs) return;
    this.#remembered.add(line, line.amount, atMs, epochNumber);
    if (epochNumber !== this.#epochNumber) this.#toldAll = false;
  }

  /** Where each allowance stands. Charges nothing; of a store that is away, nothing is left. */
  async standings(charges: readonly Charge[], nowMs: number): Promise<readonly Standing[]> {
    // Asked for once, and long: it is not kept beside the calls that come again.
    const call = toStackedCall(charges);
    try {
      if (!this.#reachable) await this.#beat();
      const sentMs = this.#options.elapsed();
      const reply = await this.#send('stand', this.#keysOf(call), this.#argsOf(call, sentMs), sentMs);
      if (reply[0] === 0 || reply[0] === 1) return standingsOf(charges, reply as readonly number[], nowMs);
    } catch (fault) {
      if (!(fault instanceof StoreAway)) throw fault;
      this.#lose(fault);
    }
    return charges.map(() => ({ remaining: 0, moreAtMs: nowMs + awayRetryMs }));
  }

  /** A lease that cannot be renewed for a defect is told once: it is tried again and again. */
  #tellDefect(thrown: unknown): void {
    if (this.#saidDefect) return;
    this.#saidDefect = true;
    const { domain, notice } = this.#options;
    notice({ kind: 'counters-defect', domain, sentence: defectSentence(thrown) });
  }

  /** Leaves the store alone until it answers again. */
  #lose(fault: StoreAway): void {
    const { domain, link, notice } = this.#options;
    link.lookAnew();
    if (this.#reachable || !this.#saidAway) {
      this.#awaySinceMs = this.#options.elapsed();
      this.#saidAway = true;
      notice({
        kind: 'counters-away',
        domain,
        sentence: `Limits of domain ${domain} are not counted together: ${fault.message}.`,
      });
    }
    this.#reachable = false;
    this.#schedule(0);
  }

  #schedule(waitMs: number): void {
    if (this.#timer !== null) clearTimeout(this.#timer);
    if (!this.#closed) this.#timer = setTimeout(() => void this.#beat(), waitMs).unref();
  }

  /** Renews the lease; never twice at a time. */
  #beat(): Promise<void> {
    this.#beating ??= this.#beatOnce()
      .catch((fault: unknown) => {
        if (!(fault instanceof StoreAway)) this.#tellDefect(fault);
        this.#lose(fault instanceof StoreAway ? fault : new StoreAway('a defect of this gateway', true));
      })
      .finally(() => {
        this.#beating = null;
        this.#schedule(this.#reachable ? this.#options.leaseMs / beatsPerLease : probeMs);
      });
    return this.#beating;
  }

  async #beatOnce(): Promise<void> {
    const { link, timeoutMs, leaseMs, elapsed } = this.#options;
    if (!this.#reachable) {
      // Asks without taking a lease: as long as this fails, the node may go on with its own part.
      await this.#send('probe', [this.#state], [this.#epoch], elapsed());
      await link.assertKeepsKeys(timeoutMs);
    }
    await this.#tellAll();
    const [status, , agreed, taken] = await this.#present(leaseMs);
    if (status === 3) throw new StoreAway('it answers too late', true);
    if (status !== 0) return this.#schedule(0); // Another epoch has begun meanwhile.
    this.#compareNodes(agreed === 1, taken === 1);
    if (!this.#reachable) this.#return();
  }

  /** Sends what the store does not know of long windows. */
  async #tellAll(): Promise<void> {
    const { node, boot, elapsed } = this.#options;
    while (!this.#toldAll) {
      if (this.#telling === null) {
        const untold = this.#remembered.untold(this.#epochNumber, elapsed(), replayMax);
        if (untold.length === 0) {
          this.#toldAll = true;
          return;
        }
        this.#sequence += 1;
        this.#telling = { untold, sequence: this.#sequence, epochNumber: this.#epochNumber };
      }
      const { untold, sequence, epochNumber } = this.#telling;
      const sentMs = elapsed();
      const ages = untold.flatMap(({ quota, windowMs, isSummed, events }) => [
        quota,
        windowMs * 1_000,
        isSummed ? sumsKind : 0,
        events.length,
        ...events.flatMap(({ atMs, amount }) => [Math.floor((sentMs - atMs) * 1_000), amount]),
      ]);
      const keys = [this.#state, ...untold.map(({ log }) => this.#logOf(log))];
      const args = [this.#epoch, this.#deadline(sentMs), node, boot, sequence, ...ages];
      // Unanswered, the very same is sent again: the store takes one sequence number once.
      const [status] = await this.#send('replay', keys, args, sentMs);
      if (status === 3) throw new StoreAway('it answers too late', true);
      if (status !== 0) continue;
      this.#remembered.told(untold, epochNumber);
      this.#telling = null;
    }
  }

  async #present(leaseMs: number): Promise<readonly unknown[]> {
    const { node, nodes, boot, timeoutMs, elapsed } = this.#options;
    const sentMs = elapsed();
    const before = this.#leaseEndsMs;
    // From here on nothing is admitted alone: the store may take it for granted at any moment now.
    this.#leaseEndsMs = Math.max(before ?? 0, sentMs + timeoutMs + this.#clock.blurMs(sentMs) + leaseMs);
    const quietUs = Math.floor((sentMs - this.#ownAdmittedMs) * 1_000);
    const memoryUs = this.#toldAll ? Math.floor((sentMs - this.#remembered.sinceMs) * 1_000) : -1;
    const list = [...nodes].sort().join(',');
    const args = [this.#epoch, this.#deadline(sentMs), node, boot, leaseMs * 1_000, quietUs, memoryUs, list, ...nodes];
    try {
      const reply = await this.#send('present', [this.#state], args, sentMs);
      this.#leaseEndsMs = reply[0] === 0 ? Math.max(before ?? 0, elapsed() + leaseMs) : before;
      return reply;
    } catch (fault) {
      if (fault instanceof StoreAway && !fault.sent) this.#leaseEndsMs = before;
      throw fault;
    }
  }

  /** Sends one call; rejects with `StoreAway` also where the store's clock stepped, so that what it decided is not used. */
  async #send(
    name: StoreFunction,
    keys: readonly string[],
    args: readonly (string | number)[],
    sentMs: number,
  ): Promise<readonly unknown[]> {
    const { link, elapsed, timeoutMs, leaseMs } = this.#options;
    const reply = await link.call(name, keys, args, timeoutMs);
    const gotMs = elapsed();
    if (reply[0] === 2 && reply[2] !== this.#epoch) this.#adopt(String(reply[2]));
    if (!this.#clock.agrees(sentMs, gotMs, Number(reply[1]))) {
      this.#clock.forget();
      const renewed = await link.call('renew', [this.#state], [this.#epoch], timeoutMs);
      if (renewed[2] !== this.#epoch) this.#adopt(String(renewed[2]));
      throw new StoreAway('its clock stepped', true);
    }
    if (this.#repliedMs > 0 && gotMs - this.#repliedMs > leaseMs * silentLeases) this.#trustedFromMs = gotMs + settleMs;
    this.#repliedMs = gotMs;
    return reply;
  }

  #adopt(epoch: string): void {
    // An epoch that was left never comes back: a primary that was replaced may not know it yet.
    if (this.#left.has(epoch)) throw new StoreAway('a primary that was replaced answers', true);
    const { domain, notice } = this.#options;
    this.#clock.forget();
    if (this.#epoch !== '') {
      this.#left.add(this.#epoch);
      dropOldest(this.#left, epochsMax);
      const sentence = `The store of domain ${domain} was restarted, replaced or its clock was set: each rule admits nothing for one window at most.`;
      notice({ kind: 'counters-began-anew', domain, sentence });
    }
    this.#epoch = epoch;
    this.#epochNumber += 1;
    this.#toldAll = false;
    this.#telling = null;
    this.#schedule(0);
  }

  #compareNodes(agreed: boolean, taken: boolean): void {
    const { domain, node, notice } = this.#options;
    const isTaken = taken && this.#hadLease;
    this.#hadLease = true;
    const mayBeAlone = agreed && !isTaken;
    if (!mayBeAlone && this.#mayBeAlone) {
      const sentence = isTaken
        ? `Another gateway is called ${node} too: give each a name of its own. This one admits nothing while it is alone.`
        : `Nodes that share domain ${domain} have different lists in counters.valkey.nodes. This one admits nothing while it is alone.`;
      notice({ kind: 'counters-nodes-differ', domain, sentence });
    }
    this.#mayBeAlone = mayBeAlone;
  }

  #return(): void {
    const { domain, notice, elapsed } = this.#options;
    this.#reachable = true;
    if (!this.#saidAway) return;
    this.#saidAway = false;
    const awayMs = Math.round(elapsed() - this.#awaySinceMs);
    const sentence = `Limits of domain ${domain} are counted together again, after ${awayMs} ms.`;
    notice({ kind: 'counters-back', domain, sentence });
  }

  #logOf(log: string): string {
    return `${this.#state}:${this.#epoch.slice(this.#epoch.indexOf(':') + 1)}:${log}`;
  }

  /** The store acts on nothing that reaches it later than we wait for it. */
  #deadline(sentMs: number): number {
    return Math.min(Number.MAX_SAFE_INTEGER, Math.ceil(this.#clock.latestUs(sentMs + this.#options.timeoutMs)));
  }
}

/** The room that never comes: more is asked for than the quota. */
const neverUs = Number.MAX_SAFE_INTEGER;

function waitMsOf(roomUs: number, storeUs: number): number {
  return roomUs === neverUs ? Number.POSITIVE_INFINITY : (roomUs - storeUs) / 1_000;
}

function standingsOf(charges: readonly Charge[], reply: readonly number[], nowMs: number): readonly Standing[] {
  const [, storeUs = 0] = reply;
  return charges.map(({ rule }, at) => {
    const [roomUs = 0, left = 0, oldestUs = 0] = reply.slice(3 + at * 3, 6 + at * 3);
    const moreUs = roomUs < 0 ? -roomUs : oldestUs === 0 ? storeUs : oldestUs + rule.windowMs * 1_000;
    return {
      remaining: roomUs < 0 ? 0 : Math.max(0, left),
      moreAtMs: nowMs + Math.max(0, Math.ceil((moreUs - storeUs) / 1_000)),
    };
  });
}

function stand(charges: readonly Charge[], reply: readonly number[], nowMs: number): void {
  for (const [at, standing] of standingsOf(charges, reply, nowMs).entries()) {
    const charge = charges[at];
    if (charge !== undefined) charge.standing = standing;
  }
}
