// The kinds of values that options of the configuration have in common.
import { z } from 'zod';

/** A whole number with bounds and a default. */
export const count = (min: number, max: number, preset: number) => z.int().min(min).max(max).default(preset);

/** A whole number of milliseconds with bounds and a default. */
export const milliseconds = (min: number, max: number, preset: number) => count(min, max, preset);

/** A file name; relative ones start from the folder of the configuration. */
export const file = z.string().min(1).max(1_000);

/** A name that the configuration gives. */
export const name = z.string().regex(/^[a-z0-9][a-z0-9-]{0,62}$/, 'a lower-case name such as "desk"');

/** SHA-256 of a certificate: 64 hexadecimal digits, with or without colons. */
export const fingerprint = z
  .string()
  .regex(/^(?:[0-9A-Fa-f]{2}:?){31}[0-9A-Fa-f]{2}$/, 'a SHA-256 fingerprint of 64 hexadecimal digits')
  .overwrite((text) => text.replaceAll(':', '').toLowerCase());
