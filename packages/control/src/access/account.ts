// Who may call control, and as what.

/** What an account may be. `node` is a gateway. */
export const roles = [
  'operator',
  'approver',
  'support',
  'participant-administrator',
  'participant-reader',
  'node',
] as const;

/** One role. */
export type Role = (typeof roles)[number];

/** Roles of those who run the tier: what they may see is not one participant's alone. */
export const staff: readonly Role[] = ['operator', 'approver', 'support'];

/** Everybody who is a person or a program of a participant or of the operator; no gateway. */
export const everyone: readonly Role[] = [...staff, 'participant-administrator', 'participant-reader'];

const participantRoles: ReadonlySet<Role> = new Set<Role>(['participant-administrator', 'participant-reader']);

/** Whoever makes a request. */
export interface Account {
  /** Stable for as long as the account is: `account:NAME`, `node:NAME` or `certificate:FINGERPRINT`. */
  readonly id: string;
  readonly name: string;
  readonly roles: readonly Role[];
  /** The participant that it belongs to; null for staff and gateways. */
  readonly participant: string | null;
  /** The gateway that it is; null for everybody else. */
  readonly node: string | null;
}

/** What a route says of itself: who may call it, and whose things are behind it. */
export interface Access {
  /** Who may. `anyone` needs no sign-in: nothing behind such a route is anybody's. */
  readonly roles: readonly Role[] | 'anyone';
  /** The path parameter that names a participant: to roles of another one there is no such thing (404). */
  readonly participant?: string;
  /** The path parameter that names a gateway: to another gateway there is no such thing (404). */
  readonly node?: string;
}

/** What an account may do at a route, decided before its handler runs. */
export type Permission =
  | {
      readonly verdict: 'granted';
      /** The one participant whose things may be shown; null where there is no such bound. */
      readonly participantScope: string | null;
    }
  | { readonly verdict: 'not_permitted' }
  | { readonly verdict: 'not_found' };

/** Decides by the table of access alone. Whoever has several roles may do what any of them may. */
export function permissionOf(
  account: Account,
  access: Access,
  parameters: Readonly<Record<string, string | undefined>>,
): Permission {
  const allowed = access.roles;
  if (allowed === 'anyone') return { verdict: 'granted', participantScope: account.participant };
  const held = account.roles.filter((role) => allowed.includes(role));
  if (held.length === 0) return { verdict: 'not_permitted' };
  const isStaff = held.some((role) => staff.includes(role));
  if (isStaff) return { verdict: 'granted', participantScope: null };
  const isNode = held.includes('node');
  if (isNode && access.node !== undefined && parameters[access.node] !== account.node) return { verdict: 'not_found' };
  const isParticipant = held.some((role) => participantRoles.has(role));
  if (isParticipant && access.participant !== undefined && parameters[access.participant] !== account.participant)
    return { verdict: 'not_found' };
  // An account of a participant without a name for it would otherwise be bound to nothing.
  if (isParticipant && account.participant === null) return { verdict: 'not_permitted' };
  return { verdict: 'granted', participantScope: isParticipant ? account.participant : null };
}
