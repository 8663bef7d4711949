// The kinds of values that options of the configuration have in common.
import { z } from 'zod';

/** A whole number with bounds and a default. */
export const count = (min: number, max: number, preset: number) => z.int().min(min).max(max).default(preset);

/** A whole number of milliseconds with bounds and a default. */
export const milliseconds = (min: number, max: number, preset: number) => count(min, max, preset);

/** A size in bytes with bounds and a default. */
export const bytes = (min: number, max: number, preset: number) => count(min, max, preset);

/** A file name; relative ones start from the folder of the configuration. */
export const file = z.string().min(1).max(1_000);

/** A name that the configuration gives. */
export const name = z.string().regex(/^[a-z0-9][a-z0-9-]{0,62}$/, 'a lower-case name such as "ws"');

/** A host name without port. */
export const hostName = z
  .string()
  .regex(/^[a-z0-9]([a-z0-9.-]{0,252}[a-z0-9])?$/, 'a host name in lower case, without port');
