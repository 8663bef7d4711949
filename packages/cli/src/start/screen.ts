// The one screen of the demo: redrawn in place on a terminal, a plain line now and then elsewhere (logs, CI).
import { styleText } from 'node:util';
import type { Output } from '../context.ts';
import type { Summary } from './summary.ts';
import { summaryLines } from './summary.ts';
import type { Suggestion } from './try-next.ts';

/** Shows summaries. */
export interface Screen {
  /** `unsent`: calls of the demo's own participants that never reached the gateway, by problem code. */
  draw(summary: Summary, unsent: ReadonlyMap<string, number>): void;
  close(): void;
}

/** What stays on the screen under the summary. */
export interface ScreenOptions {
  readonly suggestions: readonly Suggestion[];
  readonly pids: string;
  readonly quiet: boolean;
}

/** Calls between two plain lines where there is no terminal. */
const plainEvery = 10;

/** Creates the screen on an output. */
export function createScreen(output: Output, { suggestions, pids, quiet }: ScreenOptions): Screen {
  const bold = (text: string) => (output.isTTY === true ? styleText('bold', text) : text);
  const dim = (text: string) => (output.isTTY === true ? styleText('dim', text) : text);
  const below = [
    '',
    bold('Try, in a second terminal:'),
    ...suggestions.flatMap(({ shows, command }) => [dim(`  # ${shows}`), `  ${command}`]),
    '',
    dim(`Processes: ${pids}. Ctrl-C stops everything.`),
  ];
  if (output.isTTY !== true || quiet) {
    output.write(`${below.join('\n')}\n\n`);
    return quiet ? { draw: () => undefined, close: () => undefined } : plainScreen(output);
  }
  output.write('\x1b[?25l\x1b[2J');
  return {
    draw(summary, unsent) {
      const lines = [
        bold('Headgate'),
        '',
        ...summaryLines(summary, output.columns ?? 120),
        ...unsentLines(unsent),
        ...below,
      ];
      // Home, then each line cleared to its end: redrawing without clearing the screen does not flicker.
      output.write(`\x1b[H${lines.map((line) => `${line}\x1b[K`).join('\n')}\x1b[J`);
    },
    close: () => {
      output.write('\x1b[?25h\n');
    },
  };
}

function plainScreen(output: Output): Screen {
  let shownCalls = -plainEvery;
  return {
    draw(summary, unsent) {
      if (summary.calls - shownCalls < plainEvery) return;
      shownCalls = summary.calls;
      output.write(`${[...summaryLines(summary, 160), ...unsentLines(unsent)].join('\n')}\n\n`);
    },
    close: () => undefined,
  };
}

function unsentLines(unsent: ReadonlyMap<string, number>): readonly string[] {
  if (unsent.size === 0) return [];
  return ['', `Never reached the gateway: ${[...unsent].map(([code, count]) => `${code} ${count}`).join(' · ')}`];
}
