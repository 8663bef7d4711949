// The sentences that several systems answer with, in the market's own words where those are public.
import { errorEvent } from '../wire/standard-output.ts';

/** The caller asked for a coordinator that the certificate may not act for. The sentence is the market's. */
export const notProvisionedEvent = errorEvent(
  'SIM-ROLE',
  'AUTHORIZATION',
  'Invalid role and/or Entity list identifier.',
);

/** The selection is empty. Real clients look for the first three words. */
export const noDataEvent = errorEvent('SIM-NODATA', 'NO_DATA', 'No data found for the given request.');
