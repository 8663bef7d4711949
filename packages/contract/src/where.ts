// To which calls a rule of the policy applies.
import { z } from 'zod';

const pattern = z
  .string()
  .min(1)
  .max(200)
  .regex(/^[A-Za-z0-9_.*-]+$/, 'letters, digits, "_", ".", "-" and "*" as wildcard')
  .describe('A name, or a pattern where "*" stands for any run of characters. Letter case is ignored.');

const oneOrMore = <T extends z.ZodType>(item: T) => z.union([item, z.array(item).min(1).max(64)]);

/** Conditions on a call. A part that is unknown for a call fits no condition. */
export const whereSchema = z.strictObject({
  environment: oneOrMore(pattern).optional(),
  infrastructure: oneOrMore(pattern).optional(),
  namespace: oneOrMore(pattern).optional(),
  system: oneOrMore(pattern).optional(),
  service: oneOrMore(pattern).optional(),
  operation: oneOrMore(z.enum(['submit', 'retrieve'])).optional(),
  channel: oneOrMore(z.enum(['ui', 'api'])).optional(),
  generation: oneOrMore(z.enum(['old', 'new'])).optional(),
});
