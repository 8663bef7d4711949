// Name constraints (RFC 5280 §4.2.1.10): which names an authority may certify. A form that is not understood permits no name of it.
import { DerReader, TAG } from './der.ts';
import { type GeneralName, toGeneralName } from './general-name.ts';
import { UnreadableDer } from './unreadable-der.ts';

/** The subtrees that an authority may certify names in, and those it may not. */
export interface NameConstraints {
  readonly permitted: readonly GeneralName[];
  readonly excluded: readonly GeneralName[];
  /** False where a subtree has a minimum or maximum, which no profile uses (§4.2.1.10). */
  readonly isSupported: boolean;
}

/** The first name that breaks constraints, and how. */
export interface ForeignName {
  readonly name: GeneralName;
  readonly is: 'excluded' | 'not_permitted';
}

/** What the value of the extension says; at least one of both lists, neither empty. */
export function readNameConstraints(constraints: DerReader): NameConstraints {
  const permitted = constraints.optional(0xa0);
  const excluded = constraints.optional(0xa1);
  constraints.finish();
  if (permitted === undefined && excluded === undefined) throw new UnreadableDer('has empty name constraints');
  const [allowed, denied] = [readSubtrees(permitted?.content), readSubtrees(excluded?.content)];
  return {
    permitted: allowed.bases,
    excluded: denied.bases,
    isSupported: allowed.isSupported && denied.isSupported,
  };
}

function readSubtrees(content: Uint8Array | undefined): { bases: readonly GeneralName[]; isSupported: boolean } {
  if (content === undefined) return { bases: [], isSupported: true };
  const subtrees = new DerReader(content);
  const bases: GeneralName[] = [];
  let isSupported = true;
  while (!subtrees.atEnd) {
    const subtree = subtrees.enter(TAG.sequence);
    const base = toGeneralName(subtree.next());
    assertNetwork(base);
    bases.push(base);
    // DER leaves out a minimum of 0: whatever stands here is a distance.
    if (!subtree.atEnd) isSupported = false;
  }
  if (bases.length === 0) throw new UnreadableDer('has empty name constraints');
  return { bases, isSupported };
}

// §4.2.1.10: address and mask in the style of CIDR. A mask with holes would match what no reader expects.
function assertNetwork(base: GeneralName): void {
  if (base.form !== 'ip') return;
  const mask = BigInt(`0x0${base.octets.slice(base.octets.length / 2)}`);
  const bits = BigInt(base.octets.length * 2);
  const isWhole = base.octets.length === 16 || base.octets.length === 64;
  const inverse = (1n << bits) - 1n - mask;
  if (!isWhole || (inverse & (inverse + 1n)) !== 0n) throw new UnreadableDer('has a malformed network');
}

/** The first of these names that constraints do not let through; null when all may pass. */
export function foreignName(names: readonly GeneralName[], constraints: NameConstraints): ForeignName | null {
  for (const name of names) {
    const isOfForm = (base: GeneralName) => formOf(base) === formOf(name);
    const permitted = constraints.permitted.filter(isOfForm);
    const excluded = constraints.excluded.filter(isOfForm);
    if (permitted.length + excluded.length === 0) continue;
    // §4.2.1.10: what cannot be compared must be rejected.
    if (!isComparable(name)) return { name, is: 'not_permitted' };
    if (excluded.some((base) => isWithin(name, base) || couldBeWithin(name, base))) return { name, is: 'excluded' };
    if (permitted.length > 0 && !permitted.some((base) => isWithin(name, base))) return { name, is: 'not_permitted' };
  }
  return null;
}

function formOf(name: GeneralName): string {
  return name.form === 'other' ? `other ${name.number}` : name.form;
}

function isComparable(name: GeneralName): boolean {
  switch (name.form) {
    case 'other':
      return false;
    case 'uri':
      return hostOfUri(name.text) !== null;
    case 'email':
      return /^[^@]+@[^@]+$/.test(name.text);
    case 'dns':
      return /^[\w*-]+(?:\.[\w-]+)*$/.test(name.text);
    default:
      return true;
  }
}

function isWithin(name: GeneralName, base: GeneralName): boolean {
  if (name.form === 'directory' && base.form === 'directory')
    return base.names.every((relative, at) => name.names[at] === relative);
  if (name.form === 'ip' && base.form === 'ip') return isInNetwork(name.octets, base.octets);
  if (name.form === 'dns' && base.form === 'dns') return isHostWithin(name.text, base.text);
  if (name.form === 'email' && base.form === 'email') return isMailboxWithin(name.text, base.text);
  if (name.form === 'uri' && base.form === 'uri') return isHostAt(hostOfUri(name.text) ?? '', base.text);
  return false;
}

// A wildcard stands for names that an excluded subtree may hold though it is not within (CVE-2025-61727).
function couldBeWithin(name: GeneralName, base: GeneralName): boolean {
  if (name.form !== 'dns' || base.form !== 'dns' || !name.text.startsWith('*.')) return false;
  return isHostWithin(base.text.replace(/^\./, ''), name.text.slice(2));
}

/** DNS: any number of labels may stand in front of the base; a base that begins with a dot needs at least one. */
function isHostWithin(host: string, base: string): boolean {
  const [own, above] = [host.toLowerCase(), base.toLowerCase()];
  if (above === '' || own === above) return true;
  return own.endsWith(above.startsWith('.') ? above : `.${above}`);
}

/** Mailboxes and addresses on the web: a host is that host alone, and `.domain` every host below it. */
function isHostAt(host: string, base: string): boolean {
  const [own, above] = [host.toLowerCase(), base.toLowerCase()];
  return above.startsWith('.') ? own.endsWith(above) : own === above;
}

function isMailboxWithin(mailbox: string, base: string): boolean {
  const [local = '', host = ''] = mailbox.split('@');
  const at = base.indexOf('@');
  // §4.2.1.10, §7.5: the local part counts letter by letter, the host without regard to case.
  if (at !== -1) return local === base.slice(0, at) && host.toLowerCase() === base.slice(at + 1).toLowerCase();
  return isHostAt(host, base);
}

/** The host name of a URI; null without one, and for an IP address, which no constraint of this form can hold. */
function hostOfUri(uri: string): string | null {
  const authority = /^[a-z][a-z0-9+.-]*:\/\/(?:[^/?#@]*@)?([^/?#@:[\]]+)(?::\d*)?(?:[/?#]|$)/i.exec(uri)?.[1];
  if (authority === undefined || /^[\d.]+$/.test(authority)) return null;
  return authority;
}

function isInNetwork(address: string, network: string): boolean {
  if (network.length !== address.length * 2) return false;
  const [own, base, mask] = [address, network.slice(0, address.length), network.slice(address.length)].map((hex) =>
    BigInt(`0x0${hex}`),
  );
  if (own === undefined || base === undefined || mask === undefined) return false;
  return (own & mask) === (base & mask);
}
