// `npm run bench`: Headgate beside its peers on this machine. Everything it needs beyond npm it brings itself.

import { resolve } from 'node:path';
import { runAttached } from './child.mjs';

const root = resolve(import.meta.dirname, '..', '..');

process.exitCode = await runAttached(process.execPath, ['bench/run.ts', ...process.argv.slice(2)], { cwd: root });
