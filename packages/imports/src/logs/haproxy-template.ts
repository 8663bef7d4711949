// Templates of HAProxy: `log-format` (configuration manual, "Custom log format"), the formats of `option httplog` and `option httpslog`
// as it writes them there, and sample expressions. What HAProxy escapes in captures it writes as #HH.
import { fieldOfHeader, type LogField } from './log-fields.ts';
import { type TemplatePiece, UnusableTemplate } from './template.ts';

/** `option httplog`. `%hr` and `%hs` write nothing, not even a space, where nothing is captured: `%captures` is ours for both. */
export const haproxyHttp =
  '%ci:%cp [%tr] %ft %b/%s %TR/%Tw/%Tc/%Tr/%Ta %ST %B %CC %CS %tsc %ac/%fc/%bc/%sc/%rc %sq/%bq %(captures)hr"%r"';

/** `option httpslog`: the same with what is known of TLS. */
export const haproxyHttps = `${haproxyHttp} %[fc_err]/%[ssl_fc_err,hex]/%[ssl_c_err]/%[ssl_c_ca_err]/%[ssl_fc_is_resumed] %[ssl_fc_sni]/%sslv/%sslc`;

const aliases: ReadonlyMap<string, LogField> = new Map<string, LogField>([
  ['ci', 'source'],
  ['cp', 'sourcePort'],
  ['t', 'timeStart'],
  ['tr', 'timeStart'],
  ['trg', 'timeStart'],
  ['trl', 'timeStart'],
  ['T', 'time'],
  ['Tl', 'time'],
  ['Ts', 'timeUnix'],
  ['ms', 'timeMs'],
  ['f', 'listener'],
  ['ft', 'listener'],
  ['fp', 'listenerPort'],
  ['b', 'upstream'],
  ['s', 'endpoint'],
  ['ST', 'status'],
  ['B', 'responseBytes'],
  ['U', 'requestBytes'],
  ['Ta', 'durationMs'],
  ['Tt', 'durationMs'],
  ['Tr', 'firstByteMs'],
  ['r', 'request'],
  ['HM', 'method'],
  ['HU', 'uri'],
  ['HPO', 'path'],
  ['HP', 'path'],
  ['HQ', 'query'],
  ['hr', 'captures'],
  ['ts', 'termination'],
  ['tsc', 'termination'],
  ['sslv', 'tlsVersion'],
  ['sslc', 'cipher'],
]);

const samples: readonly (readonly [RegExp, LogField])[] = [
  [/^src$/, 'source'],
  [/^src_port$/, 'sourcePort'],
  [/^dst_port$/, 'listenerPort'],
  [/^(?:capture\.req\.)?method$/, 'method'],
  [/^(?:capture\.req\.uri|pathq|url)$/, 'uri'],
  [/^path$/, 'path'],
  [/^(?:status|txn\.status)$/, 'status'],
  [/^fe_name$/, 'listener'],
  [/^be_name$/, 'upstream'],
  [/^srv_name$/, 'endpoint'],
  [/^ssl_fc_sni$/, 'serverName'],
  [/^ssl_fc_protocol$/, 'tlsVersion'],
  [/^ssl_fc_cipher$/, 'cipher'],
  [/^ssl_fc_is_resumed$/, 'tlsResumed'],
  [/^ssl_c_verify$/, 'verify'],
  [/^ssl_c_s_dn(?:\((?:,0(?:,rfc2253)?)?\))?$/, 'subject'],
  [/^ssl_c_i_dn(?:\((?:,0(?:,rfc2253)?)?\))?$/, 'issuer'],
  [/^ssl_c_serial,hex/, 'serial'],
  [/^ssl_c_sha1,hex/, 'fingerprint'],
  [/^ssl_c_der,sha2\(256\),hex/, 'fingerprint'],
  [/^ssl_c_notafter$/, 'notAfter'],
];

/** What a name or an expression of HAProxy says; null for one of no use. `captured` are the fields that are captured, in order. */
export function fieldOfHaproxy(name: string, captured: readonly string[]): LogField | null {
  if (!name.startsWith('[')) return aliases.get(name) ?? null;
  const expression = name.slice(1, -1).replaceAll(' ', '');
  const bare = expression.replace(/,(?:json|lower|upper|url_dec|word|field|regsub|capture-req)\b.*$/, '');
  for (const [form, field] of samples) if (form.test(bare)) return field;
  const header =
    /^(?:req\.)?f?hdr\(([\w-]{1,100})(?:,-?\d+)?\)$/.exec(bare)?.[1] ?? /^var\(\w+\.([\w-]{1,100})\)$/.exec(bare)?.[1];
  if (header !== undefined) return fieldOfHeader(header);
  const capture = /^capture\.req\.hdr\((\d{1,2})\)$/.exec(bare)?.[1];
  return capture === undefined ? null : fieldOfHeader(captured[Number(capture)] ?? '');
}

/** `%%`, `%[expression]` and `%name`, with `%{flags}` and `%(name)` before either. */
const piece =
  /%(?:(%)|(?:\((\w{1,60})\))?(?:\{([^}]{0,60})\})?(?:\[((?:[^[\]]|\[[^\]]*\]){1,400})\]|([A-Za-z]{1,4})))/g;

/** Reads a log-format. Names that are given in `%(name)` count for lines that are JSON. Raises UnusableTemplate. */
export function haproxyPieces(
  text: string,
  named: (name: string) => LogField | null | undefined,
  captured: readonly string[],
): readonly TemplatePiece[] {
  const pieces: TemplatePiece[] = [];
  const say = (literal: string) => {
    const last = pieces.at(-1);
    if (literal === '') return;
    if (last !== undefined && 'literal' in last) pieces[pieces.length - 1] = { literal: last.literal + literal };
    else pieces.push({ literal });
  };
  let at = 0;
  for (const found of text.matchAll(piece)) {
    say(text.slice(at, found.index));
    at = found.index + found[0].length;
    const [, percent, , flags = '', expression, alias = ''] = found;
    if (percent !== undefined) {
      say('%');
      continue;
    }
    const isQuoted = /\+Q/.test(flags);
    const name = expression === undefined ? longest(alias) : `[${expression}]`;
    const rest = expression === undefined ? alias.slice(name.length) : '';
    if (name === 'o') {
      if (isQuoted) throw new UnusableTemplate('%{+Q}o is not read: write +Q before each name, as %{+Q}r');
      continue;
    }
    const field = named(name) ?? fieldOfHaproxy(name, captured);
    if (isQuoted) say('"');
    pieces.push({ name: `%${name}`, field });
    say(`${isQuoted ? '"' : ''}${rest}`);
  }
  say(text.slice(at));
  if (pieces.every((each) => 'literal' in each)) throw new UnusableTemplate('it has no variable, as %ci');
  return pieces;
}

/** Every name that log-format has; a letter behind one is text. */
const names: ReadonlySet<string> = new Set([
  ...aliases.keys(),
  ...'B CC CS H HV ID Ta Tc Td TD Th Ti Tq Tr TR Tt Tu Tw ac bc bi bp bq fc fi hrl hs hsl hv lc o pid rc rt sc si sp sq'.split(
    ' ',
  ),
]);

function longest(alias: string): string {
  for (let length = alias.length; length > 0; length -= 1)
    if (names.has(alias.slice(0, length))) return alias.slice(0, length);
  return alias;
}
