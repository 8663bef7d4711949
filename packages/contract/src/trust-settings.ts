// By which bundles callers are judged, as a snapshot says it: what is a section of a gateway's configuration where it reads files.
import { z } from 'zod';

const bundleName = z.string().regex(/^[a-z0-9][a-z0-9-]{0,62}$/, 'a lower-case name such as "ws"');
const file = z.string().min(1).max(1_000);

/** One bundle: what is the same in a gateway's configuration and in a snapshot. */
export const trustBundleSettingsSchema = z.strictObject({
  name: bundleName.describe('Referred to by `hosts[].trust`.'),
  dated: z
    .string()
    .min(1)
    .max(80)
    .optional()
    .describe(
      'Bundle of the trust file: each of its certificates counts from one day until another. One that stands in the PEM files too counts as the trust file says.',
    ),
  anchors: file
    .optional()
    .describe(
      'PEM file with the trust anchors, which count while they are in it. Several may be in overlap. Needed unless `dated` is given.',
    ),
  intermediates: file
    .optional()
    .describe('PEM file with intermediates. Paths are built from the leaf and these alone.'),
  staleCrls: z
    .enum(['accept', 'refuse'])
    .default('accept')
    .describe(
      'What becomes of callers whose issuer has a list past its end: "accept" lets in whoever is not on it, "refuse" nobody. Whoever is on a list is refused in either case.',
    ),
});

/** A bundle by which callers are judged, file names as written. */
export type TrustBundleSettings = z.infer<typeof trustBundleSettingsSchema>;

/** Most bundles of a gateway. */
export const trustBundlesMax = 32;

/** Schema of `trust-bundles.yaml`, the text of a snapshot that says how callers are judged. */
export const trustSettingsSchema = z.strictObject({
  format: z.literal(1),
  bundles: z.array(trustBundleSettingsSchema).max(trustBundlesMax),
});
