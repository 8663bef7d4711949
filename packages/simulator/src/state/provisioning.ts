// Which certificate may act for which scheduling coordinators. Rights are judged inside a system, not at its door.
import type { Coordinator } from './market.ts';
import { isSameName } from './names.ts';

/** The rights of one certificate: its subject (RFC 4514) and the scheduling coordinator ids it may act for. */
export interface Provision {
  readonly subject: string;
  readonly scids: readonly string[];
}

/** Answers who may act for whom. */
export interface Provisioning {
  /** False for a certificate that has no access at all: such a caller gets a page, not a SOAP answer. */
  isKnown(subject: string): boolean;
  /** The coordinators that a certificate may act for; without a certificate, all of them. */
  coordinatorsOf(subject: string | null): readonly Coordinator[];
}

/** Rights as listed; without a list every certificate may act for every coordinator. */
export function createProvisioning(
  coordinators: readonly Coordinator[],
  provisions: readonly Provision[] | undefined,
): Provisioning {
  const find = (subject: string) => provisions?.find((provision) => isSameName(provision.subject, subject));
  return {
    isKnown: (subject) => provisions === undefined || find(subject) !== undefined,
    coordinatorsOf(subject) {
      if (provisions === undefined || subject === null) return coordinators;
      const scids = find(subject)?.scids ?? [];
      return coordinators.filter(({ scid }) => scids.includes(scid));
    },
  };
}
