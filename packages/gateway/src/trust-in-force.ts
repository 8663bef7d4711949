// The trust bundles that a gateway judges callers by, as a message in JSON carries them.
import type { TrustBundleFacts } from '@headgate/contract';

/** The farthest instants from 1970 that dates have, in ms (ECMA-262 §21.4.1.1): JSON has no infinity. */
const farthestMs = 8_640_000_000_000_000;

/** A bundle whose open spans reach as far as dates do. */
export function tellBundle({ dated, ...bundle }: TrustBundleFacts): TrustBundleFacts {
  const within = (ms: number) => Math.min(Math.max(ms, -farthestMs), farthestMs);
  return {
    ...bundle,
    dated: dated.map((member) => ({ ...member, fromMs: within(member.fromMs), untilMs: within(member.untilMs) })),
  };
}
