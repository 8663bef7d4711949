// Does the name in the header of a message belong to the certificate that connected? Decided from what was peeked, by the rule of
// the policy; systems without a rule are not looked into.
import { Refusal, type UsernameEvidence, type UsernameRule } from '@headgate/contract';
import { attributeOf, comparableName, comparableText } from '@headgate/pki';
import { compileUsernameRules, usernameRuleFor } from '@headgate/rules';
import { type EnvelopeHead, type HeaderPath, headerTextsMax, toHeaderPath } from '@headgate/soap';
import type { Principal } from './identity/identify.ts';
import type { Route } from './route/select-route.ts';

/** A rule, and where it looks. */
export interface UsernameCheck {
  readonly rule: UsernameRule;
  readonly path: HeaderPath;
}

/** The rules of one policy, by route. */
export interface UsernameChecks {
  /** The rule of a route; null where there is none. */
  of(route: Route): UsernameCheck | null;
}

/** What was found, for evidence, and the refusal where it is one. */
export interface JudgedUsername {
  readonly evidence: UsernameEvidence;
  readonly refusal: Refusal<'identity.username_mismatch'> | null;
}

/** Longest name that evidence keeps and a refusal quotes, in characters. */
const quotedCharactersMax = 200;

/** Compiles the rules of a policy. A route is matched once: it is remembered with the head that decided it. */
export function createUsernameChecks(policy: Parameters<typeof compileUsernameRules>[0]): UsernameChecks {
  const compiled = compileUsernameRules(policy);
  const checks = new Map(
    compiled.rules.map(({ rule }): [UsernameRule, UsernameCheck] => [
      rule,
      { rule, path: toHeaderPath(rule.element.namespace, rule.element.path) },
    ]),
  );
  const known = new WeakMap<Route, UsernameCheck | null>();
  return {
    of(route) {
      if (checks.size === 0) return null;
      const before = known.get(route);
      if (before !== undefined) return before;
      const { environment, infrastructure, namespace, channel, generation, systemId, service, operation } = route;
      const rule = usernameRuleFor(compiled, {
        environment,
        infrastructure,
        namespace,
        channel,
        generation,
        system: systemId,
        ...(service === null ? {} : { service }),
        ...(operation === null ? {} : { operation }),
      });
      const check = rule === null ? null : (checks.get(rule) ?? null);
      known.set(route, check);
      return check;
    },
  };
}

/** Judges the names in a head that was read with the path of the rule. */
export function judgeUsername(
  { rule }: UsernameCheck,
  head: Extract<EnvelopeHead, { kind: 'soap' }>,
  principal: Principal,
): JudgedUsername {
  const names = head.headerTexts ?? [];
  const allowed = allowedNames(rule, principal);
  // Every one is compared: which of several the system reads, nobody knows.
  const other = names.find((name) => !isAllowed(name, allowed, rule));
  const outcome = outcomeOf(names, other, head.complete);
  const shown = other ?? names[0];
  const evidence = {
    rule: rule.name,
    mode: rule.mode === 'shadow' ? ('shadow' as const) : ('enforce' as const),
    outcome,
    username: shown === undefined ? null : cut(shown),
  };
  const isFine = outcome === 'matches' || (outcome === 'absent' && rule.absent === 'allow');
  if (outcome === 'matches' || isFine || rule.mode === 'shadow') return { evidence, refusal: null };
  const refusal = new Refusal('identity.username_mismatch', {
    rule: rule.name,
    outcome,
    username: evidence.username ?? '',
    element: rule.element.path.join('/'),
    part: rule.equals,
    expected: allowed.map(cut),
  });
  return { evidence, refusal };
}

function outcomeOf(names: readonly string[], other: string | undefined, isWhole: boolean): UsernameEvidence['outcome'] {
  if (other !== undefined || names.length > headerTextsMax) return 'differs';
  if (!isWhole) return 'unseen';
  return names.length === 0 ? 'absent' : 'matches';
}

/** The names of the caller that the rule accepts; none for a caller without a certificate. */
function allowedNames(rule: UsernameRule, { certificate, enrolment }: Principal): readonly string[] {
  if (certificate === null) return [];
  switch (rule.equals) {
    case 'subject':
      return [certificate.subject];
    case 'common-name':
      return present(attributeOf(certificate.subject, 'CN'));
    case 'uid':
      return present(attributeOf(certificate.subject, 'UID'));
    case 'provisioned':
      return enrolment?.credential.usernames ?? [];
  }
}

function present(text: string | null): readonly string[] {
  return text === null ? [] : [text];
}

function isAllowed(name: string, allowed: readonly string[], { equals }: UsernameRule): boolean {
  if (allowed.includes(name)) return true; // The spelling of nearly every message.
  const comparable = equals === 'subject' ? comparableName : comparableText;
  const own = comparable(name);
  return own !== null && allowed.some((each) => comparable(each) === own);
}

function cut(text: string): string {
  // What could break a line or turn a reader's eye is not shown as it is.
  const plain = text.toWellFormed().replace(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/gu, '\u{fffd}');
  return plain.length <= quotedCharactersMax ? plain : `${plain.slice(0, quotedCharactersMax - 1)}…`;
}
