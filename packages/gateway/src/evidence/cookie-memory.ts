// Which cookies a caller sent before: a program needs none, and one that carries its session from elsewhere is worth a talk.
// What is remembered is a keyed hash, so that nothing here or in evidence can be taken for the cookie.
import { createHmac } from 'node:crypto';
import type { CookieEvidence } from '@headgate/contract';
import { cookiesIn } from '../cookies.ts';
import { dropOldest } from '../drop-oldest.ts';
import type { Connection } from '../exchange.ts';

/** Callers remembered at once, and cookies of each; the oldest go first. About 10 MiB in all. */
const callersMax = 4_096;
const cookiesPerCallerMax = 32;

/** Cookies of one request that are looked at; more are counted, and count as new. */
const cookiesLookedAtMax = 32;

/** Remembers cookies by caller: by certificate, else by source. */
export interface CookieMemory {
  /** Counts the cookies in the values of the field Cookie, and remembers them; null where there is none. */
  note(connection: Connection, values: readonly string[]): CookieEvidence | null;
}

/** Creates the memory of one process. `key` is random and leaves it with the process. */
export function createCookieMemory(key: Uint8Array): CookieMemory {
  const callers = new Map<string, Set<string>>();
  const cookiesOf = (caller: string): Set<string> => {
    const known = callers.get(caller) ?? new Set<string>();
    callers.delete(caller); // Put last: the first is the one unheard of for longest.
    callers.set(caller, known);
    dropOldest(callers, callersMax);
    return known;
  };
  return {
    note({ source, peerCertificate }, values) {
      if (values.length === 0) return null;
      const cookies = cookiesIn(values);
      const caller = peerCertificate?.fingerprint ?? source;
      const known = cookiesOf(caller);
      let reused = 0;
      for (const cookie of new Set(cookies.slice(0, cookiesLookedAtMax))) {
        const mark = createHmac('sha256', key).update(cookie, 'latin1').digest('base64url').slice(0, 16);
        if (known.delete(mark)) reused += 1;
        known.add(mark);
      }
      dropOldest(known, cookiesPerCallerMax);
      return { count: cookies.length, reused };
    },
  };
}
