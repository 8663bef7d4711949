// What a cell prints, as an address: as it stands, or built from the printed form. Nothing beyond the document is made up.
import type { Catalogue, Cell, Channel, Generation, System } from './model.ts';

/** A cell with its place in the catalogue. */
export interface PlacedCell {
  readonly system: System;
  readonly environment: string;
  readonly channel: Channel;
  readonly generation: Generation;
  readonly cell: Cell;
}

/** The address of a cell, and whether it was built from a form instead of printed. */
export interface CellAddress {
  readonly url: string;
  readonly fromForm: { readonly pages: readonly number[] } | null;
}

/** The cell of a system, or `null` where the document prints none. */
export function cellOf(system: System, environment: string, channel: Channel, generation: Generation): Cell | null {
  return system.addresses[environment]?.[channel]?.[generation] ?? null;
}

/** The address of a cell; `null` when it prints words or nothing. */
export function addressOf(catalogue: Catalogue, system: System, cell: Cell): CellAddress | null {
  if (cell.url !== undefined) return { url: cell.url, fromForm: null };
  if (cell.form === undefined) return null;
  const form = catalogue.forms.find(({ id }) => id === cell.form);
  if (form === undefined || system.pathToken === undefined) return null;
  const url = form.text.replace('/<SERVICE>', '').replace('<SYSTEM>', system.pathToken);
  return { url, fromForm: { pages: form.pages } };
}

/** Every cell of the catalogue, in file order. */
export function* everyCell(catalogue: Pick<Catalogue, 'systems'>): Generator<PlacedCell> {
  for (const system of catalogue.systems) {
    for (const [environment, byChannel] of Object.entries(system.addresses)) {
      for (const channel of ['ui', 'api'] as const) {
        for (const generation of ['new', 'old'] as const) {
          const cell = byChannel[channel]?.[generation];
          if (cell !== undefined) yield { system, environment, channel, generation, cell };
        }
      }
    }
  }
}

/** Host name of an address, lower case, without its port. */
export function hostOf(url: string): string {
  return new URL(url).hostname;
}
