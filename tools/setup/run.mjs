// The way in for `npm start`, `npm test` and `npm run` with check, soak or bench: installs what is missing, then hands
// over to tools/setup/<word>.ts on Node 24. It runs on a clean clone, so on Node 20, with no dependency and no TypeScript.

import { existsSync } from 'node:fs';
import { delimiter, dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { runAttached } from './child.mjs';
import { installPackages } from './install.mjs';

const root = resolve(dirname(fileURLToPath(import.meta.url)), '..', '..');
const say = (sentence) => console.error(`set-up: ${sentence}`);

async function main([word, ...args]) {
  const script = join(root, 'tools', 'setup', `${word}.ts`);
  if (word === undefined || !/^[a-z]+$/.test(word) || !existsSync(script)) {
    say('say what to do: start, test, check, soak or bench, as in `npm test`.');
    return 2;
  }
  const node = await installPackages(root, say);
  if (node === undefined) {
    say(
      `Headgate runs on Node 24 and this is Node ${process.versions.node}. npm brings Node 24 on Linux (x64, arm64, glibc); ` +
        'on this machine install it from https://nodejs.org, put it first on PATH, and run this again.',
    );
    return 1;
  }
  const path = [dirname(node), process.env.PATH].filter(Boolean).join(delimiter);
  // A shell that ends leaves what it started in the background alone; npm that ends was told to stop.
  const endWithStarter = process.env.npm_lifecycle_event !== undefined;
  return runAttached(node, [script, ...args], { env: { ...process.env, PATH: path }, endWithStarter });
}

try {
  process.exitCode = await main(process.argv.slice(2));
} catch (error) {
  say(error.message);
  process.exitCode = error.exitCode ?? 1;
}
