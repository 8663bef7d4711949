// What a command may touch of the outside: streams, environment, clock and the place of the workspace.
import type { Command } from 'commander';
import type { ExitCode } from './exit-codes.ts';

/** A stream to write to; colours are used only where it is a terminal. */
export interface Output extends NodeJS.WritableStream {
  readonly isTTY?: boolean;
  readonly columns?: number;
  readonly rows?: number;
}

/** Everything a command gets from outside. */
export interface CliContext {
  readonly stdout: Output;
  readonly stderr: Output;
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Now, in ms since 1970 UTC. */
  readonly clock: () => number;
  /** The folder that holds `packages` and `catalogues`. */
  readonly workspaceRoot: string;
  /** For a command whose work others rely on: it goes on when nobody reads its words any more. The rest stops then. */
  goOnUnseen(): void;
  /** Sets what the process exits with; the last call counts. */
  exitWith(code: ExitCode): void;
}

/** Adds one command, or one group of them, to the program. */
export type Register = (program: Command, context: CliContext) => void;
