// The report as Markdown, for docs/ and for the terminal.

import type { Difference } from './differences.ts';
import type { AimResult, Report, Row, Run } from './report.ts';
import { serverNames, serverTitles } from './servers.ts';
import type { Spread } from './statistics.ts';

/** CPUs kept busy by others from which a run is pointed out. */
const quietCpusMax = 0.3;

/** A number as a reader wants it: three figures, thousands set apart. */
export function figure(value: number): string {
  const digits = value >= 100 ? 0 : value >= 10 ? 1 : 2;
  return value.toLocaleString('en-US', { minimumFractionDigits: digits, maximumFractionDigits: digits });
}

/** `0.84 (0.81–0.88)`, or `0.84` of one round. */
export function sayRatio(ratio: Spread | null): string {
  if (ratio === null) return '–';
  const median = ratio.median.toFixed(2);
  return ratio.min === ratio.max ? median : `${median} (${ratio.min.toFixed(2)}–${ratio.max.toFixed(2)})`;
}

/** The whole table, with the machine above and the differences below. */
export function renderTable(report: Report, differences: readonly Difference[]): string {
  const servers = serverNames.filter((name) => report.rows.some((row) => row[name] !== null));
  const lines = [
    ...machineLines(report),
    '',
    tableLine(['', 'unit', ...servers.map((name) => serverTitles[name])]),
    tableLine(['---', '---', ...servers.map(() => '---:')]),
    ...report.rows.map((row) =>
      tableLine([row.title, row.unit, ...servers.map((name) => (row[name] === null ? '–' : figure(row[name])))]),
    ),
    '',
    'Headgate beside the others: the median of the rounds, and the least and the greatest.',
    '',
    tableLine(['', '÷ nginx', '÷ HAProxy', '÷ best npm proxy', 'aim']),
    tableLine(['---', '---:', '---:', '---:', '---']),
    ...report.rows.map(ratioLine),
    ...report.notMeasured.map(({ metric, why }) => `\nNot measured: ${metric}: ${why}`),
    ...faultLines(report.runs),
    '',
    'What differs between the policies:',
    '',
    ...differences.map(({ subject, sentence }) => `- ${subject}: ${sentence}`),
  ];
  return `${lines.join('\n')}\n`;
}

const publishedFrom = '<!-- published: from here -->';
const publishedTo = '<!-- published: to here -->';

/** A page with its published part replaced. Raises an error for a page without the two marks. */
export function withPublished(page: string, published: string): string {
  const from = page.indexOf(publishedFrom);
  const to = page.indexOf(publishedTo, from);
  if (from < 0 || to < 0) throw new Error(`the page has no lines "${publishedFrom}" and "${publishedTo}"`);
  return `${page.slice(0, from + publishedFrom.length)}\n\n${published.trim()}\n\n${page.slice(to)}`;
}

function machineLines({ machine, date, rounds, quick }: Report): string[] {
  const versions = Object.entries(machine.versions).map(([name, version]) => `${name} ${version}`);
  return [
    `Measured ${date.slice(0, 10)} on ${machine.cpus} CPUs (${machine.cpu}), ${machine.memoryGb} GB, ${machine.system}.`,
    `Node ${machine.node}, OpenSSL ${machine.openssl}; ${versions.join(', ')}. The server had one CPU alone.`,
    quick
      ? `A quick run of ${sayRounds(rounds)}: it shows that everything works, and its numbers are not for quoting.`
      : `${sayRounds(rounds)}, servers in turn within each.`,
  ];
}

function sayRounds(rounds: number): string {
  return rounds === 1 ? '1 round' : `${rounds} rounds`;
}

function ratioLine(row: Row): string {
  const ratios = [row.ratioToNginx, row.ratioToHaproxy, row.ratioToBestNpmProxy].map(sayRatio);
  return tableLine([row.title, ...ratios, row.aims.map(sayAim).join('; ')]);
}

function sayAim({ sentence, met }: AimResult): string {
  return `${sentence}: ${met === null ? 'not measured' : met ? 'met' : 'missed'}`;
}

function faultLines(runs: readonly Run[]): string[] {
  const wrong = runs.filter(({ fault }) => fault !== null);
  const noisy = runs.filter(({ foreignCpus }) => foreignCpus !== null && foreignCpus > quietCpusMax);
  return [
    ...(wrong.length === 0 ? [] : ['', 'Wrong runs, which count for nothing:', '']),
    ...wrong.map(({ metric, server, round, fault }) => `- ${metric}, ${server}, round ${round}: ${fault}`),
    ...(noisy.length === 0
      ? []
      : ['', `In ${noisy.length} of ${runs.length} runs others kept more than ${quietCpusMax} CPUs busy.`]),
  ];
}

function tableLine(cells: readonly string[]): string {
  return `| ${cells.map((cell) => cell.replaceAll('|', '\\|')).join(' | ')} |`;
}
