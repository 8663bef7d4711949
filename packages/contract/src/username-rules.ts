// What a policy may ask of the name in a message's header: that it is the name of the certificate that connected.
import { z } from 'zod';
import { whereSchema } from './where.ts';

/** Which name of the certificate the one in the header must be. */
export const usernameParts = ['subject', 'common-name', 'uid', 'provisioned'] as const;

/** One of them. */
export type UsernamePart = (typeof usernameParts)[number];

const localName = z
  .string()
  .regex(/^[A-Za-z_][A-Za-z0-9._-]{0,99}$/, 'the local name of an element')
  .max(100);

/** Schema of one rule. */
export const usernameRuleSchema = z.strictObject({
  name: z
    .string()
    .regex(/^[a-z0-9][a-z0-9-]{0,62}$/, 'a lower-case name such as "ws-username"')
    .describe('Unique name; evidence and refusals quote it.'),
  where: whereSchema.describe(
    'All given conditions must hold; the first rule whose conditions hold decides. An empty `where` matches every call.',
  ),
  element: z
    .strictObject({
      namespace: z.string().max(300).describe('Namespace of the outermost element.'),
      path: z
        .array(localName)
        .min(1)
        .max(8)
        .describe('Local names from a child of the SOAP Header down to the element that holds the name.'),
    })
    .describe('Where the name stands in the SOAP Header. Every element there is compared.'),
  equals: z
    .enum(usernameParts)
    .describe(
      'What the name must be. "subject": the whole subject, in any spelling that means the same. "common-name", "uid": the first of the certificate. "provisioned": one of the `usernames` of the credential in provisioning.',
    ),
  absent: z
    .enum(['allow', 'refuse'])
    .default('allow')
    .describe('What becomes of a message without the element. Default: allow.'),
  mode: z
    .enum(['enforce', 'shadow', 'off'])
    .default('enforce')
    .describe('Shadow writes the same evidence and refuses nobody.'),
  evidence: z.enum(['stated', 'observed', 'assumed']).describe('How we know the rule.'),
  source: z.string().min(1).max(300).describe('Where the rule comes from.'),
});

/** One rule about the name in the header of a message. */
export type UsernameRule = z.infer<typeof usernameRuleSchema>;
