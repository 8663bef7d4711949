// One endpoint as one group sees it: what checks and calls have told of it, and whether it is to be had.
import type { UpstreamOptions } from '../config-upstreams.ts';
import type { Deadlines, Waiting } from '../deadlines.ts';
import type { Endpoint, Member, Outcome } from '../upstream.ts';
import { Ejection } from './ejection.ts';

/** What a member asks of its group, and tells it. */
export interface MemberOwner {
  /** Whether one more of its endpoints may be ejected. */
  mayEject(): boolean;
  changed(member: GroupMember, isUp: boolean, reason: string): void;
}

/** A member of a group. */
export class GroupMember implements Member, Waiting {
  /** The end of its ejection, in monotonic milliseconds. */
  deadlineMs = Number.POSITIVE_INFINITY;
  readonly endpoint: Endpoint;
  readonly weight: number;
  readonly watched: boolean;
  readonly #owner: MemberOwner;
  readonly #deadlines: Deadlines;
  readonly #ejection: Ejection;
  #isWell = true;
  #isEjected = false;

  constructor(
    endpoint: Endpoint,
    weight: number,
    { ejection, endpoints }: UpstreamOptions,
    owner: MemberOwner,
    deadlines: Deadlines,
  ) {
    this.endpoint = endpoint;
    this.weight = weight;
    // A single endpoint is never ejected, so that there is nothing to learn.
    this.watched = ejection.failures > 0 && endpoints.length > 1;
    this.#owner = owner;
    this.#deadlines = deadlines;
    this.#ejection = new Ejection(ejection);
  }

  /** Whether it gets calls: its checks were good, and it is not ejected. */
  get isUp(): boolean {
    return this.#isWell && !this.#isEjected;
  }

  get isEjected(): boolean {
    return this.#isEjected;
  }

  /** Its weight now; the time is asked for only while its share grows. */
  weightNow(): number {
    return this.#ejection.grows ? this.weight * this.#ejection.shareAt(this.#deadlines.now()) : this.weight;
  }

  ended(status: number): void {
    if (this.#ejection.isFailure(status)) this.#count(`an answer with status ${status}`);
    else this.#ejection.succeeded();
  }

  broke(): void {
    this.#count('an answer that broke off');
  }

  failed(outcome: Outcome): void {
    const reason = this.watched ? reasonOf(outcome) : null;
    if (reason !== null) this.#count(reason);
  }

  /** Takes the word of the checks. */
  checked(isWell: boolean, reason: string): void {
    if (isWell === this.#isWell) return;
    this.#isWell = isWell;
    if (isWell) this.#ejection.growFrom(this.#deadlines.now());
    if (!this.#isEjected) this.#owner.changed(this, isWell, reason);
  }

  expire(): void {
    this.#deadlines.remove(this);
    this.#isEjected = false;
    this.#ejection.comeBack(this.#deadlines.now());
    if (this.#isWell) this.#owner.changed(this, true, 'its ejection is over');
  }

  close(): void {
    this.#deadlines.remove(this);
  }

  #count(reason: string): void {
    if (!this.#ejection.failed() || this.#isEjected || !this.#owner.mayEject()) return;
    const nowMs = this.#deadlines.now();
    const forMs = this.#ejection.eject(nowMs);
    this.#isEjected = true;
    this.deadlineMs = nowMs + forMs;
    this.#deadlines.add(this);
    if (this.#isWell) this.#owner.changed(this, false, `ejected for ${forMs} ms after ${reason}`);
  }
}

/** What an attempt says against its endpoint, in words; null when it says nothing. */
function reasonOf(outcome: Outcome): string | null {
  if (outcome.kind === 'not-connected') {
    switch (outcome.reason) {
      case 'refused':
        return 'a refused connection';
      case 'timed-out':
        return 'a connection that was not accepted in time';
      case 'tls':
        return `a failed TLS handshake: ${outcome.found}`;
      default:
        return null; // Our own bounds: calls elsewhere would not make it any less busy.
    }
  }
  if (outcome.kind !== 'no-answer') return null;
  switch (outcome.reason) {
    case 'timeout':
      return outcome.wait === 'whole' ? null : 'an answer that did not come in time';
    case 'invalid':
      return 'an answer that is not HTTP';
    case 'broken':
      return 'a connection that broke';
    case 'left':
      return null;
  }
}
