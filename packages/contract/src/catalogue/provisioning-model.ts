// Who may do what: participants, their scheduling coordinator ids and resource groups, the certificates they hold, and the
// rights that those give, also the certificates of others.
import { z } from 'zod';
import { channels, idSchema, type Operation, operations } from './model.ts';
import { isRightDate, rightDateForms } from './right-dates.ts';

/** What a role may be at one system, on one channel, in one environment. */
export const roles = ['none', 'read', 'submit'] as const;
/** One role. */
export type Role = (typeof roles)[number];

/** The operations that a role gives. Whoever may submit may read what became of it. */
export const operationsOfRole: Readonly<Record<Role, readonly Operation[]>> = {
  none: [],
  read: ['retrieve'],
  submit: ['retrieve', 'submit'],
};

const scidSchema = z.string().regex(/^[A-Z0-9]{1,12}$/);
const dateSchema = z.string().max(40).refine(isRightDate, rightDateForms);
const fromSchema = dateSchema.optional().describe('First day, or instant, at which it holds. Left out: always did.');
const untilSchema = dateSchema
  .optional()
  .describe('Last day, whole, or the instant at which it ends. Left out: never.');
const addressSchema = z
  .string()
  .regex(/^[a-z0-9.-]+@(?:[a-z0-9-]+\.)+[a-z]{2,}$/, 'the address of a role, as access@example.org')
  .max(120);
const grantedBySchema = addressSchema.optional().describe('Address of the role that grants rights. Refusals name it.');

const rightSchema = z
  .strictObject({
    system: z.union([z.literal('all'), idSchema]).describe('A system id of the catalogue, or all.'),
    environment: idSchema,
    channels: z.array(z.enum(channels)).min(1).max(2),
    role: z
      .enum(roles)
      .optional()
      .describe('read: retrieve. submit: retrieve and submit. none: nothing, said for readers; it takes nothing away.'),
    operations: z.array(z.enum(operations)).min(1).max(2).optional().describe('In place of a role, one by one.'),
    scids: z
      .union([z.literal('all'), z.array(scidSchema).min(1).max(500)], { error: 'all, or a list of SCIDs' })
      .optional()
      .describe('The ids of the participant that the right covers; all means every one of them.'),
    resourceGroups: z
      .array(idSchema)
      .min(1)
      .max(500)
      .optional()
      .describe('In place of scids: groups of resources of the participant.'),
    from: fromSchema,
    until: untilSchema,
  })
  .refine((right) => (right.role === undefined) !== (right.operations === undefined), {
    error: 'either role or operations',
  })
  .refine((right) => right.role === 'none' || (right.scids === undefined) !== (right.resourceGroups === undefined), {
    error: 'either scids or resourceGroups',
  });

const rightsSchema = z.array(rightSchema).max(200);

const credentialSchema = z
  .strictObject({
    subject: z
      .string()
      .min(3)
      .max(500)
      .optional()
      .describe('Subject of the client certificate, as RFC 4514 text. Alone it names every certificate with it.'),
    fingerprint: z
      .string()
      .regex(/^(?:[0-9A-Fa-f]{2}:?){31}[0-9A-Fa-f]{2}$/, 'SHA-256 of the certificate: 64 hexadecimal digits')
      .optional()
      .describe('SHA-256 of the certificate, in hexadecimal digits: this one and no other.'),
    issuer: z.string().min(3).max(500).optional().describe('Issuer as RFC 4514 text, together with serial.'),
    serial: z
      .string()
      .regex(/^[0-9A-Fa-f:]{1,64}$/, 'a serial number in hexadecimal digits')
      .optional()
      .describe('Serial number in hexadecimal digits, together with issuer.'),
    usernames: z
      .array(z.string().min(1).max(500))
      .min(1)
      .max(50)
      .optional()
      .describe(
        'Names that its messages may carry in their header, where a rule of the policy asks for a provisioned one.',
      ),
    label: z.string().min(1).max(120).optional(),
    holder: z
      .strictObject({
        kind: z.enum(['person', 'application']),
        contact: addressSchema.optional().describe('Address of a role, never of a person.'),
      })
      .optional()
      .describe('Who uses the certificate.'),
    environments: z.array(idSchema).min(1).max(20),
    rights: rightsSchema,
    endorsements: z
      .array(z.strictObject({ by: idSchema, from: fromSchema, until: untilSchema, rights: rightsSchema }))
      .max(500)
      .optional()
      .describe('Rights that other participants give to this certificate, as to one of a vendor.'),
  })
  .refine((credential) => waysNamed(credential) === 1, {
    error: 'one of: a subject; a fingerprint; an issuer with a serial. A subject may stand beside the other two',
  });

/** How many ways a credential is named in; a subject beside a more specific one is a statement about the certificate. */
function waysNamed({ subject, fingerprint, issuer, serial }: Named): number {
  if ((issuer === undefined) !== (serial === undefined)) return 0;
  const specific = Number(fingerprint !== undefined) + Number(issuer !== undefined);
  return specific === 0 ? Number(subject !== undefined) : specific;
}

type Named = Partial<Record<'subject' | 'fingerprint' | 'issuer' | 'serial', string | undefined>>;

const resourceGroupSchema = z.strictObject({
  id: idSchema,
  scid: scidSchema.describe('The SCID of the participant that the resources are scheduled under.'),
  resources: z.array(z.string().min(1).max(60)).min(1).max(500),
});

/** Schema of `provisioning.yaml`. */
export const provisioningSchema = z.strictObject({
  format: z.literal(1),
  grantedBy: grantedBySchema,
  systems: z
    .array(z.strictObject({ id: idSchema, grantedBy: addressSchema }))
    .max(200)
    .optional()
    .describe('Who grants rights over a system to a participant that names nobody itself.'),
  participants: z
    .array(
      z.strictObject({
        id: idSchema,
        name: z.string().min(1).max(200),
        grantedBy: grantedBySchema,
        scids: z.array(scidSchema).max(500).describe('Scheduling coordinator ids the participant may act for.'),
        resourceGroups: z.array(resourceGroupSchema).max(500).optional(),
        credentials: z.array(credentialSchema).max(200),
      }),
    )
    .max(5000),
});

/** Participants, SCIDs, credentials and rights. */
export type Provisioning = z.infer<typeof provisioningSchema>;
/** One organisation of the provisioning. */
export type Participant = Provisioning['participants'][number];
/** A client certificate that a participant holds. */
export type Credential = Participant['credentials'][number];
/** Rights that another participant gives to a credential. */
export type Endorsement = NonNullable<Credential['endorsements']>[number];
/** One right of a credential. */
export type ProvisionedRight = z.infer<typeof rightSchema>;

/** The operations of a right, whichever way they are written. */
export function operationsOf({
  role,
  operations,
}: Pick<ProvisionedRight, 'role' | 'operations'>): readonly Operation[] {
  return operations ?? operationsOfRole[role ?? 'none'];
}

/** The name of a credential by which gateways find it, with the way in front: the same for all spellings of one name. */
export function credentialKey({ subject, fingerprint, issuer, serial }: Named): string {
  if (fingerprint !== undefined) return `fingerprint ${fingerprint.replaceAll(':', '').toLowerCase()}`;
  if (issuer !== undefined && serial !== undefined) return `serial ${toPlainSerial(serial)} of ${issuer}`;
  return `subject ${subject}`;
}

function toPlainSerial(serial: string): string {
  return serial
    .replaceAll(':', '')
    .replace(/^0+(?=.)/, '')
    .toUpperCase();
}
