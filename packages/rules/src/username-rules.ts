// Which rule about the name in a message's header applies to a call.
import type { LimitSubject, Policy, UsernameRule } from '@headgate/contract';
import { allHold, type Condition, conditionsOf } from './match.ts';

/** What a rule may ask about a call: what a limit may, without who calls. */
export type UsernameSubject = Omit<LimitSubject, 'source' | 'credential' | 'participant'>;

/** Rules made ready for matching, in file order; those that are off left out. */
export interface CompiledUsernameRules {
  readonly rules: readonly { readonly rule: UsernameRule; readonly conditions: readonly Condition[] }[];
}

/** Compiles every enforced and shadowed rule once. Cannot fail on a policy that `parsePolicy` accepted. */
export function compileUsernameRules({ usernames = [] }: Policy): CompiledUsernameRules {
  const live = usernames.filter(({ mode }) => mode !== 'off');
  return { rules: live.map((rule) => ({ rule, conditions: conditionsOf(rule.where) })) };
}

/** The first rule whose `where` holds; null where none does. */
export function usernameRuleFor({ rules }: CompiledUsernameRules, subject: UsernameSubject): UsernameRule | null {
  return rules.find(({ conditions }) => allHold(conditions, { ...subject, source: '' }))?.rule ?? null;
}
