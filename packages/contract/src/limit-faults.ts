// What a rule of the policy may not say although each of its parts may stand alone, and what is worth knowing of one that it may.
import { bucketMs, concurrentQuotaMax, isBucketed, isCountedTogether, type LimitUnit } from './limit-terms.ts';
import type { LimitRule, WrittenRule } from './limits.ts';
import type { FilePath } from './yaml-file.ts';

/** A fault of one rule; the path begins at the rule. */
export interface RuleFault {
  readonly path: FilePath;
  readonly found: string;
  readonly expected: string;
}

/** What of a rule does not go together. */
export function ruleFaults(rule: WrittenRule): readonly RuleFault[] {
  const faults: RuleFault[] = [];
  const refuse = (isWrong: boolean, path: FilePath, found: string, expected: string): void => {
    if (isWrong) faults.push({ path, found, expected });
  };
  const { key, unit, quota, counts, windowMs, refusal, where } = rule;
  const again = key.findIndex((part, index) => key.indexOf(part) !== index);
  refuse(again >= 0, ['key', again], `${key[again]} again`, 'each part once');
  const { withoutScid, sourceNetwork } = rule;
  const strayScid = withoutScid !== undefined && !key.includes('scid');
  refuse(strayScid, ['withoutScid'], `"${withoutScid}"`, 'nothing, without scid in the key');
  const strayNetwork = sourceNetwork !== undefined && !key.includes('source-network');
  refuse(strayNetwork, ['sourceNetwork'], 'a map', 'nothing, without source-network in the key');
  refuse(windowMs === undefined && unit !== 'concurrent-requests', ['windowMs'], 'nothing', `the window of ${unit}`);
  refuse(refusal === undefined && unit !== 'connections', ['refusal'], 'nothing', `how a rule over ${unit} says no`);
  const costly = `admitted: attempts are counted of requests and connections alone`;
  refuse(counts === 'attempts' && !countsAttempts.has(unit), ['counts'], 'attempts', costly);
  refuse(
    unit === 'concurrent-requests' && quota > concurrentQuotaMax,
    ['quota'],
    String(quota),
    `at most ${concurrentQuotaMax} concurrent requests`,
  );
  if (unit === 'connections') {
    const named = Object.keys(where);
    refuse(named.length > 0, ['where'], named.join(', '), 'no condition: of a connection only its source is known');
    const foreign = key.findIndex((part) => part !== 'source' && part !== 'source-network');
    refuse(
      foreign >= 0,
      ['key', foreign],
      String(key[foreign]),
      'source or source-network, where connections are counted',
    );
  }
  return faults;
}

const countsAttempts: ReadonlySet<LimitUnit> = new Set(['requests', 'connections']);

/** What a reader of the policy should know of how a rule is counted; null where it is exact, on one gateway and over several. */
export function noticeOf(rule: LimitRule): string | null {
  const { quota, unit, windowMs } = rule;
  if (!isCountedTogether(rule))
    return `${quota} ${unit} are counted by each gateway: of several that share counters each admits its part, the quota divided by their number`;
  if (!isBucketed(rule)) return null;
  return `${quota} ${unit} are counted in parts of ${bucketMs(windowMs)} ms: room may come back that much late, never early`;
}
