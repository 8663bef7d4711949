// Who may import whom: one line per rule with its reason, and the check that holds the tree to them.

import type { Finding, Tree } from './finding.ts';
import { type Import, importsOf, isTestFile, resolveRelative, sourceOf, sourcePaths } from './source.ts';
import { readStages, stagesFile } from './stages.ts';

const everyPackage = [
  'contract',
  'rules',
  'soap',
  'pki',
  'gateway',
  'control',
  'imports',
  'client',
  'simulator',
  'testkit',
  'cli',
];

/** Which packages of ours the product code of a package may import. */
const packageRules: readonly { readonly of: string; readonly may: readonly string[]; readonly reason: string }[] = [
  { of: 'contract', may: [], reason: 'the words all sides share depend on no side' },
  { of: 'rules', may: ['contract'], reason: 'pure decisions run unchanged in gateway, simulator, client and CLI' },
  { of: 'soap', may: ['contract'], reason: 'an envelope is read the same whoever reads it' },
  { of: 'pki', may: ['contract', 'rules'], reason: 'it gathers certificate facts; the verdict on them is a rule' },
  {
    of: 'gateway',
    may: ['contract', 'rules', 'soap', 'pki'],
    reason: 'it serves when control, portal and clients are down',
  },
  { of: 'client', may: ['contract', 'rules', 'soap', 'pki'], reason: 'participants install it alone and speak HTTP' },
  { of: 'simulator', may: ['contract', 'rules', 'soap', 'pki'], reason: 'it stands behind any gateway, not only ours' },
  {
    of: 'cli',
    may: ['contract', 'rules', 'pki', 'client', 'imports'],
    reason: 'what it does for a person, a program can do over HTTP',
  },
  { of: 'testkit', may: everyPackage.filter((name) => name !== 'cli'), reason: 'it starts whatever a test needs' },
  {
    of: 'control',
    may: ['contract', 'rules', 'pki'],
    reason: 'it talks to gateways in snapshots and evidence, not in calls',
  },
  { of: 'imports', may: ['contract', 'rules', 'pki'], reason: 'it reads files of others and makes our words of them' },
  { of: 'portal', may: ['contract', 'rules'], reason: 'pages show what control answers over HTTP' },
];

/** Files that may do what their package may not, and only by `import()` or `import type`. */
const edges: readonly { readonly files: RegExp; readonly may: readonly string[]; readonly reason: string }[] = [
  {
    files: /^packages\/cli\/src\/commands\/(?:gateway|policy|provisioning|trust)\.ts$/,
    may: ['gateway'],
    reason:
      'one binary; the rest of the cli speaks HTTP, and only these read the files of a gateway or ask one on this machine',
  },
  {
    files: /^packages\/cli\/src\/commands\/simulator\.ts$/,
    may: ['simulator'],
    reason: 'one binary; everything else in the cli speaks HTTP',
  },
  {
    files: /^packages\/cli\/src\/commands\/control\.ts$/,
    may: ['control'],
    reason: 'one binary; everything else in the cli asks control over HTTP',
  },
  {
    files: /^packages\/cli\/src\/start\//,
    may: ['gateway', 'simulator', 'control'],
    reason: 'the demonstration starts every process of the one binary',
  },
];

/** Packages whose product code is kept from Node's modules, with the files that may use some after all. */
const nodeRules: readonly {
  readonly of: string;
  readonly exceptIn: Readonly<Record<string, readonly string[]>>;
  readonly reason: string;
}[] = [
  {
    of: 'contract',
    exceptIn: {
      'packages/contract/src/catalogue/load.ts': ['node:fs', 'node:fs/promises', 'node:path', 'node:url'],
      'packages/contract/src/catalogue/provisioning-aside.ts': ['node:worker_threads'],
      'packages/contract/src/catalogue/provisioning-thread.ts': ['node:worker_threads'],
      'packages/contract/src/snapshot-document.ts': ['node:crypto'],
    },
    reason:
      'words have no side effects; only loading a catalogue reads files, what is large is parsed beside, and a hash is a number of a text',
  },
  { of: 'rules', exceptIn: {}, reason: 'a decision that could read a clock or a file could not be replayed' },
];

/** Packages made of stages: a stage takes only types from earlier stages and nothing from later ones. */
const stageRules: readonly {
  readonly of: string;
  readonly list: string;
  /** Folders that every stage may use and that use none: they know bytes, not calls. */
  readonly beneath: readonly string[];
  readonly reason: string;
}[] = [
  {
    of: 'gateway',
    list: 'requestStages',
    beneath: ['http1'],
    reason: 'no stage calls another, so serve.ts is the whole order',
  },
  {
    of: 'client',
    list: 'clientStages',
    beneath: [],
    reason: 'no stage calls another, so invoke.ts is the whole order',
  },
];

interface Sighting extends Import {
  readonly file: string;
}

/** Finds every import that crosses a boundary, and every circle of imports between files. */
export function checkBoundaries(tree: Tree): readonly Finding[] {
  const sightings = sourcePaths(tree).flatMap((file) => {
    const source = sourceOf(tree, file);
    return source ? importsOf(source).map((each): Sighting => ({ ...each, file })) : [];
  });
  return [
    ...sightings.flatMap((each) =>
      [crossesPackage(each), leavesPackage(each), usesNode(each)].filter((one) => one !== undefined),
    ),
    ...stageRules.flatMap((rule) => crossedStages(tree, sightings, rule)),
    ...circles(sightings),
  ];
}

function packageOf(file: string): string | undefined {
  return /^packages\/([^/]+)\//.exec(file)?.[1];
}

// Fixtures are no part of the product either: only tests import them.
function isOfTests(file: string): boolean {
  return isTestFile(file) || file.endsWith('.fixture.ts');
}

function finding({ file, line, specifier }: Sighting, fix: string): Finding {
  return { file, line, found: `imports ${specifier}`, fix };
}

function crossesPackage(sighting: Sighting): Finding | undefined {
  const match = /^@headgate\/([^/]+)(\/.*)?$/.exec(sighting.specifier);
  const target = match?.[1];
  if (target === undefined) return undefined;
  if (match?.[2] !== undefined) return finding(sighting, `import @headgate/${target}: only its index.ts is for others`);
  const own = packageOf(sighting.file);
  if (target === own) return finding(sighting, 'import the file you mean: index.ts is for other packages');
  if (sighting.file.startsWith('tools/'))
    return finding(sighting, 'tools import no package: they must work when one does not compile');
  if (own === undefined) return undefined; // Tests, benches and examples stand outside and may use any package.
  if (target === 'testkit') {
    return isOfTests(sighting.file)
      ? undefined
      : finding(sighting, 'move this into a *.test.ts or *.fixture.ts: testkit is never part of the product');
  }
  const rule = packageRules.find((each) => each.of === own);
  if (!rule) return finding(sighting, `give ${own} a line in boundaries.ts that says what it may import and why`);
  if (rule.may.includes(target)) return undefined;
  const edge = edges.find((each) => each.files.test(sighting.file) && each.may.includes(target));
  if (edge && sighting.kind !== 'value') return undefined;
  if (edge) return finding(sighting, `write await import('${sighting.specifier}') where it is needed: ${edge.reason}`);
  return finding(sighting, `${own} may import ${rule.may.join(', ') || 'none of our packages'}: ${rule.reason}`);
}

function leavesPackage(sighting: Sighting): Finding | undefined {
  if (!sighting.specifier.startsWith('.')) return undefined;
  const target = resolveRelative(sighting.file, sighting.specifier);
  const [own, other] = [packageOf(sighting.file), packageOf(target)];
  if (own === other) return undefined;
  if (other === undefined) return finding(sighting, 'keep what a package needs inside the package');
  return finding(sighting, `import @headgate/${other}: no path leads into another package`);
}

function usesNode(sighting: Sighting): Finding | undefined {
  if (!sighting.specifier.startsWith('node:') || isOfTests(sighting.file)) return undefined;
  const rule = nodeRules.find((each) => each.of === packageOf(sighting.file));
  if (!rule || rule.exceptIn[sighting.file]?.includes(sighting.specifier)) return undefined;
  return finding(sighting, `${rule.of} does without Node's modules: ${rule.reason}; take it as a parameter`);
}

function crossedStages(
  tree: Tree,
  sightings: readonly Sighting[],
  rule: (typeof stageRules)[number],
): readonly Finding[] {
  const folder = `packages/${rule.of}/src/`;
  const inPackage = sightings.filter(
    ({ file, specifier }) => file.startsWith(folder) && specifier.startsWith('.') && !isTestFile(file),
  );
  if (inPackage.length === 0) return [];
  const nouns = readStages(tree, rule.list)?.map((stage) => stage.noun);
  if (!nouns)
    return [
      {
        file: stagesFile,
        line: 1,
        found: `no list ${rule.list}`,
        fix: `declare ${rule.list}: ${rule.of} is held to it`,
      },
    ];
  return inPackage.flatMap((sighting) => {
    const target = partOf(resolveRelative(sighting.file, sighting.specifier), folder);
    if (rule.beneath.includes(target)) return [];
    const fix = stageFault(nouns, partOf(sighting.file, folder), target, sighting.kind);
    return fix === undefined ? [] : [finding(sighting, `${fix}: ${rule.reason}`)];
  });
}

/** The first folder below src, or '' for a file directly in it. */
function partOf(file: string, folder: string): string {
  const rest = file.slice(folder.length);
  return rest.includes('/') ? rest.slice(0, rest.indexOf('/')) : '';
}

function stageFault(nouns: readonly string[], from: string, to: string, kind: Import['kind']): string | undefined {
  if (from === to || to === '' || from === '') return undefined;
  const [fromIndex, toIndex] = [nouns.indexOf(from), nouns.indexOf(to)];
  if (fromIndex === -1)
    return toIndex === -1 || kind === 'type' ? undefined : `${from}/ stands beside the path: write import type`;
  if (toIndex === -1) return `${from}/ is a stage and ${to}/ is not: move what both need to a file directly in src`;
  if (toIndex > fromIndex) return `${to}/ comes after ${from}/: hand the value over in the path function`;
  return kind === 'type' ? undefined : `of ${to}/, which comes before, ${from}/ may take types: write import type`;
}

function circles(sightings: readonly Sighting[]): readonly Finding[] {
  const graph = new Map<string, Sighting[]>();
  for (const sighting of sightings) {
    // A type is gone before the program runs, and import() runs after loading: neither closes a circle.
    if (sighting.kind === 'value' && sighting.specifier.startsWith('.'))
      graph.set(sighting.file, [...(graph.get(sighting.file) ?? []), sighting]);
  }
  const found: Finding[] = [];
  const finished = new Set<string>();
  const walk = (file: string, trail: readonly string[]): void => {
    for (const sighting of graph.get(file) ?? []) {
      const target = resolveRelative(file, sighting.specifier);
      const startIndex = trail.indexOf(target);
      if (startIndex !== -1) {
        const circle = [...trail.slice(startIndex), target].join(' → ');
        found.push({
          file,
          line: sighting.line,
          found: `circular import: ${circle}`,
          fix: 'move what both need into a third file',
        });
      } else if (!finished.has(target)) walk(target, [...trail, target]);
    }
    finished.add(file);
  };
  for (const file of graph.keys()) if (!finished.has(file)) walk(file, [file]);
  return found;
}
