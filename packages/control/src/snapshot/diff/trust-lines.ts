// Who is trusted to certify callers now: bundles, the days of their certificates, and what stands in PEM files.
import { type CatalogueTrust, snapshotTextNames } from '@headgate/contract';
import { type CertificateFacts, createTrustBundle, UnreadableTrustBundle } from '@headgate/pki';
import type { ReadSnapshot } from '../read-document.ts';
import { type DiffLine, line, shown } from './lines.ts';
import { type TreeDifference, treeDifferences } from './tree.ts';
import { treeLines } from './tree-lines.ts';

/** Lines about the trust of two snapshots. */
export function trustLines(before: ReadSnapshot, next: ReadSnapshot): readonly DiffLine[] {
  return [
    ...treeLines('trust', snapshotTextNames.trustBundles, treeDifferences(before.bundles, next.bundles), settingWords),
    ...treeLines(
      'trust',
      snapshotTextNames.trust,
      treeDifferences(before.facts.catalogue.trust, next.facts.catalogue.trust),
      memberWords(before.facts.catalogue.trust, next.facts.catalogue.trust),
    ),
    ...pemLines(before, next),
  ];
}

function settingWords({ path: [bundle, ...place], kind, before, next }: TreeDifference): DiffLine | null {
  if (bundle === undefined) return null;
  const told = (sentence: string): DiffLine => line('trust', bundle, sentence, { before, next });
  if (place.length === 0 && kind === 'added') return told(`callers can be judged by bundle ${bundle}`);
  if (place.length === 0 && kind === 'ended') return told(`callers are no longer judged by bundle ${bundle}`);
  return told(`bundle ${bundle}: ${place.join('.')} ${shown(before) ?? 'nothing'} → ${shown(next) ?? 'nothing'}`);
}

function memberWords(before: CatalogueTrust, next: CatalogueTrust) {
  const nameOf = (id: string): string =>
    [...next.anchors, ...before.anchors].find((anchor) => anchor.id === id)?.name ?? id;
  return ({ path: [list, bundle, part, member, ...place], kind, before: was, next: is }: TreeDifference) => {
    if (list !== 'bundles' || part !== 'members' || member === undefined) return null;
    const authority = `authority ${nameOf(member)} of ${bundle}`;
    const told = (sentence: string): DiffLine => line('trust', member, sentence, { before: was, next: is });
    if (place.length === 0 && kind === 'added') {
      const { from, until } = is as { readonly from: unknown; readonly until: unknown };
      return told(`${authority} is new: it counts from ${shown(from)} until ${shown(until)}`);
    }
    if (place.length === 0 && kind === 'ended') return told(`${authority} is gone`);
    if (place.length === 1 && (place[0] === 'from' || place[0] === 'until'))
      return told(`${authority} counts ${place[0]} ${shown(was)} → ${shown(is)}`);
    return null;
  };
}

const roles: ReadonlySet<string> = new Set(Object.values(snapshotTextNames));

/** Certificates that came into PEM texts, or left them. */
function pemLines({ content: before }: ReadSnapshot, { content: next }: ReadSnapshot): readonly DiffLine[] {
  const names = new Set([...Object.keys(before.texts), ...Object.keys(next.texts)]);
  return [...names].flatMap((name) => {
    if (roles.has(name) || before.texts[name] === next.texts[name]) return [];
    const [was, is] = [certificatesIn(before.texts[name]), certificatesIn(next.texts[name])];
    if (was === null || is === null) return [];
    const told = (facts: CertificateFacts, words: string): DiffLine =>
      line('trust', name, `authority ${facts.subject} ${words} ${name} (${facts.fingerprint256.slice(0, 12)}…)`, {
        text: name,
      });
    return [
      ...is.filter((facts) => !isAmong(facts, was)).map((facts) => told(facts, 'is new in')),
      ...was.filter((facts) => !isAmong(facts, is)).map((facts) => told(facts, 'is gone from')),
    ];
  });
}

function isAmong({ fingerprint256 }: CertificateFacts, others: readonly CertificateFacts[]): boolean {
  return others.some((other) => other.fingerprint256 === fingerprint256);
}

/** None of no text; null of a text that holds something else. */
function certificatesIn(pem: string | undefined): readonly CertificateFacts[] | null {
  if (pem === undefined) return [];
  try {
    return createTrustBundle({ name: 'differences', anchorsPem: pem }).anchors;
  } catch (cause) {
    if (cause instanceof UnreadableTrustBundle) return null;
    throw cause;
  }
}
