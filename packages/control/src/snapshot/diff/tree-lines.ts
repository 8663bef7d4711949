// Differences of parsed texts as sentences: what nobody has better words for.
import { type DiffArea, type DiffLine, line, shown } from './lines.ts';
import type { TreeDifference } from './tree.ts';

/** Better words for a difference; null where there are none. */
export type Words = (difference: TreeDifference) => DiffLine | readonly DiffLine[] | null;

/** Every difference of one text. */
export function treeLines(
  area: DiffArea,
  file: string,
  differences: readonly TreeDifference[],
  words: Words = () => null,
): readonly DiffLine[] {
  return differences.flatMap((difference) =>
    [words(difference) ?? plainLine(area, file, difference)].flat().map((each) => ({ ...each, text: file })),
  );
}

/** A difference by its place. */
function plainLine(area: DiffArea, file: string, { path, kind, before, next }: TreeDifference): DiffLine {
  const place = path.length === 0 ? 'all of it' : path.join('.');
  return line(area, place, `${file}: ${plainWords(place, kind, before, next)}`, { before, next });
}

/** What befell a thing or a value, in words. */
export function plainWords(place: string, kind: TreeDifference['kind'], before: unknown, next: unknown): string {
  switch (kind) {
    case 'added':
      return typeof next === 'object' ? `${place} gets ${briefly(next)}` : `${place} is ${shown(next)} now`;
    case 'ended':
      return typeof before === 'object'
        ? `${place} loses ${briefly(before)}`
        : `${place} is no longer ${shown(before)}`;
    case 'order':
      return `${place} is in another order`;
    default:
      return `${place} ${shown(before)} → ${shown(next)}`;
  }
}

function briefly(value: unknown): string {
  return shown(value) ?? 'nothing';
}
