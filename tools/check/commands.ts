// Commands that readers are told to type: each npm script and each word after `npx headgate` must exist.

import { type Finding, lineAt, type Tree } from './finding.ts';

const npmWords = ['ci', 'install', 'exec', 'pack', 'view', 'help'];

/** Finds commands in fenced blocks of README.md and the guides that no script and no command file answers to. */
export function checkCommands(tree: Tree): readonly Finding[] {
  const manifest: unknown = JSON.parse(tree.get('package.json') ?? '{}');
  const scripts = scriptsOf(manifest);
  const pages = [...tree].filter(
    ([file]) => file === 'README.md' || file === 'CONTRIBUTING.md' || /^docs\/guides\/.*\.md$/.test(file),
  );
  return pages.flatMap(([file, text]) =>
    [...text.matchAll(/^ *```(?:sh|bash|shell|console)\n([\s\S]*?)^ *```/gm)].flatMap((block) =>
      [...(block[1] ?? '').matchAll(/^\s*(?:\$ )?(npx headgate|npm run|npm)\s+(?:--\s+)?([\w:-]+)/gm)].flatMap(
        (match) => {
          const [whole, program, word = ''] = match;
          const isKnown =
            program === 'npx headgate'
              ? tree.has(`packages/cli/src/commands/${word}.ts`)
              : scripts.includes(word) || (program === 'npm' && npmWords.includes(word));
          const fix =
            program === 'npx headgate'
              ? `there is no packages/cli/src/commands/${word}.ts`
              : `package.json has no script ${word}`;
          const offset = block.index + block[0].indexOf(whole);
          return isKnown
            ? []
            : [{ file, line: lineAt(text, offset), found: `tells the reader to run ${program} ${word}`, fix }];
        },
      ),
    ),
  );
}

function scriptsOf(manifest: unknown): readonly string[] {
  if (typeof manifest !== 'object' || manifest === null || !('scripts' in manifest)) return [];
  return Object.keys(manifest.scripts ?? {});
}
