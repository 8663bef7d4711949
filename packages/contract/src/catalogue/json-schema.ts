// JSON Schemas of the catalogue files, for editors: completion and a red line while a file is being written.
import { z } from 'zod';
import { policySchema } from '../limits.ts';
import { catalogueFileSchemas } from './model.ts';
import { provisioningSchema } from './provisioning-model.ts';

const titles = {
  'catalogue.yaml': 'Environments, hosts, systems, addresses and services',
  'announcements.yaml': 'Every date ever published',
  'trust.yaml': 'Authorities, and bundles that say when each counts where',
  'known-issues.yaml': 'Known issues with dated notes and cases',
  'programme.yaml': 'Actions, address ranges, forum, support, discrepancies',
  'policy.yaml': 'Limits',
  'provisioning.yaml': 'Participants, credentials and rights',
} as const;

const schemas = {
  ...catalogueFileSchemas,
  'policy.yaml': policySchema,
  'provisioning.yaml': provisioningSchema,
} as const;

/** The JSON Schema of each file of a catalogue folder, by schema file name (`catalogue.json` for `catalogue.yaml`), as text. */
export function catalogueJsonSchemas(): ReadonlyMap<string, string> {
  const texts = new Map<string, string>();
  for (const [file, schema] of Object.entries(schemas)) {
    const title = titles[file as keyof typeof titles];
    const json = { title, ...z.toJSONSchema(schema, { io: 'input', unrepresentable: 'any' }) };
    texts.set(file.replace(/\.yaml$/, '.json'), `${JSON.stringify(json, null, 2)}\n`);
  }
  return texts;
}
