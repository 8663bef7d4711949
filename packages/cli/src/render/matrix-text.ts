// The matrix of the published document as text: the same columns, a code for each status, and a legend.

import type { CellStatus, Matrix, MatrixCell } from '@headgate/contract';
import type { Output } from '../context.ts';
import { paint, type Style } from './paint.ts';
import { type TextCell, textTable } from './text-table.ts';

interface StatusWords {
  readonly code: string;
  readonly words: string;
  readonly colour: Style;
}

const statuses: Readonly<Record<CellStatus, StatusWords>> = {
  'not-applicable': { code: 'NA', words: 'interface does not exist', colour: 'dim' },
  'moved-in-place': { code: 'MV', words: 'already cut over, same address', colour: 'dim' },
  future: { code: 'FU', words: 'to be made available at a future date', colour: 'blue' },
  available: { code: 'AV', words: 'available for transition: use it now', colour: 'green' },
  'to-be-cut-over': { code: 'CO', words: 'will be cut over: move off it', colour: 'yellow' },
  complete: { code: 'OK', words: 'cutover complete', colour: 'cyan' },
  decommissioned: { code: 'XX', words: 'decommissioned', colour: 'red' },
};

/** Headers in the order of the published matrix. */
const matrixHeaders = ['System', 'UI New', 'UI Old', 'API New', 'API Old'] as const;

/** What a cell says of an address that the document does not print: nothing was said, so nothing was concluded. */
const notPrintedCode = '–';

/**
 * Writes a matrix with its legend. Cells whose status is concluded and not stated carry "*". `citation` is what the
 * published document is called, as in "deck".
 */
export function matrixText({ environment, asOf, rows }: Matrix, citation: string, stream: Output): string {
  if (rows.length === 0)
    return `Addresses of ${environment} as of ${asOf}: no system of this catalogue is in the matrix (\`matrix: false\` of systems). \`headgate catalogue find URL\` says what an address is\n`;
  const cell = (value: MatrixCell) => toCell(value, stream);
  const lines = rows.map(({ system, ui, api }) => [system, cell(ui.new), cell(ui.old), cell(api.new), cell(api.old)]);
  const cells = rows.flatMap(({ ui, api }) => [ui.new, ui.old, api.new, api.old]);
  return `Addresses of ${environment} as of ${asOf}\n\n${textTable(matrixHeaders, lines, { columnsMax: stream.isTTY === true ? stream.columns : undefined })}\n${legend(cells, citation, stream)}`;
}

/** No cell of the document stands behind it: `matrixOf` says so by this source (rule 1 of docs/reference/catalogue.md). */
function isUnprinted({ source }: MatrixCell): boolean {
  return source === 'not printed';
}

function toCell(value: MatrixCell, stream: Output): TextCell {
  if (isUnprinted(value)) return { text: notPrintedCode, paint: (painted) => paint(stream, 'dim', painted) };
  const { url, status, inferred } = value;
  const { code, colour } = statuses[status];
  const mark = `${code}${inferred === true ? '*' : ''}`;
  const text = url !== null ? `${mark} ${url}` : needsAddress(status) ? `${mark} not printed` : mark;
  return { text, paint: (painted) => paint(stream, colour, painted) };
}

function needsAddress(status: CellStatus): boolean {
  return status === 'available' || status === 'to-be-cut-over' || status === 'future';
}

function legend(cells: readonly MatrixCell[], citation: string, stream: Output): string {
  const printed = cells.filter((cell) => !isUnprinted(cell));
  const used = new Set(printed.map(({ status }) => status));
  const lines = Object.entries(statuses)
    .filter(([status]) => used.has(status as CellStatus))
    .map(([, { code, words, colour }]) => `${paint(stream, colour, code)}  ${words}`);
  if (printed.length < cells.length)
    lines.push(`${paint(stream, 'dim', notPrintedCode)}   not printed in the ${citation}`);
  if (printed.some(({ inferred }) => inferred === true))
    lines.push(`*   concluded from dates or forms of address; the ${citation} does not say it`);
  return `${lines.join('\n')}\n`;
}
