// `headgate import bigip`: the words of the command line.
import type { Register } from '../context.ts';
import { type BigipOptions, importNamedBigip } from '../imports/import-bigip.ts';

/** Adds `import`. */
export const registerImport: Register = (program, context) => {
  const imports = program.command('import').description('read the configuration of the tier that runs now');
  imports
    .command('bigip')
    .description('make a catalogue, listeners and upstreams of bigip.conf, and list what does not translate')
    .argument('<file...>', 'bigip.conf, and bigip_base.conf beside it')
    .option('--out <folder>', 'write catalogue and gateway.yaml into this folder, which must be empty or not there')
    .option('--json', 'print JSON and nothing else')
    .action((files: string[], options: BigipOptions) => importNamedBigip(files, options, context));
};
