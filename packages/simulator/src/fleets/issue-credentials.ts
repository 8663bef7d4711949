// Real keys and certificates for a fleet, made at run time by the test authority; they die with the process.
import type { KeyType, TestAuthority, TestUser } from '@headgate/pki';
import type { FleetPlan } from './plan-fleet.ts';
import { profiles } from './profiles.ts';

/** The certificate of each credential of a plan, by its common name. */
export type FleetCredentials = ReadonlyMap<string, TestUser>;

/** How keys are made. */
export interface IssueOptions {
  readonly authority: TestAuthority;
  /** `rsa-2048` signs messages and takes a tenth of a second each; `ec-p256` is for calls that are not signed. Default `rsa-2048`. */
  readonly keyType?: KeyType;
}

/** Keys that are made at once. */
const atOnce = 8;

/** Issues everybody's certificate: valid a year, or ended yesterday, as the profile has it. */
export async function issueCredentials(
  plan: FleetPlan,
  { authority, keyType }: IssueOptions,
): Promise<FleetCredentials> {
  const wanted = [...new Map(plan.members.map((member) => [member.credential, member])).values()];
  const issued = new Map<string, TestUser>();
  const work = wanted.values();
  const issueNext = async (): Promise<void> => {
    for (const { credential: name, organisation, family, profile } of work) {
      const person = { name, organisation, keyType: keyType ?? 'rsa-2048' };
      const isExpired = profiles[profile].certificate === 'expired';
      issued.set(name, await (isExpired ? authority.expiredUser(family, person) : authority.user(family, person)));
    }
  };
  await Promise.all(Array.from({ length: atOnce }, issueNext));
  return issued;
}
