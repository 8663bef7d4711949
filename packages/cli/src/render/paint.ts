// Colour, where a person looks at a terminal, and nowhere else.
import { styleText } from 'node:util';
import type { Output } from '../context.ts';

/** A style or colour of `util.styleText`. */
export type Style = Parameters<typeof styleText>[0];

/** The text in a style when the stream is a terminal that wants colour (NO_COLOR is obeyed); else the text. */
export function paint(stream: Output, style: Style, text: string): string {
  if (stream.isTTY !== true) return text;
  return styleText(style, text, { stream, validateStream: true });
}
