// The three paths against their lists: the calls in each path function, the folders, ARCHITECTURE.md and the sections of
// an evidence record must name the same stages in the same order. A stage renamed in one place fails everywhere else.

import ts from 'typescript';
import { type Finding, lineAt, type Tree } from './finding.ts';
import { lineOf, resolveRelative, sourceOf, visit } from './source.ts';
import { readStages, type Stage, stagesFile } from './stages.ts';

interface Path {
  /** List in the contract's table. */
  readonly list: string;
  /** Package that walks the path. */
  readonly of: string;
  readonly file: string;
  readonly functionName: string;
  /** Markers around the list in ARCHITECTURE.md: `<!-- name -->` and `<!-- /name -->`. */
  readonly marker: string;
  /** Stages that no call in the function shows, with the reason. */
  readonly notCalled: readonly string[];
  /** Folders of the package's src that are no stages. */
  readonly besides: readonly string[];
}

const paths: readonly Path[] = [
  {
    list: 'requestStages',
    of: 'gateway',
    file: 'packages/gateway/src/serve.ts',
    functionName: 'serve',
    marker: 'request-path',
    notCalled: ['listener'], // The listener calls serve.
    besides: ['http1', 'control', 'counters', 'lists', 'published', 'spool', 'threads', 'testdata'],
  },
  {
    list: 'clientStages',
    of: 'client',
    file: 'packages/client/src/invoke.ts',
    functionName: 'invoke',
    marker: 'client-path',
    notCalled: [],
    besides: ['testdata'],
  },
  {
    list: 'cutoverStages',
    of: 'control',
    file: 'packages/control/src/advance.ts',
    functionName: 'advance',
    marker: 'cutover-path',
    notCalled: [],
    besides: ['access', 'api', 'desk', 'evidence', 'journal', 'notices', 'policy', 'snapshot', 'store', 'testdata'],
  },
];

const evidenceFile = 'packages/contract/src/evidence.ts';
const architectureFile = 'ARCHITECTURE.md';

/** Compares every path that is built with the contract's table; `unbuilt` names the functions not built yet. */
export function checkPaths(tree: Tree): { readonly findings: readonly Finding[]; readonly unbuilt: readonly string[] } {
  const findings: Finding[] = [];
  const unbuilt: string[] = [];
  for (const path of paths) {
    const stages = readStages(tree, path.list);
    const isBuilt = tree.has(path.file) || hasStageFolder(tree, path, stages ?? []);
    if (!stages) {
      findings.push({
        file: stagesFile,
        line: 1,
        found: `no list ${path.list}`,
        fix: `export const ${path.list} = [{ noun, verb }, …]`,
      });
    } else if (isBuilt) {
      findings.push(
        ...checkCalls(tree, path, stages),
        ...checkFolders(tree, path, stages),
        ...checkArchitecture(tree, path, stages),
      );
    } else unbuilt.push(path.functionName);
  }
  return { findings: [...findings, ...checkEvidence(tree)], unbuilt };
}

/** A package may hold other things before its path is begun. */
function hasStageFolder(tree: Tree, path: Path, stages: readonly Stage[]): boolean {
  const folders = stages.map(({ noun }) => `packages/${path.of}/src/${noun}/`);
  return [...tree.keys()].some((file) => folders.some((folder) => file.startsWith(folder)));
}

function checkCalls(tree: Tree, path: Path, stages: readonly Stage[]): readonly Finding[] {
  const source = sourceOf(tree, path.file);
  const start = source && functionsIn(source).get(path.functionName);
  if (!source || !start)
    return [
      {
        file: path.file,
        line: 1,
        found: `no function ${path.functionName}`,
        fix: 'the path is one function that can be read aloud',
      },
    ];
  const verbs = stages.filter((stage) => !path.notCalled.includes(stage.noun)).map((stage) => stage.verb);
  const calls = callsFrom(source, start).filter((name) => verbs.includes(name));
  const findings: Finding[] = [];
  const inOrder = calls.filter((name, index) => name !== calls[index - 1]);
  if (inOrder.join() !== verbs.join()) {
    findings.push({
      file: path.file,
      line: lineOf(start),
      found: `calls ${inOrder.join(' → ') || 'no stage'}`,
      fix: `the table says ${verbs.join(' → ')}: correct one of the two`,
    });
  }
  for (const { noun, verb } of stages) {
    const importedFrom = importOf(source, verb);
    if (!calls.includes(verb) || importedFrom === undefined) continue;
    if (!resolveRelative(path.file, importedFrom).startsWith(`packages/${path.of}/src/${noun}/`)) {
      findings.push({
        file: path.file,
        line: 1,
        found: `${verb} comes from ${importedFrom}`,
        fix: `the table says that it lives in ${noun}/`,
      });
    }
  }
  return findings;
}

function functionsIn(source: ts.SourceFile): ReadonlyMap<string, ts.FunctionDeclaration> {
  const found = new Map<string, ts.FunctionDeclaration>();
  for (const statement of source.statements)
    if (ts.isFunctionDeclaration(statement) && statement.name) found.set(statement.name.text, statement);
  return found;
}

/** Names called by a function in the order of their evaluation, with functions of the same file unfolded in place. */
function callsFrom(source: ts.SourceFile, start: ts.FunctionDeclaration): readonly string[] {
  const local = functionsIn(source);
  const names: string[] = [];
  const walk = (node: ts.Node, within: ReadonlySet<string>): void => {
    ts.forEachChild(node, (child) => walk(child, within));
    if (!ts.isCallExpression(node)) return;
    // A verb may be a function or, as in session.credentials.current(), the last word of a method call.
    const name = ts.isIdentifier(node.expression) ? node.expression.text : undefined;
    const unfolded = name === undefined ? undefined : local.get(name);
    if (unfolded && name !== undefined && !within.has(name)) walk(unfolded, new Set([...within, name]));
    else if (name !== undefined) names.push(name);
    else if (ts.isPropertyAccessExpression(node.expression)) names.push(node.expression.name.text);
  };
  walk(start, new Set([start.name?.text ?? '']));
  return names;
}

function importOf(source: ts.SourceFile, name: string): string | undefined {
  for (const statement of source.statements) {
    if (!ts.isImportDeclaration(statement) || !ts.isStringLiteral(statement.moduleSpecifier)) continue;
    const bindings = statement.importClause?.namedBindings;
    if (bindings && ts.isNamedImports(bindings) && bindings.elements.some((each) => each.name.text === name))
      return statement.moduleSpecifier.text;
  }
  return undefined;
}

function checkFolders(tree: Tree, path: Path, stages: readonly Stage[]): readonly Finding[] {
  const src = `packages/${path.of}/src/`;
  const folders = new Set(
    [...tree.keys()]
      .filter((file) => file.startsWith(src))
      .map((file) => file.slice(src.length).split('/'))
      .filter((parts) => parts.length > 1)
      .map((parts) => parts[0] ?? ''),
  );
  const nouns = stages.map((stage) => stage.noun);
  const missing = nouns.filter((noun) => !folders.has(noun));
  const unknown = [...folders].filter((folder) => !nouns.includes(folder) && !path.besides.includes(folder));
  return [
    ...missing.map((noun) => ({
      file: stagesFile,
      line: 1,
      found: `${path.list} names ${noun}`,
      fix: `${src}${noun}/ does not exist: create it or correct the table`,
    })),
    ...unknown.map((folder) => ({
      file: `${src}${folder}/`,
      line: 1,
      found: 'a folder that is no stage',
      fix: `give it a row in ${path.list}, move its files into a stage, or name it beside the path in paths.ts`,
    })),
  ];
}

function checkArchitecture(tree: Tree, path: Path, stages: readonly Stage[]): readonly Finding[] {
  const text = tree.get(architectureFile) ?? '';
  const open = `<!-- ${path.marker} -->`;
  const startIndex = text.indexOf(open);
  const endIndex = text.indexOf(`<!-- /${path.marker} -->`);
  const nouns = stages.map((stage) => stage.noun);
  if (startIndex === -1 || endIndex < startIndex) {
    return [
      {
        file: architectureFile,
        line: 1,
        found: `no list between ${open} and <!-- /${path.marker} -->`,
        fix: `list there, numbered and bold: ${nouns.join(', ')}`,
      },
    ];
  }
  const listed = [...text.slice(startIndex, endIndex).matchAll(/^\s*\d+\.\s+[*`]*([A-Za-z-]+)/gm)].map(
    (match) => match[1] ?? '',
  );
  if (listed.join() === nouns.join()) return [];
  return [
    {
      file: architectureFile,
      line: lineAt(text, startIndex),
      found: `lists ${listed.join(' → ') || 'nothing numbered'}`,
      fix: `the table says ${nouns.join(' → ')}: correct one of the two`,
    },
  ];
}

function checkEvidence(tree: Tree): readonly Finding[] {
  const source = sourceOf(tree, evidenceFile);
  const stages = readStages(tree, 'requestStages');
  if (!stages) return [];
  let sections: readonly string[] | undefined;
  let line = 1;
  if (source) {
    visit(source, (node) => {
      if (!ts.isInterfaceDeclaration(node) || node.name.text !== 'EvidenceRecord') return;
      line = lineOf(node);
      // A section is an object of its own type; the numbers that identify a record stand before them.
      sections = node.members
        .filter((member) => ts.isPropertySignature(member) && /\w+Evidence\b/.test(member.type?.getText() ?? ''))
        .map((member) => member.name?.getText() ?? '');
    });
  }
  // The record is what the last stage makes, so that stage has no section in it.
  const nouns = stages.map((stage) => stage.noun).filter((noun) => noun !== 'evidence');
  if (!sections)
    return [
      {
        file: evidenceFile,
        line,
        found: 'no interface EvidenceRecord',
        fix: `declare it with the sections ${nouns.join(', ')}`,
      },
    ];
  if (sections.join() === nouns.join()) return [];
  return [
    {
      file: evidenceFile,
      line,
      found: `sections ${sections.join(' → ')}`,
      fix: `the table says ${nouns.join(' → ')}: correct one of the two`,
    },
  ];
}
