// How many credentials may call an address, by the provisioning of a snapshot at one instant.
import {
  type Address,
  holdsFromMs,
  holdsUntilMs,
  operationsOf,
  type ProvisionedRight,
  type Provisioning,
} from '@headgate/contract';
import type { CredentialCounts } from './lines.ts';

/** Counts for one address; null where a snapshot has no provisioning. */
export type CountCredentials = (address: Address) => CredentialCounts | null;

/** How many credentials were seen on an address lately; null where nobody knows. */
export type SeenOn = (address: Address) => number | null;

/** Counts credentials with a right over an address that holds at `atMs`, their own or an endorsement. */
export function createCounts(provisioning: Provisioning | null, atMs: number, seenOn: SeenOn): CountCredentials {
  if (provisioning === null) return () => null;
  const holders = provisioning.participants.flatMap(({ credentials }) =>
    credentials.map(({ rights, endorsements = [] }) => [
      ...rights.filter((right) => counts(right, atMs)),
      ...endorsements
        .filter((endorsement) => holds(endorsement, atMs))
        .flatMap((endorsement) => endorsement.rights.filter((right) => counts(right, atMs))),
    ]),
  );
  return (address) => ({
    provisioned: holders.filter((rights) => rights.some((right) => isOver(right, address))).length,
    seen: seenOn(address),
  });
}

function counts(right: ProvisionedRight, atMs: number): boolean {
  return operationsOf(right).length > 0 && holds(right, atMs);
}

function holds({ from, until }: Pick<ProvisionedRight, 'from' | 'until'>, atMs: number): boolean {
  return holdsFromMs(from) <= atMs && atMs < holdsUntilMs(until);
}

function isOver({ system, environment, channels }: ProvisionedRight, address: Address): boolean {
  return (
    environment === address.environment &&
    channels.includes(address.channel) &&
    (system === 'all' || address.systems.includes(system))
  );
}

/** What people call addresses: host and path, with what tells two apart that share them. */
export function labelsOf(addresses: readonly Address[]): ReadonlyMap<string, string> {
  const plain = (address: Address) => address.host + address.path;
  const uses = new Map<string, number>();
  for (const address of addresses) uses.set(plain(address), (uses.get(plain(address)) ?? 0) + 1);
  return new Map(
    addresses.map((address) => {
      const isShared = (uses.get(plain(address)) ?? 0) > 1;
      return [address.id, isShared ? `${plain(address)} (${address.channel}, ${address.generation})` : plain(address)];
    }),
  );
}
