// A refusal that control answered, for whoever typed the command.
import type { ExitCode } from '../exit-codes.ts';
import { exitCodes } from '../exit-codes.ts';

/** A problem as control answers it. */
export interface ControlProblemAnswer {
  readonly title: string;
  readonly status: number;
  readonly code: string;
  readonly detail: string;
  readonly fix: string;
  /** How long to wait, in seconds, where control says so. */
  readonly retryAfterSeconds?: number;
}

/** Ends a command with the words of control. */
export class ControlSaidNo extends Error {
  override readonly name = 'ControlSaidNo';
  readonly problem: ControlProblemAnswer;
  readonly exitCode: ExitCode;

  constructor(problem: ControlProblemAnswer) {
    super(problem.detail);
    this.problem = problem;
    this.exitCode = problem.status === 404 ? exitCodes.notFound : exitCodes.failed;
  }
}

/** The problem in an answer of control; null where the answer holds none. */
export function problemIn(text: string, retryAfter: string | undefined): ControlProblemAnswer | null {
  try {
    const { title, status, code, detail, fix } = JSON.parse(text) as Partial<ControlProblemAnswer>;
    if (typeof code !== 'string' || typeof detail !== 'string' || typeof status !== 'number') return null;
    const wait = Number(retryAfter);
    return {
      title: title ?? code,
      status,
      code,
      detail,
      fix: fix ?? 'Look at `npx --no headgate problem`.',
      ...(Number.isInteger(wait) && wait > 0 ? { retryAfterSeconds: wait } : {}),
    };
  } catch {
    return null;
  }
}
