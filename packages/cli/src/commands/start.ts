// `headgate start`, behind `npm start`: the whole chain in one terminal, on real input, until Ctrl-C.

import { Option } from 'commander';
import type { CliContext, Register } from '../context.ts';
import { endWithStarter } from '../end-with-parent.ts';
import { exitCodes } from '../exit-codes.ts';

/** Adds `start`. */
export const registerStart: Register = (program, context) => {
  program
    .command('start')
    .description('run the demo: authority, simulator, control, gateway and a few participants, with a live summary')
    .option('--folder <folder>', 'where the demo keeps its keys, files and evidence', '.headgate/demo')
    .option('--quiet', 'no live summary; only what to try')
    .addOption(new Option('--end-with-starter', 'end when the process that started this one is gone').hideHelp())
    .action((flags: StartFlags) => startDemo(flags, context));
};

interface StartFlags {
  readonly folder: string;
  readonly quiet?: true;
  readonly endWithStarter?: true;
}

async function startDemo(flags: StartFlags, context: CliContext): Promise<void> {
  if (flags.endWithStarter === true) endWithStarter();
  const { runDemo } = await import('../start/run-demo.ts');
  await runDemo({ folder: flags.folder, quiet: flags.quiet === true }, context);
  context.exitWith(exitCodes.ok);
}
