// A backtest as one page that needs nothing else: the verdict, a chart, and every table behind it. No script, no font, no request;
// it is read in light and in dark, on paper, and by who hears it: the chart's numbers stand in a table too.
import type { BacktestReport, FlipCount, HourCount } from '@headgate/rules';
import type { ArrivalReading } from '../backtest/read-arrivals.ts';
import type { PolicyDifference } from '../policy/diff-policies.ts';
import { readingText, sayHour } from './backtest-text.ts';

/** What the page tells. */
export interface BacktestPage {
  readonly report: BacktestReport;
  readonly reading: ArrivalReading;
  readonly warnings: readonly string[];
  readonly differences: readonly PolicyDifference[];
  readonly files: { readonly inForce: string; readonly candidate: string };
  readonly verdict: { readonly maxNewDenials: number | null; readonly passed: boolean };
}

/** Rows of one table, and columns of the chart. */
const rowsMax = 200;
const columnsMax = 168;

const chart = { width: 960, height: 320, left: 64, right: 12, top: 16, bottom: 36 } as const;

/** Writes the page. */
export function backtestHtml({ report, reading, warnings, differences, files, verdict }: BacktestPage): string {
  const { inForce, candidate, newlyRefused, newlyAdmitted } = report;
  const title = `Backtest of ${files.candidate}`;
  const parts = [
    `<h1>${escaped(title)}</h1>`,
    `<p>Against ${escaped(files.inForce)}. ${number(report.arrivals)} calls${spanWords(report)}.</p>`,
    verdictPart(verdict, newlyRefused),
    `<dl class="sums"><div><dt>Newly refused</dt><dd class="refused">${number(newlyRefused)}</dd></div><div><dt>Newly admitted</dt><dd class="admitted">${number(newlyAdmitted)}</dd></div><div><dt>Refused in force</dt><dd>${number(inForce.refused)}</dd></div><div><dt>Refused by the candidate</dt><dd>${number(candidate.refused)}</dd></div></dl>`,
    listPart(
      'What the candidate says otherwise',
      differences.map(({ sentence }) => sentence),
    ),
    listPart('To know', warnings),
    chartPart(report.byHour),
    tablePart('By participant', 'participant', report.byCaller.filter(hasFlips), ({ caller }) => caller),
    tablePart('By system', 'system', report.bySystem.filter(hasFlips), ({ system }) => system ?? '(none told)'),
    rulesPart(report),
    examplesPart(report),
    `<p class="read">${escaped(readingText(reading, report.warmUp).trim())}.</p>`,
  ];
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>${escaped(title)}</title>
<style>${style}</style>
</head>
<body>
<main>
${parts.filter((part) => part !== '').join('\n')}
</main>
</body>
</html>
`;
}

function spanWords({ firstMs, lastMs }: BacktestReport): string {
  if (firstMs === null || lastMs === null) return '';
  const day = (atMs: number) => `<time>${new Date(atMs).toISOString().slice(0, 19)}Z</time>`;
  return ` from ${day(firstMs)} to ${day(lastMs)}`;
}

function verdictPart({ maxNewDenials, passed }: BacktestPage['verdict'], newlyRefused: number): string {
  if (maxNewDenials === null) return '';
  const words = passed ? 'Within the bound' : 'Past the bound';
  return `<p class="verdict ${passed ? 'passed' : 'failed'}"><strong>${words}:</strong> ${number(newlyRefused)} new denials, ${number(maxNewDenials)} allowed.</p>`;
}

function listPart(heading: string, sentences: readonly string[]): string {
  if (sentences.length === 0) return '';
  return `<section><h2>${heading}</h2><ul>${sentences.map((sentence) => `<li>${escaped(sentence)}</li>`).join('')}</ul></section>`;
}

/** One column of the chart: one hour, or as many as it takes to fit. */
interface Column {
  readonly fromMs: number;
  readonly newlyRefused: number;
  readonly newlyAdmitted: number;
}

function chartPart(hours: readonly HourCount[]): string {
  const columns = columnsOf(hours);
  if (columns.length === 0) return '';
  const { width, height, left, right, top, bottom } = chart;
  const [up, down] = [
    Math.max(...columns.map((each) => each.newlyRefused)),
    Math.max(...columns.map((each) => each.newlyAdmitted)),
  ];
  const scale = (height - top - bottom) / Math.max(1, up + down);
  const zero = top + up * scale;
  const step = (width - left - right) / columns.length;
  const bars = columns.flatMap((column, at) => {
    const x = (left + at * step).toFixed(2);
    const wide = Math.max(0.75, step * 0.8).toFixed(2);
    const bar = (name: string, count: number, y: number, words: string) =>
      count === 0
        ? []
        : [
            `<rect class="${name}" x="${x}" y="${y.toFixed(2)}" width="${wide}" height="${(count * scale).toFixed(2)}"><title>${sayHour(column.fromMs)}: ${number(count)} ${words}</title></rect>`,
          ];
    return [
      ...bar('refused', column.newlyRefused, zero - column.newlyRefused * scale, 'newly refused'),
      ...bar('admitted', column.newlyAdmitted, zero, 'newly admitted'),
    ];
  });
  const label = (x: number, y: number, anchor: string, text: string) =>
    `<text x="${x.toFixed(0)}" y="${y.toFixed(0)}" text-anchor="${anchor}">${escaped(text)}</text>`;
  const labels = [
    ...(up > 0 ? [label(left - 8, top + 10, 'end', number(up))] : []),
    label(left - 8, zero + 4, 'end', '0'),
    ...(down > 0 ? [label(left - 8, height - bottom, 'end', number(down))] : []),
    ...axisLabels(columns, (at) => left + at * step, height - 12, label),
  ];
  const words = `Up: calls newly refused, at most ${number(up)} in one column. Down: calls newly admitted, at most ${number(down)}.`;
  return `<section><h2>By hour</h2>
<figure>
<svg viewBox="0 0 ${width} ${height}" role="img" aria-labelledby="chart-title chart-words">
<title id="chart-title">Flipped calls over time</title>
<desc id="chart-words">${words}</desc>
${bars.join('\n')}
<line class="axis" x1="${left}" y1="${zero.toFixed(2)}" x2="${width - right}" y2="${zero.toFixed(2)}"/>
${labels.join('\n')}
</svg>
<figcaption><span class="key refused" aria-hidden="true"></span> up: newly refused <span class="key admitted" aria-hidden="true"></span> down: newly admitted. Times are UTC${columnWords(hours, columns)}.</figcaption>
</figure>
${hoursTable(hours)}
</section>`;
}

function columnWords(hours: readonly HourCount[], columns: readonly Column[]): string {
  const [first, second] = columns;
  if (first === undefined || second === undefined || hours.length < 2) return '';
  const spanHours = (second.fromMs - first.fromMs) / hourMs;
  return spanHours === 1 ? '; a column is an hour' : `; a column is ${spanHours} hours`;
}

const hourMs = 3_600_000;

function columnsOf(hours: readonly HourCount[]): readonly Column[] {
  const [first, last] = [hours[0], hours.at(-1)];
  if (first === undefined || last === undefined || !hours.some(hasFlips)) return [];
  const spanHours = (last.hourMs - first.hourMs) / hourMs + 1;
  const columnMs = Math.ceil(spanHours / columnsMax) * hourMs;
  const columns = Array.from({ length: Math.ceil((spanHours * hourMs) / columnMs) }, (_, at) => ({
    fromMs: first.hourMs + at * columnMs,
    newlyRefused: 0,
    newlyAdmitted: 0,
  }));
  for (const hour of hours) {
    const column = columns[Math.floor((hour.hourMs - first.hourMs) / columnMs)];
    if (column === undefined) continue;
    column.newlyRefused += hour.newlyRefused;
    column.newlyAdmitted += hour.newlyAdmitted;
  }
  return columns;
}

function axisLabels(
  columns: readonly Column[],
  xOf: (at: number) => number,
  y: number,
  label: (x: number, y: number, anchor: string, text: string) => string,
): readonly string[] {
  const every = Math.max(1, Math.ceil(columns.length / 6));
  return columns.flatMap(({ fromMs }, at) => {
    if (at % every !== 0) return [];
    return [label(xOf(at), y, 'start', columns.length > 48 ? sayHour(fromMs).slice(0, 10) : sayHour(fromMs).slice(5))];
  });
}

function hoursTable(hours: readonly HourCount[]): string {
  const flipped = hours.filter(hasFlips);
  const rows = flipped
    .slice(0, rowsMax)
    .map((hour) => [
      sayHour(hour.hourMs),
      number(hour.calls),
      number(hour.refusedInForce),
      number(hour.refusedByCandidate),
      number(hour.newlyRefused),
      number(hour.newlyAdmitted),
    ]);
  const headers = ['hour (UTC)', 'calls', 'refused in force', 'by candidate', 'newly refused', 'newly admitted'];
  return `<details><summary>The numbers of the chart</summary>${table('Hours with flipped calls', headers, rows, flipped.length - rows.length)}</details>`;
}

function tablePart<Row extends FlipCount>(
  heading: string,
  of: string,
  rows: readonly Row[],
  nameOf: (row: Row) => string,
): string {
  if (rows.length === 0) return '';
  const cells = rows
    .slice(0, rowsMax)
    .map((row) => [nameOf(row), number(row.calls), number(row.newlyRefused), number(row.newlyAdmitted)]);
  const headers = [of, 'calls', 'newly refused', 'newly admitted'];
  return `<section><h2>${heading}</h2>${table(heading, headers, cells, rows.length - cells.length)}</section>`;
}

function rulesPart({ byRule }: BacktestReport): string {
  if (byRule.length === 0) return '';
  const rows = byRule
    .slice(0, rowsMax)
    .map((each) => [
      each.rule,
      number(each.refusedInForce),
      number(each.refusedByCandidate),
      number(each.newlyRefused),
      number(each.newlyAdmitted),
    ]);
  const headers = ['rule', 'refused in force', 'by candidate', 'newly refused', 'newly admitted'];
  return `<section><h2>By rule</h2>${table('By rule', headers, rows, byRule.length - rows.length)}</section>`;
}

function examplesPart({ examples }: BacktestReport): string {
  if (examples.length === 0) return '';
  const rows = examples.map((flip) => [
    new Date(flip.atMs).toISOString(),
    flip.kind.replace('-', ' '),
    flip.rule,
    flip.caller,
    flip.source,
    flip.system ?? '',
    flip.service ?? '',
  ]);
  const headers = ['at', 'flip', 'rule', 'participant', 'source', 'system', 'service'];
  return `<section><h2>The first of each kind</h2>${table('The first flipped calls', headers, rows, 0)}</section>`;
}

function table(
  caption: string,
  headers: readonly string[],
  rows: readonly (readonly string[])[],
  more: number,
): string {
  const head = headers.map((header) => `<th scope="col">${escaped(header)}</th>`).join('');
  const body = rows
    .map(
      (row) =>
        `<tr>${row.map((cell, at) => (at === 0 ? `<th scope="row">${escaped(cell)}</th>` : `<td>${escaped(cell)}</td>`)).join('')}</tr>`,
    )
    .join('\n');
  const note = more > 0 ? `<p>${number(more)} more; <code>--json</code> has everything.</p>` : '';
  return `<div class="scroll" role="region" aria-label="${escaped(caption)}" tabindex="0"><table><caption>${escaped(caption)}</caption><thead><tr>${head}</tr></thead><tbody>\n${body}\n</tbody></table></div>${note}`;
}

function hasFlips({ newlyRefused, newlyAdmitted }: FlipCount): boolean {
  return newlyRefused + newlyAdmitted > 0;
}

function number(value: number): string {
  return value.toLocaleString('en-US');
}

const entities: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
};

/** Names of callers and services come from outside: nothing of them is markup. */
function escaped(text: string): string {
  return text.replace(/[&<>"']/g, (character) => entities[character] ?? '').replace(/\p{Cc}/gu, ' ');
}

/** Contrast of text and of both bars against the ground is at least 4.5 : 1, in light and in dark. */
const style = `
:root { color-scheme: light dark; --ground: #ffffff; --text: #1b1f24; --quiet: #57606a; --line: #8c959f; --refused: #b42318; --admitted: #0b6e4f; --panel: #f3f5f7; }
@media (prefers-color-scheme: dark) { :root { --ground: #14181d; --text: #e6eaee; --quiet: #a3adb8; --line: #6e7a86; --refused: #ff8a7a; --admitted: #4fd1a5; --panel: #1e242b; } }
body { margin: 0; background: var(--ground); color: var(--text); font: 16px/1.5 system-ui, sans-serif; }
main { max-width: 62rem; margin: 0 auto; padding: 1.5rem; }
h1 { font-size: 1.5rem; overflow-wrap: anywhere; } h2 { font-size: 1.15rem; margin-top: 2rem; }
.sums { display: flex; flex-wrap: wrap; gap: 1rem; margin: 1rem 0; } .sums div { background: var(--panel); padding: .6rem 1rem; border-radius: .4rem; }
.sums dt { color: var(--quiet); font-size: .85rem; } .sums dd { margin: 0; font-size: 1.4rem; font-variant-numeric: tabular-nums; }
dd.refused, .failed strong { color: var(--refused); } dd.admitted, .passed strong { color: var(--admitted); }
figure { margin: 0; } svg { width: 100%; height: auto; background: var(--panel); border-radius: .4rem; } svg text { fill: var(--text); font-size: 12px; }
rect.refused { fill: var(--refused); } rect.admitted { fill: var(--admitted); } .axis { stroke: var(--line); }
.key { display: inline-block; width: .8em; height: .8em; } .key.refused { background: var(--refused); } .key.admitted { background: var(--admitted); }
.scroll { overflow-x: auto; } table { border-collapse: collapse; width: 100%; font-variant-numeric: tabular-nums; } caption { text-align: left; color: var(--quiet); font-size: .85rem; }
th, td { text-align: right; padding: .25rem .6rem; border-bottom: 1px solid var(--line); } th:first-child { text-align: left; font-weight: normal; overflow-wrap: anywhere; } thead th { font-weight: 600; }
.read, figcaption { color: var(--quiet); font-size: .9rem; } :focus-visible { outline: 2px solid currentColor; }
@media print { .scroll { overflow: visible; } }
`;
