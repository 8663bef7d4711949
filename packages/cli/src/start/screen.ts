// The one screen of the demo: redrawn in place on a terminal and made for its size, a plain line now and then elsewhere
// (logs, CI).
import { styleText } from 'node:util';
import type { Output } from '../context.ts';
import { cut, lastCallLines, type Summary, summaryLines } from './summary.ts';
import { deckNote, type Suggestion } from './try-next.ts';

/** Shows summaries. */
export interface Screen {
  /** `unsent`: calls of the demo's own participants that never reached the gateway, by problem code. */
  draw(summary: Summary, unsent: ReadonlyMap<string, number>): void;
  close(): void;
}

/** What stays on the screen under the summary. */
export interface ScreenOptions {
  readonly suggestions: readonly Suggestion[];
  /** The file that holds the suggestions too, as the person at the keyboard would write it. */
  readonly page: string;
  /** What must not scroll away, such as a port that was taken. */
  readonly notes: readonly string[];
  /** A one-time link to control. */
  readonly signIn: string;
  readonly pids: string;
  readonly quiet: boolean;
}

/** What one picture is made of. */
export interface Picture extends Omit<ScreenOptions, 'quiet'> {
  readonly summary: Summary;
  readonly unsent: ReadonlyMap<string, number>;
}

/** A line, and how it is painted; the paint does not count for its width. */
export interface ScreenLine {
  readonly text: string;
  readonly style: 'plain' | 'bold' | 'dim';
}

/** Calls between two plain lines where there is no terminal. */
const plainEvery = 10;

/** Size of a terminal that does not tell its own. */
const usualSize = { rows: 40, columns: 120 } as const;

/** Creates the screen on an output. */
export function createScreen(output: Output, options: ScreenOptions): Screen {
  if (output.isTTY !== true || options.quiet) return plainScreen(output, options);
  let last: Parameters<Screen['draw']> | null = null;
  const draw: Screen['draw'] = (summary, unsent) => {
    last = [summary, unsent];
    // A terminal that nobody gave a size says 0.
    const size = { rows: output.rows || usualSize.rows, columns: output.columns || usualSize.columns };
    const lines = composeScreen({ ...options, summary, unsent }, size);
    // Home, then each line cleared to its end: redrawing without clearing the screen does not flicker.
    output.write(`\x1b[H${lines.map((line) => `${painted(line)}\x1b[K`).join('\n')}\x1b[J`);
  };
  const redraw = () => last !== null && draw(...last);
  output.on('resize', redraw);
  output.write('\x1b[?25l\x1b[2J');
  return {
    draw,
    close: () => {
      output.off('resize', redraw);
      output.write('\x1b[?25h\n');
    },
  };
}

function painted({ text, style }: ScreenLine): string {
  return style === 'plain' ? text : styleText(style, text);
}

const plain = (text: string): ScreenLine => ({ text, style: 'plain' });
const bold = (text: string): ScreenLine => ({ text, style: 'bold' });
const dim = (text: string): ScreenLine => ({ text, style: 'dim' });
const gap = plain('');
const callsTitle = 'Last calls (UTC)';
const signInLine = 'Sign in to control with a browser, once, within 10 minutes:';
const stopLine = (pids: string) => `Ctrl-C stops everything. Processes: ${pids}.`;

/**
 * The lines for a terminal of a size: the summary first, the processes last, and between them as many of the commands,
 * then of the last calls, as fit. Never more than `rows` lines, none as wide as `columns`: a full line would wrap.
 */
export function composeScreen(picture: Picture, { rows, columns }: { rows: number; columns: number }): ScreenLine[] {
  const { summary, unsent, notes, signIn, pids } = picture;
  const width = columns - 1;
  const top = [bold('Headgate'), ...[...summaryLines(summary, width), ...unsentLines(unsent)].map(plain)];
  // A link that is cut leads nowhere; `TRY.md` has the command that makes one.
  const link = signIn.length > width ? [] : [plain(signInLine), plain(signIn)];
  const bottom = [...notes.map(plain), ...link, ...wrapped(stopLine(pids), /(?<=[.,:]) /, width).map(dim)];
  const commands = commandLines(picture, { rows: rows - top.length - bottom.length, columns: width });
  const free = rows - top.length - commands.length - bottom.length;
  const calls = lastCallLines(summary, width).slice(-Math.max(0, free - 2));
  const middle = free > 2 && calls.length > 0 ? [gap, plain(callsTitle), ...calls.map(plain)] : [];
  const lines = [...top, ...middle, ...commands, ...bottom];
  const fitting = lines.length <= rows ? lines : [...top, ...bottom].slice(0, rows);
  return fitting.map(({ text, style }) => ({ text: cut(text, width), style }));
}

/** All commands with what they show, or the commands alone, or as many as fit and where all are written. */
function commandLines({ suggestions, page }: Picture, room: { rows: number; columns: number }): ScreenLine[] {
  const title = bold('Try, in a second terminal:');
  const forms = [
    [
      gap,
      title,
      ...suggestions.flatMap(({ shows, command }) => [dim(`  # ${shows}`), plain(`  ${command}`)]),
      dim(`  (${deckNote})`),
    ],
    [gap, title, ...suggestions.map(({ command }) => plain(`  ${command}`))],
  ];
  // A command that is cut cannot be pasted.
  const isWhole = ({ text, style }: ScreenLine) => style === 'dim' || text.length <= room.columns;
  const fitting = forms.find((lines) => lines.length <= room.rows && lines.every(isWhole));
  if (fitting !== undefined) return fitting;
  const some = continuedCommands(suggestions, { rows: room.rows - 2, columns: room.columns });
  if (some.length === 0) return [gap, bold(`Commands to try: ${page}`)];
  return [gap, bold(`Try, in a second terminal; all commands: ${page}`), ...some.map(plain)];
}

/** The commands that fit, whole: a long one goes on after a backslash, as a shell reads it. */
function continuedCommands(suggestions: readonly Suggestion[], room: { rows: number; columns: number }): string[] {
  const lines: string[] = [];
  for (const { command } of suggestions) {
    const isShort = command.length + 2 <= room.columns;
    const parts = isShort ? [command] : wrapped(command, / (?=--profile |https:)/, room.columns - 5);
    const last = parts.length - 1;
    const shown = parts.map((part, at) => `${at === 0 ? '  ' : '   '}${part}${at === last ? '' : ' \\'}`);
    const fits = shown.every((line) => line.length <= room.columns) && lines.length + shown.length <= room.rows;
    if (fits) lines.push(...shown);
  }
  return lines;
}

/** A text in lines of at most `columns` characters, broken only at the spaces that `at` matches; a longer part stays whole. */
function wrapped(text: string, at: RegExp, columns: number): string[] {
  const lines: string[] = [];
  for (const part of text.split(at)) {
    const longer = lines.length === 0 ? part : `${lines.at(-1)} ${part}`;
    if (lines.length > 0 && longer.length <= columns) lines[lines.length - 1] = longer;
    else lines.push(part);
  }
  return lines;
}

function plainScreen(output: Output, { suggestions, notes, signIn, pids, quiet }: ScreenOptions): Screen {
  const lines = [
    'Try, in a second terminal:',
    ...suggestions.flatMap(({ shows, command }) => [`  # ${shows}`, `  ${command}`]),
    `  (${deckNote})`,
    '',
    ...notes,
    signInLine,
    signIn,
    stopLine(pids),
  ];
  output.write(`\n${lines.join('\n')}\n\n`);
  let shownCalls = -plainEvery;
  return {
    draw(summary, unsent) {
      if (quiet || summary.calls - shownCalls < plainEvery) return;
      shownCalls = summary.calls;
      const columns = 160;
      const shown = [
        ...summaryLines(summary, columns),
        '',
        callsTitle,
        ...lastCallLines(summary, columns),
        ...unsentLines(unsent),
      ];
      output.write(`${shown.join('\n')}\n\n`);
    },
    close: () => undefined,
  };
}

function unsentLines(unsent: ReadonlyMap<string, number>): readonly string[] {
  if (unsent.size === 0) return [];
  return ['', `Never reached the gateway: ${[...unsent].map(([code, count]) => `${code} ${count}`).join(' · ')}`];
}
