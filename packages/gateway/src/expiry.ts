// What ends soon, weeks before it does: chains that hosts show, authorities of trust bundles, and days on which one is withdrawn.
// Pure: files and clock in, warnings out.
import type { RevocationFacts } from '@headgate/contract';
import { type CertificateFacts, createTrustBundle, type TrustBundle } from '@headgate/pki';
import { announcedWarnings } from './announced-chains.ts';
import type { GatewayFiles } from './gateway-files.ts';
import type { ChainFacts } from './server-keys.ts';

/** How long before an end it is told, in days. */
const warnDays = 30;

const dayMs = 86_400_000;

/** Something that ends soon or has ended. */
export interface TrustWarning {
  /** A host, or a trust bundle. */
  readonly about: string;
  /** When, as an instant in UTC; null where no single instant is meant. */
  readonly at: string | null;
  readonly sentence: string;
}

/** Every warning at an instant, the most urgent first. */
export function trustWarnings(files: GatewayFiles, nowMs: number): readonly TrustWarning[] {
  const { hosts, snapshot } = files;
  const chains = hosts.flat().flatMap(({ name, chains: all, shown }) => {
    const others = all.filter((chain) => chain.file !== shown?.file);
    return [
      ...(shown === null ? [] : chainWarnings(name, shown, nowMs)),
      ...others.flatMap((chain) =>
        chainWarnings(`${name} (${chain.infrastructure ?? 'elsewhere'}, not shown)`, chain, nowMs),
      ),
    ];
  });
  const bundles = [...snapshot.trust.values()].flatMap((facts) => {
    const bundle = createTrustBundle(facts);
    return [...bundleWarnings(bundle, nowMs), ...listWarnings(bundle, snapshot.revocation.get(facts.name), nowMs)];
  });
  const unique = new Map(
    [...chains, ...bundles, ...announcedWarnings(files, nowMs)].map((warning) => [
      `${warning.about} ${warning.sentence}`,
      warning,
    ]),
  );
  return [...unique.values()].toSorted((one, other) => (one.at ?? '').localeCompare(other.at ?? ''));
}

/** Of lists past their end where that refuses everybody: an operator who applies must not take it for a gateway in order. */
function listWarnings(
  bundle: TrustBundle,
  revocation: RevocationFacts | undefined,
  nowMs: number,
): readonly TrustWarning[] {
  if (revocation?.stale !== 'refuse') return [];
  return revocation.standing
    .filter(({ endMs }) => endMs < nowMs)
    .map(({ issuer, endMs }) => {
      const name = bundle.withSubject(issuer)[0]?.facts.subject ?? issuer;
      const sentence = `the revocation list of ${name} came to its end on ${instant(endMs)}: nobody of this issuer is served until a newer one is there (staleCrls: refuse)`;
      return { about: `trust bundle ${bundle.name}`, at: instant(endMs), sentence };
    });
}

function chainWarnings(
  about: string,
  { file, notBeforeMs, endsMs }: ChainFacts,
  nowMs: number,
): readonly TrustWarning[] {
  if (nowMs < notBeforeMs) {
    const sentence = `${file} is valid only from ${instant(notBeforeMs)}: callers refuse it until then`;
    return [{ about, at: instant(notBeforeMs), sentence }];
  }
  if (endsMs - nowMs > warnDays * dayMs) return [];
  const sentence =
    endsMs < nowMs
      ? `${file} ended on ${instant(endsMs)}: callers refuse it. Replace it and apply`
      : `${file} ends on ${instant(endsMs)}, in ${daysUntil(endsMs, nowMs)}. Replace it and apply before`;
  return [{ about, at: instant(endsMs), sentence }];
}

function bundleWarnings(bundle: TrustBundle, nowMs: number): readonly TrustWarning[] {
  const about = `trust bundle ${bundle.name}`;
  const endOf = ({ fingerprint256, notAfterMs }: CertificateFacts) =>
    Math.min(notAfterMs, bundle.spans.get(fingerprint256)?.untilMs ?? Number.POSITIVE_INFINITY);
  const beginOf = ({ fingerprint256, notBeforeMs }: CertificateFacts) =>
    Math.max(notBeforeMs, bundle.spans.get(fingerprint256)?.fromMs ?? Number.NEGATIVE_INFINITY);
  const counts = (facts: CertificateFacts, atMs: number) => beginOf(facts) <= atMs && atMs <= endOf(facts);
  const ending = [...bundle.anchors, ...bundle.intermediates].filter(
    (facts) => beginOf(facts) <= nowMs && endOf(facts) - nowMs <= warnDays * dayMs,
  );
  const ends = ending.flatMap((facts): TrustWarning[] => {
    const endsMs = endOf(facts);
    // One that is marked as gone was meant to go, long ago perhaps; its own end is no news either.
    if (endsMs < nowMs && (bundle.spans.get(facts.fingerprint256)?.untilMs ?? Number.POSITIVE_INFINITY) < nowMs)
      return [];
    const how = endsMs === facts.notAfterMs ? 'expires' : 'is withdrawn';
    const sentence =
      endsMs < nowMs
        ? `${facts.subject} expired on ${instant(endsMs)}: whoever depends on it is refused`
        : `${facts.subject} ${how} after ${instant(endsMs)}, in ${daysUntil(endsMs, nowMs)}. \`headgate trust plan\` tells whom it would strand`;
    return [{ about, at: instant(endsMs), sentence }];
  });
  if (!bundle.anchors.some((facts) => counts(facts, nowMs)))
    return [...ends, { about, at: null, sentence: 'no anchor counts now: every caller is refused' }];
  // The last anchor that ends leaves nobody: without a successor that begins before, there is no overlap.
  const lastEndMs = Math.max(...bundle.anchors.filter((facts) => counts(facts, nowMs)).map(endOf));
  const isSucceeded = bundle.anchors.some((facts) => beginOf(facts) <= lastEndMs && endOf(facts) > lastEndMs);
  if (lastEndMs - nowMs > overlapDays * dayMs || isSucceeded) return ends;
  const sentence = `no anchor counts after ${instant(lastEndMs)}: without a successor in overlap every caller is refused then`;
  return [...ends, { about, at: instant(lastEndMs), sentence }];
}

/** A successor must be there long before: callers renew as their certificates end, over a year. */
const overlapDays = 365;

function daysUntil(atMs: number, nowMs: number): string {
  const days = Math.floor((atMs - nowMs) / dayMs);
  return days === 1 ? '1 day' : `${days} days`;
}

function instant(atMs: number): string {
  return new Date(atMs).toISOString();
}
