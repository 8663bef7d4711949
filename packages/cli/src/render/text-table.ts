// A plain table: a header, a rule, and columns as wide as their widest cell.

/** A cell: text, with an optional style that does not count for its width. */
export interface TextCell {
  readonly text: string;
  readonly paint?: (text: string) => string;
}

/** Widest cell printed, in characters; longer text is cut and ends in "…". */
export const cellCharsMax = 72;

/** Writes rows under headers, two spaces between columns, no trailing spaces. Control characters are replaced. */
export function textTable(
  headers: readonly string[],
  rows: readonly (readonly (string | TextCell)[])[],
  charsMax = cellCharsMax,
): string {
  const toCell = (cell: string | TextCell) => bounded(cell, charsMax);
  const cells = rows.map((row) => row.map(toCell));
  const widths = headers.map((header, index) =>
    Math.max(header.length, ...cells.map((row) => row[index]?.text.length ?? 0)),
  );
  const headerLine = line(headers.map(toCell), widths);
  const rule = widths.map((width) => '─'.repeat(width)).join('  ');
  return `${[headerLine, rule, ...cells.map((row) => line(row, widths))].join('\n')}\n`;
}

function bounded(cell: string | TextCell, charsMax: number): TextCell {
  const { text, ...style } = typeof cell === 'string' ? { text: cell } : cell;
  // An answer's text could steer the terminal otherwise.
  const safe = text.replace(/[\p{Cc}\p{Cf}]+/gu, ' ');
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
