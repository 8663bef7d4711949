// `headgate version`: which Headgate on which Node.
import type { Register } from '../context.ts';
import { exitCodes } from '../exit-codes.ts';

/** Version of the product, the same for every package. */
const productVersion = '0.1.0';

/** Adds `version`. */
export const registerVersion: Register = (program, context) => {
  const sentence = `headgate ${productVersion} on Node ${process.versions.node}`;
  program.version(sentence, '-V, --version', 'print the version of Headgate and of Node');
  program
    .command('version')
    .description('print the version of Headgate and of Node')
    .action(() => {
      context.stdout.write(`${sentence}\n`);
      context.exitWith(exitCodes.ok);
    });
};
