// `npm start`: builds what must be built, then hands over to the demonstration of the one binary.

import { resolve } from 'node:path';
import { bringBuilds, builds } from './builds.ts';
import { runAttached } from './child.mjs';

const root = resolve(import.meta.dirname, '..', '..');

await bringBuilds(builds, root, (sentence) => console.error(`set-up: ${sentence}`));
const args = ['packages/cli/src/main.ts', 'start', '--end-with-starter', ...process.argv.slice(2)];
process.exitCode = await runAttached(process.execPath, args, { cwd: root, endWithStarter: true });
