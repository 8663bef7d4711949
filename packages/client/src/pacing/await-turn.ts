// Waits until the next call would be admitted, by the limits and the window arithmetic of the gateway, within this
// process. The gateway counts arrivals: a call under way holds room, and its window begins when it has surely arrived.
import { bucketMs, type Charge, isBucketed, type LimitRule, type Policy } from '@headgate/contract';
import {
  type CompiledPolicy,
  chargesFor,
  compilePolicy,
  createWindowLog,
  recordEvent,
  type WindowLog,
  windowAdmits,
} from '@headgate/rules';
import type { Operation } from '../catalogue/look-up.ts';
import { clientProblem } from '../client-problem.ts';
import type { Credential } from '../credential/load-credential.ts';

/** Added to every window, in milliseconds: two clocks never tick together. */
export const pacingMarginMs = 20;

/** Longest wait for a turn, in milliseconds, where a session names none (10 minutes). */
const turnWaitMsMax = 600_000;

/** A wait that begins: for how long, and because of which limit. */
export interface PacingWait {
  readonly rule: string;
  readonly waitMs: number;
  readonly operation: Operation;
}

/** What a pacer is made with. Time comes from outside. */
export interface PacerOptions {
  readonly policy: Policy;
  /** Milliseconds since 1970 UTC. */
  readonly now: () => number;
  readonly sleep: (ms: number) => Promise<void>;
  /** Source address of this program's calls, as far as it is known. */
  readonly source: string;
  readonly onWait: (wait: PacingWait) => void;
  /** Longest wait for one turn, in milliseconds. Default 600,000. */
  readonly waitMsMax?: number | undefined;
}

/** The turns of one process; nothing in it is shared with another process. */
export interface Pacer extends PacerOptions {
  readonly compiled: CompiledPolicy;
  readonly allowances: Map<string, Allowance>;
}

/** A turn that was given. `settle` tells when the call had surely arrived, so that the next turn is not too early. */
export interface Turn {
  /** `retryAfterSeconds` only when the call was refused with a wait. */
  settle(arrivedMs: number, retryAfterSeconds?: number): void;
  /** Gives the room back, for a call that never left; after `settle` it does nothing. */
  release(): void;
}

interface Allowance {
  readonly rule: LimitRule;
  readonly log: WindowLog;
  underWay: number;
  heldUntilMs: number;
  readonly waiting: (() => void)[];
}

const allowancesMax = 10_000;
const noTurn: Turn = { settle: () => {}, release: () => {} };

/** Makes the pacer of a session; a policy without limits gives turns at once. */
export function createPacer(options: PacerOptions): Pacer {
  return { ...options, compiled: compilePolicy(options.policy), allowances: new Map() };
}

/** Waits for a turn and takes it; without a pacer at once. Raises `pacing.wait_too_long`. */
export async function awaitTurn(
  pacer: Pacer | null,
  operation: Operation,
  credential: Credential | null,
): Promise<Turn> {
  if (pacer === null) return noTurn;
  const allowances = allowancesFor(pacer, operation, credential);
  for (;;) {
    const nowMs = pacer.now();
    const busy = allowances.find(({ rule, underWay }) => underWay >= rule.quota);
    const { atMs, rule } = latestRoom(allowances, nowMs);
    if (busy === undefined && atMs <= nowMs) break;
    if (busy !== undefined) {
      await new Promise<void>((resolve) => busy.waiting.push(resolve));
      continue;
    }
    const waitMs = atMs - nowMs;
    const waitMsMax = pacer.waitMsMax ?? turnWaitMsMax;
    if (waitMs > waitMsMax) throw clientProblem('pacing.wait_too_long', { rule, waitMs, waitMsMax });
    pacer.onWait({ rule, waitMs, operation });
    await pacer.sleep(waitMs);
  }
  for (const allowance of allowances) allowance.underWay += 1;
  return turnOver(allowances);
}

function turnOver(allowances: readonly Allowance[]): Turn {
  let isOver = false;
  return {
    settle(arrivedMs, retryAfterSeconds) {
      if (isOver) return;
      isOver = true;
      for (const allowance of allowances) recordArrival(allowance, arrivedMs, retryAfterSeconds);
      giveBack(allowances);
    },
    release() {
      if (isOver) return;
      isOver = true;
      giveBack(allowances);
    },
  };
}

function allowancesFor(pacer: Pacer, operation: Operation, credential: Credential | null): Allowance[] {
  const subject = {
    ...operation.subject,
    source: pacer.source,
    ...(credential === null ? {} : { credential: credential.fingerprint256 }),
  };
  // Bytes are not known before the body is written; a refusal for them tells when to come again.
  const isPaced = ({ rule }: Charge) => rule.mode === 'enforce' && rule.unit !== 'request-bytes';
  const enforced = chargesFor(pacer.compiled, subject).filter(isPaced);
  return enforced.map(({ key, rule }) => {
    const present = pacer.allowances.get(key);
    if (present !== undefined) return present;
    forgetIdle(pacer);
    const fresh = { rule, log: createWindowLog(rule.quota), underWay: 0, heldUntilMs: 0, waiting: [] };
    pacer.allowances.set(key, fresh);
    return fresh;
  });
}

function latestRoom(allowances: readonly Allowance[], nowMs: number): { readonly atMs: number; readonly rule: string } {
  let latest = { atMs: Number.NEGATIVE_INFINITY, rule: '' };
  for (const { rule, log, underWay, heldUntilMs } of allowances) {
    const quota = Math.max(1, rule.quota - underWay);
    const { admitted, retryAtMs } = windowAdmits(log, quota, pacedMs(rule), nowMs);
    const atMs = Math.max(heldUntilMs, admitted ? Number.NEGATIVE_INFINITY : retryAtMs);
    if (atMs > latest.atMs) latest = { atMs, rule: rule.name };
  }
  return latest;
}

function recordArrival(allowance: Allowance, arrivedMs: number, retryAfterSeconds: number | undefined): void {
  const { rule, log } = allowance;
  if (retryAfterSeconds !== undefined) {
    allowance.heldUntilMs = Math.max(allowance.heldUntilMs, arrivedMs + retryAfterSeconds * 1_000);
  }
  // A refused call costs nothing, unless the rule counts attempts.
  if (retryAfterSeconds !== undefined && rule.counts !== 'attempts') return;
  // A call at once holds room while it is under way, and no longer.
  if (rule.unit !== 'concurrent-requests') recordEvent(log, rule.quota, pacedMs(rule), arrivedMs);
}

/** How long an arrival holds room: the window, what it may be late by, and the margin. */
function pacedMs(rule: LimitRule): number {
  return rule.windowMs + (isBucketed(rule) ? bucketMs(rule.windowMs) : 0) + pacingMarginMs;
}

function giveBack(allowances: readonly Allowance[]): void {
  for (const allowance of allowances) {
    allowance.underWay -= 1;
    for (const wake of allowance.waiting.splice(0)) wake();
  }
}

function forgetIdle(pacer: Pacer): void {
  if (pacer.allowances.size < allowancesMax) return;
  const nowMs = pacer.now();
  for (const [key, { rule, log, underWay, heldUntilMs }] of pacer.allowances) {
    const { retryAtMs } = windowAdmits(log, 1, pacedMs(rule), nowMs);
    if (underWay === 0 && heldUntilMs <= nowMs && retryAtMs <= nowMs) pacer.allowances.delete(key);
  }
}
