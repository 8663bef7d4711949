// What differs between two snapshots, in sentences an operator can act on. Pure. Nothing differs silently: a text of which no sentence
// speaks is told as such.
import type { SnapshotContent } from '@headgate/contract';
import { catalogueFileNames, snapshotTextNames } from '@headgate/contract';
import type { ReadSnapshot } from '../read-document.ts';
import { catalogueLines } from './catalogue-lines.ts';
import { createCounts, type SeenOn } from './count-credentials.ts';
import { type DiffArea, type DiffLine, diffAreas, line } from './lines.ts';
import { policyLines } from './policy-lines.ts';
import { positionLines } from './position-lines.ts';
import { provisioningLines } from './provisioning-lines.ts';
import { trustLines } from './trust-lines.ts';

/** What differs. */
export interface SnapshotDiff {
  /** The weightiest first, `linesMax` at most. */
  readonly lines: readonly DiffLine[];
  /** How many there are more. */
  readonly more: number;
  /** How many there are of each area. */
  readonly counts: Readonly<Record<DiffArea, number>>;
}

/** How snapshots are compared. */
export interface DiffOptions {
  /** The instant at which rights are counted, in ms since 1970 UTC. */
  readonly atMs: number;
  /** How many credentials were seen on an address lately. Default: nobody knows. */
  readonly seenOn?: SeenOn;
  /** Default 200. */
  readonly linesMax?: number;
}

/** Most lines of one difference that are given out. */
const diffLinesMax = 200;

/** Compares two snapshots that were read. */
export function diffSnapshots(
  before: ReadSnapshot,
  next: ReadSnapshot,
  { atMs, seenOn = () => null, linesMax = diffLinesMax }: DiffOptions,
): SnapshotDiff {
  const count = createCounts(next.facts.provisioning, atMs, seenOn);
  const [one, other] = [before.facts, next.facts];
  const { policy, shadowPolicy } = snapshotTextNames;
  return summed(
    withUntold(
      before.content,
      next.content,
      [
        ...positionLines(before, next, count),
        ...trustLines(before, next),
        ...policyLines('policy', policy, one.policy, other.policy),
        ...policyLines(
          'shadow-policy',
          shadowPolicy,
          one.shadowPolicy?.policy ?? null,
          other.shadowPolicy?.policy ?? null,
        ),
        ...provisioningLines(one.provisioning, other.provisioning),
        ...catalogueLines(one.catalogue, other.catalogue),
      ],
      sayUntold,
    ),
    linesMax,
  );
}

/** Compares contents of which one cannot be read by this version: text by text. */
export function diffContents(
  before: SnapshotContent,
  next: SnapshotContent,
  linesMax: number = diffLinesMax,
): SnapshotDiff {
  const moved = (['positions', 'chainPositions'] as const).flatMap((part) => {
    const keys = new Set([...Object.keys(before[part]), ...Object.keys(next[part])]);
    return [...keys].flatMap((key) => {
      const [was, is] = [before[part][key], next[part][key]];
      if (was === is) return [];
      const said = 'as the catalogue says';
      const area = part === 'positions' ? 'positions' : 'chains';
      return [line(area, key, `${part} ${key}: ${was ?? said} → ${is ?? said}`, { before: was, next: is })];
    });
  });
  return summed(
    withUntold(before, next, moved, () => 'differs'),
    linesMax,
  );
}

/** Adds a line for each text that differs and of which no line speaks. */
function withUntold(
  { texts: before }: SnapshotContent,
  { texts: next }: SnapshotContent,
  told: readonly DiffLine[],
  otherwise: (name: string) => string,
): readonly DiffLine[] {
  const names = new Set([...Object.keys(before), ...Object.keys(next)]);
  const speaking = new Set(told.map(({ text }) => text));
  const untold = [...names]
    .filter((name) => before[name] !== next[name] && !speaking.has(name))
    .map((name) => line('texts', name, `${name} ${whatBefell(before[name], next[name]) ?? otherwise(name)}`));
  return [...told, ...untold];
}

function whatBefell(before: string | undefined, next: string | undefined): string | null {
  if (before === undefined) return 'is new';
  return next === undefined ? 'is gone' : null;
}

const understood: ReadonlySet<string> = new Set([...catalogueFileNames, ...Object.values(snapshotTextNames)]);

/** Of texts that were read and say the same; of any other nobody knows what its words mean. */
function sayUntold(name: string): string {
  return understood.has(name) ? 'has other words, which mean the same' : 'differs';
}

function summed(lines: readonly DiffLine[], linesMax: number): SnapshotDiff {
  const ordered = lines.toSorted((one, other) => {
    const weights = diffAreas.indexOf(one.area) - diffAreas.indexOf(other.area);
    return weights !== 0 ? weights : compare(one.sentence, other.sentence);
  });
  const counts = Object.fromEntries(
    diffAreas.map((area) => [area, lines.filter((each) => each.area === area).length]),
  ) as Record<DiffArea, number>;
  return { lines: ordered.slice(0, linesMax), more: Math.max(0, lines.length - linesMax), counts };
}

function compare(one: string, other: string): number {
  if (one === other) return 0;
  return one < other ? -1 : 1;
}
