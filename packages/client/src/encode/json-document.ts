// The document that a submit to a JSON system carries: given as text, as content, or as a few named values.
import { clientProblem } from '../client-problem.ts';
import type { CallInput } from './encode.ts';

/** JSON text of a submit, at most `charsMax` UTF-16 code units; raises `encode.invalid_input` or `encode.too_large`. */
export function jsonDocument({ payload, content, values }: CallInput, charsMax: number): string {
  const text = payload === undefined ? written(content ?? values) : checked(payload);
  if (text.length > charsMax) throw clientProblem('encode.too_large', { bytes: text.length, bytesMax: charsMax });
  return text;
}

function written(document: unknown): string {
  const isGiven = document !== undefined && (typeof document !== 'object' || Object.keys(document ?? {}).length > 0);
  if (isGiven) return JSON.stringify(document);
  const expected = 'a JSON document, or values by name; this client has no sample for a JSON system';
  throw clientProblem('encode.invalid_input', { field: 'payload', found: 'nothing', expected });
}

function checked(payload: string): string {
  try {
    JSON.parse(payload);
    return payload;
  } catch (cause) {
    const facts = { field: 'payload', found: 'text that is no JSON', expected: 'one JSON document' };
    throw clientProblem('encode.invalid_input', facts, { cause });
  }
}
