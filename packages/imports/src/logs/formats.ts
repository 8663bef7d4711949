// The formats of logs, and a reader for each: by a template of its own, or by one that is given.
import { albPieces } from './alb-template.ts';
import { createApmReader } from './apm-sessions.ts';
import { bigipPieces, bigipTemplate } from './bigip-template.ts';
import { createClock } from './clocks.ts';
import { asWritten, backslashes, hashes, type Unescape } from './escapes.ts';
import { fieldOfHaproxy, haproxyHttp, haproxyHttps, haproxyPieces } from './haproxy-template.ts';
import { fieldByName, type MemberField, membersOfTemplate, readJsonLine } from './json-lines.ts';
import type { LineReading } from './log-entry.ts';
import { fieldOfHeader, type LogField, type LogValues, logFields, placeOfField } from './log-fields.ts';
import { nginxCombined, nginxPieces } from './nginx-template.ts';
import {
  compileTemplate,
  type Template,
  type TemplatePiece,
  templateCharactersMax,
  UnusableTemplate,
} from './template.ts';
import { createEntryReader } from './to-entry.ts';

/** The formats that can be read. */
export const logFormats = [
  'bigip-request',
  'bigip-apm',
  'nginx-combined',
  'nginx-json',
  'haproxy',
  'haproxy-json',
  'alb',
] as const;
/** One of them. */
export type LogFormat = (typeof logFormats)[number];

/** How lines of a file are read. */
export interface LineOptions {
  readonly format: LogFormat;
  /** In the language of the format; null for the one that it has without a word. */
  readonly template: string | null;
  /** Fields by names of the template or of members: what our own lists do not know. */
  readonly fields: ReadonlyMap<string, LogField>;
  /** Request fields that HAProxy captures, in their order. */
  readonly captured: readonly string[];
  readonly zone: string;
  readonly writtenMs: number;
}

/** Reads one line after the other of one file. */
export interface LineReader {
  read(line: string): LineReading;
  /** Whether it remembers lines before, so that a file has to be read from its beginning. */
  readonly remembers: boolean;
}

/** A reader of the lines of one file. Raises UnusableTemplate. */
export function createLineReader(options: LineOptions): LineReader {
  const clock = createClock(options);
  if (options.format === 'bigip-apm') {
    if (options.template !== null) throw new UnusableTemplate('lines of APM have one form, and take no template');
    return { read: createApmReader(clock), remembers: true };
  }
  if (options.template !== null && options.template.length > templateCharactersMax)
    throw new UnusableTemplate(`it is longer than ${templateCharactersMax} characters`);
  const captured = options.captured.map(fieldOfHeader);
  const { read, asMeant } = readingOf(options);
  const toEntry = createEntryReader({ clock, asMeant, captured });
  const values: LogValues = Array.from({ length: logFields.length });
  return {
    remembers: false,
    read(line) {
      values.fill(undefined);
      const reason = read(line, values);
      if (reason !== null) return reason === '' ? { kind: 'nothing' } : { kind: 'bad', reason };
      return toEntry(values);
    },
  };
}

/** Fills values from a line; a reason where it cannot, empty for a line that tells of no call. */
type Fill = (line: string, values: LogValues) => string | null;

interface Reading {
  readonly read: Fill;
  readonly asMeant: Unescape;
}

function readingOf({ format, template, fields, captured }: LineOptions): Reading {
  const named = (name: string) => fields.get(name);
  switch (format) {
    case 'bigip-request': {
      const compiled = compileTemplate(bigipPieces(template ?? bigipTemplate, named));
      return { read: byTemplates([withCombined(compiled)], 'the template'), asMeant: asWritten };
    }
    case 'nginx-combined': {
      const compiled = compileTemplate(nginxPieces(template ?? nginxCombined, named));
      return { read: byTemplates([compiled], template === null ? 'combined' : 'the template'), asMeant: backslashes };
    }
    case 'haproxy': {
      const texts = template === null ? [haproxyHttps, haproxyHttp] : [template];
      const compiled = texts.map((text) => compileTemplate(haproxyPieces(text, named, captured)));
      const what = template === null ? '`option httplog` or `option httpslog`' : 'the template';
      return { read: besideOthers(byTemplates(compiled, what)), asMeant: hashes };
    }
    case 'alb': {
      if (template !== null) throw new UnusableTemplate('access logs of AWS have one form, and take no template');
      return { read: byTemplates([compileTemplate(albPieces(), true)], 'an access log of AWS'), asMeant: backslashes };
    }
    case 'nginx-json':
    case 'haproxy-json':
      return { read: byMembers(format, template, named, captured), asMeant: asWritten };
    case 'bigip-apm':
      throw new TypeError('sessions have a reader of their own');
  }
}

/** A header of syslog before the line: RFC 3164, the same with an ISO stamp, or RFC 5424. */
const syslogHeader =
  /^(?:<\d{1,3}>)?(?:1 )?(?:[A-Z][a-z]{2} [ \d]\d \d{2}:\d{2}:\d{2}|\d{4}-\d{2}-\d{2}T[\d:.]{8,18}(?:Z|[+-]\d{2}:?\d{2})?) \S{1,255} (?:\S{1,60}\[\d{1,10}\]: ?|\S{1,60} (?:\d{1,10}|-) \S{1,60} (?:-|\[.{1,200}?\]) ?|[\w./-]{1,60}: )/;

/** By whichever template read the line before, then by the others. */
function byTemplates(templates: readonly Template[], what: string): Fill {
  let last = 0;
  const tryAll = (line: string, values: LogValues): boolean => {
    for (let turn = 0; turn < templates.length; turn += 1) {
      const at = (last + turn) % templates.length;
      if (templates[at]?.read(line, values) !== true) continue;
      last = at;
      return true;
    }
    return false;
  };
  let hasHeader = false;
  return (line, values) => {
    const bare = hasHeader ? line.replace(syslogHeader, '') : line;
    if (tryAll(bare, values)) return null;
    const other = hasHeader ? line : line.replace(syslogHeader, '');
    if (other !== bare && tryAll(other, values)) {
      hasHeader = !hasHeader;
      return null;
    }
    return line === '' || line.startsWith('#') ? '' : `not of the form of ${what}`;
  };
}

/** HAProxy writes what it does itself into the same log, and so do health checks of servers. */
function besideOthers(read: Fill): Fill {
  return (line, values) => {
    const reason = read(line, values);
    if (reason === null || reason === '') return reason;
    return /\[(?:NOTICE|WARNING|ALERT)\]|: (?:Proxy|Server|backend|Health check|Stopping|Connect from) |(?:Connect from|SSL handshake failure)/.test(
      line,
    )
      ? ''
      : reason;
  };
}

/** `$NCSA_COMBINED` and `$NCSA_COMMON` are a line of their own within the line. */
function withCombined(template: Template): Template {
  if (!template.fields.has('combined')) return template;
  const forms = [nginxCombined, nginxCombined.replace(' "$http_referer" "$http_user_agent"', '')];
  const inner = forms.map((form) => compileTemplate(nginxPieces(form, () => undefined)));
  return {
    fields: template.fields,
    read(line, values) {
      if (!template.read(line, values)) return false;
      const combined = values[placeOfField.combined] ?? '';
      return inner.some((each) => each.read(combined, values));
    },
  };
}

function byMembers(
  format: 'nginx-json' | 'haproxy-json',
  template: string | null,
  named: (name: string) => LogField | undefined,
  captured: readonly string[],
): Fill {
  const isHaproxy = format === 'haproxy-json';
  const fieldOf = template === null ? fieldByName(named, isHaproxy) : membersOf(template, isHaproxy, named, captured);
  return (line, values) => {
    const brace = line.indexOf('{');
    if (brace === -1) return line === '' || line.startsWith('#') ? '' : 'no JSON';
    // A header of syslog may stand before it.
    return readJsonLine(brace === 0 ? line : line.slice(brace), fieldOf, values);
  };
}

function membersOf(
  template: string,
  isHaproxy: boolean,
  named: (name: string) => LogField | undefined,
  captured: readonly string[],
): MemberField {
  const fieldOf = (variable: string): LogField | null => {
    const pieces = isHaproxy ? haproxyPieces(variable, named, captured) : nginxPieces(variable, named);
    return fieldOfPieces(pieces);
  };
  const members = /%\{\+(?:json|cbor)/.test(template)
    ? membersByName(template, named, captured)
    : membersOfTemplate(template, fieldOf);
  if (members === null) throw new UnusableTemplate('it has no member with a variable, as {"status": "$status"}');
  return members;
}

/** `%{+json}o %(status)ST` (HAProxy 3.0): names in parentheses become members. */
function membersByName(
  template: string,
  named: (name: string) => LogField | undefined,
  captured: readonly string[],
): MemberField | null {
  const members = new Map<string, LogField | null>();
  for (const [, name = '', rest = ''] of template.matchAll(
    /%\((\w{1,60})\)((?:\{[^}]{0,60}\})?(?:\[[^\]]{1,400}\]|[A-Za-z]{1,4}))/g,
  ))
    members.set(name, named(name) ?? fieldOfHaproxy(rest.replace(/^\{[^}]*\}/, ''), captured));
  return members.size === 0 ? null : (_path, name) => members.get(name) ?? null;
}

function fieldOfPieces(pieces: readonly TemplatePiece[]): LogField | null {
  for (const piece of pieces) if ('field' in piece) return piece.field;
  return null;
}
