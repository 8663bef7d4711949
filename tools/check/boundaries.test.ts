import assert from 'node:assert/strict';
import test from 'node:test';
import { checkBoundaries } from './boundaries.ts';
import { stagesTable, treeOf } from './miniature.ts';

const clean = {
  ...stagesTable,
  'packages/contract/src/index.ts': `export type { Stage } from './stages.ts';`,
  'packages/contract/src/catalogue/load.ts': `import { readFileSync } from 'node:fs';\nexport const load = readFileSync;`,
  'packages/rules/src/match.ts': `import type { Stage } from '@headgate/contract';\nexport type Match = Stage;`,
  'packages/rules/src/match.test.ts': `import test from 'node:test';\nimport { clock } from '@headgate/testkit';\ntest('a', () => clock);`,
  'packages/rules/src/match.fixture.ts': `import { clock } from '@headgate/testkit';\nexport const started = clock;`,
  'packages/gateway/src/exchange.ts': `import type { Permit } from './admission/admit.ts';\nexport interface Exchange { permit: Permit }`,
  'packages/gateway/src/serve.ts': `import { admit } from './admission/admit.ts';\nimport { forward } from './forward/forward.ts';\nexport const serve = [admit, forward];`,
  'packages/gateway/src/admission/admit.ts': `import type { Exchange } from '../exchange.ts';\nexport type Permit = Exchange;\nexport const admit = 1;`,
  'packages/gateway/src/forward/forward.ts': `import type { Permit } from '../admission/admit.ts';\nexport const forward = (permit: Permit) => permit;`,
  'packages/gateway/src/http1/bytes.ts': `export const bytes = 1;`,
  'packages/gateway/src/forward/endpoint.ts': `import { bytes } from '../http1/bytes.ts';\nexport const endpoint = bytes;`,
  'packages/cli/src/commands/gateway.ts': `export const run = async () => (await import('@headgate/gateway')).run();`,
  'packages/cli/src/commands/call.ts': `import { invoke } from '@headgate/client';\nexport const call = invoke;`,
  'tests/e2e/story.test.ts': `import '@headgate/cli';`,
};

const faults: readonly (readonly [title: string, file: string, text: string, found: RegExp])[] = [
  [
    'what lies beneath every stage uses none',
    'packages/gateway/src/http1/a.ts',
    `import { admit } from '../admission/admit.ts';\nexport const a = admit;`,
    /http1/,
  ],
  [
    'the contract imports nothing of ours',
    'packages/contract/src/a.ts',
    `import '@headgate/rules';`,
    /none of our packages/,
  ],
  [
    'the cli does not import the gateway outside its edge',
    'packages/cli/src/commands/call.ts',
    `import '@headgate/gateway';`,
    /cli may import/,
  ],
  [
    'at its edge the cli loads the gateway only when it is asked for',
    'packages/cli/src/commands/gateway.ts',
    `import '@headgate/gateway';`,
    /await import/,
  ],
  [
    'no package but the owner is reached below its index',
    'packages/rules/src/a.ts',
    `import '@headgate/contract/stages.ts';`,
    /only its index/,
  ],
  [
    'no relative path leads into another package',
    'packages/rules/src/a.ts',
    `import '../../contract/src/stages.ts';`,
    /no path leads/,
  ],
  [
    'the testkit stays out of the product',
    'packages/gateway/src/a.ts',
    `import '@headgate/testkit';`,
    /never part of the product/,
  ],
  ['tools import no package', 'tools/check/a.ts', `import '@headgate/contract';`, /tools import no package/],
  [
    'a package without a rule is asked for one',
    'packages/ninth/src/a.ts',
    `import '@headgate/contract';`,
    /give ninth a line/,
  ],
  ['rules do without Node', 'packages/rules/src/a.ts', `import 'node:fs';`, /does without Node/],
  [
    'the contract reads files only where it loads a catalogue',
    'packages/contract/src/a.ts',
    `import 'node:fs';`,
    /does without Node/,
  ],
  [
    'a stage calls no earlier stage',
    'packages/gateway/src/forward/a.ts',
    `import { admit } from '../admission/admit.ts';`,
    /write import type/,
  ],
  [
    'a stage knows nothing of a later stage',
    'packages/gateway/src/admission/a.ts',
    `import type { x } from '../forward/forward.ts';`,
    /comes after/,
  ],
  [
    'a folder beside the path calls no stage',
    'packages/gateway/src/operations/a.ts',
    `import { admit } from '../admission/admit.ts';`,
    /beside the path/,
  ],
  [
    'a stage leans on no folder beside the path',
    'packages/gateway/src/admission/a.ts',
    `import type { x } from '../operations/drain.ts';`,
    /is a stage and/,
  ],
  [
    'the cli loads the simulator only at its edge',
    'packages/cli/src/commands/call.ts',
    `export const run = async () => await import('@headgate/simulator');`,
    /cli may import/,
  ],
  [
    'the edge of the gateway is none of the simulator',
    'packages/cli/src/commands/gateway.ts',
    `export const run = async () => await import('@headgate/simulator');`,
    /cli may import/,
  ],
  [
    'at its edge the cli loads the simulator only when it is asked for',
    'packages/cli/src/commands/simulator.ts',
    `import '@headgate/simulator';`,
    /await import/,
  ],
  [
    'the demonstration loads the gateway only when it is started',
    'packages/cli/src/start/run-demo.ts',
    `import '@headgate/gateway';`,
    /await import/,
  ],
  [
    'the demonstration loads the simulator only when it is started',
    'packages/cli/src/start/run-demo.ts',
    `import '@headgate/simulator';`,
    /await import/,
  ],
  [
    'where it loads a catalogue the contract opens no sockets',
    'packages/contract/src/catalogue/load.ts',
    `import 'node:net';`,
    /does without Node/,
  ],
  [
    'a stage of the client calls no earlier stage',
    'packages/client/src/call/a.ts',
    `import { awaitTurn } from '../pacing/await-turn.ts';`,
    /write import type/,
  ],
  [
    'a stage of the client knows nothing of a later stage',
    'packages/client/src/pacing/a.ts',
    `import type { x } from '../call/call.ts';`,
    /comes after/,
  ],
  [
    'what lies beneath the stages of the gateway is a stage’s neighbour in the client',
    'packages/client/src/call/a.ts',
    `import { bytes } from '../http1/bytes.ts';`,
    /is a stage and/,
  ],
  [
    'a package does not come in by its own door',
    'packages/rules/src/a.ts',
    `import '@headgate/rules';`,
    /import the file you mean/,
  ],
  [
    'no path leads out of the packages',
    'packages/rules/src/a.ts',
    `import '../../../tools/check/tree.ts';`,
    /inside the package/,
  ],
  ['two files do not import each other', 'packages/rules/src/a.ts', `import './b.ts';`, /third file/],
];

test('a tree that keeps every boundary has no finding', () => {
  assert.deepEqual(checkBoundaries(treeOf(clean)), []);
});

for (const [title, file, text, found] of faults) {
  test(title, () => {
    const findings = checkBoundaries(treeOf({ ...clean, 'packages/rules/src/b.ts': `import './a.ts';`, [file]: text }));
    assert.equal(findings.length, 1);
    assert.match(`${findings[0]?.found}: ${findings[0]?.fix}`, found);
  });
}

const everyPackage = ['contract', 'rules', 'soap', 'pki', 'gateway', 'client', 'simulator', 'testkit', 'cli'];

/** Typed a second time, so that a rule that is opened up by mistake is a failure here. */
const mayImport: Readonly<Record<string, readonly string[]>> = {
  contract: [],
  rules: ['contract'],
  soap: ['contract'],
  pki: ['contract', 'rules'],
  gateway: ['contract', 'rules', 'soap', 'pki'],
  client: ['contract', 'rules', 'soap', 'pki'],
  simulator: ['contract', 'rules', 'soap', 'pki'],
  cli: ['contract', 'rules', 'pki', 'client'],
  testkit: ['contract', 'rules', 'soap', 'pki', 'gateway', 'client', 'simulator'],
  control: ['contract', 'rules', 'pki'],
  portal: ['contract', 'rules'],
};

for (const [own, may] of Object.entries(mayImport)) {
  test(`the product code of ${own} imports ${may.join(', ') || 'no package'} and no other`, () => {
    const others = everyPackage.filter((name) => name !== own);
    const imports = others.map((name) => `import '@headgate/${name}';`).join('\n');
    const findings = checkBoundaries(treeOf({ ...clean, [`packages/${own}/src/planted.ts`]: imports }));
    assert.deepEqual(
      findings.map(({ line }) => others[line - 1]),
      others.filter((name) => !may.includes(name)),
    );
  });
}

test('at an edge a type may be imported, and what is loaded on demand', () => {
  const onDemand = (name: string) => `export const run = async () => await import('@headgate/${name}');`;
  const files = {
    'packages/cli/src/commands/gateway.ts': `import type { Gateway } from '@headgate/gateway';\nexport type A = Gateway;`,
    'packages/cli/src/commands/simulator.ts': onDemand('simulator'),
    'packages/cli/src/start/gateways.ts': onDemand('gateway'),
    'packages/cli/src/start/simulators.ts': onDemand('simulator'),
  };
  assert.deepEqual(checkBoundaries(treeOf({ ...clean, ...files })), []);
});
