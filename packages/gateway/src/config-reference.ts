// The reference page of the configuration, written from its schema: meaning, default and bounds of every option.
import { type OptionSchema, optionsOf, writeOptionTables } from '@headgate/contract';
import { configSchema } from './config.ts';

/** The schema of the configuration file as plain data: what a reader may write, defaults not yet applied. */
export function configOptions(): OptionSchema {
  return optionsOf(configSchema);
}

/** Writes the tables of the reference page: one for the file itself, then one for each list and group in it. */
export function configReference(): string {
  return writeOptionTables(configOptions());
}
