// The problem catalogues in lockstep with its reference page, with the code that raises and with the tests that provoke.

import ts from 'typescript';
import { type Finding, lineAt, type Tree } from './finding.ts';
import { isTestFile, lineOf, sourceOf, sourcePaths, textProperty, visit } from './source.ts';

// The contract's catalogue, and one in each package that has refusals of its own (the client's never cross the wire).
const catalogueFiles = /^packages\/[^/]+\/src\/problems\.ts$/;
const mainCatalogue = 'packages/contract/src/problems.ts';
const referenceFile = 'docs/reference/problems.md';
const codeForm = /^[a-z]+(?:-[a-z]+)*\.[a-z][a-z0-9_]*$/;

interface Mention {
  readonly code: string;
  readonly file: string;
  readonly line: number;
}

/** Finds codes without a reference entry, never raised or never provoked, and the reverse of each. */
export function checkProblems(tree: Tree): readonly Finding[] {
  const catalogue = readCatalogue(tree);
  if (catalogue.length === 0)
    return [
      {
        file: mainCatalogue,
        line: 1,
        found: 'no problem in the catalogue',
        fix: "add entries of the form 'stage.reason': problem({ … })",
      },
    ];
  const codes = new Set(catalogue.map((each) => each.code));
  const documented = readReference(tree);
  const files = sourcePaths(tree).filter((file) => !catalogueFiles.test(file));
  const inProduct = literals(
    tree,
    files.filter((file) => file.startsWith('packages/') && !isTestFile(file)),
    codes,
  );
  const inTests = literals(
    tree,
    files.filter((file) => isTestFile(file) && !/\/problems(?:\.\w+)*\.test\.ts$/.test(file)),
    codes,
  );
  const fault = (mention: Mention, found: string, fix: string): Finding => ({
    file: mention.file,
    line: mention.line,
    found: `${mention.code} ${found}`,
    fix,
  });
  return [
    ...catalogue.flatMap((entry) => [
      ...(documented.some((each) => each.code === entry.code)
        ? []
        : [fault(entry, 'has no reference entry', `add a row or heading \`${entry.code}\` to ${referenceFile}`)]),
      ...(inProduct.has(entry.code)
        ? []
        : [fault(entry, 'is raised nowhere', 'raise it where it happens, or take it out of the catalogue')]),
      ...(inTests.has(entry.code)
        ? []
        : [fault(entry, 'is provoked by no test', 'add a test that makes it happen and names the code')]),
    ]),
    ...documented
      .filter((each) => !codes.has(each.code))
      .map((each) => fault(each, 'is not in the catalogue', `take the entry out, or add the code to ${mainCatalogue}`)),
    ...raised(tree, files)
      .filter((each) => !codes.has(each.code))
      .map((each) => fault(each, 'is raised but not in the catalogue', `add it to ${mainCatalogue}, with a fix`)),
    ...checkRunbooks(tree),
  ];
}

function cataloguesIn(tree: Tree): readonly (readonly [string, ts.SourceFile])[] {
  return [...tree.keys()].flatMap((file) => {
    const source = catalogueFiles.test(file) ? sourceOf(tree, file) : undefined;
    return source ? [[file, source] as const] : [];
  });
}

function readCatalogue(tree: Tree): readonly Mention[] {
  const found: Mention[] = [];
  for (const [file, source] of cataloguesIn(tree)) {
    visit(source, (node) => {
      if (!ts.isPropertyAssignment(node) || !ts.isStringLiteral(node.name) || !codeForm.test(node.name.text)) return;
      found.push({ code: node.name.text, file, line: lineOf(node) });
    });
  }
  return found;
}

function readReference(tree: Tree): readonly Mention[] {
  const text = tree.get(referenceFile) ?? '';
  // An entry is a heading or the first cell of a row; elsewhere a page may mention what it likes.
  const entries = text.matchAll(/^(?:#{2,6}\s+|\|\s*)`?([a-z-]+\.[a-z0-9_]+)`?(?:\s*\||\s*$)/gm);
  return [...entries].map((match) => ({ code: match[1] ?? '', file: referenceFile, line: lineAt(text, match.index) }));
}

function literals(tree: Tree, files: readonly string[], codes: ReadonlySet<string>): ReadonlySet<string> {
  const found = new Set<string>();
  for (const file of files) {
    const source = sourceOf(tree, file);
    if (source)
      visit(source, (node) => void (ts.isStringLiteralLike(node) && codes.has(node.text) && found.add(node.text)));
  }
  return found;
}

/** Codes written out where a refusal is made: `new Refusal('…'` and `refuse('…'`. */
function raised(tree: Tree, files: readonly string[]): readonly Mention[] {
  const found: Mention[] = [];
  for (const file of files.filter((each) => each.startsWith('packages/'))) {
    const source = sourceOf(tree, file);
    if (!source) continue;
    visit(source, (node) => {
      if (!ts.isNewExpression(node) && !ts.isCallExpression(node)) return;
      const [first] = node.arguments ?? [];
      if (
        !/(?:Refusal|Problem)$|^refuse\w*$/.test(node.expression.getText(source)) ||
        !first ||
        !ts.isStringLiteralLike(first)
      )
        return;
      if (codeForm.test(first.text)) found.push({ code: first.text, file, line: lineOf(first) });
    });
  }
  return found;
}

function checkRunbooks(tree: Tree): readonly Finding[] {
  const found: Finding[] = [];
  for (const [file, source] of cataloguesIn(tree)) {
    visit(source, (node) => {
      const named = textProperty(node, 'runbook');
      if (named === undefined) return;
      const page = `docs/runbooks/${named.replace(/^docs\/runbooks\//, '').replace(/(\.md)?(#.*)?$/, '.md')}`;
      if (tree.has(page)) return;
      found.push({
        file,
        line: lineOf(node),
        found: `runbook ${named}`,
        fix: `write ${page}: whoever is paged opens it`,
      });
    });
  }
  return found;
}
