// A problem as a person reads it: what, why, what to do, and what to quote.
import type { ClientProblem } from '@headgate/client';
import type { Output } from '../context.ts';
import { paint } from './paint.ts';
import { oneLine } from './plain-text.ts';

const parties = {
  gateway: 'the gateway',
  system: 'the market system',
  network: 'the network',
  client: 'this client',
} as const;
const forwardedWords = {
  no: 'not forwarded to the system',
  partly: 'forwarded in part',
  yes: 'forwarded to the system',
} as const;

/** Where a problem arose: `calls` is false for commands that never send anything. */
interface ProblemPlace {
  readonly calls: boolean;
}

/** Writes a problem in a few lines, ending in a line break. No stack, no cause. */
export function problemText(problem: ClientProblem, stream: Output, place: ProblemPlace = { calls: true }): string {
  const lines = [
    `${paint(stream, ['red', 'bold'], problem.title)}  ${paint(stream, 'dim', problem.code)}`,
    `  ${oneLine(problem.detail)}`,
    labelled('fix', problem.fix),
    labelled('refused by', refusedBy(problem, place)),
  ];
  const { notBefore, notAfter } = problem.certificate ?? {};
  if (notBefore !== undefined && notAfter !== undefined)
    lines.push(labelled('valid', `from ${notBefore} to ${notAfter}`));
  if (problem.contact !== undefined) lines.push(labelled('ask', problem.contact));
  if (problem.retryAfterSeconds !== undefined) lines.push(labelled('wait', seconds(problem.retryAfterSeconds)));
  if (problem.status !== undefined) lines.push(labelled('status', String(problem.status)));
  if (problem.exchange !== undefined) lines.push(labelled('exchange', problem.exchange));
  return `${lines.join('\n')}\n`;
}

function refusedBy({ refusedBy: party, forwarded, code, retry }: ClientProblem, { calls }: ProblemPlace): string {
  // What this client finds wrong with an answer was sent and answered.
  const isUnsent = calls && party === 'client' && !/^(?:diagnose|call)\./.test(code);
  const words = `${parties[party]}${isUnsent ? '; nothing was sent' : ''}`;
  if (forwarded === undefined) return words;
  // Where repeating never helps, that it would be safe is no comfort.
  const isSafe = forwarded === 'no' && retry !== 'never';
  return `${words}; ${forwardedWords[forwarded]}${isSafe ? ', so repeating is safe' : ''}`;
}

function seconds(count: number): string {
  return count === 1 ? '1 second' : `${count} seconds`;
}

function labelled(label: string, text: string): string {
  return `  ${`${label}:`.padEnd(12)}${oneLine(text)}`;
}
