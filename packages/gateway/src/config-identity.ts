// The options of identity fields: under which names, and in which form, back ends are told who calls.
import { bareName, type Finding, type ReadFile } from '@headgate/contract';
import { z } from 'zod';
import { hopByHopFields, rewrittenFields } from './passing-fields.ts';

/** What a field can say of the caller that was identified. */
export const identityValues = [
  'certificate',
  'chain',
  'subject',
  'issuer',
  'common-name',
  'serial',
  'fingerprint',
  'not-after',
  'participant',
  'der-base64',
  'pem-url-encoded',
  'verified',
] as const;

/** One thing that a field says. */
export type IdentityValue = (typeof identityValues)[number];

const identityField = z.strictObject({
  name: z
    .string()
    .regex(/^[A-Za-z][A-Za-z0-9_-]{0,63}$/, 'a field name of letters, digits, hyphens and underscores')
    .describe(
      'Name of the field. It is sent in lower case, and dropped in every spelling where it comes from outside.',
    ),
  value: z
    .enum(identityValues)
    .describe(
      '"certificate": RFC 9440 Client-Cert. "chain": RFC 9440 Client-Cert-Chain, the intermediates of the path that was judged, without its anchor. "subject", "issuer": RFC 4514. "common-name": the first CN. "serial": hexadecimal. "fingerprint": SHA-256, hexadecimal. "not-after": ISO 8601. "participant": of provisioning. "der-base64", "pem-url-encoded": the certificate as older balancers send it. "verified": SUCCESS.',
    ),
});

/** Every identity field, with what back ends are told by default. */
export const identityFieldList = z
  .array(identityField)
  .max(20)
  .default([
    { name: 'client-cert', value: 'certificate' },
    { name: 'client-cert-chain', value: 'chain' },
    { name: 'ct-remote-user', value: 'subject' },
  ])
  .describe(
    'How back ends are told who calls. A field without a value, such as the chain of a certificate that an anchor issued itself, is left out. Default: client-cert, client-cert-chain and ct-remote-user.',
  );

/** Names that carry what is not an identity: ours, and those that every message may have. */
const takenNames = new Set(
  [
    ...hopByHopFields,
    ...rewrittenFields,
    'forwarded',
    'headgate-exchange',
    'proxy-status',
    'x-forwarded-for',
    'x-forwarded-host',
    'x-forwarded-proto',
    'accept',
    'accept-encoding',
    'authorization',
    'content-encoding',
    'content-type',
    'cookie',
    'date',
    'location',
    'mime-version',
    'server',
    'set-cookie',
    'soapaction',
    'user-agent',
  ].map(bareName),
);

/** Finds names that stand twice, and names that carry something else. */
export function identityFieldFindings(
  listed: z.infer<typeof identityFieldList>,
  finding: ReadFile<unknown>['finding'],
): readonly Finding[] {
  const seen = new Set<string>();
  return listed.flatMap(({ name }, at) => {
    const where = ['identityFields', at, 'name'];
    const bare = bareName(name);
    if (takenNames.has(bare)) return [finding(where, `"${name}"`, 'a name that carries nothing else')];
    if (seen.has(bare)) return [finding(where, `"${name}" again`, 'each name once, in one spelling')];
    seen.add(bare);
    return [];
  });
}
