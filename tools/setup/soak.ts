// `npm run soak`: the long forms of the tests, which nothing else waits for.

import { globSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { bringPackages, thisMachine } from './bring-packages.ts';
import { bringBuilds, builds } from './builds.ts';
import { runTests } from './run-tests.ts';

// A soak may take the night, but not the week.
const fileMsMax = 12 * 3_600_000;

const root = resolve(import.meta.dirname, '..', '..');
const say = (sentence: string) => console.error(`set-up: ${sentence}`);

const files = globSync(['packages/*/src/**/*.soak.ts', 'tests/**/*.soak.ts', 'soak/**/*.soak.ts'], {
  cwd: root,
}).sort();
if (files.length === 0) {
  console.log('There is no soak yet: no file is named *.soak.ts. Nothing was run.');
} else {
  process.env.HEADGATE_MISSING = (await bringPackages(thisMachine(), say)).join(',');
  await bringBuilds(builds, root, say);
  const paths = files.map((path) => join(root, path));
  const { passed, failed, skipped } = await runTests(paths, root, console.log, fileMsMax);
  for (const line of skipped) console.log(`skipped ${line}`);
  console.log(`${passed} passed, ${failed} failed, ${skipped.length} skipped`);
  process.exitCode = failed === 0 ? 0 : 1;
}
