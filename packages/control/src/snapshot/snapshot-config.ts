// The section `snapshot` of control's configuration: where the texts come from, and how long snapshots are kept.
import { trustBundleSettingsSchema, trustBundlesMax } from '@headgate/contract';
import { z } from 'zod';
import { count, file, milliseconds } from '../config/config-values.ts';

/** The option `snapshot`. */
export const snapshotOption = z
  .strictObject({
    catalogue: file.describe('Catalogue folder: systems, addresses, services.'),
    policy: file.optional().describe('Policy file with the limits. Default: policy.yaml in the catalogue folder.'),
    shadowPolicy: file.optional().describe('Policy file with a candidate, judged beside the policy. Default: none.'),
    provisioning: file
      .optional()
      .describe(
        'Provisioning file. A participant that was changed over the API stands over the one of the file. Without either, enrolment and rights are not judged.',
      ),
    trust: file
      .optional()
      .describe(
        'Trust file: authorities, and the bundles that `trustBundles[].dated` means. Default: trust.yaml in the catalogue folder.',
      ),
    trustBundles: z
      .array(trustBundleSettingsSchema)
      .max(trustBundlesMax)
      .default([])
      .describe('Whom gateways trust to certify callers. Revocation lists stay in the configuration of each gateway.'),
    watchMs: milliseconds(0, 3_600_000, 0).describe(
      'How often the files are looked at; a change that can be used is published by itself, and one that cannot is told. Default 0: never, snapshots are published by hand.',
    ),
    keepCount: count(2, 10_000, 200).describe(
      'Most snapshots that are kept. One that a gateway has in force, or that the journal names, is kept in any case. Default 200.',
    ),
  })
  .describe('What gateways serve by: the files that a snapshot is compiled from.');

/** Sources of snapshots, file names as written. */
export type SnapshotOptions = z.infer<typeof snapshotOption>;
