// Runs one command line: parses it, performs it, and turns whatever is thrown into words and an exit code.
import { isClientProblem } from '@headgate/client';
import { Command, CommanderError } from 'commander';
import { CliRefusal } from './cli-refusal.ts';
import type { CliContext, Register } from './context.ts';
import { ControlSaidNo } from './control/control-said-no.ts';
import { type ExitCode, exitCodeFor, exitCodes } from './exit-codes.ts';
import { controlProblemText } from './render/control-problem-text.ts';
import { problemText } from './render/problem-text.ts';

/** Runs a command line (without node and script) and returns its exit code. Never throws. */
export async function runCli(
  args: readonly string[],
  registers: readonly Register[],
  outside: Omit<CliContext, 'exitWith'>,
): Promise<ExitCode> {
  let code: ExitCode = exitCodes.ok;
  const context: CliContext = {
    ...outside,
    exitWith(next) {
      code = next;
    },
  };
  const program = createProgram(registers, context);
  try {
    await program.parseAsync([...args], { from: 'user' });
    return code;
  } catch (error) {
    return explain(error, args, context);
  }
}

function createProgram(registers: readonly Register[], context: CliContext): Command {
  const program = new Command('headgate')
    .description('One gateway for market APIs: call through it, look at its catalogue, run it.')
    // So that a command may have options of the same name as a word beneath it: each stands behind what it belongs to.
    .enablePositionalOptions()
    .showHelpAfterError('(add --help for usage)')
    .exitOverride()
    .configureOutput({
      writeOut: (text) => context.stdout.write(text),
      writeErr: (text) => context.stderr.write(text),
      getOutHasColors: () => context.stdout.isTTY === true,
      getErrHasColors: () => context.stderr.isTTY === true,
    });
  for (const register of registers) register(program, context);
  return program;
}

function explain(error: unknown, args: readonly string[], context: CliContext): ExitCode {
  // Commander has printed its own usage errors, and help, before it throws.
  if (error instanceof CommanderError) return error.exitCode === 0 ? exitCodes.ok : exitCodes.usage;
  const debug = (context.env.HEADGATE_DEBUG ?? '') !== '';
  if (isClientProblem(error)) {
    if (args.includes('--json')) context.stdout.write(`${JSON.stringify({ ok: false, problem: error })}\n`);
    // Commands that look something up never send: only `call` says so.
    else context.stderr.write(problemText(error, context.stderr, { calls: args[0] === 'call' }));
    if (debug) context.stderr.write(`${error.stack}\n`);
    return exitCodeFor(error.code);
  }
  if (error instanceof ControlSaidNo) {
    const { problem } = error;
    if (args.includes('--json')) context.stdout.write(`${JSON.stringify({ ok: false, problem })}\n`);
    else context.stderr.write(controlProblemText(problem, context.stderr));
    return error.exitCode;
  }
  if (error instanceof CliRefusal) {
    if (args.includes('--json')) context.stdout.write(`${JSON.stringify({ ok: false, refused: error.message })}\n`);
    else context.stderr.write(`headgate ${args[0] ?? ''}: ${error.message}\n`);
    return error.exitCode;
  }
  const said = error instanceof Error ? error.message : String(error);
  const hint = debug ? `${error instanceof Error ? error.stack : ''}\n` : 'Set HEADGATE_DEBUG=1 for the whole story.\n';
  context.stderr.write(`headgate: this is a defect of Headgate: ${said}\n${hint}`);
  return exitCodes.defect;
}
