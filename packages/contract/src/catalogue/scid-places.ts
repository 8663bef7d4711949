// Where the payload of a service carries the SCID that a call acts for, as an operator's data says it; a gateway reads it only where a
// limit counts over SCIDs.
import { z } from 'zod';
import type { ServiceIndex } from './classify.ts';

const lineSchema = z.string().min(1).max(400);
const elementNameSchema = z
  .string()
  .regex(/^[A-Za-z_][\w.-]*$/)
  .max(80);

const scidPlaceSchema = z.union(
  [
    z.strictObject({
      namespace: lineSchema
        .optional()
        .describe(
          'Namespace of the root of the payload. Left out: any. Elements below are in the namespace of the root, or in none.',
        ),
      path: z
        .array(z.union([z.literal('*'), elementNameSchema]))
        .min(1)
        .max(12)
        .describe(
          'Elements from the root of the payload down, by local name; "*" is one of any name. The root without its version.',
        ),
      attribute: elementNameSchema
        .optional()
        .describe('Attribute of the last element, without a prefix. Left out: the text of the element.'),
    }),
    z.strictObject({
      pointer: z
        .string()
        .regex(/^(?:\/(?:[^~/]|~[01])*){1,12}$/)
        .max(200)
        .describe('Where it stands in a JSON document (RFC 6901).'),
    }),
  ],
  { error: 'either path or pointer' },
);

/** Schema of what is said of a service or a system. */
export const scidSchema = z
  .strictObject({
    at: z
      .union([z.array(scidPlaceSchema).min(1).max(8), z.enum(['none', 'not-public'])], {
        error: 'a list of places, none or not-public',
      })
      .describe(
        'Places in the payload; the first value in document order decides. none: it carries no SCID. not-public: nobody says where.',
      ),
    evidence: z
      .enum(['stated', 'observed', 'assumed'])
      .optional()
      .describe('How it is known. Left out where it is not-public.'),
    source: lineSchema,
  })
  .refine(({ at, evidence }) => (at === 'not-public') === (evidence === undefined), {
    path: ['evidence'],
    error: 'stated, observed or assumed; nothing where it is not-public',
  });

/** Schema of what holds of every payload of an operator. */
export const payloadsSchema = z.strictObject({
  attachment: z
    .strictObject({ namespace: lineSchema, path: z.array(elementNameSchema).min(1).max(12) })
    .optional()
    .describe('The element of a Body whose text is a packed payload. Its namespace is that of the first element.'),
  everyScid: z
    .array(z.string().min(1).max(40))
    .max(10)
    .optional()
    .describe('Words in the place of an SCID that stand for every one of the caller.'),
  source: lineSchema,
});

/** Where the payloads of a service carry an SCID, and how that is known. */
export type ScidStatement = z.infer<typeof scidSchema>;
/** One place of an SCID. */
export type ScidPlace = z.infer<typeof scidPlaceSchema>;

/** What a catalogue says of the payloads of one service: the service itself, else its system; null where neither says anything. */
export function scidStatementOf(
  { systems, services }: Pick<ServiceIndex, 'systems' | 'services'>,
  system: string,
  service: string | null,
): ScidStatement | null {
  const own = service === null ? undefined : services.get(system)?.get(service.toLowerCase());
  return own?.scid ?? systems.get(system)?.scid ?? null;
}
