// Names of participants that do not exist: a place, a feature and a trade. The same number has the same name under the same seed, and
// no two numbers share one.
import { seededFraction } from '../state/seeded.ts';

const places = [
  'Amber', 'Brant', 'Cinder', 'Dovetail', 'Elder', 'Fennel', 'Granite', 'Harrow', 'Inkwell', 'Juniper', 'Kestrel', 'Larkspur',
  'Marrow', 'Nettle', 'Orchard', 'Pumice', 'Quarry', 'Russet', 'Saffron', 'Tamarack', 'Umber', 'Vetch', 'Willow', 'Yarrow',
] as const; // biome-ignore format: a list of words
const features = [
  'Basin', 'Bend', 'Bluff', 'Cove', 'Creek', 'Dale', 'Fork', 'Gap', 'Glen', 'Grove', 'Hollow', 'Mesa', 'Moor', 'Pass', 'Ridge', 'Spring',
] as const; // biome-ignore format: a list of words
const trades = [
  'Energy',
  'Power',
  'Storage',
  'Solar',
  'Wind',
  'Trading',
  'Municipal',
  'Grid',
  'Hydro',
  'Demand',
] as const;

/** How many names there are. */
export const namesMax = places.length * features.length * trades.length;

/** An organisation that does not exist. */
export interface InventedName {
  /** `Amber Ridge Storage`. */
  readonly name: string;
  /** `amber-ridge-storage`. */
  readonly id: string;
  /** Upper-case letters for the common name of a certificate: `AMBERRIDGE`. */
  readonly word: string;
}

/** The name of number `index`, 0 to `namesMax` - 1; every number has its own. Raises RangeError past them. */
export function inventedName(seed: string, index: number): InventedName {
  if (!Number.isInteger(index) || index < 0 || index >= namesMax) {
    throw new RangeError(`There are ${namesMax} invented names, and none is number ${index}.`);
  }
  // A walk through all names by a step that shares no factor with their number: no name comes twice.
  const start = Math.floor(seededFraction(seed, 'names') * namesMax);
  const at = (start + index * stepBetweenNames) % namesMax;
  const place = places[at % places.length] ?? '';
  const feature = features[Math.floor(at / places.length) % features.length] ?? '';
  const trade = trades[Math.floor(at / (places.length * features.length))] ?? '';
  const name = `${place} ${feature} ${trade}`;
  return { name, id: name.toLowerCase().replaceAll(' ', '-'), word: `${place}${feature}`.toUpperCase() };
}

/** A prime, and no divisor of 24 × 16 × 10. */
const stepBetweenNames = 1_013;

/** A scheduling coordinator id for number `index`: an F and three digits or letters, each its own. */
export function inventedScid(index: number): string {
  return `F${index.toString(36).toUpperCase().padStart(3, '0')}`;
}
