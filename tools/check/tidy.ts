// Names, tests and texts that are not ours: each rule says what to write instead. Reasons stand in STYLE.md.

import { posix } from 'node:path';
import ts from 'typescript';
import { type Finding, lineAt, type Tree } from './finding.ts';
import { isTestFile, lineOf, sourceOf, sourcePaths, visit } from './source.ts';

interface BannedName {
  readonly of: 'type' | 'function';
  readonly form: RegExp;
  readonly use: string;
}

/** Banned names of types and functions, each with the word to seek instead. */
const bannedNames: readonly BannedName[] = [
  { of: 'type', form: /Manager$/, use: 'the noun for what it keeps: a pool, a table, a register, a schedule' },
  { of: 'type', form: /Helpers?$/, use: 'the noun for what it is; code used by one function carries its name' },
  { of: 'type', form: /Utils?$/, use: 'the noun for what it works on' },
  { of: 'type', form: /.Service$/, use: 'what it does (a pacer, a signer); service alone is a word of the domain' },
  { of: 'type', form: /.Info$/, use: 'what it holds: facts, words, a description, a summary' },
  { of: 'type', form: /.Data$/, use: 'what it holds: a record, a row, a payload, a body' },
  { of: 'function', form: /^process(?:[A-Z]|$)/, use: 'the verb for what happens: read, decode, admit, forward' },
  { of: 'function', form: /^handle(?:[A-Z]|$)/, use: 'the verb for what happens: answer, refuse, record, close' },
  { of: 'function', form: /^do[A-Z]/, use: 'the verb without do' },
  { of: 'function', form: /(?:Helper|Util|Misc)s?$|^misc/, use: 'a verb and its object' },
];

const bannedFolders = /^(?:lib|common|shared|helpers?|utils?|misc|core)$/;
const bannedFiles = /^(?:.*[-.])?(?:helpers?|utils?|misc|common|manager)\.(?:ts|mjs)$/;
const durationNames = /^(?:timeout|interval|delay|duration|ttl)$/;

// Put together here, so that this file does not name what it looks for.
const machinePaths = new RegExp(`(?<![\\w.-])/(?:${['work', 'tmp/brief'].join('|')})/`);

// Long functions that were agreed on stay; one that has just grown past a screen is cheap to cut.
const functionLines = { from: 71, to: 75 };

/** Finds banned names, unfinished business, tests that sleep or skip without a reason, and paths of one machine. */
export function checkTidy(tree: Tree): readonly Finding[] {
  const texts = [...tree].flatMap(([file, text]) => [...checkFileName(file), ...checkMachinePaths(file, text)]);
  const sources = sourcePaths(tree).flatMap((file) => {
    const source = sourceOf(tree, file);
    if (!source) return [];
    const found = [...checkComments(source)];
    visit(source, (node) => {
      found.push(...checkName(node), ...checkLength(file, node), ...checkUnit(node));
      if (isTestFile(file)) found.push(...checkTest(node), ...checkSleep(node));
    });
    return found;
  });
  return [...texts, ...sources];
}

function at(node: ts.Node, found: string, fix: string): Finding {
  return { file: node.getSourceFile().fileName, line: lineOf(node), found, fix };
}

function checkFileName(file: string): readonly Finding[] {
  if (!/^(packages|tests|tools|bench|soak|examples)\//.test(file)) return [];
  const folder = posix
    .dirname(file)
    .split('/')
    .find((part) => bannedFolders.test(part));
  const fix = 'a thing used twice gets a noun and a home';
  if (folder !== undefined) return [{ file, line: 1, found: `a folder named ${folder}`, fix }];
  return bannedFiles.test(posix.basename(file))
    ? [{ file, line: 1, found: `a file named ${posix.basename(file)}`, fix }]
    : [];
}

function checkMachinePaths(file: string, text: string): readonly Finding[] {
  const match = machinePaths.exec(text);
  if (!match) return [];
  return [
    {
      file,
      line: lineAt(text, match.index),
      found: `a path of one machine: ${match[0]}`,
      fix: 'say it relative to the repository, or pass it in',
    },
  ];
}

function checkComments(source: ts.SourceFile): readonly Finding[] {
  const seen = new Set<number>();
  const found: Finding[] = [];
  const text = source.text;
  const look = (start: number, end: number): void => {
    if (seen.has(start)) return;
    seen.add(start);
    const word = /\b(TODO|FIXME|XXX)\b(?!\(#\d+\))/.exec(text.slice(start, end))?.[1];
    if (word === undefined) return;
    found.push({
      file: source.fileName,
      line: lineAt(text, start),
      found: `${word} without an issue`,
      fix: 'write TODO(#123) with the issue, or do it now',
    });
  };
  visit(source, (node) => {
    ts.forEachLeadingCommentRange(text, node.getFullStart(), look);
    ts.forEachTrailingCommentRange(text, node.end, look);
  });
  // A comment before a closing brace leads the brace, which is a token and no child of its block.
  ts.forEachLeadingCommentRange(text, source.endOfFileToken.getFullStart(), look);
  visit(source, (node) => {
    if (ts.isBlock(node) || ts.isSourceFile(node))
      for (const child of node.getChildren(source)) ts.forEachLeadingCommentRange(text, child.getFullStart(), look);
  });
  return found;
}

function declaredName(node: ts.Node): { readonly of: BannedName['of']; readonly name: string } | undefined {
  if (ts.isInterfaceDeclaration(node) || ts.isTypeAliasDeclaration(node)) return { of: 'type', name: node.name.text };
  if (ts.isClassDeclaration(node) && node.name) return { of: 'type', name: node.name.text };
  if ((ts.isFunctionDeclaration(node) || ts.isMethodDeclaration(node)) && node.name)
    return { of: 'function', name: node.name.getText() };
  const isFunctionValue =
    ts.isVariableDeclaration(node) &&
    node.initializer &&
    (ts.isArrowFunction(node.initializer) || ts.isFunctionExpression(node.initializer));
  return isFunctionValue ? { of: 'function', name: node.name.getText() } : undefined;
}

function checkName(node: ts.Node): readonly Finding[] {
  const declared = declaredName(node);
  const banned = declared && bannedNames.find((each) => each.of === declared.of && each.form.test(declared.name));
  return banned && declared ? [at(node, `a ${declared.of} named ${declared.name}`, `use ${banned.use}`)] : [];
}

function checkUnit(node: ts.Node): readonly Finding[] {
  if (!ts.isPropertySignature(node) || node.type?.kind !== ts.SyntaxKind.NumberKeyword) return [];
  const name = node.name.getText();
  return durationNames.test(name)
    ? [
        at(
          node,
          `a bare ${name}`,
          `say which and in what unit, as in connect${name.charAt(0).toUpperCase()}${name.slice(1)}Ms`,
        ),
      ]
    : [];
}

function checkLength(file: string, node: ts.Node): readonly Finding[] {
  if (isTestFile(file) || !ts.isFunctionLike(node) || !('body' in node) || !node.body) return [];
  const source = node.getSourceFile();
  const lines = source.getLineAndCharacterOfPosition(node.end).line + 2 - lineOf(node);
  if (lines < functionLines.from || lines > functionLines.to) return [];
  return [at(node, `a function of ${lines} lines`, 'take one decision out of it while it is nearly one screen')];
}

const testCallers = /^(?:test|it|describe|suite|t\.test)(?:\.(?:skip|only|todo))?$/;

function checkTest(node: ts.Node): readonly Finding[] {
  if (!ts.isCallExpression(node)) return [];
  const caller = node.expression.getText();
  if (/^\w+\.skip$/.test(caller) && !testCallers.test(caller) && node.arguments.length === 0)
    return [at(node, `${caller}() without a reason`, "say why: t.skip('…')")];
  if (!testCallers.test(caller)) return [];
  const found: Finding[] = [];
  const [title] = node.arguments;
  if (title && ts.isStringLiteralLike(title) && /\bshould\b/i.test(title.text))
    found.push(at(title, 'a title with should', 'state it in the present, subject first: what is true'));
  if (/\.(?:skip|todo)$/.test(caller))
    found.push(
      at(
        node,
        `${caller} without a reason`,
        "write { skip: 'why' }, or assert what holds today and say why it is wrong",
      ),
    );
  if (caller.endsWith('.only')) found.push(at(node, caller, 'take .only out: it keeps every other test from running'));
  for (const argument of node.arguments) {
    if (!ts.isObjectLiteralExpression(argument)) continue;
    for (const property of argument.properties) {
      if (/^(?:skip|todo)\s*:\s*true$/.test(property.getText()))
        found.push(at(property, 'a skip without a reason', "write { skip: 'why' }"));
      if (/^only\s*:\s*true$/.test(property.getText()))
        found.push(at(property, 'only: true', 'take it out: it keeps every other test from running'));
    }
  }
  return found;
}

function checkSleep(node: ts.Node): readonly Finding[] {
  const fix = 'wait for the condition itself (an event, a line, a state), or turn a clock that is passed in';
  if (
    ts.isImportDeclaration(node) &&
    node.moduleSpecifier.getText().includes('node:timers/promises') &&
    /\bsetTimeout\b/.test(node.importClause?.getText() ?? '')
  ) {
    return [at(node, 'a promise of setTimeout', fix)];
  }
  if (!ts.isNewExpression(node) || node.expression.getText() !== 'Promise') return [];
  const executor = node.arguments?.[0];
  if (!executor || (!ts.isArrowFunction(executor) && !ts.isFunctionExpression(executor))) return [];
  const resolveName = executor.parameters[0]?.name.getText();
  const found: Finding[] = [];
  visit(executor, (inner) => {
    if (!ts.isCallExpression(inner) || inner.expression.getText() !== 'setTimeout' || resolveName === undefined) return;
    // A timer that rejects bounds a wait; one that resolves is the wait.
    const callback = inner.arguments[0]?.getText() ?? '';
    if (callback === resolveName || new RegExp(`\\b${resolveName}\\(`).test(callback))
      found.push(at(inner, 'a test that sleeps', fix));
  });
  return found;
}
