// What the files of a gateway said, and when: which answers to a call may be right. Pure; instants are those of one clock.
import type { Operator } from '../operators.ts';

/** Everything that changes while calls go on. */
export interface State {
  /** The authority of the users before the transition. */
  readonly legacyAuthority: 'absent' | 'counts' | 'withdrawn';
  /** Names of users on a list in force. */
  readonly revoked: readonly string[];
  /** What the one user whose rights change may do. */
  readonly rights: 'submit' | 'read' | 'none';
  /** SHA-256 of the certificate that each host shows. */
  readonly shown: Readonly<Record<string, string>>;
}

/** Who calls. */
export interface Holder {
  readonly name: string;
  readonly family: 'legacy' | 'current';
  /** Whether it is the one whose rights change. */
  readonly hasChangingRights: boolean;
}

/** What is called: a page, a retrieve, a submit with a large body, and a retrieve at the host whose chain moves. */
export const errands = ['page', 'retrieve', 'submit', 'old'] as const;
/** One of the four. */
export type Errand = (typeof errands)[number];

/** The right answer under a state: null for the back end's own, else the code of the refusal. */
export function rightCode(state: State, { name, family, hasChangingRights }: Holder, errand: Errand): string | null {
  if (family === 'legacy' && state.legacyAuthority === 'absent') return 'identity.issuer_unknown';
  if (family === 'legacy' && state.legacyAuthority === 'withdrawn') return 'identity.authority_withdrawn';
  if (state.revoked.includes(name)) return 'identity.certificate_revoked';
  if (hasChangingRights && state.rights === 'none') return 'identity.not_enrolled';
  if (hasChangingRights && state.rights === 'read' && errand === 'submit') return 'admission.not_permitted';
  return null;
}

/** One state, from the first moment at which it may have been in force. */
export interface Phase {
  readonly state: State;
  /** The change to it began. */
  readonly fromMs: number;
  /** From here on nothing else may be in force; infinite until the change is told to be done. */
  readonly wholeMs: number;
  /** The first snapshot that says so; 0 until the change is done. */
  readonly snapshot: number;
}

/** The states of one run, in order. */
export interface History {
  readonly phases: readonly Phase[];
  /** The state in force, or the one that is becoming it. */
  state(): State;
  begin(state: State, nowMs: number): void;
  /** What the change that was begun leads to, where that is known only later. */
  become(state: State): void;
  done(snapshot: number, nowMs: number): void;
  /** The phases that may have decided about what lasted from one instant to another. */
  during(startMs: number, endMs: number): readonly Phase[];
  /** How many phases were whole at an instant. */
  wholeCount(atMs: number): number;
}

/** Begins with a state that is in force already. */
export function createHistory(first: State, snapshot: number, nowMs: number): History {
  const phases: Phase[] = [{ state: first, fromMs: nowMs, wholeMs: nowMs, snapshot }];
  const last = (): Phase => phases.at(-1) as Phase;
  return {
    phases,
    state: () => last().state,
    begin(state, fromMs) {
      phases.push({ state, fromMs, wholeMs: Number.POSITIVE_INFINITY, snapshot: 0 });
    },
    become(state) {
      phases[phases.length - 1] = { ...last(), state };
    },
    done(snapshot, wholeMs) {
      phases[phases.length - 1] = { ...last(), wholeMs, snapshot };
    },
    during: (startMs, endMs) =>
      phases.filter(({ fromMs }, at) => fromMs <= endMs && startMs <= (phases[at + 1]?.wholeMs ?? Infinity)),
    wholeCount: (atMs) => phases.filter(({ wholeMs }) => wholeMs <= atMs).length,
  };
}

/** Where an errand goes at an operator. */
export function placeOf(operator: Operator, errand: Errand): { readonly host: string; readonly path: string } {
  return operator[errand].call;
}
