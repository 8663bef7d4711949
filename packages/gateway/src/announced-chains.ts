// Whether the chain that a host shows leads to an authority that callers were told to trust: the bundles of server chains in the trust
// file. An authority whose certificate is at hand is proved by its signature, another one is known by its name.
import { X509Certificate } from 'node:crypto';
import {
  type CatalogueTrust,
  type Channel,
  compileCatalogue,
  type Snapshot,
  type TextOf,
  type TrustBundleEntry,
  toInstantSpan,
} from '@headgate/contract';
import { attributeOf, comparableText, memberPlace, readCertificate, UnreadableCertificate } from '@headgate/pki';
import type { Config } from './config.ts';
import type { TrustWarning } from './expiry.ts';
import { certificatesIn } from './pem-blocks.ts';
import type { ChainFacts, KeyedHost } from './server-keys.ts';
import { trustFileOf } from './trust-file.ts';

/** The file of an announced authority, as it was read. */
export interface AnnouncedFile {
  readonly bundle: string;
  readonly member: string;
  readonly file: string;
  /** Its one certificate, as PEM; null where there is a fault. */
  readonly pem: string | null;
  readonly fault: string | null;
}

/** Reads the files of announced authorities. Nobody is judged by them: one that cannot be used is told of, and nothing more. */
export async function readAnnounced(
  { trust }: Snapshot['catalogue'],
  config: Pick<Config, 'trust' | 'catalogue'>,
  textOf: TextOf,
): Promise<readonly AnnouncedFile[]> {
  const trustFile = trustFileOf(config);
  const named = trust.bundles.flatMap((bundle) =>
    bundle.purpose === 'server-chains'
      ? bundle.members.flatMap((member) => (member.file === undefined ? [] : [{ bundle, member, file: member.file }]))
      : [],
  );
  return Promise.all(
    named.map(async ({ bundle, member, file }): Promise<AnnouncedFile> => {
      const place = memberPlace(trustFile, file);
      const own = { bundle: bundle.id, member: member.id, file: place };
      const read = await textOf(place);
      if (!read.ok) return { ...own, pem: null, fault: read.findings[0]?.found ?? 'it cannot be read' };
      const fault = faultOf(read.text, member.sha256 ?? authorityOf(member, trust)?.sha256 ?? null);
      return { ...own, pem: fault === null ? read.text : null, fault };
    }),
  );
}

function faultOf(text: string, said: string | null): string | null {
  const certificates = certificatesIn(text);
  if (certificates.length !== 1) return `${certificates.length} certificates, where one is expected`;
  try {
    const { fingerprint256 } = readCertificate(new X509Certificate(certificates[0] ?? '').raw);
    return said === null || said.replaceAll(':', '').toLowerCase() === fingerprint256
      ? null
      : `another certificate than \`sha256\` says: ${fingerprint256}`;
  } catch (cause) {
    return cause instanceof UnreadableCertificate ? cause.message : 'no certificate that can be read';
  }
}

type Member = TrustBundleEntry['members'][number];

function authorityOf({ authority }: Member, { anchors }: CatalogueTrust) {
  return anchors.find(({ id }) => id === authority);
}

/** What warnings are made from. */
export interface AnnouncedReading {
  readonly snapshot: Pick<Snapshot, 'catalogue' | 'chainPositions'>;
  readonly hosts: readonly (readonly Pick<KeyedHost, 'name' | 'shown' | 'chains'>[])[];
  readonly announced: readonly AnnouncedFile[];
}

/** Chains that lead to no announced authority, and announced files that cannot be used. */
export function announcedWarnings(reading: AnnouncedReading, nowMs: number): readonly TrustWarning[] {
  const faults = reading.announced.flatMap(({ bundle, member, file, fault }): readonly TrustWarning[] => {
    if (fault === null) return [];
    const sentence = `${file} of ${member}: ${fault}. It is known by its name alone until the file can be used`;
    return [{ about: `announced bundle ${bundle}`, at: null, sentence }];
  });
  const addresses = [...compileCatalogue(reading.snapshot.catalogue).addresses.values()];
  const chains = reading.hosts.flat().flatMap((host) => {
    const channels = new Set(addresses.flatMap((each) => (each.host === host.name ? [each.channel] : [])));
    return host.chains.flatMap((chain) => {
      const isShown = chain.file === host.shown?.file;
      const found = whyUnannounced({ host: host.name, channels }, chain, reading, { nowMs, isShown });
      const about = isShown ? host.name : `${host.name} (${chain.infrastructure ?? 'elsewhere'}, not shown)`;
      return found === null ? [] : [{ about, at: null, sentence: found }];
    });
  });
  return [...faults, ...chains];
}

/** Of a chain that is held ready, what is announced for later counts too. */
interface When {
  readonly nowMs: number;
  readonly isShown: boolean;
}

interface Shower {
  readonly host: string;
  readonly channels: ReadonlySet<Channel>;
}

function whyUnannounced(
  { host, channels }: Shower,
  chain: ChainFacts,
  reading: AnnouncedReading,
  when: When,
): string | null {
  const { catalogue, chainPositions } = reading.snapshot;
  const environment = catalogue.hosts.find(({ name }) => name === host)?.environment;
  const infrastructure = chain.infrastructure ?? (when.isShown ? chainPositions.get(host) : undefined);
  if (environment === undefined || infrastructure === undefined) return null;
  const unmet = [...channels].flatMap((channel) =>
    unmetFor({ environment, infrastructure, channel }, chain, reading, when),
  );
  const [first] = unmet;
  if (first === undefined) return null;
  const place = `${environment}, ${infrastructure}, ${unmet.map(({ channel }) => channel).join(' and ')}`;
  const names = first.announced.map((each) => `"${each}"`).join(' or ');
  const told = names === '' ? 'no authority' : names;
  return `${chain.file} leads to ${topOf(chain)}, and the trust file announces ${told} for ${place}${when.isShown ? ' now' : ''}: callers who trust what is announced refuse it. Show a chain that leads there, or announce its anchor in ${first.bundles.join(' or ')} and tell callers before`;
}

interface Place {
  readonly environment: string;
  readonly infrastructure: string;
  readonly channel: Channel;
}

interface Unmet {
  readonly channel: Channel;
  readonly announced: readonly string[];
  readonly bundles: readonly string[];
}

/** Where nothing is announced for a place at all, nothing is held against a chain. */
function unmetFor(place: Place, chain: ChainFacts, reading: AnnouncedReading, when: When): readonly Unmet[] {
  const { catalogue } = reading.snapshot;
  const bundles = catalogue.trust.bundles.filter((bundle) => isAbout(bundle, place));
  if (bundles.length === 0) return [];
  const counting = bundles.flatMap((bundle) =>
    bundle.members
      .filter((member) => member.role === 'anchor' && counts(member, catalogue.document.zone, when))
      .map((member) => ({ bundle, member })),
  );
  const certificates = certificatesIn(chain.certificatesPem).map((pem) => new X509Certificate(pem));
  const isMet = counting.some(({ bundle, member }) =>
    leadsTo(certificates, announcedAuthority(bundle, member, reading)),
  );
  if (isMet) return [];
  const announced = counting.map(({ member }) => authorityOf(member, catalogue.trust)?.name ?? member.id);
  return [{ channel: place.channel, announced, bundles: bundles.map(({ id }) => id) }];
}

function isAbout({ purpose, environments, channels, infrastructures }: TrustBundleEntry, place: Place): boolean {
  return (
    purpose === 'server-chains' &&
    environments.includes(place.environment) &&
    (channels === undefined || channels.includes(place.channel)) &&
    (infrastructures === undefined || infrastructures.includes(place.infrastructure))
  );
}

function counts({ from, until }: Member, zone: string, { nowMs, isShown }: When): boolean {
  const { fromMs, untilMs } = toInstantSpan(from, until, zone);
  return nowMs <= untilMs && (!isShown || fromMs <= nowMs);
}

interface AnnouncedAuthority {
  readonly certificate: X509Certificate | null;
  readonly sha256: string | null;
  readonly name: string;
  /** The document names an organisation and none of its certificates. */
  readonly isOrganisation: boolean;
}

function announcedAuthority(
  bundle: TrustBundleEntry,
  member: Member,
  { announced, snapshot }: AnnouncedReading,
): AnnouncedAuthority {
  const entry = authorityOf(member, snapshot.catalogue.trust);
  const pem = announced.find((each) => each.bundle === bundle.id && each.member === member.id)?.pem ?? null;
  return {
    certificate: pem === null ? null : new X509Certificate(pem),
    sha256: (member.sha256 ?? entry?.sha256 ?? null)?.replaceAll(':', '').toLowerCase() ?? null,
    name: entry?.name ?? member.id,
    isOrganisation: entry?.role === 'authority',
  };
}

function leadsTo(chain: readonly X509Certificate[], authority: AnnouncedAuthority): boolean {
  const { certificate: anchor, sha256, name, isOrganisation } = authority;
  return chain.some((certificate, at) => {
    if (anchor !== null)
      return (
        certificate.raw.equals(anchor.raw) || (certificate.checkIssued(anchor) && certificate.verify(anchor.publicKey))
      );
    const { fingerprint256, issuer, subject } = readCertificate(certificate.raw);
    if (sha256 !== null && fingerprint256 === sha256) return true;
    // A name proves nothing of a certificate that is at hand and is another one.
    const isLast = at === chain.length - 1;
    if (!isLast || (issuer === subject && sha256 !== null)) return false;
    return isOrganisation
      ? plain(issuer).includes(plain(name))
      : plain(attributeOf(issuer, 'CN') ?? '') === plain(name);
  });
}

/** Documents write dashes that certificates have not: "Root – G2". */
function plain(name: string): string {
  return comparableText(name.replaceAll(/\p{Pd}/gu, '-'));
}

function topOf({ certificatesPem }: ChainFacts): string {
  const last = certificatesIn(certificatesPem).at(-1);
  return last === undefined ? 'nobody' : readCertificate(new X509Certificate(last).raw).issuer;
}
