// What has no counterpart: programs, data groups, and kinds of objects that a gateway does not know.
import { type ConfigView, fullName, listOf, memberOf } from './config-view.ts';
import { describeRule } from './describe-rule.ts';
import type { Notes } from './notes.ts';
import type { ConfigObject } from './tmsh-text.ts';

/** Kinds that stand beside the path of a call: what a machine or its licence needs. They are counted and not listed. */
const beside = /^(?:analytics|auth|cli|cm|net|sys|util|vcmp|transaction|ilx|saas)\b/;
const used =
  /^ltm (?:virtual|pool|node|monitor|profile|persistence|policy|virtual-address|snat-translation|snatpool|default-node-monitor|global-settings|tacdb|cipher|eviction-policy|ifile|lsn-log-profile|alg-log-profile)\b/;

/** Most users of a program or data group that are named. */
const usersMax = 5;

/** Notes every object that is not translated elsewhere. */
export function noteLeftovers(view: ConfigView, notes: Notes): void {
  const rulesOf = new Users();
  const namesIn = new Users();
  for (const object of view.objects) {
    if (object.kind === 'ltm virtual')
      for (const rule of listOf(memberOf(object.block, 'rules')?.block ?? undefined))
        rulesOf.add(fullName(rule), object.name);
    for (const [word] of (object.text ?? '').slice(0, wordsOfCharactersMax).matchAll(/[\w./-]{1,200}/g))
      namesIn.add(word.slice(word.lastIndexOf('/') + 1), object.name);
  }
  for (const object of view.objects) {
    const { kind } = object;
    if (kind === 'ltm rule' || kind === 'pem irule') noteRule(object, rulesOf.of(fullName(object.name)), notes);
    else if (kind.startsWith('ltm data-group'))
      noteGroup(object, namesIn.of(object.name.slice(object.name.lastIndexOf('/') + 1)), notes);
    else if (!used.test(kind) && !beside.test(kind))
      notes.add(object, null, `objects of kind ${kind} have no counterpart`, otherKinds(kind));
  }
}

/** How much of a program is searched for names, in characters. */
const wordsOfCharactersMax = 200_000;

/** Who uses what, the first few of each. */
class Users {
  readonly #users = new Map<string, string[]>();

  add(name: string, user: string): void {
    const known = this.#users.get(name);
    if (known === undefined) this.#users.set(name, [user]);
    else if (known.length < usersMax && !known.includes(user)) known.push(user);
  }

  of(name: string): readonly string[] {
    return this.#users.get(name) ?? [];
  }
}

function noteRule(rule: ConfigObject, users: readonly string[], notes: Notes): void {
  const { events, does, instead } = describeRule(rule.text ?? '');
  const by = users.length === 0 ? 'no virtual server uses it' : `used by ${users.join(', ')}`;
  const what = does.length === 0 ? '' : `; it ${does.join(', ')}`;
  notes.add(
    rule,
    events.length === 0 ? null : `when ${events.join(', ')}`,
    `an iRule is a program (${by}${what})`,
    instead.length === 0 ? 'see what it is for' : instead.join('; '),
  );
}

function noteGroup(group: ConfigObject, users: readonly string[], notes: Notes): void {
  const records = memberOf(group.block, 'records')?.block?.length ?? 0;
  const held = group.kind.endsWith('external') ? 'a file of records' : `${records} records`;
  const type = memberOf(group.block, 'type')?.words[1] ?? 'of no stated type';
  const by = users.length === 0 ? 'no iRule names it' : `named by ${users.join(', ')}`;
  const instead =
    type === 'ip' ? 'provisioning by certificate, or a packet filter' : 'provisioning, or addresses of the catalogue';
  notes.add(group, null, `${held} (${type}; ${by}): what they mean, the iRule says`, instead);
}

function otherKinds(kind: string): string {
  if (kind.startsWith('apm ')) return 'client certificates and provisioning; `uiSession` for sessions of people';
  if (kind.startsWith('asm ') || kind.startsWith('security '))
    return 'inspection and limits of the gateway; a firewall for applications beside it where one is needed';
  if (kind.startsWith('gtm ')) return 'DNS, which a gateway does not answer';
  return 'see whether it is needed';
}
