// The fields that tell a caller of its limits (draft-ietf-httpapi-ratelimit-headers-11): what stays the same is written once, and
// for each answer only the numbers.
import { type Charge, type LimitRule, type LimitUnit, toRetryAfterSeconds } from '@headgate/contract';

/** Quota units of the draft (§3.1.2). Connections are told to nobody: they are judged before there is an answer. */
const unitNames: Readonly<Record<LimitUnit, string | null>> = {
  requests: null, // The default.
  connections: null,
  'request-bytes': 'content-bytes',
  'concurrent-requests': 'concurrent-requests',
};

/** Writes `RateLimit-Policy`; null where no enforced rule is among them. A window in whole seconds, rounded up. */
export function policyField(rules: readonly LimitRule[]): string | null {
  const items = rules.filter(isTold).map(({ name, quota, unit, windowMs }) => {
    const unitName = unitNames[unit];
    const unitText = unitName === null ? '' : `;qu="${unitName}"`;
    // What is held has no window.
    const windowText = unit === 'concurrent-requests' ? '' : `;w=${toRetryAfterSeconds(windowMs)}`;
    return `"${name}";q=${quota}${unitText}${windowText}`;
  });
  return items.length === 0 ? null : items.join(', ');
}

/** The parts of `RateLimit` that stay the same, a text for each charge; empty for a rule that is not told of. */
export function limitFieldStarts(rules: readonly LimitRule[]): readonly string[] {
  return rules.map((rule) => (isTold(rule) ? `"${rule.name}";r=` : ''));
}

/**
 * Writes `RateLimit` from where each allowance stood after the decision; empty where nothing is told. `starts` are those of the
 * charges, in order. `t` says when more comes back, rounded up, which no `Retry-After` comes before (§6).
 */
export function limitField(charges: readonly Charge[], starts: readonly string[], nowMs: number): string {
  let text = '';
  for (let at = 0; at < charges.length; at += 1) {
    const start = starts[at] ?? '';
    const standing = charges[at]?.standing;
    if (start === '' || standing === undefined) continue;
    const { remaining, moreAtMs } = standing;
    text += text === '' ? start : `, ${start}`;
    text += moreAtMs > nowMs ? `${remaining};t=${Math.ceil((moreAtMs - nowMs) / 1_000)}` : remaining;
  }
  return text;
}

function isTold({ mode, unit }: LimitRule): boolean {
  return mode === 'enforce' && unit !== 'connections';
}
