// The public surface of the command line: running it in a process that already runs.
export type { CliContext, Output, Register } from './context.ts';
export { type ExitCode, exitCodes } from './exit-codes.ts';
export { runCli } from './run.ts';
