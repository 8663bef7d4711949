// A plain table: a header, a rule, and columns as wide as their widest cell.
import { plainText } from './plain-text.ts';

/** A cell: text, with an optional style that does not count for its width. */
export interface TextCell {
  readonly text: string;
  readonly paint?: (text: string) => string;
}

/** Widest cell printed, in characters; longer text is cut and ends in "…". */
export const cellCharsMax = 72;

/** How wide a table may be. */
export interface TableBounds {
  /** Widest cell. Default 72. */
  readonly cellCharsMax?: number | undefined;
  /** Width of the terminal; undefined where nobody looks at one. What does not fit is cut, and a last line says so. */
  readonly columnsMax?: number | undefined;
}

/** Narrowest that a column is cut to; when all are, the last columns are left out. */
const columnCharsMin = 8;
const gapChars = 2;

/** Writes rows under headers, two spaces between columns, no trailing spaces. Control characters are replaced. */
export function textTable(
  headers: readonly string[],
  rows: readonly (readonly (string | TextCell)[])[],
  { cellCharsMax: charsMax = cellCharsMax, columnsMax }: TableBounds = {},
): string {
  const toCell = (cell: string | TextCell) => bounded(cell, charsMax);
  const cells = rows.map((row) => row.map(toCell));
  const wanted = headers.map((header, index) =>
    Math.max(header.length, ...cells.map((row) => row[index]?.text.length ?? 0)),
  );
  const widths = columnsMax === undefined ? wanted : fitted(wanted, columnsMax);
  const fit = (row: readonly TextCell[]) => widths.map((width, index) => bounded(row[index] ?? { text: '' }, width));
  const headerLine = line(fit(headers.map(toCell)), widths);
  const rule = widths.map((width) => '─'.repeat(width)).join('  ');
  const lines = [headerLine, rule, ...cells.map((row) => line(fit(row), widths)), ...cutNote(wanted, widths)];
  return `${lines.join('\n')}\n`;
}

/**
 * The table where it fits, else an entry for each row: its first cell, and below it the others with their headers, wrapped between
 * them. Where every column matters to whoever plans by it, none is cut to the terminal.
 */
export function tableOrEntries(
  headers: readonly string[],
  rows: readonly (readonly string[])[],
  columnsMax: number | undefined,
): string {
  const text = textTable(headers, rows);
  const widest = Math.max(...text.split('\n').map(({ length }) => length));
  if (columnsMax === undefined || widest <= columnsMax) return text;
  const entryOf = (row: readonly string[]): string => {
    const [first = '', ...rest] = row.map((cell) => bounded(cell, Number.POSITIVE_INFINITY).text);
    const told = rest.flatMap((cell, index) => (cell === '' ? [] : [`${headers[index + 1]} ${cell}`]));
    return `${first}\n${wrapped(told, columnsMax - entryIndent.length)
      .map((each) => `${entryIndent}${each}\n`)
      .join('')}`;
  };
  return rows.map(entryOf).join('');
}

const entryIndent = '  ';

/** As many pieces on a line as it holds, at least one; no piece is broken. */
function wrapped(pieces: readonly string[], columnsMax: number): readonly string[] {
  const lines: string[] = [];
  for (const piece of pieces) {
    const joined = lines.length === 0 ? piece : `${lines.at(-1)} · ${piece}`;
    if (lines.length > 0 && joined.length <= columnsMax) lines[lines.length - 1] = joined;
    else lines.push(piece);
  }
  return lines;
}

/** Widths whose sum with gaps is at most `columnsMax`: the widest column gives way first. */
function fitted(wanted: readonly number[], columnsMax: number): readonly number[] {
  const widths = [...wanted];
  const total = () => widths.reduce((sum, width) => sum + width + gapChars, -gapChars);
  while (widths.length > 1 && total() > columnsMax) {
    const widest = Math.max(...widths);
    if (widest > columnCharsMin) widths[widths.lastIndexOf(widest)] = widest - 1;
    else widths.pop();
  }
  return widths.map((width) => Math.min(width, columnsMax));
}

function cutNote(wanted: readonly number[], widths: readonly number[]): readonly string[] {
  const left = wanted.length - widths.length;
  if (left > 0) return [`(${left} more ${left === 1 ? 'column' : 'columns'}; --json has everything)`];
  return widths.some((width, index) => width < (wanted[index] ?? 0))
    ? ['(cut to the terminal; --json has everything)']
    : [];
}

function bounded(cell: string | TextCell, charsMax: number): TextCell {
  const { text, ...style } = typeof cell === 'string' ? { text: cell } : cell;
  // An answer's text could steer the terminal otherwise.
  const safe = plainText(text);
  return { text: safe.length > charsMax ? `${safe.slice(0, charsMax - 1)}…` : safe, ...style };
}

function line(cells: readonly TextCell[], widths: readonly number[]): string {
  const printed = cells.map(({ text, paint }, index) => {
    const isLast = index === cells.length - 1;
    const padding = isLast ? '' : ' '.repeat((widths[index] ?? 0) - text.length);
    return `${paint === undefined ? text : paint(text)}${padding}`;
  });
  return printed.join('  ').trimEnd();
}
