// Policies for a person: remarks with file and line, differences as sentences, and what each rule makes of a call.
import type { LimitSubject, Override, Policy } from '@headgate/contract';
import type { RuleMatch } from '@headgate/rules';
import type { Output } from '../context.ts';
import type { CountedHow, PolicyRemark } from '../policy/check-policy.ts';
import type { PolicyDifference } from '../policy/diff-policies.ts';
import type { NamedPolicy } from '../policy/policy-file.ts';
import { listed, sayKey, sayQuota } from '../policy/rule-words.ts';
import { overridesText } from './control-text.ts';
import { paint, type Style } from './paint.ts';
import { textTable } from './text-table.ts';

/** Remarks, one a line: `file:line:column level rule: sentence`. */
export function remarksText({ file, placeOf }: NamedPolicy, remarks: readonly PolicyRemark[], stream: Output): string {
  const styles: Readonly<Record<PolicyRemark['level'], Style>> = { error: 'red', warning: 'yellow', notice: 'dim' };
  return remarks
    .map(({ level, rule, path, sentence }) => {
      const { line, column } = placeOf(path);
      return `${file}:${line}:${column} ${paint(stream, styles[level], level)} ${rule}: ${sentence}\n`;
    })
    .join('');
}

/** How exactly each rule is counted, in a line for each way. */
export function countedText(counted: readonly CountedHow[]): string {
  const byWay = Map.groupBy(counted, sayCounted);
  return [...byWay].map(([way, rules]) => `${way}: ${rules.map(({ rule }) => rule).join(', ')}\n`).join('');
}

function sayCounted({ lateMsMax, overNodes }: CountedHow): string {
  const exactness = lateMsMax === 0 ? 'exact' : `in parts of ${lateMsMax} ms, late by one at most and never early`;
  return overNodes === 'together' ? exactness : `${exactness}, and over several gateways each its part of the quota`;
}

/** Differences, one a line, each with what it alone does to callers. */
export function differencesText(differences: readonly PolicyDifference[], stream: Output): string {
  if (differences.length === 0) return 'no difference: both say the same\n';
  const styles: Readonly<Record<PolicyDifference['effect'], Style>> = { tighter: 'red', looser: 'green', other: 'dim' };
  return differences
    .map(({ sentence, effect }) => {
      const tail = effect === 'other' ? '' : paint(stream, styles[effect], ` (${effect})`);
      return `${sentence}${tail}\n`;
    })
    .join('');
}

/** What each rule makes of a call. */
export function explainedText(subject: LimitSubject, matches: readonly RuleMatch[], stream: Output): string {
  const facts = Object.entries(subject).map(([name, value]) => `${name.padEnd(14)} ${String(value)}`);
  const rows = matches.map(({ rule, counts, key, unmet }) => [
    rule.name,
    counts ? (rule.mode === 'enforce' ? 'yes' : 'in shadow') : rule.mode === 'off' ? 'off' : 'no',
    counts ? sayQuota(rule) : '',
    counts ? (key ?? '') : unmet.map(sayUnmet).join('; '),
  ]);
  const columnsMax = stream.isTTY === true ? stream.columns : undefined;
  return `${facts.join('\n')}\n\n${textTable(['rule', 'counts it', 'allows', 'key, or why not'], rows, { cellCharsMax: 300, columnsMax })}`;
}

/** The rules of a policy, and what break-glass changes of them. */
export function policyText({ limits }: Policy, overrides: readonly Override[], stream: Output): string {
  const rows = limits.map((rule) => [
    rule.name,
    sayQuota(rule),
    sayKey(rule),
    overrides.some((override) => override.rule === rule.name) ? `${rule.mode}, see below` : rule.mode,
  ]);
  const columnsMax = stream.isTTY === true ? stream.columns : undefined;
  return `${textTable(['rule', 'allows', 'counted', 'mode'], rows, { columnsMax })}${overridesText(overrides)}`;
}

function sayUnmet({ part, wanted, found }: RuleMatch['unmet'][number]): string {
  const has = found === null ? `${part} is not known of this call` : `${part} is ${found}`;
  return `${has}, not ${listed(wanted, 'or')}`;
}
