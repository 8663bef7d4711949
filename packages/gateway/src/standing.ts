// Where one caller stands with the limits: what of its allowances is used and left, and which of its calls were refused lately.
// Nothing is charged. It is told of itself alone, and of those who endorse it as far as they granted it.
import type { Address, Charge, LimitSubject, Standing } from '@headgate/contract';
import {
  chargesFor,
  mayCall,
  overrideCharges,
  type RecentRefusal,
  type RecentRefusals,
  sayAllowance,
  toAllowanceKey,
} from '@headgate/rules';
import { dropOldest } from './drop-oldest.ts';
import type { Principal } from './identity/identify.ts';
import type { MaybePromise } from './maybe-promise.ts';
import type { Serving } from './serving.ts';

/** Who asks, where. */
export interface Asker {
  readonly environment: string;
  readonly source: string;
  readonly principal: Pick<Principal, 'certificate' | 'enrolment'>;
}

/** What is asked. */
export interface StandingSources {
  readonly standings: (charges: readonly Charge[], nowMs: number) => MaybePromise<readonly Standing[]>;
  readonly recentRefusals: RecentRefusals;
}

/** Allowances that one caller is told of; past it the list is cut, and says so. */
const allowancesMax = 4_096;

/** One kind of call that a catalogue lists. */
type ListedCall = Omit<LimitSubject, 'source' | 'credential' | 'participant' | 'scid'> & { readonly system: string };

/** By environment, for each snapshot once. */
const listed = new WeakMap<Serving, Map<string, readonly ListedCall[]>>();

/** Tells a caller where it stands, as plain data. */
export function standingOf(
  serving: Serving,
  asker: Asker,
  { standings, recentRefusals }: StandingSources,
  nowMs: number,
): MaybePromise<object> {
  const { charges, systems, complete } = toldCharges(serving, asker, nowMs);
  const tell = (each: readonly Standing[]): object => ({
    ...facts(serving, asker, nowMs),
    complete,
    limits: rows(charges, each),
    refused: recentRefusals.of(ownerOf(asker.principal.certificate?.fingerprint256, asker.source)).map(refusalRow),
    endorsers: [...systems].map(([participant, granted]) => ({
      participant,
      systems: [...granted],
      refused: recentRefusals
        .of(participantOwner(participant, asker.environment))
        .filter(({ system }) => granted.has(system))
        .map(refusalRow),
    })),
  });
  const asked = standings(charges, nowMs);
  return asked instanceof Promise ? asked.then(tell) : tell(asked);
}

/** By whom refused calls are kept: the credential, or the source where there is none. */
export function ownerOf(credential: string | undefined, source: string): string {
  return credential === undefined ? `source=${source}` : `credential=${credential}`;
}

/** By whom refused calls are kept a second time: for whom they acted, where. Who may know of one place knows nothing of another. */
export function participantOwner(participant: string, environment: string): string {
  return `participant=${participant} ${environment}`;
}

function facts(serving: Serving, { principal, source, environment }: Asker, nowMs: number): object {
  return {
    document: 'standing',
    at: new Date(nowMs).toISOString(),
    policyVersion: serving.documents?.policyVersion ?? null,
    environment,
    source,
    credential: principal.certificate?.fingerprint256 ?? null,
    participant: principal.enrolment?.participant.id ?? null,
  };
}

interface ToldCharges {
  readonly charges: readonly Charge[];
  /** By participant that endorses the caller: the systems for which it granted something that holds now. */
  readonly systems: ReadonlyMap<string, ReadonlySet<string>>;
  readonly complete: boolean;
  readonly fromMs: number;
  /** Exclusive. */
  readonly untilMs: number;
}

/** Callers whose charges are remembered; the oldest go first. Each may have thousands. */
const askersMax = 16;

/** By caller, for each snapshot. */
const remembered = new WeakMap<Serving, Map<string, ToldCharges>>();

/** Worked out once while rights and overrides stay: a vendor may act for thousands of SCIDs. */
function toldCharges(serving: Serving, asker: Asker, nowMs: number): ToldCharges {
  const byAsker = remembered.get(serving) ?? new Map<string, ToldCharges>();
  remembered.set(serving, byAsker);
  const { environment, source, principal } = asker;
  const name = `${environment} ${source} ${principal.certificate?.fingerprint256}`;
  const known = byAsker.get(name);
  if (known !== undefined && nowMs >= known.fromMs && nowMs < known.untilMs) return known;
  const fresh = chargesOf(serving, asker, nowMs);
  byAsker.set(name, fresh);
  dropOldest(byAsker, askersMax);
  return fresh;
}

function chargesOf(serving: Serving, { environment, source, principal }: Asker, nowMs: number): ToldCharges {
  const { certificate, enrolment } = principal;
  const span = { fromMs: Number.NEGATIVE_INFINITY, untilMs: Number.POSITIVE_INFINITY };
  const narrow = ({ fromMs, untilMs }: typeof span): void => {
    span.fromMs = Math.max(span.fromMs, fromMs);
    span.untilMs = Math.min(span.untilMs, untilMs);
  };
  const holders = new Map<string, string | null>();
  /** For whom a call with an SCID is made, as when it is; null where it may not be. Of many services it is the same. */
  const holderOf = (call: ListedCall, scid: string): string | null => {
    const { system, channel, operation } = call;
    const name = `${system} ${channel} ${operation} ${scid}`;
    let holder = holders.get(name);
    if (holder === undefined) {
      const proven = judgedOf(principal, call, nowMs, scid);
      if (proven !== null) narrow(proven.holds);
      holder = proven?.allowed === true ? proven.participant : null;
      holders.set(name, holder);
    }
    return holder;
  };
  const byKey = new Map<string, Charge>();
  const systems = new Map<string, Set<string>>();
  let complete = true;
  for (const call of callsListed(serving, environment)) {
    const allowed = judgedOf(principal, call, nowMs);
    if (allowed !== null) narrow(allowed.holds);
    if (allowed?.allowed === false) continue;
    for (const endorser of allowed?.endorsers ?? []) {
      const granted = systems.get(endorser) ?? new Set();
      systems.set(endorser, granted.add(call.system));
    }
    const participant = allowed?.participant ?? enrolment?.participant.id;
    const subject: LimitSubject = {
      ...call,
      source,
      ...(certificate === null ? {} : { credential: certificate.fingerprint256 }),
      ...(participant === undefined ? {} : { participant }),
    };
    const take = (matching: readonly Charge[], own: LimitSubject): void => {
      const { charges, ...holds } = overrideCharges(matching, own, serving.snapshot.overrides, nowMs);
      narrow(holds);
      for (const charge of charges) {
        if (byKey.has(charge.key)) continue;
        if (byKey.size < allowancesMax) byKey.set(charge.key, charge);
        else complete = false;
      }
    };
    const matching = chargesFor(serving.limits, subject);
    take(matching, subject);
    // The others count the same whatever the SCID.
    const overScids = matching.filter(({ rule }) => rule.key.includes('scid'));
    for (const scid of overScids.length === 0 ? [] : (allowed?.scids ?? [])) {
      if (!complete) break;
      const holder = asksWho(overScids, serving) ? holderOf(call, scid) : participant;
      if (holder === null) continue;
      const own = { ...subject, scid, ...(holder === undefined ? {} : { participant: holder }) };
      take(
        overScids.map(({ rule }) => ({ rule, key: toAllowanceKey(rule, own) })),
        own,
      );
    }
  }
  return { charges: [...byKey.values()], systems, complete, ...span };
}

/** Whether it matters for whom an SCID is proven. */
function asksWho(charges: readonly Charge[], { snapshot }: Serving): boolean {
  return snapshot.overrides.length > 0 || charges.some(({ rule }) => rule.key.includes('participant'));
}

/** Whether a call may be made; null where no right is needed. */
function judgedOf(
  { enrolment }: Asker['principal'],
  call: ListedCall,
  nowMs: number,
  scid?: string,
): ReturnType<typeof mayCall> | null {
  if (enrolment === null) return null;
  const { environment, system, channel, operation = 'retrieve' } = call;
  const asked = { environment, system, channel, operation };
  return mayCall(enrolment, scid === undefined ? asked : { ...asked, scid }, nowMs);
}

/** A row for each allowance that is used; of a rule that is not used at all, one without its key. */
function rows(charges: readonly Charge[], standings: readonly Standing[]): readonly object[] {
  const unused = new Map<string, object>();
  const told: object[] = [];
  const touched = new Set<string>();
  for (const [at, { rule, key }] of charges.entries()) {
    const { name, unit, quota, windowMs, mode } = rule;
    const { remaining = quota, moreAtMs = 0 } = standings[at] ?? {};
    const row = { rule: name, unit, quota, windowMs, mode };
    if (remaining >= quota) {
      unused.set(name, { ...row, key: null, used: 0, remaining: quota, moreAt: null });
      continue;
    }
    touched.add(name);
    const moreAt = new Date(moreAtMs).toISOString();
    told.push({ ...row, key: sayAllowance(key), used: quota - remaining, remaining, moreAt });
  }
  return [...told, ...[...unused].flatMap(([name, row]) => (touched.has(name) ? [] : [row]))];
}

function refusalRow({ exchange, atMs, rule, system, retryAfterMs }: RecentRefusal): object {
  return { exchange, at: new Date(atMs).toISOString(), rule, system, retryAfterMs };
}

function callsListed(serving: Serving, environment: string): readonly ListedCall[] {
  const byEnvironment = listed.get(serving) ?? new Map<string, readonly ListedCall[]>();
  listed.set(serving, byEnvironment);
  const known = byEnvironment.get(environment);
  if (known !== undefined) return known;
  const addresses = [...serving.index.addresses.values()].filter((address) => address.environment === environment);
  const calls = addresses.flatMap((address) => address.systems.flatMap((system) => callsAt(serving, address, system)));
  byEnvironment.set(environment, calls);
  return calls;
}

function callsAt({ index, snapshot }: Serving, address: Address, system: string): readonly ListedCall[] {
  const { environment, channel, generation, namespace, host } = address;
  const infrastructure = snapshot.positions.get(address.id) ?? address.infrastructure;
  const base = { environment, channel, generation, infrastructure, namespace: namespace ?? host, system };
  const services = channel === 'api' ? (index.systems.get(system)?.services ?? []) : [];
  return [base, ...services.map(({ name: service, operation }) => ({ ...base, service, operation }))];
}
