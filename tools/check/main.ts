// `npm run check`: every check that needs no server, two at a time, quiet when green.
// `--only links,tidy` runs some of them; each failure says what to change.

import { resolve } from 'node:path';
import { performance } from 'node:perf_hooks';
import { parseArgs } from 'node:util';
import { checkBoundaries } from './boundaries.ts';
import { checkCommands } from './commands.ts';
import { externalTools, runTool } from './external.ts';
import type { Finding, Tree } from './finding.ts';
import { checkLinks } from './links.ts';
import { checkLockfile } from './lockfile.ts';
import { checkPaths } from './paths.ts';
import { checkProblems } from './problems.ts';
import { checkTidy } from './tidy.ts';
import { readTree } from './tree.ts';

interface Verdict {
  readonly passed: boolean;
  /** Said beside the name, also when the check passes. */
  readonly remark: string;
  readonly complaint: string;
}

interface Check {
  readonly name: string;
  readonly run: () => Promise<Verdict>;
}

const checksAtOnceMax = 2;
const findingsShownMax = 100;

const root = resolve(import.meta.dirname, '..', '..');

function listFindings(findings: readonly Finding[]): string {
  const shown = findings
    .slice(0, findingsShownMax)
    .map(({ file, line, found, fix }) => `  ${file}:${line}  ${found}\n      ${fix}`);
  const rest = findings.length - shown.length;
  return [...shown, ...(rest > 0 ? [`  and ${rest} more`] : [])].join('\n');
}

function ours(name: string, look: () => readonly Finding[], remark: () => string = () => ''): Check {
  return {
    name,
    run: async () => {
      const findings = look();
      return { passed: findings.length === 0, remark: remark(), complaint: listFindings(findings) };
    },
  };
}

function allChecks(tree: Tree): readonly Check[] {
  const unbuiltRemark = () =>
    checkPaths(tree)
      .unbuilt.map((name) => `${name}: NOT BUILT YET, so not compared`)
      .join('; ');
  const external = externalTools.map(
    (tool): Check => ({
      name: tool.name,
      run: async () => {
        const { passed, output } = await runTool(tool, root);
        return {
          passed,
          remark: '',
          complaint: `${output.trimEnd()}\n  ${tool.name} answers for ${tool.answersFor}: ${tool.fix}`,
        };
      },
    }),
  );
  return [
    ...external,
    ours('boundaries', () => checkBoundaries(tree)),
    ours('paths', () => checkPaths(tree).findings, unbuiltRemark),
    ours('problems', () => checkProblems(tree)),
    ours('links', () => checkLinks(tree)),
    ours('commands', () => checkCommands(tree)),
    ours('lockfile', () => checkLockfile(tree)),
    ours('tidy', () => checkTidy(tree)),
  ];
}

async function report(check: Check): Promise<boolean> {
  const startedMs = performance.now();
  const { passed, remark, complaint } = await check.run();
  const seconds = ((performance.now() - startedMs) / 1000).toFixed(1);
  console.log(`${passed ? 'ok  ' : 'FAIL'} ${check.name.padEnd(11)} ${seconds} s${remark === '' ? '' : `  ${remark}`}`);
  if (!passed) console.log(`${complaint}\n`);
  return passed;
}

async function main(): Promise<number> {
  const { values } = parseArgs({ options: { only: { type: 'string', multiple: true } } });
  const chosen = values.only?.flatMap((names) => names.split(','));
  const checks = allChecks(readTree(root));
  const names = checks.map((check) => check.name);
  const unknown = chosen?.filter((name) => !names.includes(name)) ?? [];
  if (unknown.length > 0)
    throw new Error(`There is no check named ${unknown.join(', ')}. There are: ${names.join(', ')}.`);

  const waiting = checks.filter((check) => chosen?.includes(check.name) ?? true);
  const failed: string[] = [];
  const work = async (): Promise<void> => {
    for (let check = waiting.shift(); check; check = waiting.shift())
      if (!(await report(check))) failed.push(check.name);
  };
  await Promise.all(Array.from({ length: checksAtOnceMax }, work));
  if (failed.length > 0) console.log(`${failed.length} checks failed: ${failed.join(', ')}`);
  return failed.length === 0 ? 0 : 1;
}

try {
  process.exitCode = await main();
} catch (error) {
  console.error(`check: ${error instanceof Error ? error.message : String(error)}`);
  process.exitCode = 2;
}
