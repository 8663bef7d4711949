// What a backtest found, for a person: the verdict first, then who, where, by which rule and when, then what was read.
import type { BacktestReport, FlipCount } from '@headgate/rules';
import type { ArrivalReading } from '../backtest/read-arrivals.ts';
import type { Output } from '../context.ts';
import { type TextCell, textTable } from './text-table.ts';

/** Rows of one table; `--json` has every one. */
const rowsMax = 15;

/** The tables. */
export function backtestText(report: BacktestReport, stream: Output): string {
  const columnsMax = stream.isTTY === true ? stream.columns : undefined;
  const table = (headers: readonly string[], rows: readonly (readonly (string | TextCell)[])[]) =>
    textTable(headers, rows.slice(0, rowsMax), { columnsMax }) +
    (rows.length > rowsMax ? `(${rows.length - rowsMax} more; --json has everything)\n` : '');
  const flips = report.newlyRefused + report.newlyAdmitted;
  if (flips === 0) return `${verdictLines(report).join('\n')}\n`;
  const hours = report.byHour.filter(hasFlips).toSorted((a, b) => flipsOf(b) - flipsOf(a));
  const parts = [
    `${verdictLines(report).join('\n')}\n`,
    table(
      ['participant', 'calls', 'newly refused', 'newly admitted'],
      report.byCaller.filter(hasFlips).map((each) => [each.caller, ...cells(each)]),
    ),
    table(
      ['system', 'calls', 'newly refused', 'newly admitted'],
      report.bySystem.filter(hasFlips).map((each) => [each.system ?? '(none told)', ...cells(each)]),
    ),
    table(
      ['rule', 'refused in force', 'by candidate', 'newly refused', 'newly admitted'],
      report.byRule.map((each) => [
        each.rule,
        number(each.refusedInForce),
        number(each.refusedByCandidate),
        number(each.newlyRefused),
        number(each.newlyAdmitted),
      ]),
    ),
    table(
      ['hour (UTC), most flips first', 'calls', 'newly refused', 'newly admitted'],
      hours.map((each) => [`${sayHour(each.hourMs)}`, ...cells(each)]),
    ),
  ];
  return parts.join('\n');
}

function verdictLines(report: BacktestReport): readonly string[] {
  const { arrivals, firstMs, lastMs, inForce, candidate, newlyRefused, newlyAdmitted } = report;
  if (arrivals === 0 || firstMs === null || lastMs === null)
    return ['no recorded call came as far as the limits in this span'];
  return [
    `${number(arrivals)} calls from ${sayInstant(firstMs)} to ${sayInstant(lastMs)}`,
    `policy in force  admits ${number(inForce.admitted)}, refuses ${number(inForce.refused)}`,
    `candidate        admits ${number(candidate.admitted)}, refuses ${number(candidate.refused)}`,
    `newly refused    ${number(newlyRefused)}`,
    `newly admitted   ${number(newlyAdmitted)}`,
    ...notJudgedLines(report),
  ];
}

/** What a reader must know of what was read, one sentence each; none when all is well. */
export function backtestWarnings(report: BacktestReport, reading: ArrivalReading): readonly string[] {
  const { recorded, inForce, candidate, unlisted } = report;
  const unlike = recorded.told - recorded.alike;
  return [
    ...(unlike === 0
      ? []
      : [
          `the policy in force decides ${number(unlike)} of ${number(recorded.told)} calls otherwise than was recorded (${number(recorded.refusedThenAdmittedNow)} were refused, ${number(recorded.admittedThenRefusedNow)} were admitted): another policy may have been in force then`,
        ]),
    ...notJudgedLines(report),
    ...untoldWarnings('the policy in force', inForce.untold),
    ...untoldWarnings('the candidate', candidate.untold),
    ...spaceWarnings('the policy in force', inForce.refusedForSpace),
    ...spaceWarnings('the candidate', candidate.refusedForSpace),
    ...Object.entries(candidate.shadowRefused).map(
      ([rule, count]) => `${rule} of the candidate is in shadow mode: it would have refused ${number(count)}`,
    ),
    ...(reading.late === 0
      ? []
      : [
          `${many(reading.late, 'call')} came too late for the order and ${reading.late === 1 ? 'is' : 'are'} left out: with --reorder ${Math.ceil(reading.lateMsMax / 1_000)}s more none would`,
        ]),
    ...(reading.hurried === 0
      ? []
      : [`${many(reading.hurried, 'call')} decided before the window of --reorder was over: too many were held`]),
    ...(reading.gaps === 0 ? [] : [`${many(reading.gaps, 'gap')}: records are missing there`]),
    ...reading.damaged.map((file) => `${file} is damaged or cut off; what stands before was read`),
    ...(reading.unreadable === 0 ? [] : [`${many(reading.unreadable, 'line')} cannot be read`]),
    ...reading.examples.map(({ file, line, why }) => `${file}:${line} ${why}`),
    ...Object.entries(unlisted).flatMap(([what, count]) =>
      count === 0 ? [] : [`${many(count, 'call')} of ${what} past the bound: in the sums, and in no list`],
    ),
  ];
}

/** Rules that decided nothing, a line for each. */
function notJudgedLines({ inForce, candidate }: BacktestReport): readonly string[] {
  const lines = [...inForce.notJudged, ...candidate.notJudged].map(
    ({ rule, reason }) => `${rule} not judged: ${reason}`,
  );
  return [...new Set(lines)];
}

function untoldWarnings(whose: string, untold: Readonly<Record<string, number>>): readonly string[] {
  return Object.entries(untold).map(
    ([rule, count]) =>
      `${rule} of ${whose}: ${many(count, 'call')} of which the recording says neither size nor duration counted as nothing`,
  );
}

function spaceWarnings(whose: string, count: number): readonly string[] {
  if (count === 0) return [];
  return [
    `${number(count)} of the refusals of ${whose} are for want of space in the counters, as a gateway of one node would refuse: they are no rule's`,
  ];
}

/** What was read, in one line. */
export function readingText(reading: ArrivalReading, warmUp: number): string {
  const others = Object.entries(reading.noArrivals);
  const notes = [
    `${many(reading.lines, 'line')} in ${many(reading.files, 'file')}`,
    `${number(reading.arrivals)} of them calls that came as far as the limits`,
    ...(warmUp === 0 ? [] : [`${number(warmUp)} of these before the span, to fill the windows`]),
    ...(others.length === 0
      ? []
      : [`no limit was asked of ${others.map(([why, count]) => `${number(count)} (${why})`).join(', ')}`]),
    ...(reading.outside === 0 ? [] : [`${number(reading.outside)} outside of the span`]),
  ];
  return `${notes.join('; ')}\n`;
}

function hasFlips(count: FlipCount): boolean {
  return flipsOf(count) > 0;
}

function flipsOf({ newlyRefused, newlyAdmitted }: FlipCount): number {
  return newlyRefused + newlyAdmitted;
}

function cells({ calls, newlyRefused, newlyAdmitted }: FlipCount): readonly string[] {
  return [number(calls), number(newlyRefused), number(newlyAdmitted)];
}

/** An hour, as 2024-02-21 13:00. */
export function sayHour(hourMs: number): string {
  return new Date(hourMs).toISOString().slice(0, 16).replace('T', ' ');
}

function sayInstant(atMs: number): string {
  return `${new Date(atMs).toISOString().slice(0, 19)}Z`;
}

function many(count: number, one: string): string {
  return `${number(count)} ${one}${count === 1 ? '' : 's'}`;
}

function number(value: number): string {
  return value.toLocaleString('en-US');
}
