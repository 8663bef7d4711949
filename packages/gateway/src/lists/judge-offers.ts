// Which of the lists that the sources of a bundle offer may take the place of those in force. Pure.
import { type DatedList, faultOfReplacement, isOfOneKind, type TrustBundle } from '@headgate/pki';
import type { FoundFault, ReadList } from './read-lists.ts';

/** What one source offers. */
export interface Offer {
  /** Lists in which nothing is wrong by themselves. */
  readonly lists: readonly ReadList[];
  /** Lists of this source that go on to count where those are refused; null where none of it was in force. */
  readonly before: readonly ReadList[] | null;
}

/** What became of an offer. */
export interface Judged {
  readonly lists: readonly ReadList[];
  /** Why the offer was refused; null where it was taken. */
  readonly fault: FoundFault | null;
  /** False where nothing of the source may count, so that a gateway must not begin to serve by this. */
  readonly isUsable: boolean;
}

/** Judges what all sources of a bundle offer; `floors` are the lists that were in force, as far as they are known. */
export function judgeOffers(
  offers: readonly Offer[],
  bundle: TrustBundle,
  floors: readonly DatedList[],
): readonly Judged[] {
  const offered = offers.flatMap(({ lists }) => lists);
  const whole = offers.map((offer) => refusedFor(offer, faultOfLoss(offer, offered, bundle)));
  const left = whole.flatMap(({ lists }) => lists);
  const fresh = offers.map((offer, at) => {
    const judged = whole[at] ?? refusedFor(offer, null);
    return judged.fault === null ? refusedFor(offer, faultOfAge(judged.lists, left, floors)) : judged;
  });
  // What goes on to count was in force before, or counted for nothing beside a newer list of a source that is gone now.
  const counting = fresh.flatMap(({ lists }) => lists);
  return fresh.map((judged) => {
    const fault = faultOfAge(judged.lists, counting, floors);
    return fault === null ? judged : { lists: [], fault, isUsable: false };
  });
}

function refusedFor({ lists, before }: Offer, fault: FoundFault | null): Judged {
  if (fault === null) return { lists, fault, isUsable: true };
  return { lists: before ?? [], fault, isUsable: before !== null };
}

/** A source that had the complete list of an authority must not lose it: whoever is on it would be let in. */
function faultOfLoss(offer: Offer, offered: readonly ReadList[], bundle: TrustBundle): FoundFault | null {
  const lost = (offer.before ?? []).find(
    ({ list }) =>
      list.base === null &&
      bundle.withSubject(list.issuer).length > 0 &&
      !offered.some((each) => isOfOneKind(each.list, list)),
  );
  if (lost === undefined) return null;
  return { code: 'missing', reason: `The list of ${lost.list.issuer} is not in it any more.` };
}

/** An older list may stand beside a newer one of the same kind, where it counts for nothing. */
function faultOfAge(
  lists: readonly ReadList[],
  all: readonly ReadList[],
  floors: readonly DatedList[],
): FoundFault | null {
  for (const { list } of lists) {
    const fault = faultOfReplacement(list, floors);
    if (fault === null) continue;
    const isOutdone = all.some(
      (each) => isOfOneKind(each.list, list) && faultOfReplacement(each.list, floors) === null,
    );
    if (!isOutdone) return { code: fault.code, reason: fault.sentence };
  }
  return null;
}
