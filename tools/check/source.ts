// TypeScript files as syntax trees, parsed once per tree of texts, and the few questions that checks ask of them.

import { posix } from 'node:path';
import ts from 'typescript';
import type { Tree } from './finding.ts';

const parsedTrees = new WeakMap<Tree, Map<string, ts.SourceFile>>();

/** The syntax tree of one file, undefined when the tree has no such file. */
export function sourceOf(tree: Tree, path: string): ts.SourceFile | undefined {
  const text = tree.get(path);
  if (text === undefined) return undefined;
  const parsed = parsedTrees.get(tree) ?? new Map<string, ts.SourceFile>();
  parsedTrees.set(tree, parsed);
  const source = parsed.get(path) ?? ts.createSourceFile(path, text, ts.ScriptTarget.ESNext, true);
  parsed.set(path, source);
  return source;
}

/** Paths of all our TypeScript files, declarations and test data apart. */
export function sourcePaths(tree: Tree): readonly string[] {
  const isOurs = (path: string) =>
    /^(packages\/[^/]+\/src|tests|tools|bench|soak|examples)\//.test(path) &&
    path.endsWith('.ts') &&
    !path.includes('/testdata/');
  return [...tree.keys()].filter(isOurs);
}

/** Whether a file exists for tests only. */
export function isTestFile(path: string): boolean {
  return /\.(test|soak)\.ts$/.test(path) || path.startsWith('tests/');
}

/** Calls the visitor with every node, parents first. */
export function visit(node: ts.Node, visitor: (node: ts.Node) => void): void {
  visitor(node);
  ts.forEachChild(node, (child) => visit(child, visitor));
}

/** Line of a node's first character that is not a comment, counted from 1. */
export function lineOf(node: ts.Node): number {
  const source = node.getSourceFile();
  return source.getLineAndCharacterOfPosition(node.getStart(source)).line + 1;
}

/** One import or re-export: what it names, how, and where it stands. */
export interface Import {
  readonly specifier: string;
  readonly kind: 'value' | 'type' | 'dynamic';
  readonly line: number;
}

/** Everything a file imports or re-exports, by statement or by `import()` of a literal. */
export function importsOf(source: ts.SourceFile): readonly Import[] {
  const found: Import[] = [];
  visit(source, (node) => {
    if (ts.isImportDeclaration(node) && ts.isStringLiteral(node.moduleSpecifier)) {
      const kind = node.importClause?.phaseModifier === ts.SyntaxKind.TypeKeyword ? 'type' : 'value';
      found.push({ specifier: node.moduleSpecifier.text, kind, line: lineOf(node) });
    } else if (ts.isExportDeclaration(node) && node.moduleSpecifier && ts.isStringLiteral(node.moduleSpecifier)) {
      found.push({
        specifier: node.moduleSpecifier.text,
        kind: node.isTypeOnly ? 'type' : 'value',
        line: lineOf(node),
      });
    } else if (ts.isCallExpression(node) && node.expression.kind === ts.SyntaxKind.ImportKeyword) {
      const [argument] = node.arguments;
      if (argument && ts.isStringLiteralLike(argument)) {
        found.push({ specifier: argument.text, kind: 'dynamic', line: lineOf(node) });
      }
    }
  });
  return found;
}

/** Path of the file that a relative specifier names, seen from the importing file. */
export function resolveRelative(from: string, specifier: string): string {
  return posix.join(posix.dirname(from), specifier);
}

/** The array literal that a top-level variable is declared with, whatever `as const` or `satisfies` follows it. */
export function arrayNamed(source: ts.SourceFile, name: string): ts.ArrayLiteralExpression | undefined {
  let found: ts.ArrayLiteralExpression | undefined;
  visit(source, (node) => {
    if (!ts.isVariableDeclaration(node) || node.name.getText(source) !== name || !node.initializer) return;
    let value: ts.Expression = node.initializer;
    while (ts.isAsExpression(value) || ts.isSatisfiesExpression(value)) value = value.expression;
    if (ts.isArrayLiteralExpression(value)) found = value;
  });
  return found;
}

/** The text of a string property in an object literal, undefined when it has none of that name. */
export function textProperty(node: ts.Node, name: string): string | undefined {
  if (!ts.isObjectLiteralExpression(node)) return undefined;
  for (const property of node.properties) {
    if (!ts.isPropertyAssignment(property) || property.name.getText() !== name) continue;
    if (ts.isStringLiteralLike(property.initializer)) return property.initializer.text;
  }
  return undefined;
}
