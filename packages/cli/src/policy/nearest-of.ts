// The known word that is nearest to one that is not.
import { nearest } from '@headgate/contract';

/** The nearest word to a pattern, wildcards left out; null when none is near. */
export function nearestOf(pattern: string, known: readonly string[]): string | null {
  const word = pattern.replaceAll('*', '');
  return word === '' ? null : nearest(word, known);
}
