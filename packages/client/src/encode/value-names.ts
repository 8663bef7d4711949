// Which names a call takes. A misspelt one would be sent, or dropped, and change nothing that anybody sees.
import { nearest } from '@headgate/contract';
import { clientProblem } from '../client-problem.ts';

/** Edits that make a slip of a known name; more make another name. */
const slipEdits = 2;

/**
 * Raises `encode.invalid_input` for the first name that is not among the known ones, with the nearest of them. With
 * `others` a name may be unknown, unless it is within two edits of a known one.
 */
export function assertNames(
  values: Readonly<Record<string, string>>,
  known: readonly string[],
  { others = false }: { readonly others?: boolean } = {},
): void {
  for (const name of Object.keys(values)) {
    if (known.includes(name)) continue;
    const near = others ? nearest(name, known, slipEdits) : nearest(name, known);
    if (others && near === null) continue;
    const list = known.length === 0 ? 'no value' : `one of ${known.join(', ')}`;
    const expected = near === null ? list : `"${near}" (the names are ${known.join(', ')})`;
    throw clientProblem('encode.invalid_input', {
      field: name,
      found: 'a name that the request does not know',
      expected,
    });
  }
}
