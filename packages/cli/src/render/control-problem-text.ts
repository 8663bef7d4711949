// A problem of control as a person reads it: what, why, and what to do.
import type { Output } from '../context.ts';
import type { ControlProblemAnswer } from '../control/control-said-no.ts';
import { paint } from './paint.ts';
import { oneLine } from './plain-text.ts';

/** Writes a problem in a few lines, ending in a line break. */
export function controlProblemText(problem: ControlProblemAnswer, stream: Output): string {
  const { title, code, detail, fix, status, retryAfterSeconds } = problem;
  const lines = [
    `${paint(stream, ['red', 'bold'], title)}  ${paint(stream, 'dim', code)}`,
    `  ${oneLine(detail)}`,
    `  fix:        ${oneLine(fix)}`,
    `  said by:    control (status ${status})`,
    ...(retryAfterSeconds === undefined ? [] : [`  wait:       ${retryAfterSeconds} s`]),
  ];
  return `${lines.join('\n')}\n`;
}
