// What one policy says otherwise than another, each difference as a sentence.
import type { LimitRule, Policy } from '@headgate/contract';
import { listed, sayKey, sayMs, sayQuota, sayRule, sayUnit } from './rule-words.ts';

/** One difference. `effect` is what it alone does to callers. */
export interface PolicyDifference {
  readonly rule: string;
  readonly kind: 'added' | 'removed' | 'changed';
  readonly effect: 'tighter' | 'looser' | 'other';
  readonly sentence: string;
}

/** Every difference, in the order of the first policy, then what the second has besides. */
export function diffPolicies(before: Policy, after: Policy): readonly PolicyDifference[] {
  const differences = [
    ...before.limits.flatMap((rule) => {
      const next = after.limits.find(({ name }) => name === rule.name);
      return next === undefined ? [gone(rule)] : changesOf(rule, next);
    }),
    ...after.limits.filter(({ name }) => before.limits.every((rule) => rule.name !== name)).map(come),
    ...usernameDifferences(before, after),
  ];
  return differences.length > 0 || orderOf(before) === orderOf(after)
    ? differences
    : [{ rule: '', kind: 'changed', effect: 'other', sentence: 'the same rules in another order' }];
}

function orderOf({ limits }: Policy): string {
  return limits.map(({ name }) => name).join(' ');
}

function gone(rule: LimitRule): PolicyDifference {
  const effect = rule.mode === 'enforce' ? 'looser' : 'other';
  return { rule: rule.name, kind: 'removed', effect, sentence: `${rule.name}: removed (was ${said(rule)})` };
}

function come(rule: LimitRule): PolicyDifference {
  const effect = rule.mode === 'enforce' ? 'tighter' : 'other';
  return { rule: rule.name, kind: 'added', effect, sentence: `${rule.name}: added, ${said(rule)}` };
}

function said(rule: LimitRule): string {
  return `${sayRule(rule)}${rule.mode === 'enforce' ? '' : `, ${rule.mode}`}`;
}

type Change = readonly [effect: PolicyDifference['effect'], words: string];

function changesOf(rule: LimitRule, next: LimitRule): readonly PolicyDifference[] {
  const changes: readonly Change[] = [
    ...modeChange(rule, next),
    ...amountChange(rule, next),
    ...keyChange(rule, next),
    ...whereChange(rule, next),
    ...plainChanges(rule, next),
  ];
  return changes.map(([effect, words]) => ({
    rule: rule.name,
    kind: 'changed',
    effect,
    sentence: `${rule.name}: ${words}`,
  }));
}

function modeChange({ mode }: LimitRule, next: LimitRule): readonly Change[] {
  if (mode === next.mode) return [];
  const words = `${mode} → ${next.mode}`;
  if (next.mode === 'enforce') return [['tighter', `${words}: it refuses from now on`]];
  return [mode === 'enforce' ? ['looser', `${words}: it refuses nobody any more`] : ['other', words]];
}

function amountChange(rule: LimitRule, next: LimitRule): readonly Change[] {
  const [isQuota, isWindow] = [rule.quota !== next.quota, rule.windowMs !== next.windowMs];
  if (rule.unit !== next.unit) return [['other', `${sayQuota(rule)} → ${sayQuota(next)}, ${sayKey(next)}`]];
  if (isQuota && isWindow) return [[effectOf(rule, next), `${sayQuota(rule)} → ${sayQuota(next)}, ${sayKey(next)}`]];
  if (isQuota) {
    const amounts = `${number(rule.quota)} → ${number(next.quota)}`;
    const unit = rule.unit === 'requests' ? '' : `${sayUnit(rule.unit, next.quota)} `;
    return [
      [
        next.quota > rule.quota ? 'looser' : 'tighter',
        `quota ${amounts} ${unit}per ${sayMs(rule.windowMs)}, ${sayKey(next)}`,
      ],
    ];
  }
  if (!isWindow) return [];
  const words = `window ${sayMs(rule.windowMs)} → ${sayMs(next.windowMs)} for ${number(rule.quota)}, ${sayKey(next)}`;
  return [[next.windowMs > rule.windowMs ? 'tighter' : 'looser', words]];
}

/** Of a quota and a window that both change: certain only where no window of either can hold more than the other allows. */
function effectOf(rule: LimitRule, next: LimitRule): PolicyDifference['effect'] {
  if (Math.ceil(rule.windowMs / next.windowMs) * next.quota <= rule.quota) return 'tighter';
  return Math.ceil(next.windowMs / rule.windowMs) * rule.quota <= next.quota ? 'looser' : 'other';
}

function keyChange(rule: LimitRule, next: LimitRule): readonly Change[] {
  const [from, to] = [rule.key.toSorted(), next.key.toSorted()];
  if (from.join() === to.join()) return [];
  const finer = from.every((part) => to.includes(part));
  const coarser = to.every((part) => from.includes(part));
  return [[finer ? 'looser' : coarser ? 'tighter' : 'other', `counted ${sayKey(rule)} → ${sayKey(next)}`]];
}

function whereChange(rule: LimitRule, next: LimitRule): readonly Change[] {
  const parts = [...new Set([...Object.keys(rule.where), ...Object.keys(next.where)])] as (keyof LimitRule['where'])[];
  return parts.flatMap((part): Change[] => {
    const [from, to] = [rule.where[part], next.where[part]].map((wanted) =>
      wanted === undefined ? null : [wanted].flat(),
    );
    if (JSON.stringify(from) === JSON.stringify(to)) return [];
    if (from === null || from === undefined) return [['looser', `only where ${part} is ${orOf(to)}`]];
    if (to === null || to === undefined) return [['tighter', `whatever the ${part} (was ${orOf(from)})`]];
    const isWider = from.every((pattern) => to.includes(pattern));
    const isNarrower = to.every((pattern) => from.includes(pattern));
    return [[isWider ? 'tighter' : isNarrower ? 'looser' : 'other', `${part} ${orOf(from)} → ${orOf(to)}`]];
  });
}

function orOf(words: readonly string[] | null | undefined): string {
  return listed(words ?? [], 'or');
}

/** Members that the sentences above tell of. */
const told: ReadonlySet<string> = new Set(['name', 'mode', 'quota', 'windowMs', 'unit', 'key', 'where', 'refusal']);

/** Everything else a rule has, now and in versions to come. */
function plainChanges(rule: LimitRule, next: LimitRule): readonly Change[] {
  const members = [...new Set([...Object.keys(rule), ...Object.keys(next)])].filter((name) => !told.has(name));
  const pairs = [
    ...members.map((name) => [name, memberOf(rule, name), memberOf(next, name)] as const),
    ...[...new Set([...Object.keys(rule.refusal), ...Object.keys(next.refusal)])].map(
      (name) => [`refusal ${name}`, memberOf(rule.refusal, name), memberOf(next.refusal, name)] as const,
    ),
  ];
  return pairs.flatMap(([name, from, to]): Change[] => {
    if (JSON.stringify(from) === JSON.stringify(to)) return [];
    if (name === 'counts')
      return [[to === 'attempts' ? 'tighter' : 'looser', `counts ${String(from)} → ${String(to)}`]];
    return [['other', `${name} ${quoted(from)} → ${quoted(to)}`]];
  });
}

function memberOf(of: object, name: string): unknown {
  return (of as Readonly<Record<string, unknown>>)[name];
}

function quoted(value: unknown): string {
  return value === undefined ? 'nothing' : JSON.stringify(value);
}

function usernameDifferences(before: Policy, after: Policy): readonly PolicyDifference[] {
  const [from, to] = [before.usernames ?? [], after.usernames ?? []];
  const names = [...new Set([...from, ...to].map(({ name }) => name))];
  return names.flatMap((name): PolicyDifference[] => {
    const [one, other] = [from, to].map((rules) => rules.find((rule) => rule.name === name));
    if (JSON.stringify(one) === JSON.stringify(other)) return [];
    if (one === undefined)
      return [{ rule: name, kind: 'added', effect: 'tighter', sentence: `${name}: added, a rule about names` }];
    if (other === undefined)
      return [{ rule: name, kind: 'removed', effect: 'looser', sentence: `${name}: removed, a rule about names` }];
    const changed = Object.keys({ ...one, ...other }).filter(
      (member) => JSON.stringify(memberOf(one, member)) !== JSON.stringify(memberOf(other, member)),
    );
    const words = changed.map(
      (member) => `${member} ${quoted(memberOf(one, member))} → ${quoted(memberOf(other, member))}`,
    );
    return [{ rule: name, kind: 'changed', effect: 'other', sentence: `${name}: ${words.join(', ')}` }];
  });
}

function number(value: number): string {
  return value.toLocaleString('en-US');
}
