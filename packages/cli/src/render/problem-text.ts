// A problem as a person reads it: what, why, what to do, and what to quote.
import type { ClientProblem } from '@headgate/client';
import type { Output } from '../context.ts';
import { paint } from './paint.ts';

const parties = {
  gateway: 'the gateway',
  system: 'the market system',
  network: 'the network',
  client: 'this client; nothing was sent',
} as const;
const forwardedWords = {
  no: 'not forwarded to the system, so repeating is safe',
  partly: 'forwarded in part',
  yes: 'forwarded to the system',
} as const;

/** Writes a problem in a few lines, ending in a line break. No stack, no cause. */
export function problemText(problem: ClientProblem, stream: Output): string {
  const lines = [
    `${paint(stream, ['red', 'bold'], problem.title)}  ${paint(stream, 'dim', problem.code)}`,
    `  ${oneLine(problem.detail)}`,
    labelled('fix', problem.fix),
    labelled('refused by', refusedBy(problem)),
  ];
  if (problem.retryAfterSeconds !== undefined) lines.push(labelled('wait', seconds(problem.retryAfterSeconds)));
  if (problem.status !== undefined) lines.push(labelled('status', String(problem.status)));
  if (problem.exchange !== undefined) lines.push(labelled('exchange', problem.exchange));
  return `${lines.join('\n')}\n`;
}

function refusedBy({ refusedBy: party, forwarded, code }: ClientProblem): string {
  // What this client finds wrong with an answer was sent and answered.
  const words = party === 'client' && /^(?:diagnose|call)\./.test(code) ? 'this client' : parties[party];
  return forwarded === undefined ? words : `${words}; ${forwardedWords[forwarded]}`;
}

function seconds(count: number): string {
  return count === 1 ? '1 second' : `${count} seconds`;
}

function labelled(label: string, text: string): string {
  return `  ${`${label}:`.padEnd(12)}${oneLine(text)}`;
}

function oneLine(text: string): string {
  return text.replace(/[\p{Cc}\p{Cf}\s]+/gu, ' ').trim();
}
