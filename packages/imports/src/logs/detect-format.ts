// Which format a file is of, by its first lines.
import { createLineReader, type LineOptions, type LogFormat } from './formats.ts';

/** Share of the first lines that a format has to read. */
const shareMin = 0.5;

/** Formats with a form of their own, the more particular before. Of request logging of BIG-IP only its template tells. */
const candidates: readonly LogFormat[] = [
  'alb',
  'haproxy',
  'bigip-apm',
  'nginx-combined',
  'haproxy-json',
  'nginx-json',
  'bigip-request',
];

/** The format that reads most of the lines, if it reads half of them at least; null where none does. */
export function detectFormat(
  lines: readonly string[],
  options: Omit<LineOptions, 'format' | 'template'>,
): LogFormat | null {
  let best: { readonly format: LogFormat; readonly share: number } | null = null;
  for (const format of candidates) {
    const reader = createLineReader({ ...options, format, template: null });
    const kinds = lines.map((line) => reader.read(line).kind);
    const bad = kinds.filter((kind) => kind === 'bad').length;
    // Lines of APM tell of a call only once a session is decided.
    const good = format === 'bigip-apm' ? lines.length - bad : kinds.filter((kind) => kind === 'entry').length;
    const share = good / Math.max(1, good + bad);
    if (good > 0 && share >= shareMin && share > (best?.share ?? 0)) best = { format, share };
  }
  return best?.format ?? null;
}
