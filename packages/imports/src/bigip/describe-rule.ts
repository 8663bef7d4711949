// What an iRule does, as far as its words tell: it is a program, and is not translated.

/** Commands that have a counterpart, with it. */
const commands: readonly (readonly [RegExp, string, string])[] = [
  [
    /\bHTTP::redirect\b|\bHTTP::respond\b/,
    'answers by itself',
    'let the system behind it answer; what is refused, a gateway refuses with its reason',
  ],
  [
    /^[ \t]*(?:if\b.*\{[ \t]*)?(?:reject|drop|discard)\b|\bTCP::close\b/m,
    'drops connections',
    'limits and rights of the gateway, which say why',
  ],
  [/\bHTTP::header (?:insert|replace)\b/, 'sets fields', '`identityFields` for who calls'],
  [
    /\bHTTP::header remove\b|\bHTTP::header sanitize\b/,
    'removes fields',
    'nothing for fields of identity: those of callers never pass',
  ],
  [/\bSSL::cert\b|\bX509::/, 'reads certificates', 'trust bundles and provisioning'],
  [
    /\bclass (?:match|search|lookup)\b|\bmatchclass\b|\bfindclass\b/,
    'looks up data groups',
    'provisioning, or addresses of the catalogue',
  ],
  [
    /^[ \t]*(?:if\b.*\{[ \t]*)?pool\s/m,
    'chooses a pool',
    'addresses of the catalogue: host and path decide the system',
  ],
  [/\bnode\s+\d/, 'chooses a member', 'upstreams of the system'],
  [/\bpersist\b/, 'keeps callers together', '`balance: consistent-hash`'],
  [/\btable (?:set|incr|add|lookup)\b/, 'counts in a table', 'limits of the policy'],
  [/\bHTTP::uri\s+["[$]|\bHTTP::path\s+["[$]/, 'rewrites paths', 'nothing: callers’ own paths are sent'],
  [
    /\bHTTP::collect\b|\bHTTP::payload\b|\bTCP::collect\b/,
    'reads bodies',
    'inspection, which reads the head of a message',
  ],
  [/\bACCESS::/, 'tends sessions of APM', '`uiSession` of the host'],
  [/\bHSL::send\b|\blog local\d/, 'logs', 'evidence'],
  [/\bHTTP::cookie\b/, 'reads or sets cookies', 'nothing: programs need none'],
];

/** How much of one is looked at, in characters; BIG-IP takes 65,520. */
const charactersMax = 200_000;

/** Events it runs at, what it does, and what does that here. */
export function describeRule(text: string): {
  readonly events: readonly string[];
  readonly does: readonly string[];
  readonly instead: readonly string[];
} {
  const seen = text.slice(0, charactersMax);
  const events = [
    ...new Set([...seen.matchAll(/^[ \t]*when[ \t]+([A-Z][A-Z0-9_]{2,60})/gm)].map(([, event = '']) => event)),
  ];
  const bare = seen.replace(/^[ \t]*#.*$/gm, '');
  const found = commands.filter(([form]) => form.test(bare));
  return {
    events: events.slice(0, 20),
    does: found.map(([, does]) => does),
    instead: [...new Set(found.map(([, , instead]) => instead))],
  };
}
