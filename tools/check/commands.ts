// Commands that readers are told to type: each npm script and each word after `npx --no headgate` must exist. Without
// `--no`, npx fetches a stranger's package of that name where ours is not installed.

import { type Finding, lineAt, type Tree } from './finding.ts';

const npmWords = ['ci', 'install', 'exec', 'pack', 'view', 'help'];

/** Finds commands in fenced blocks of README.md, guides, runbooks and reference that no script and no command file answers to. */
export function checkCommands(tree: Tree): readonly Finding[] {
  const manifest: unknown = JSON.parse(tree.get('package.json') ?? '{}');
  const scripts = scriptsOf(manifest);
  const pages = [...tree].filter(
    ([file]) =>
      file === 'README.md' || file === 'CONTRIBUTING.md' || /^docs\/(?:guides|runbooks|reference)\/.*\.md$/.test(file),
  );
  return pages.flatMap(([file, text]) =>
    [...text.matchAll(/^ *```(?:sh|bash|shell|console)\n([\s\S]*?)^ *```/gm)].flatMap((block) =>
      [
        ...(block[1] ?? '').matchAll(/^\s*(?:\$ )?(npx (?:--no )?headgate|npm run|npm)\s+(?:--\s+)?([\w:-]+)/gm),
      ].flatMap((match) => {
        const [whole, program, word = ''] = match;
        const fix = faultOf(program ?? '', word, tree, scripts);
        const offset = block.index + block[0].indexOf(whole);
        return fix === null
          ? []
          : [{ file, line: lineAt(text, offset), found: `tells the reader to run ${program} ${word}`, fix }];
      }),
    ),
  );
}

/** What to change about a command, `null` when it is right. */
function faultOf(program: string, word: string, tree: Tree, scripts: readonly string[]): string | null {
  if (program === 'npx headgate') return 'write `npx --no headgate`, which never fetches a package';
  if (program === 'npx --no headgate') {
    const file = `packages/cli/src/commands/${word}.ts`;
    return tree.has(file) ? null : `there is no ${file}`;
  }
  const isKnown = scripts.includes(word) || (program === 'npm' && npmWords.includes(word));
  return isKnown ? null : `package.json has no script ${word}`;
}

function scriptsOf(manifest: unknown): readonly string[] {
  if (typeof manifest !== 'object' || manifest === null || !('scripts' in manifest)) return [];
  return Object.keys(manifest.scripts ?? {});
}
