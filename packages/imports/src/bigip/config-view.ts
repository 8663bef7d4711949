// A configuration as it is asked about: objects by kind and name, values with what they inherit, names as they are meant.
import type { ConfigObject, Statement } from './tmsh-text.ts';

/** Objects by kind and full name. */
export interface ConfigView {
  readonly objects: readonly ConfigObject[];
  /** The object of a kind that a name means in an object; undefined where the files have none. */
  find(kind: string, name: string, from: ConfigObject): ConfigObject | undefined;
  /** As `find`, of whatever kind begins so, as `ltm profile `. */
  findAny(kindStart: string, name: string, from: ConfigObject): ConfigObject | undefined;
  /** The object, and all that it takes its defaults from. */
  lineage(object: ConfigObject): readonly ConfigObject[];
  /** The words of a member, of the object or of what it takes its defaults from; undefined where nobody says. */
  words(object: ConfigObject, member: string): readonly string[] | undefined;
  /** The block of a member, in the same way. */
  block(object: ConfigObject, member: string): readonly Statement[] | undefined;
}

/** Most steps from one object to what it takes its defaults from. */
const inheritMax = 20;

/** Gathers the objects of all files. Of two with one name the later counts, as when the files are loaded. */
export function viewConfig(objects: readonly ConfigObject[]): ConfigView {
  const byName = new Map<string, ConfigObject>();
  const kinds = new Set<string>();
  for (const object of objects) {
    byName.set(`${object.kind} ${fullName(object.name)}`, object);
    kinds.add(object.kind);
  }
  const find: ConfigView['find'] = (kind, name, from) => {
    if (name.startsWith('/')) return byName.get(`${kind} ${name}`);
    return byName.get(`${kind} ${folderOf(fullName(from.name))}${name}`) ?? byName.get(`${kind} /Common/${name}`);
  };
  const lineage = (object: ConfigObject): readonly ConfigObject[] => {
    const found = [object];
    for (let each = object; found.length < inheritMax; ) {
      const parent: string | undefined = memberOf(each.block, 'defaults-from')?.words[1];
      const next = parent === undefined ? undefined : find(each.kind, parent, each);
      if (next === undefined || found.includes(next)) break;
      found.push(next);
      each = next;
    }
    return found;
  };
  const inherit = (object: ConfigObject, member: string): Statement | undefined =>
    lineage(object)
      .map(({ block }) => memberOf(block, member))
      .find((said) => said !== undefined);
  return {
    objects,
    find,
    lineage,
    findAny(kindStart, name, from) {
      for (const kind of kinds) {
        const found = kind.startsWith(kindStart) ? find(kind, name, from) : undefined;
        if (found !== undefined) return found;
      }
      return undefined;
    },
    words: (object, member) => inherit(object, member)?.words.slice(1),
    block: (object, member) => inherit(object, member)?.block ?? undefined,
  };
}

/** The statement that begins with a word. */
export function memberOf(block: readonly Statement[], member: string): Statement | undefined {
  return block.find(({ words }) => words[0] === member);
}

/** Every word of a list in braces, however it falls into lines, but for what stands in further braces. */
export function listOf(block: readonly Statement[] | undefined): readonly string[] {
  return (block ?? []).flatMap(({ words }) => words);
}

/** Names without a partition are of Common. */
export function fullName(name: string): string {
  return name.startsWith('/') ? name : `/Common/${name}`;
}

function folderOf(name: string): string {
  return name.slice(0, name.lastIndexOf('/') + 1);
}

/** The last part of a name, as ids and names of files may be: lower case, letters, digits, hyphens and dots. */
export function plainName(name: string): string {
  const last = name.slice(name.lastIndexOf('/') + 1).toLowerCase();
  const plain = last
    .replace(/[^a-z0-9.]+/g, '-')
    .replace(/[.-]{2,}/g, '-')
    .replace(/^[.-]+|[.-]+$/g, '');
  return plain.slice(0, 60).replace(/[.-]+$/, '') || 'unnamed';
}

/** As `plainName`, without what tells the kind of a file. */
export function plainFile(name: string): string {
  return plainName(name.replace(/\.(?:crt|cer|cert|pem|key|crl|bundle)$/i, ''));
}

/** An address and a port as tmsh writes them: `192.0.2.1:443`, `2001:db8::1.443`, with a route domain (`%1`) or without. */
export function socketOf(
  text: string,
): { readonly address: string; readonly port: string; readonly domain: string | null } | null {
  const bare = text.slice(text.lastIndexOf('/') + 1);
  const isColons = (bare.match(/:/g) ?? []).length > 1;
  const cut = isColons ? bare.lastIndexOf('.') : bare.lastIndexOf(':');
  if (cut <= 0) return null;
  const [address = '', domain = null] = bare.slice(0, cut).split('%');
  return { address, port: bare.slice(cut + 1), domain };
}

/** Ports by the names that tmsh may write. */
const ports: Readonly<Record<string, number>> = {
  http: 80,
  https: 443,
  webcache: 8080,
  'http-alt': 8008,
  'pcsync-https': 8443,
  any: 0,
  '*': 0,
};

/** A port as a number; null for a name that is none of those. */
export function portOf(text: string): number | null {
  if (/^\d{1,5}$/.test(text)) return Number(text) <= 65_535 ? Number(text) : null;
  return ports[text] ?? null;
}
