// A provisioning of three participants for the tests of rights: one with a desk, one that endorses, and their vendor.
import type { Credential, Endorsement, Participant, ProvisionedRight, Provisioning } from '@headgate/contract';
import { type CertificateNames, compileRights, type Enrolment, findEnrolment } from './rights.ts';

/** A right with defaults: to read CMRI in production over the API, for every SCID. */
export function right(said: Partial<ProvisionedRight> = {}): ProvisionedRight {
  const role = said.operations === undefined ? ({ role: 'read' } as const) : {};
  const scids = said.resourceGroups === undefined ? ({ scids: 'all' } as const) : {};
  return { system: 'cmri', environment: 'production', channels: ['api'], ...role, ...scids, ...said };
}

/** A credential with defaults. */
export function credential(said: Partial<Credential> = {}): Credential {
  const named = said.fingerprint === undefined && said.serial === undefined ? { subject: deskSubject } : {};
  return { ...named, environments: ['production', 'map-stage'], rights: [], ...said };
}

export const deskSubject = 'CN=HARBORx0001,OU=people,O=EXAMPLE,C=US';
export const vendorSubject = 'CN=VENDORx0009,OU=people,O=EXAMPLE,C=US';

/** Harbor with its desk, Mesa, and a vendor whose one certificate others endorse. */
export function provisioning(
  deskRights: readonly ProvisionedRight[],
  endorsements: readonly Endorsement[] = [],
  vendor: Partial<Credential> = {},
): Provisioning {
  const participant = (id: string, scids: string[], credentials: Credential[]): Participant => ({
    id,
    name: `${id} company`,
    grantedBy: `access@${id}.example.org`,
    scids,
    credentials,
  });
  return {
    format: 1,
    grantedBy: 'access@operator.example.org',
    participants: [
      {
        ...participant('harbor', ['HPA1', 'HPA2'], [credential({ rights: [...deskRights] })]),
        resourceGroups: [
          { id: 'hydro', scid: 'HPA1', resources: ['LAKE_1'] },
          { id: 'wind', scid: 'HPA2', resources: ['HILL_1'] },
        ],
      },
      participant('mesa', ['MESA'], []),
      participant('vendor', [], [credential({ subject: vendorSubject, endorsements: [...endorsements], ...vendor })]),
    ],
  };
}

/** A certificate with a subject and nothing else that anybody provisioned. */
export function certificate(said: Partial<CertificateNames> = {}): CertificateNames {
  return { subject: deskSubject, issuer: 'CN=Issuing CA', serial: '0A', fingerprint256: 'ab'.repeat(32), ...said };
}

/** The enrolment that a test is about. Throws where there is none. */
export function enrolled(written: Provisioning, names: Partial<CertificateNames> = {}): Enrolment {
  const found = findEnrolment(compileRights(written), certificate(names));
  if (found === null) throw new Error('nobody is enrolled');
  return found;
}
