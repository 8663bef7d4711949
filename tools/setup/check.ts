// `npm run check`: everything that needs no server. Arguments are passed on, as in `npm run check -- --only links`.

import { join } from 'node:path';
import { runAttached } from './child.mjs';

const main = join(import.meta.dirname, '..', 'check', 'main.ts');
process.exitCode = await runAttached(process.execPath, [main, ...process.argv.slice(2)]);
