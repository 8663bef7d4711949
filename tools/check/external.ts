// The tools that are not ours: how each is called and what to do when it complains.

import { spawn } from 'node:child_process';
import { join } from 'node:path';

/** One tool, called by path so that no other program of its name on the machine is taken for it. */
export interface ExternalTool {
  readonly name: string;
  /** Arguments after `node`; the first is the tool's script below node_modules. */
  readonly args: readonly [string, ...string[]];
  readonly answersFor: string;
  readonly fix: string;
}

/** The tools, longest-running first, so that the short ones fill the gaps. */
export const externalTools: readonly ExternalTool[] = [
  {
    name: 'types',
    args: ['node_modules/typescript/bin/tsc', '-p', 'tsconfig.json', '--noEmit'],
    answersFor: 'types, as TypeScript 6 sees them',
    fix: 'correct the types; see them faster with: npm run check -- --only types-fast',
  },
  {
    name: 'dead-code',
    args: ['node_modules/knip/bin/knip.js', '--no-progress'],
    answersFor: 'exports, files and dependencies that nothing uses, and imports that no package.json lists',
    fix: 'remove what is unused; list what is imported; an entry point of a new kind goes into knip.json',
  },
  {
    name: 'lint',
    args: ['node_modules/oxlint/bin/oxlint', '--type-aware', '--deny-warnings', '.'],
    answersFor: 'promises nobody waits for, switches with a gap, and other faults that need types to see',
    fix: 'correct the code; each rule is explained at https://oxc.rs/docs/guide/usage/linter/rules',
  },
  {
    name: 'types-fast',
    args: ['node_modules/ts7/bin/tsc', '-p', 'tsconfig.json', '--noEmit'],
    answersFor: 'types, as TypeScript 7 sees them',
    fix: 'correct the types',
  },
  {
    name: 'format',
    args: ['node_modules/@biomejs/biome/bin/biome', 'check', '--error-on-warnings', '--colors=off', '.'],
    answersFor: 'format, import order and simple lint',
    fix: 'most of it is corrected by: node_modules/.bin/biome check --write .',
  },
];

/** What a tool said and whether it was content. */
export interface ToolVerdict {
  readonly passed: boolean;
  readonly output: string;
}

const outputCharactersMax = 1_048_576;

/** Runs one tool over the repository under `root`, whose node_modules holds it. */
export function runTool(tool: ExternalTool, root: string): Promise<ToolVerdict> {
  const [script, ...rest] = tool.args;
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, [join(root, script), ...rest], {
      cwd: root,
      env: { ...process.env, NO_COLOR: '1' },
    });
    let output = '';
    const keep = (chunk: Buffer) => {
      if (output.length < outputCharactersMax) output += chunk.toString('utf8');
    };
    child.stdout.on('data', keep);
    child.stderr.on('data', keep);
    child.on('error', reject);
    child.on('close', (exitCode) => resolve({ passed: exitCode === 0, output }));
  });
}
