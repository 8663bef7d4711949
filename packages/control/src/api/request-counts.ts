// How many requests of an account are under way, so that one account cannot take all of control.
import type { Account } from '../access/account.ts';
import { ControlRefusal } from './control-refusal.ts';

/** Counts requests under way per account. */
export interface RequestCounts {
  /** Counts one, or throws `control.too_many_requests`; what it returns gives it back, once however often it is called. */
  take(account: Account): () => void;
}

/** Longest wait that is asked for: requests are short. */
const retryAfterMs = 1_000;

/** Counts at most `limit` per account. */
export function createRequestCounts(limit: number): RequestCounts {
  const underWay = new Map<string, number>();
  return {
    take({ id, name }) {
      const count = underWay.get(id) ?? 0;
      if (count >= limit)
        throw new ControlRefusal('control.too_many_requests', { account: name, limit }, { retryAfterMs });
      underWay.set(id, count + 1);
      let isTaken = true;
      return () => {
        if (!isTaken) return;
        isTaken = false;
        const left = (underWay.get(id) ?? 1) - 1;
        if (left > 0) underWay.set(id, left);
        else underWay.delete(id);
      };
    },
  };
}
