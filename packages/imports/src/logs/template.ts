// Lines that are written by a template: literals with values between them. A value runs to the next literal; where it holds that
// literal itself, as a user agent with a quote does, the next place is tried, within a bound.
import { isClock } from './clocks.ts';
import { type LogField, type LogValues, placeOfField } from './log-fields.ts';

/** A piece of a template as its language says it: text as it stands, or the name of what stands there. */
export type TemplatePiece = { readonly literal: string } | { readonly name: string; readonly field: LogField | null };

/** A template, ready to read lines. */
export interface Template {
  /** Fills `values` from a line; false where the line is not of the template. */
  read(line: string, values: LogValues): boolean;
  /** Fields that it says. */
  readonly fields: ReadonlySet<LogField>;
}

/** Why a text is no template. */
export class UnusableTemplate extends Error {}

/** Most places that are tried for one line. */
const triesMax = 200;

/** Most values of a template, and most characters of one. */
const valuesMax = 120;
/** Longest template, in characters. */
export const templateCharactersMax = 8_192;

/** Whether a text may be the value; `line` from `end` on is what follows it. */
type Fits = (text: string, line: string, end: number) => boolean;

interface Value {
  readonly place: number;
  readonly fits: Fits | null;
  /** The literal that ends it; empty at the end of the line. */
  readonly until: string;
}

/** Compiles pieces. `isOpen`: what follows the last of them is passed over. Raises UnusableTemplate. */
export function compileTemplate(pieces: readonly TemplatePiece[], isOpen = false): Template {
  const merged = withPairs(pieces);
  const first = merged[0];
  const start = first !== undefined && 'literal' in first ? first.literal : '';
  const values: Value[] = [];
  const fields = new Set<LogField>();
  for (const [at, piece] of merged.entries()) {
    if ('literal' in piece) continue;
    const next = merged[at + 1];
    if (next !== undefined && !('literal' in next))
      throw new UnusableTemplate(
        `nothing stands between ${piece.name} and ${next.name} by which they could be told apart`,
      );
    if (piece.field !== null) fields.add(piece.field);
    values.push({
      place: piece.field === null ? -1 : placeOfField[piece.field],
      fits: piece.field === null ? null : (shapes[piece.field] ?? null),
      until: next?.literal ?? '',
    });
  }
  if (values.length === 0) throw new UnusableTemplate('it names nothing that a line could say');
  if (values.length > valuesMax)
    throw new UnusableTemplate(`it has ${values.length} values, of which at most ${valuesMax} are read`);
  return { read: reader(start, values, isOpen), fields };
}

function reader(start: string, parts: readonly Value[], isOpen: boolean): Template['read'] {
  let tries = 0;
  function from(index: number, at: number, line: string, values: LogValues): boolean {
    const part = parts[index];
    if (part === undefined) return isOpen || at === line.length;
    const { until, place, fits } = part;
    // At the end of the line nothing is to be looked for; an empty literal would be found at once.
    let end = until === '' ? line.length : line.indexOf(until, at);
    // Further on it is not to be found either: nothing is left to try.
    if (end === -1) tries = 0;
    while (end !== -1) {
      const text = line.slice(at, end);
      if ((fits === null || fits(text, line, end)) && from(index + 1, end + until.length, line, values)) {
        if (place !== -1) values[place] = text;
        return true;
      }
      tries -= 1;
      if (tries < 0 || until === '') return false;
      end = line.indexOf(until, end + 1);
    }
    return false;
  }
  return (line, values) => {
    if (!line.startsWith(start)) return false;
    tries = triesMax;
    return from(0, start.length, line, values);
  };
}

/** An address and its port with nothing but a colon between them are one value: an address may hold colons. */
function withPairs(pieces: readonly TemplatePiece[]): readonly TemplatePiece[] {
  const merged: TemplatePiece[] = [];
  for (let at = 0; at < pieces.length; at += 1) {
    const [one, colon, other] = pieces.slice(at, at + 3);
    if (one === undefined) continue;
    const isPair =
      isOf(one, 'source') &&
      isOf(other, 'sourcePort') &&
      colon !== undefined &&
      'literal' in colon &&
      colon.literal === ':';
    merged.push(isPair ? { name: 'source and port', field: 'sourceAndPort' } : one);
    if (isPair) at += 2;
  }
  return merged;
}

function isOf(piece: TemplatePiece | undefined, field: LogField): boolean {
  return piece !== undefined && 'field' in piece && piece.field === field;
}

const isNumber = (text: string) => /^(?:[+-]?\d{1,18}(?:\.\d{1,9})?|-)?$/.test(text);
const hasNoSpace = (text: string) => !text.includes(' ');

const isWholeList: Fits = (text, line, end) => !/(?:,| :)$/.test(text) && !line.startsWith(' : ', end);
const isTime: Fits = (text, line, end) => isClock(text) && !/^ [+-]\d{4}/.test(line.slice(end, end + 6));

/** What values of a field look like: tells a line that is not of the template from one that is, and where a value ends. */
const shapes: Partial<Readonly<Record<LogField, Fits>>> = {
  time: isTime,
  timeStart: isTime,
  timeUnix: isNumber,
  source: hasNoSpace,
  sourcePort: isNumber,
  sourceAndPort: (text) => text === '-' || /^\S*:(?:\d{1,5}|-)$/.test(text),
  status: isNumber,
  responseBytes: isNumber,
  requestBytes: isNumber,
  durationS: isNumber,
  durationMs: isNumber,
  durationUs: isNumber,
  // nginx lists all that it tried: `10.0.0.1:80, 10.0.0.2:80 : 10.0.1.1:80`.
  endpoint: isWholeList,
  upstreamStatus: isWholeList,
  firstByteS: isWholeList,
  host: hasNoSpace,
  method: hasNoSpace,
};
