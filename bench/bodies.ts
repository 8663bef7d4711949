// The bodies that are posted: SOAP envelopes of an exact length, because Headgate looks at the head of each.

import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { BodyFiles } from './metrics.ts';

const opening =
  '<?xml version="1.0" encoding="UTF-8"?>' +
  '<soap:Envelope xmlns:soap="http://schemas.xmlsoap.org/soap/envelope/"><soap:Header/><soap:Body>' +
  '<SendOffers xmlns="urn:bench"><offer>';
const closing = '</offer></SendOffers></soap:Body></soap:Envelope>';

/** A SOAP 1.1 envelope of exactly so many bytes; raises RangeError below the length of an empty one. */
export function soapEnvelope(bytes: number): string {
  const filling = bytes - opening.length - closing.length;
  if (filling < 0)
    throw new RangeError(`an envelope needs ${opening.length + closing.length} bytes; asked for ${bytes}`);
  return opening + 'x'.repeat(filling) + closing;
}

/** Writes the three bodies into a folder. */
export function writeBodies(folder: string): BodyFiles {
  const write = (name: string, bytes: number): string => {
    const file = join(folder, name);
    writeFileSync(file, soapEnvelope(bytes));
    return file;
  };
  return {
    soap512: write('512.xml', 512),
    soap4k: write('4k.xml', 4_096),
    soap1m: write('1m.xml', 1_048_576),
  };
}
