// The three paths as the contract's table of stages names them; other checks compare the tree with these lists.

import type { Tree } from './finding.ts';
import { arrayNamed, sourceOf, textProperty } from './source.ts';

/** Where the table stands. */
export const stagesFile = 'packages/contract/src/stages.ts';

/** One stage: the folder and section it names, and the function that performs it. */
export interface Stage {
  readonly noun: string;
  readonly verb: string;
}

/** The stages of one list in the table, in order; undefined when the table has no such list. */
export function readStages(tree: Tree, listName: string): readonly Stage[] | undefined {
  const source = sourceOf(tree, stagesFile);
  const list = source && arrayNamed(source, listName);
  return list?.elements.map((element) => ({
    noun: textProperty(element, 'noun') ?? '',
    verb: textProperty(element, 'verb') ?? '',
  }));
}
