// What a policy says otherwise than before: rules by name, their numbers with units.
import type { Policy } from '@headgate/contract';
import { type DiffLine, line, shown } from './lines.ts';
import { treeDifferences } from './tree.ts';
import { plainWords, treeLines, type Words } from './tree-lines.ts';

type Area = 'policy' | 'shadow-policy';

/** Lines about two policies; one that is not there has no rules. */
export function policyLines(area: Area, file: string, before: Policy | null, next: Policy | null): readonly DiffLine[] {
  const candidate = area === 'shadow-policy' ? 'candidate: ' : '';
  const whole =
    before !== null && next === null
      ? [line(area, file, `${candidate}the policy in shadow is gone`, { before: file, text: file })]
      : before === null && next !== null
        ? [
            line(area, file, `${candidate}a policy is judged in shadow, with ${next.limits.length} rules`, {
              next: file,
              text: file,
            }),
          ]
        : [];
  if (whole.length > 0) return whole;
  return treeLines(area, file, treeDifferences(before, next), wordsOf(area, candidate));
}

function wordsOf(area: Area, candidate: string): Words {
  return ({ path: [list, name, ...place], kind, before, next }) => {
    if ((list !== 'limits' && list !== 'usernames') || name === undefined) return null;
    const rule = list === 'limits' ? `limit ${name}` : `rule about names ${name}`;
    const told = (words: string): DiffLine => line(area, name, `${candidate}${rule}${words}`, { before, next });
    if (place.length === 0 && kind === 'added') return told(` is new${briefly(next)}`);
    if (place.length === 0 && kind === 'ended') return told(` is gone${briefly(before)}`);
    return told(`: ${plainWords(place.join('.'), kind, before, next)}`);
  };
}

function briefly(rule: unknown): string {
  const { quota, unit, windowMs, mode } = rule as Partial<Policy['limits'][number]>;
  if (quota === undefined) return '';
  return `: ${quota} ${unit} in ${shown(windowMs)} ms, ${mode}`;
}
