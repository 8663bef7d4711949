// Two provisioned participants with every right, for the suites that need to tell one from another.
import type { Operator } from './operators.ts';

/** Certificates of the provisioned participants: alpha has two, beta one. */
export const provisioned = {
  alphaOther: { name: 'ALPHAx0002', organisation: 'Alpha' },
  beta: { name: 'BETAx0002', organisation: 'Beta' },
} as const;

/** A provisioning file of two participants with every right; the first user of a gateway under test is one of alpha's. */
export function provisioningText({ environment }: Operator, firstSubject: string): string {
  const participants = [
    ['alpha', [firstSubject, subjectOf(provisioned.alphaOther)]],
    ['beta', [subjectOf(provisioned.beta)]],
  ] as const;
  const rights = [
    { system: 'all', environment, channels: ['ui', 'api'], operations: ['submit', 'retrieve'], scids: 'all' },
  ];
  return JSON.stringify({
    format: 1,
    participants: participants.map(([id, subjects]) => ({
      id,
      name: id,
      scids: [id.toUpperCase()],
      credentials: subjects.map((subject) => ({ subject, environments: [environment], rights })),
    })),
  });
}

function subjectOf({ name, organisation }: { readonly name: string; readonly organisation: string }): string {
  return `CN=${name},OU=people,O=${organisation},C=US`;
}
