// Rules of a local traffic policy that send calls to pools by host and path become addresses; whatever else they do is told.
import { type ConfigView, listOf, memberOf } from './config-view.ts';
import type { Notes } from './notes.ts';
import type { ConfigObject, Statement } from './tmsh-text.ts';

/** Calls to these hosts and paths go to this pool. */
export interface PolicyPlace {
  /** Empty: every host of the virtual server. */
  readonly hosts: readonly string[];
  readonly paths: readonly string[];
  readonly pool: string;
  readonly source: string;
}

/** The places of a policy. */
export function placesOf(policy: ConfigObject, _view: ConfigView, notes: Notes): readonly PolicyPlace[] {
  const rules = memberOf(policy.block, 'rules')?.block ?? [];
  return rules.flatMap((rule) => {
    const place = placeOf(policy, rule, notes);
    return place === null ? [] : [place];
  });
}

function placeOf(policy: ConfigObject, rule: Statement, notes: Notes): PolicyPlace | null {
  const actions = memberOf(rule.block ?? [], 'actions')?.block ?? [];
  let pool: string | null = null;
  for (const action of actions) {
    const words = listOf(action.block ?? []);
    const chosen = words.includes('forward') ? words[words.indexOf('pool') + 1] : undefined;
    if (chosen !== undefined && words.includes('pool')) pool = chosen;
    else noteAction(policy, rule, words, notes);
  }
  const conditions = memberOf(rule.block ?? [], 'conditions')?.block ?? [];
  const hosts: string[] = [];
  const paths: string[] = [];
  let isWhole = true;
  for (const condition of conditions) {
    const words = listOf((condition.block ?? []).filter(({ block }) => block === null));
    const values = listOf(memberOf(condition.block ?? [], 'values')?.block ?? undefined);
    const isPlain =
      !words.includes('not') && !words.includes('contains') && !words.includes('ends-with') && values.length > 0;
    if (isPlain && words.includes('http-host') && words.includes('host') && !words.includes('starts-with'))
      hosts.push(...values);
    else if (isPlain && words.includes('http-uri') && words.includes('path')) paths.push(...values);
    else isWhole = false;
  }
  if (pool === null) return null;
  if (isWhole) return { hosts, paths, pool, source: `${policy.name} rule ${rule.words[0] ?? ''}` };
  notes.add(
    policy,
    rule,
    `sends calls to ${pool} by something other than host and beginning of path`,
    'addresses of a catalogue are hosts and whole path segments: name those that are meant',
  );
  return null;
}

function noteAction(policy: ConfigObject, rule: Statement, words: readonly string[], notes: Notes): void {
  const redirects = words.includes('redirect') || words.includes('http-reply');
  const changes = words.some((word) => /^http-(?:header|uri|host|cookie|referer|set-cookie)$/.test(word));
  const why = redirects
    ? 'answers by itself'
    : changes
      ? 'changes what callers send'
      : 'does something other than choose a pool';
  const what = redirects
    ? 'let the system behind it answer; a gateway forwards or refuses'
    : changes
      ? '`identityFields` for who calls; nothing else of a call is changed'
      : 'see whether it is needed';
  notes.add(policy, rule, why, what);
}
