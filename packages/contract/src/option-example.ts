// A commented example of a configuration file, written from its schema: comments come from the schema, values from whoever shows them.
import { type OptionSchema, sayBounds } from './option-schema.ts';

/** Longest line of a comment, in characters. */
const lineCharactersMax = 110;

/** A value as it stands in the file. `left` is the default or a choice that few need: the line is there, commented out. */
export type Shown =
  | { readonly set: unknown }
  | { readonly left: unknown }
  | { readonly group: ShownGroup }
  | { readonly leftGroup: ShownGroup }
  | { readonly list: readonly ShownGroup[] };

/** Options of one group, in the order of the file. */
export type ShownGroup = Readonly<Record<string, Shown>>;

/** A value that the example sets. */
export const setOption = (value: unknown): Shown => ({ set: value });
/** A value that the example shows and leaves out. */
export const leftOption = (value: unknown): Shown => ({ left: value });

/** Bounds and waits stay at their defaults, so that a default which improves improves whoever began with the example too. */
export function defaultsOf(options: OptionSchema | undefined): ShownGroup {
  return Object.fromEntries(
    Object.entries(options?.properties ?? {}).map(([name, option]) => [name, leftOption(option.default)]),
  );
}

/** Writes the options with their meaning, default and bounds, ready to be edited. Throws for a name that the schema does not have. */
export function writeExample(options: OptionSchema, values: ShownGroup): readonly string[] {
  return linesOf(options, values, '', new Set());
}

/** Lines of one group. `told` holds the options explained already: a second entry of a list is not explained again. */
function linesOf(options: OptionSchema, values: ShownGroup, indent: string, told: Set<string>): string[] {
  return Object.entries(values).flatMap(([name, shown]) => {
    const option = options.properties?.[name];
    if (option === undefined) throw new Error(`the example sets ${name}, which the schema does not have`);
    const words = told.has(name) ? [] : commentOf(name, option, options, indent);
    told.add(name);
    return [...words, ...linesOfValue(name, option, shown, indent)];
  });
}

function linesOfValue(name: string, option: OptionSchema, shown: Shown, indent: string): string[] {
  if ('group' in shown) return [`${indent}${name}:`, ...linesOf(option, shown.group, `${indent}  `, new Set())];
  if ('leftGroup' in shown)
    return [`${indent}#${name}:`, ...linesOf(option, shown.leftGroup, `${indent}  `, new Set())];
  if ('list' in shown) {
    const told = new Set<string>();
    const items = shown.list.flatMap((item) =>
      asItem(linesOf(option.items ?? {}, item, `${indent}    `, told), indent),
    );
    return [`${indent}${name}:`, ...items];
  }
  return 'set' in shown ? [`${indent}${name}: ${written(shown.set)}`] : [`${indent}#${name}: ${written(shown.left)}`];
}

/** Puts the dash of a list item before its first option; comments above it stay comments. */
function asItem(lines: readonly string[], indent: string): string[] {
  const first = lines.findIndex((line) => !line.trimStart().startsWith('#'));
  return lines.map((line, at) => (at === first ? `${indent}  - ${line.trimStart()}` : line));
}

/** Flow style, as JSON: YAML 1.2 reads it as written. Plain words stay plain. */
function written(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(written).join(', ')}]`;
  if (typeof value === 'object' && value !== null)
    return `{ ${Object.entries(value)
      .map(([key, each]) => `${key}: ${written(each)}`)
      .join(', ')} }`;
  return typeof value === 'string' && /^[A-Za-z][\w./-]*$/.test(value) ? value : JSON.stringify(value);
}

function commentOf(name: string, option: OptionSchema, within: OptionSchema, indent: string): string[] {
  const meaning = [option.description, option.items?.description].filter((each) => each !== undefined).join(' ');
  const isRequired = within.required?.includes(name) === true;
  const isGroup = option.properties !== undefined;
  const hasDefault = !isGroup && option.default !== undefined && !/\bDefault\b/.test(meaning);
  const bounds = sayBounds(option).replaceAll('`', '');
  const words = [
    meaning,
    isRequired ? 'Required.' : '',
    hasDefault ? `Default: ${JSON.stringify(option.default)}.` : '',
    bounds === '' ? '' : `Bounds: ${bounds}.`,
  ].filter((each) => each !== '');
  return words.length === 0 ? [] : wrapped(words.join(' '), `${indent}# `);
}

function wrapped(text: string, prefix: string): string[] {
  const lines: string[] = [];
  for (const word of text.split(' ')) {
    const last = lines.at(-1);
    if (last === undefined || last.length + 1 + word.length > lineCharactersMax) lines.push(`${prefix}${word}`);
    else lines[lines.length - 1] = `${last} ${word}`;
  }
  return lines;
}
