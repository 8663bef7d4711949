// A refusal of the command line itself: something on this machine that a person can mend. No defect, and no problem of a call.
import type { ExitCode } from './exit-codes.ts';

/** Ends a command with its own words and an exit code, without a stack. */
export class CliRefusal extends Error {
  override readonly name = 'CliRefusal';
  readonly exitCode: ExitCode;

  constructor(sentence: string, exitCode: ExitCode) {
    super(sentence);
    this.exitCode = exitCode;
  }
}
