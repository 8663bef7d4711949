// A snapshot made ready for serving: compiled catalogue, policy and trust, and the hosts of this gateway. Immutable; an exchange
// keeps the one it began with.

import {
  type Address,
  type AddressMatch,
  type CandidateEvidence,
  type CatalogueIndex,
  cellStatus,
  compileCatalogue,
  type DatedMember,
  findAddress,
  type Snapshot,
  successionOf,
} from '@headgate/contract';
import { createRevocation, createTrustBundle, type Revocation, type TrustBundle } from '@headgate/pki';
import { type CompiledPolicy, type CompiledRights, compilePolicy, compileRights } from '@headgate/rules';
import { createScidPlaces, type ScidPlaces } from '@headgate/soap';
import { type ChargeBook, createChargeBook } from './admission/charge-book.ts';
import { type CertificateNeeds, certificateNeedsOf } from './certificate-needs.ts';
import type { Config } from './config.ts';
import { type DocumentPlace, documentPlaces, documentsPath } from './document-places.ts';
import { type EchoPlace, echoPlaces } from './echo-places.ts';
import { createIdentityFields, type IdentityFields } from './identity-fields.ts';
import { logoutPath, sessionPath, sessionPlaces } from './session-places.ts';
import { type StrictTransport, strictTransportOf } from './strict-transport.ts';
import { type SuccessionWords, successionWords } from './succession-words.ts';
import type { SessionBounds } from './ui-session.ts';
import { createUsernameChecks, type UsernameChecks } from './username-check.ts';
import type { WrittenDocuments } from './written-documents.ts';

/** One host name as this gateway serves it. */
export interface ServedHost {
  readonly name: string;
  readonly certificates: CertificateNeeds;
  /** Name of the trust bundle that judges its callers. */
  readonly trust: string;
  /** Environment of the catalogue; null when the catalogue does not know the host. */
  readonly environment: string | null;
  /** Bounds of people's sessions at its user interfaces; null where there are none. */
  readonly uiSession: SessionBounds | null;
}

/** An address that is gone. */
export interface Decommissioned {
  /** The catalogue's words for it, with the page. */
  readonly since: string;
  /** The address to move to; null where none is printed. */
  readonly replacement: string | null;
}

/** A candidate policy. Its rules over connections are not asked: of a connection that is shed there is no call to compare. */
export interface Candidate {
  readonly limits: CompiledPolicy;
  /** What stands in the records of calls that it admits: one object, so that it is written down once. */
  readonly admits: CandidateEvidence;
}

/** Everything one exchange decides by. */
export interface Serving {
  readonly snapshot: Snapshot;
  readonly index: CatalogueIndex;
  readonly limits: CompiledPolicy;
  readonly charges: ChargeBook;
  /** The candidate policy in shadow; null where none is loaded. */
  readonly candidate: Candidate | null;
  readonly usernames: UsernameChecks;
  readonly scids: ScidPlaces;
  readonly trust: ReadonlyMap<string, TrustBundle>;
  /** By the name of the bundle; a bundle without lists is absent. */
  readonly revocation: ReadonlyMap<string, Revocation>;
  readonly identityFields: IdentityFields;
  readonly strictTransport: StrictTransport;
  host(listener: string, name: string): ServedHost | null;
  /**
   * Subjects of the anchors of a bundle that count at `nowMs`, for refusals: those that stay first, and the day of each that ends within
   * a year, as its bundle says it, behind its name.
   */
  issuers(bundle: string, nowMs: number): readonly string[];
  /** Credentials and what they may do; null when no provisioning is loaded. */
  readonly rights: CompiledRights | null;
  /** What the address speaks, for the format of a refusal; nulls when no address covers the path. */
  signsOf(host: string, path: string): { readonly channel: 'ui' | 'api' | null; readonly speaksSoap: boolean };
  /** Why an address is gone on a day, or null while it is served. */
  decommissioned(match: AddressMatch, nowMs: number): Decommissioned | null;
  /** What the answers at an old address say of its successor and its end on a day; null where there is nothing to say. */
  succession(address: Address, nowMs: number): SuccessionWords | null;
  /** The echo address at this very path of a host, where the host offers one. */
  echo(listener: string, host: string, path: string): EchoPlace | null;
  /** The documents of this gateway about itself; null where the serving is not a running gateway's. */
  readonly documents: WrittenDocuments | null;
  /** The document at this very path of a host that programs call. */
  document(listener: string, host: string, path: string): DocumentPlace | null;
  /** The page about sessions at this very path of a host, where the host has sessions. */
  session(listener: string, host: string, path: string): EchoPlace | null;
  /** Whether every system behind an address speaks SOAP. */
  speaksSoap(address: Address): boolean;
}

/** Compiles a snapshot for the hosts of a configuration. Throws `UnreadableTrustBundle` for PEM that cannot be used. */
export function createServing(snapshot: Snapshot, config: Config, documents: WrittenDocuments | null = null): Serving {
  const index = compileCatalogue(snapshot.catalogue);
  const trust = createTrustBundles(snapshot.trust);
  const hosts = new Map(
    config.listeners.flatMap((listener) =>
      listener.hosts.map((host): [string, ServedHost] => {
        const environment = snapshot.catalogue.hosts.find(({ name }) => name === host.name)?.environment ?? null;
        const certificates = certificateNeedsOf(index, host.name, listener.tls, host.clientCertificate);
        const { name, trust, uiSession = null } = host;
        return [`${listener.name}/${name}`, { name, certificates, trust, environment, uiSession }];
      }),
    ),
  );
  const echoes = echoPlaces(index, snapshot.positions, config);
  const places = documents === null ? null : documentPlaces(index, snapshot.positions);
  const sessions = sessionPlaces(index, snapshot.positions, config);
  const speaksSoap = (address: Address) =>
    address.channel === 'api' &&
    address.systems.every((id) => soapProtocols.has(index.systems.get(id)?.protocol ?? ''));
  const channelsOf = (host: string) =>
    new Set([...index.addresses.values()].filter((address) => address.host === host).map(({ channel }) => channel));

  return {
    snapshot,
    index,
    limits: compilePolicy(snapshot.policy),
    charges: createChargeBook(),
    candidate: candidateOf(snapshot),
    usernames: createUsernameChecks(snapshot.policy),
    scids: createScidPlaces(index),
    trust,
    revocation: new Map([...snapshot.revocation].map(([name, facts]) => [name, createRevocation(facts)])),
    rights: snapshot.provisioning === null ? null : compileRights(snapshot.provisioning),
    identityFields: createIdentityFields(config.identityFields),
    strictTransport: strictTransportOf(config),
    speaksSoap,
    decommissioned: rememberedByDay(
      (match: AddressMatch) => match.address.id,
      (match, day) => decommissionedOn(index, match, day),
    ),
    succession: rememberedByDay(
      ({ id }: Address) => id,
      (address, day, nowMs) => successionWords(successionOf(index, address, day), nowMs),
    ),
    host: (listener, name) => hosts.get(`${listener}/${name}`) ?? null,
    echo: (listener, name, path) =>
      path === config.echo.path && hosts.has(`${listener}/${name}`) ? (echoes.get(name) ?? null) : null,
    documents,
    document: (listener, name, path) =>
      places !== null && path.startsWith(documentsPath) && hosts.has(`${listener}/${name}`)
        ? (places.get(`${name}${path}`) ?? null)
        : null,
    session: (listener, name, path) =>
      (path === sessionPath || path === logoutPath) && (hosts.get(`${listener}/${name}`)?.uiSession ?? null) !== null
        ? (sessions.get(name)?.[path] ?? null)
        : null,
    issuers: (bundle, nowMs) => issuersOf(trust.get(bundle), snapshot.trust.get(bundle)?.dated ?? [], nowMs),
    signsOf(host, path) {
      const match =
        findAddress(index, { scheme: 'https', host, path }) ?? findAddress(index, { scheme: 'http', host, path });
      if (match !== null) return { channel: match.channel, speaksSoap: speaksSoap(match.address) };
      // No address here, but a host that only programs call is still no place for a page.
      const channels = channelsOf(host);
      return { channel: channels.size === 1 ? ([...channels][0] ?? null) : null, speaksSoap: false };
    },
  };
}

function candidateOf({ shadowPolicy }: Snapshot): Candidate | null {
  if (shadowPolicy === null) return null;
  const { policy, hash } = shadowPolicy;
  const admits = { policy: hash.slice(0, 12), admitted: true, decidedBy: null, retryAfterMs: null, shadow: [] };
  return { limits: compilePolicy(policy), admits };
}

/** The bundles of a snapshot, ready to build paths in. Throws `UnreadableTrustBundle` for PEM that cannot be used. */
export function createTrustBundles(facts: Snapshot['trust']): ReadonlyMap<string, TrustBundle> {
  return new Map([...facts].map(([name, each]) => [name, createTrustBundle({ ...each })]));
}

/** How long before its end an authority is told as one that goes: a certificate is renewed for a year, and would outlive it. */
const endToldMs = 366 * 86_400_000;

function issuersOf(bundle: TrustBundle | undefined, dated: readonly DatedMember[], nowMs: number): readonly string[] {
  const counting = (bundle?.anchors ?? []).flatMap(({ subject, fingerprint256, notBeforeMs, notAfterMs }) => {
    const member = dated.find((each) => each.fingerprint256 === fingerprint256);
    const withdrawnMs = member?.untilMs ?? Number.POSITIVE_INFINITY;
    const endMs = Math.min(notAfterMs, withdrawnMs);
    if (nowMs < Math.max(notBeforeMs, member?.fromMs ?? notBeforeMs) || nowMs > endMs) return [];
    if (endMs - nowMs > endToldMs) return [{ endMs: Number.POSITIVE_INFINITY, said: subject }];
    const day =
      endMs === withdrawnMs && member !== undefined ? member.until : new Date(endMs).toISOString().slice(0, 10);
    return [{ endMs, said: `${subject} (until ${day})` }];
  });
  return counting
    .toSorted((one, other) => (one.endMs === other.endMs ? 0 : other.endMs - one.endMs))
    .map(({ said }) => said);
}

/** What changes by the day and is dear to judge, so that it is judged once a day for each key. */
function rememberedByDay<Asked, Judged>(
  keyOf: (asked: Asked) => string,
  judge: (asked: Asked, day: string, nowMs: number) => Judged,
): (asked: Asked, nowMs: number) => Judged {
  let today = '';
  let known = new Map<string, Judged>();
  return (asked, nowMs) => {
    const day = new Date(nowMs).toISOString().slice(0, 10);
    if (day !== today) {
      today = day;
      known = new Map();
    }
    const key = keyOf(asked);
    const found = known.get(key);
    if (found !== undefined) return found;
    const judged = judge(asked, day, nowMs);
    known.set(key, judged);
    return judged;
  };
}

function decommissionedOn(
  index: CatalogueIndex,
  { address, environment, channel, generation }: AddressMatch,
  day: string,
): Decommissioned | null {
  const cells = address.systems.flatMap((id) => {
    const system = index.systems.get(id);
    return system === undefined ? [] : [cellStatus(index.catalogue, system, environment, channel, generation, day)];
  });
  const [first] = cells;
  if (first === undefined || cells.some(({ status }) => status !== 'decommissioned')) return null;
  const replacement = address.replacement === null ? null : (index.addresses.get(address.replacement)?.url ?? null);
  return { since: first.source, replacement };
}

const soapProtocols: ReadonlySet<string> = new Set(['soap', 'soap-rpc']);
