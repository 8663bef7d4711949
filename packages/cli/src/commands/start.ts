// `headgate start`, behind `npm start`: the whole chain in one terminal, on real input, until Ctrl-C.
import type { CliContext, Register } from '../context.ts';
import { exitCodes } from '../exit-codes.ts';

/** Adds `start`. */
export const registerStart: Register = (program, context) => {
  program
    .command('start')
    .description('run the demo: authority, simulator, gateway and a few participants, with a live summary')
    .option('--folder <folder>', 'where the demo keeps its keys, files and evidence', '.headgate/demo')
    .option('--quiet', 'no live summary; only what to try')
    .action((flags: { folder: string; quiet?: true }) => startDemo(flags, context));
};

async function startDemo(flags: { folder: string; quiet?: true }, context: CliContext): Promise<void> {
  const { runDemo } = await import('../start/run-demo.ts');
  await runDemo({ folder: flags.folder, quiet: flags.quiet === true }, context);
  context.exitWith(exitCodes.ok);
}
