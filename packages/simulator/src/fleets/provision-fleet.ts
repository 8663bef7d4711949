// Who may do what, for the participants of a fleet: what a gateway is given, and what the simulated market is.
import { type Provisioning, provisioningSchema } from '@headgate/contract';
import type { Coordinator } from '../state/market.ts';
import type { Provision } from '../state/provisioning.ts';
import { providerOfScid } from './documents.ts';
import type { FleetMember, FleetPlan } from './plan-fleet.ts';

/** The subject of a member's or vendor's certificate, as the test authority writes it. */
function subjectOfCredential(credential: string, organisation: string): string {
  return `CN=${credential},OU=people,O=${organisation},C=US`;
}

/** The provisioning file of a fleet, as a value: every right that its calls need, and none else. */
export function provisioningOf({ members, vendors, environment }: FleetPlan): Provisioning {
  const rightsOf = (member: FleetMember) => {
    const operations = Map.groupBy(member.habits, ({ system }) => system);
    return [...operations].map(([system, habits]) => ({
      system,
      environment,
      channels: ['api'] as const,
      role: habits.some(({ operation }) => operation === 'submit') ? ('submit' as const) : ('read' as const),
      scids: 'all' as const,
    }));
  };
  const own = members.map((member) => ({
    id: member.id,
    name: member.name,
    scids: [...member.scids],
    credentials:
      member.vendor === null
        ? [
            {
              subject: subjectOfCredential(member.credential, member.organisation),
              environments: [environment],
              rights: rightsOf(member),
            },
          ]
        : [],
  }));
  const ofVendors = vendors.map(({ id, name, credential, clients }) => ({
    id,
    name,
    scids: [],
    credentials: [
      {
        subject: subjectOfCredential(credential, name),
        environments: [environment],
        rights: [],
        endorsements: members
          .filter((member) => clients.includes(member.id))
          .map((member) => ({ by: member.id, rights: rightsOf(member) })),
      },
    ],
  }));
  return provisioningSchema.parse({ format: 1, participants: [...own, ...ofVendors] });
}

/** Rights inside the simulated systems, by subject. */
export function provisionsOf({ members }: FleetPlan): readonly Provision[] {
  const bySubject = Map.groupBy(members, ({ credential, organisation }) =>
    subjectOfCredential(credential, organisation),
  );
  return [...bySubject].map(([subject, held]) => ({ subject, scids: held.flatMap(({ scids }) => scids) }));
}

/** The coordinators of a market in which a fleet takes part. */
export function coordinatorsOf({ members }: FleetPlan): readonly Coordinator[] {
  return members.flatMap(({ scids }) => scids.map((scid) => ({ scid, drp: providerOfScid(scid) })));
}
