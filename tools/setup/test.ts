// `npm test`: brings the Debian packages, builds, runs every check and every test, and closes with the counts.

import { globSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { bringPackages, thisMachine } from './bring-packages.ts';
import { bringBuilds, builds } from './builds.ts';
import { runAttached } from './child.mjs';
import { runTests } from './run-tests.ts';

const testFiles = ['packages/*/src/**/*.test.ts', 'tools/**/*.test.ts', 'bench/**/*.test.ts', 'tests/**/*.test.ts'];

const root = resolve(import.meta.dirname, '..', '..');
const say = (sentence: string) => console.error(`set-up: ${sentence}`);

async function main(chosen: readonly string[]): Promise<number> {
  const machine = thisMachine();
  // The contract with the suites: a comma-separated list of the Debian packages that are not there.
  process.env.HEADGATE_MISSING = (await bringPackages(machine, say)).join(',');
  await bringBuilds(builds, root, say);
  // Named files are for the inner loop: no checks then, only those tests.
  const checksPass =
    chosen.length > 0 || (await runAttached(process.execPath, ['tools/check/main.ts'], { cwd: root })) === 0;
  const patterns = chosen.length > 0 ? chosen : testFiles;
  const files = globSync([...patterns], { cwd: root, exclude: ['**/node_modules/**'] })
    .sort()
    .map((path) => join(root, path));
  if (files.length === 0) throw new Error(`No test file matches ${patterns.join(', ')}.`);
  const { passed, failed, skipped } = await runTests(files, root, console.log);

  const skipsAreFaults = machine.isDebian && machine.isRoot;
  for (const line of skipped) console.log(`skipped ${line}`);
  if (skipsAreFaults && skipped.length > 0)
    console.log('On Debian as root everything can run, so a skipped test is a failure.');
  if (!checksPass) console.log('A check failed; see above, or run: npm run check');
  console.log(`${passed} passed, ${failed} failed, ${skipped.length} skipped`);
  return checksPass && failed === 0 && !(skipsAreFaults && skipped.length > 0) ? 0 : 1;
}

try {
  process.exitCode = await main(process.argv.slice(2));
} catch (error) {
  say(error instanceof Error ? error.message : String(error));
  process.exitCode = 1;
}
