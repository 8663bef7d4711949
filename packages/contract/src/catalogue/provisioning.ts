// Who may do what: participants, their scheduling coordinator ids, the certificates they hold and the rights those give.
import { z } from 'zod';
import { type Finding, type ReadFile, readYamlFile } from '../yaml-file.ts';
import { channels, idSchema, operations } from './model.ts';

const scidSchema = z.string().regex(/^[A-Z0-9]{1,12}$/);

const rightSchema = z.strictObject({
  system: z.union([z.literal('all'), idSchema]).describe('A system id of the catalogue, or all.'),
  environment: idSchema,
  channels: z.array(z.enum(channels)).min(1).max(2),
  operations: z.array(z.enum(operations)).min(1).max(2),
  scids: z
    .union([z.literal('all'), z.array(scidSchema).min(1).max(500)], { error: 'all, or a list of SCIDs' })
    .describe('The ids of the participant that the right covers; all means every one of them.'),
});

/** Schema of `provisioning.yaml`. */
export const provisioningSchema = z.strictObject({
  format: z.literal(1),
  participants: z
    .array(
      z.strictObject({
        id: idSchema,
        name: z.string().min(1).max(200),
        scids: z.array(scidSchema).max(500).describe('Scheduling coordinator ids the participant may act for.'),
        credentials: z
          .array(
            z.strictObject({
              subject: z.string().min(3).max(500).describe('Subject of the client certificate, as RFC 4514 text.'),
              label: z.string().min(1).max(120).optional(),
              environments: z.array(idSchema).min(1).max(20),
              rights: z.array(rightSchema).max(200),
            }),
          )
          .max(200),
      }),
    )
    .max(5000),
});

/** Participants, SCIDs, credentials and rights. */
export type Provisioning = z.infer<typeof provisioningSchema>;
/** One organisation of the provisioning. */
export type Participant = Provisioning['participants'][number];
/** One right of a credential. */
export type ProvisionedRight = z.infer<typeof rightSchema>;

/** What a provisioning may refer to; without it, ids are not compared. */
export interface ProvisionedAgainst {
  readonly environments: readonly { readonly id: string }[];
  readonly systems: readonly { readonly id: string }[];
}

/** Reads a provisioning file. Subjects and participant ids must be unique; ids must exist in the catalogue where one is given. */
export function parseProvisioning(
  file: string,
  text: string,
  catalogue?: ProvisionedAgainst,
):
  | { readonly ok: true; readonly provisioning: Provisioning }
  | { readonly ok: false; readonly findings: readonly Finding[] } {
  const result = readYamlFile(file, text, provisioningSchema);
  if (!result.ok) return result;
  const findings = [
    ...repeatedIds(result.read),
    ...(catalogue === undefined ? [] : unknownIds(result.read, catalogue)),
  ];
  return findings.length > 0 ? { ok: false, findings } : { ok: true, provisioning: result.read.value };
}

function repeatedIds(read: ReadFile<Provisioning>): readonly Finding[] {
  const findings: Finding[] = [];
  const ids = new Set<string>();
  const subjects = new Set<string>();
  for (const [index, participant] of read.value.participants.entries()) {
    if (ids.has(participant.id)) {
      findings.push(read.finding(['participants', index, 'id'], `${participant.id} again`, 'an id of its own'));
    }
    ids.add(participant.id);
    for (const [number, { subject }] of participant.credentials.entries()) {
      // Two owners of one certificate would make the caller's identity depend on file order.
      if (subjects.has(subject)) {
        const path = ['participants', index, 'credentials', number, 'subject'];
        findings.push(read.finding(path, `${subject} again`, 'each certificate subject once'));
      }
      subjects.add(subject);
    }
  }
  return findings;
}

function unknownIds(read: ReadFile<Provisioning>, catalogue: ProvisionedAgainst): readonly Finding[] {
  const environments = new Set(catalogue.environments.map(({ id }) => id));
  const systems = new Set(['all', ...catalogue.systems.map(({ id }) => id)]);
  const findings: Finding[] = [];
  for (const [index, participant] of read.value.participants.entries()) {
    for (const [number, credential] of participant.credentials.entries()) {
      const at = ['participants', index, 'credentials', number];
      for (const [place, environment] of credential.environments.entries()) {
        if (!environments.has(environment)) {
          findings.push(
            read.finding([...at, 'environments', place], environment, `one of ${[...environments].join(', ')}`),
          );
        }
      }
      for (const [place, right] of credential.rights.entries()) {
        const path = [...at, 'rights', place];
        if (!systems.has(right.system))
          findings.push(read.finding([...path, 'system'], right.system, 'a system of the catalogue'));
        if (!credential.environments.includes(right.environment)) {
          findings.push(
            read.finding([...path, 'environment'], right.environment, `one of the credential's environments`),
          );
        }
        for (const scid of right.scids === 'all' ? [] : right.scids) {
          if (!participant.scids.includes(scid)) {
            findings.push(read.finding([...path, 'scids'], scid, `one of ${participant.scids.join(', ')}`));
          }
        }
      }
    }
  }
  return findings;
}
