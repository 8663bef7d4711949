// Miniature repositories for the tests of checks: a tree from literal texts, and a table of stages to put in it.

import type { Tree } from './finding.ts';

/** A tree from literal texts. */
export function treeOf(files: Readonly<Record<string, string>>): Tree {
  return new Map(Object.entries(files));
}

/** A table with two stages on each path, in the form of the real one. */
export const stagesTable = {
  'packages/contract/src/stages.ts': `
export const requestStages = [
  { noun: 'admission', verb: 'admit', refusals: [429] },
  { noun: 'forward', verb: 'forward', refusals: [502] },
] as const satisfies readonly Stage[];
export const clientStages = [{ noun: 'pacing', verb: 'awaitTurn' }, { noun: 'call', verb: 'call' }] as const;
export const cutoverStages = [{ noun: 'plan', verb: 'adoptedPlan' }, { noun: 'phase', verb: 'currentPhase' }] as const;
`,
};
