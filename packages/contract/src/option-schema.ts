// The options of a configuration file as a reader sees them, written from its schema: meaning, default and bounds of every one. Pure:
// a reference page is text.
import { z } from 'zod';

/** A part of the configuration's schema as plain data (JSON Schema 2020-12), as far as the page and the example need it. */
export interface OptionSchema {
  readonly description?: string;
  readonly default?: unknown;
  readonly type?: string;
  readonly enum?: readonly string[];
  readonly pattern?: string;
  readonly format?: string;
  readonly minimum?: number;
  readonly maximum?: number;
  readonly minLength?: number;
  readonly maxLength?: number;
  readonly minItems?: number;
  readonly maxItems?: number;
  readonly properties?: Readonly<Record<string, OptionSchema>>;
  readonly required?: readonly string[];
  readonly items?: OptionSchema;
  /** A short and a long form. */
  readonly anyOf?: readonly OptionSchema[];
}

/** The schema of a configuration file as plain data: what a reader may write, defaults not yet applied. */
export function optionsOf(schema: z.ZodType): OptionSchema {
  return inLongForm(z.toJSONSchema(schema, { io: 'input', unrepresentable: 'any' }) as OptionSchema);
}

/** Where an option has a short and a long form, the long one is what there is to explain. */
function inLongForm(option: OptionSchema): OptionSchema {
  const long = option.anyOf?.find(({ properties }) => properties !== undefined);
  const { items, properties, ...rest } = long ?? option;
  return {
    ...rest,
    ...(items === undefined ? {} : { items: inLongForm(items) }),
    ...(properties === undefined
      ? {}
      : { properties: Object.fromEntries(Object.entries(properties).map(([name, each]) => [name, inLongForm(each)])) }),
  };
}

/** Writes the tables of the reference page: one for the file itself, then one for each list and group in it. */
export function writeOptionTables(options: OptionSchema): string {
  const sections: string[] = [];
  const write = (path: string, group: OptionSchema): void => {
    sections.push(`## ${path === '' ? 'The file' : `\`${path}\``}\n\n${tableOf(group)}`);
    for (const [name, option] of Object.entries(group.properties ?? {})) {
      const inner = innerOf(option);
      if (inner !== null)
        write(`${path === '' ? '' : `${path}.`}${name}${option.items === undefined ? '' : '[]'}`, inner);
    }
  };
  write('', options);
  return sections.join('\n');
}

function innerOf(option: OptionSchema): OptionSchema | null {
  const inner = option.items ?? option;
  return inner.properties === undefined ? null : inner;
}

function tableOf(options: OptionSchema): string {
  const rows = Object.entries(options.properties ?? {}).map(([name, option]) => {
    const cells = [`\`${name}\``, meaningOf(option), presetOf(name, option, options), sayBounds(option)];
    return `| ${cells.join(' | ')} |`;
  });
  return ['| option | meaning | default | bounds |', '|---|---|---|---|', ...rows, ''].join('\n');
}

function meaningOf(option: OptionSchema): string {
  const inner = innerOf(option);
  const said = [option.description, option.items?.description].filter((each) => each !== undefined).join(' ');
  if (said === '' && inner !== null) return 'See below.';
  return said.replaceAll('|', '\\|').replace(/ Default [\d,]+(?: \w+)?\.$/, ''); // It stands in the next cell.
}

function presetOf(name: string, option: OptionSchema, within: OptionSchema): string {
  if (within.required?.includes(name) === true) return 'required';
  if (option.properties !== undefined && option.default !== undefined) return 'every default of it';
  return option.default === undefined ? 'none' : `\`${JSON.stringify(option.default)}\``;
}

/** Says an option's bounds in a few words; empty when it has none that a reader could meet. */
export function sayBounds(option: OptionSchema): string {
  if (option.enum !== undefined) return option.enum.map((value) => `\`${value}\``).join(' or ');
  if (option.type === 'boolean') return '`true` or `false`';
  if (option.minimum !== undefined && option.maximum !== undefined)
    return `${grouped(option.minimum)} to ${grouped(option.maximum)}`;
  if (option.minItems !== undefined || option.maxItems !== undefined)
    return `${option.minItems ?? 0} to ${option.maxItems ?? 'any number of'} entries`;
  if (option.maxLength !== undefined) return `at most ${grouped(option.maxLength)} characters`;
  // A pattern bounds the length as well; in words, since few readers read the other form.
  if (option.pattern !== undefined) return patternWords.find(([part]) => option.pattern?.includes(part))?.[1] ?? '';
  return '';
}

/** What a pattern admits, by a part of it that no other has. */
const patternWords = [
  ['{0,62}', 'a lower-case name, at most 63 characters'],
  ['{0,63}', 'letters, digits, hyphens and underscores, at most 64 characters'],
  ['{0,252}', 'a lower-case host name'],
] as const;

function grouped(value: number): string {
  return value.toLocaleString('en-US');
}
