// A fleet on real sockets: every member from its own loopback address, with its own certificate, connection and habits, counted exactly.
import { setTimeout as delay } from 'node:timers/promises';
import type { SecureContext } from 'node:tls';
import type { TestUser, TrustBundlePem } from '@headgate/pki';
import { seededFraction } from '../state/seeded.ts';
import { type Account, createLedger, type Ledger, type SentSubmit, sumAccounts } from './accounting.ts';
import { secureContextOf } from './http1-sender.ts';
import type { FleetCredentials } from './issue-credentials.ts';
import { type Attempt, createMemberCaller, type Endpoint, type MemberCaller } from './member-caller.ts';
import type { CallPlace, FleetMember, FleetPlan, Habit } from './plan-fleet.ts';
import { type ProfileName, profiles } from './profiles.ts';

/** What a fleet is started with. */
export interface FleetOptions {
  readonly plan: FleetPlan;
  readonly credentials: FleetCredentials;
  /** Roots of servers by family: a member trusts those of its profile. */
  readonly serverAnchors: Readonly<Record<'legacy' | 'current', Pick<TrustBundlePem, 'anchorsPem'>>>;
  /** Where the gateway listens: one place for all, or one for each address. */
  readonly connectTo: Endpoint | ((place: CallPlace) => Endpoint);
  /** Speaks no TLS: for a plain listener, or a simulator without one. Default false. */
  readonly plain?: boolean;
  /** Signs messages by WS-Security, which takes RSA keys. Default true. */
  readonly signs?: boolean;
  /** Instant at which the fleet begins, in ms since 1970 UTC. Default: now. */
  readonly startMs?: number;
  /** Fleet time goes so many times as fast as the machine's: pauses between calls and dates of moves do, waits that were told do not. Default 1. */
  readonly speed?: number;
  /** Longest wait for a connection and for an answer, in ms. Default 10,000. */
  readonly timeoutMs?: number;
  /** Takes each attempt as it ends. */
  readonly attempted?: (attempt: Attempt) => void;
}

/** What one member did. */
export interface MemberReport {
  readonly id: string;
  readonly profile: ProfileName;
  readonly account: Account;
  readonly submits: readonly SentSubmit[];
  /** Submits beyond those that are kept one by one. */
  readonly submitsLeftOut: number;
}

/** What a fleet did. */
export interface FleetReport {
  readonly total: Account;
  readonly byProfile: Readonly<Partial<Record<ProfileName, Account>>>;
  readonly members: readonly MemberReport[];
  /** Why attempts had no answer, and how often. */
  readonly reasons: Readonly<Record<string, number>>;
  /** Answers by status. */
  readonly statuses: Readonly<Record<string, number>>;
}

/** A fleet with its sockets. */
export interface Fleet {
  /** Every member does each of its habits once, in their order; nobody waits between. Resolves when all have their answers. */
  round(): Promise<void>;
  /** Everybody works by its habits until `stop`. */
  start(): void;
  /** The named members use the new address from their next call on; without names, all do. */
  move(ids?: readonly string[]): void;
  /** Lets every call that is under way end, and ends the connections. Rejects with a defect of a member's program. */
  stop(): Promise<FleetReport>;
  /** So far. Exact only while nothing is under way. */
  report(): FleetReport;
}

/** Opens a fleet that does nothing yet. Raises RangeError where a member has no certificate. */
export function openFleet(options: FleetOptions): Fleet {
  const { plan, speed = 1 } = options;
  const openedMs = performance.now();
  const startMs = options.startMs ?? Date.now();
  const clock = () => startMs + (performance.now() - openedMs) * speed;
  const tally = createTally();
  const attempted = (attempt: Attempt): void => {
    tally.take(attempt);
    options.attempted?.(attempt);
  };
  const contexts = new Map<string, SecureContext>();
  const crew = plan.members.map((member): Crewed => {
    const user = userOf(options.credentials, member);
    const ledger = createLedger();
    const caller = createMemberCaller({
      member,
      signer: user,
      context: contextOf(contexts, member, user, options.serverAnchors),
      ledger,
      connectTo: typeof options.connectTo === 'function' ? options.connectTo : constant(options.connectTo),
      signs: options.signs ?? true,
      plain: options.plain ?? false,
      timeoutMs: options.timeoutMs ?? 10_000,
      clock,
      attempted,
    });
    return { member, caller, ledger };
  });
  const stopping = new AbortController();
  let working: Promise<unknown> = Promise.resolve();
  return {
    async round() {
      await Promise.all(
        crew.map(async ({ member, caller }) => {
          for (const habit of member.habits) await caller.call(habit);
        }),
      );
    },
    start() {
      const { signal } = stopping;
      working = Promise.all(crew.map((each) => work(each, { seed: plan.seed, speed, signal })));
      working.catch(() => stopping.abort()); // Told by `stop`.
    },
    move(ids) {
      for (const { member, caller } of crew) if (ids === undefined || ids.includes(member.id)) caller.move();
    },
    async stop() {
      stopping.abort();
      try {
        await working;
      } finally {
        for (const { caller } of crew) caller.close();
      }
      return reportOf(crew, tally);
    },
    report: () => reportOf(crew, tally),
  };
}

/** Opens a fleet and sets it to work. */
export function startFleet(options: FleetOptions): Fleet {
  const fleet = openFleet(options);
  fleet.start();
  return fleet;
}

interface Crewed {
  readonly member: FleetMember;
  readonly caller: MemberCaller;
  readonly ledger: Ledger;
}

function constant<Value>(value: Value): () => Value {
  return () => value;
}

function userOf(credentials: FleetCredentials, { credential, id }: FleetMember): TestUser {
  const user = credentials.get(credential);
  if (user === undefined)
    throw new RangeError(`${id} has no certificate ${credential}; issue credentials for this plan.`);
  return user;
}

/** One for each certificate and trust: a vendor's serves all its clients. */
function contextOf(
  contexts: Map<string, SecureContext>,
  { credential, profile }: FleetMember,
  { certificatePem, keyPem }: TestUser,
  anchors: FleetOptions['serverAnchors'],
): SecureContext {
  const { trusts } = profiles[profile];
  const key = `${credential} ${trusts.join(' ')}`;
  const known = contexts.get(key);
  if (known !== undefined) return known;
  const anchorsPem = trusts.map((family) => anchors[family].anchorsPem).join('');
  const fresh = secureContextOf({ certificatePem, keyPem, anchorsPem });
  contexts.set(key, fresh);
  return fresh;
}

/** Calls by its habits, one at a time, the one that is due first; begins somewhere within the first pause. */
async function work(
  { member, caller }: Crewed,
  { seed, speed, signal }: { readonly seed: string; readonly speed: number; readonly signal: AbortSignal },
): Promise<void> {
  const beganMs = performance.now();
  const due = new Map<Habit, number>(
    member.habits.map((habit, at) => [
      habit,
      beganMs + (habit.everyMs / speed) * seededFraction(seed, 'phase', member.id, at),
    ]),
  );
  while (!signal.aborted && due.size > 0) {
    const [habit, atMs] = [...due].reduce((first, next) => (next[1] < first[1] ? next : first));
    const waitMs = atMs - performance.now();
    if (waitMs > 0 && !(await pause(waitMs, signal))) return;
    const toldMs = await caller.call(habit);
    due.set(habit, Math.max(atMs + habit.everyMs / speed, performance.now() + toldMs));
  }
}

/** False when it was broken off. */
async function pause(ms: number, signal: AbortSignal): Promise<boolean> {
  return delay(ms, true, { signal }).catch(() => false);
}

interface Tally {
  readonly reasons: Map<string, number>;
  readonly statuses: Map<string, number>;
  take(attempt: Attempt): void;
}

function createTally(): Tally {
  const reasons = new Map<string, number>();
  const statuses = new Map<string, number>();
  const add = (counts: Map<string, number>, key: string) => counts.set(key, (counts.get(key) ?? 0) + 1);
  return {
    reasons,
    statuses,
    take({ status, reason }) {
      if (status === null) add(reasons, reason);
      else add(statuses, String(status));
    },
  };
}

function reportOf(crew: readonly Crewed[], { reasons, statuses }: Tally): FleetReport {
  const members = crew.map(({ member: { id, profile }, ledger }) => ({
    id,
    profile,
    account: ledger.account(),
    submits: ledger.submits(),
    submitsLeftOut: ledger.submitsLeftOut(),
  }));
  const byProfile = Map.groupBy(members, ({ profile }) => profile);
  return {
    total: sumAccounts(members.map(({ account }) => account)),
    byProfile: Object.fromEntries(
      [...byProfile].map(([profile, held]) => [profile, sumAccounts(held.map(({ account }) => account))]),
    ),
    members,
    reasons: Object.fromEntries(reasons),
    statuses: Object.fromEntries(statuses),
  };
}
