import assert from 'node:assert/strict';
import test from 'node:test';
import { checkCommands } from './commands.ts';
import { treeOf } from './miniature.ts';

const clean = {
  'package.json': '{ "scripts": { "start": "x", "check": "x" } }',
  'packages/cli/src/commands/doctor.ts': '',
  'README.md':
    '```sh\nnpm start         # all of it\nnpm run check -- --only links\n$ npx --no headgate doctor --json\n```\nnpm nothing\n',
};

test('commands that exist have no finding', () => {
  assert.deepEqual(checkCommands(treeOf(clean)), []);
});

test('an npm script that does not exist is found with its line', () => {
  const [finding] = checkCommands(treeOf({ ...clean, 'docs/guides/a.md': '# A\n\n```sh\nnpm run bench\n```\n' }));
  assert.deepEqual(
    [finding?.file, finding?.line, finding?.fix],
    ['docs/guides/a.md', 4, 'package.json has no script bench'],
  );
});

test('a headgate command that does not exist is found', () => {
  const [finding] = checkCommands(treeOf({ ...clean, 'README.md': '```console\n$ npx --no headgate cure\n```\n' }));
  assert.match(finding?.fix ?? '', /no packages\/cli\/src\/commands\/cure\.ts/);
});

test('a command that npx might fetch from a registry is found', () => {
  const [finding] = checkCommands(treeOf({ ...clean, 'README.md': '```sh\nnpx headgate doctor\n```\n' }));
  assert.match(finding?.fix ?? '', /npx --no headgate/);
});
