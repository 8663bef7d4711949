// An authority for tests and demonstrations: two families of roots, as a transition has them, and a stranger. Its keys are
// made when it is made and die with it; nothing signed by it is ever trusted outside.
import { createPrivateKey, createPublicKey, X509Certificate } from 'node:crypto';
import { readCertificate } from './certificate-facts.ts';
import {
  type CertificateContents,
  createKeyPair,
  type KeyPair,
  type KeyType,
  makeCertificate,
  type NameAttribute,
  type RandomBytes,
  type Signer,
  toKeyPem,
  toPem,
} from './certificate-maker.ts';
import { parseDistinguishedName } from './name-attributes.ts';
import { type ListContents, makeRevocationList } from './revocation-list-maker.ts';

/** The family before the transition, and the one after it. */
export type Family = 'legacy' | 'current';

/** Whom a bundle is about: servers, checked by callers; or users, checked by the gateway. */
export type Side = 'server' | 'user';

/** A server's chain, leaf then intermediate, and the leaf's key; P-256 unless another was asked for. */
export interface TestServer {
  readonly certificatePem: string;
  readonly keyPem: string;
}

/** A user's certificate, the leaf alone, and its key. */
export interface TestUser extends TestServer {
  readonly certificateDer: Uint8Array;
  /** `CN=<NAME>x<4 digits>,OU=people,O=<organisation>,C=US`. */
  readonly subject: string;
  /** 64 lower-case hexadecimal digits. */
  readonly fingerprint256: string;
}

/** Who the user is; the name is letters or digits, an x and four digits, as in `ALPHAx0001`. */
export interface TestPerson {
  readonly name: string;
  /** 1 to 64 letters, digits, spaces, dots or hyphens. */
  readonly organisation: string;
  /** Default `rsa-2048`, because WS-Security callers sign with RSA. */
  readonly keyType?: KeyType;
}

/** A user's dates, in ms since 1970 UTC, kept to the second below. By default from a day before now to a year after. */
export interface TestUserOptions extends TestPerson {
  readonly notBeforeMs?: number;
  readonly notAfterMs?: number;
}

/** What a revocation list says. By default it is of a day before now, ends a day after now, and is complete. */
export interface TestListOptions extends Partial<Omit<ListContents, 'signer'>> {
  readonly number: number;
  readonly revoked?: readonly TestUser[];
  /** Number of RFC 5280 §5.3.1; default 1, key compromise. */
  readonly reason?: number;
}

/** The PEM texts that createTrustBundle takes. */
export interface TrustBundlePem {
  readonly anchorsPem: string;
  readonly intermediatesPem: string;
}

/** Issues servers and users of two invented families, and of an authority that nobody trusts. */
export interface TestAuthority {
  /** A server for 1 to 100 DNS names or IP addresses. */
  serverChain(family: Family, hostNames: readonly string[], keyType?: KeyType): Promise<TestServer>;
  /** A user of the family; raises RangeError for a name or organisation out of form. */
  user(family: Family, options: TestUserOptions): Promise<TestUser>;
  /** A user whose certificate ended a day before now. */
  expiredUser(family: Family, person: TestPerson): Promise<TestUser>;
  /** A user whose certificate begins a day after now. */
  notYetValidUser(family: Family, person: TestPerson): Promise<TestUser>;
  /** A user in good form of an authority that is in no bundle. */
  strangerUser(options: TestUserOptions): Promise<TestUser>;
  /** The revocation list of the authority that issues a family's users, in DER. */
  userRevocationList(family: Family, options: TestListOptions): Uint8Array;
  /** What issues a family's users, with its key: `createTestIssuer` goes on with it in another process. */
  userIssuer(family: Family): TestServer;
  /** The root and the intermediate of one side of a family. */
  trustBundlePem(family: Family, side: Side): TrustBundlePem;
}

/** Issues users of one family, and takes them back. */
export interface TestIssuer {
  user(options: TestUserOptions): Promise<TestUser>;
  /** A revocation list of it, in DER. */
  revocationList(contents: Omit<ListContents, 'signer'>): Uint8Array;
}

/** What a test authority is made with. */
export interface TestAuthorityOptions {
  /** Authorities are valid from five years before this instant (ms since 1970 UTC) to ten years after. */
  readonly nowMs: number;
  /** Where serial numbers come from; default the system's random source. Keys always come from the system. */
  readonly random?: RandomBytes;
}

type Make = (contents: Omit<CertificateContents, 'random'>) => Buffer;

interface Hierarchy {
  readonly issuing: Signer;
  readonly anchorsPem: string;
  readonly intermediatesPem: string;
}

const dayMs = 86_400_000;
const yearMs = 365 * dayMs;
const clientAuth = '1.3.6.1.5.5.7.3.2';
const serverAuth = '1.3.6.1.5.5.7.3.1';

/** A test authority with both families and the stranger ready; some 20 ms on an idle core. */
export async function createTestAuthority({ nowMs, random }: TestAuthorityOptions): Promise<TestAuthority> {
  const make: Make = (contents) => makeCertificate(random === undefined ? contents : { ...contents, random });
  const found = (name: string) => createHierarchy(name, nowMs, make);
  const [legacyServer, legacyUser, currentServer, currentUser, stranger] = await Promise.all([
    found('Headgate Test Legacy Server'),
    found('Headgate Test Legacy User'),
    found('Headgate Test Current Server'),
    found('Headgate Test Current User'),
    found('Headgate Test Stranger'),
  ]);
  const hierarchies: Record<Family, Record<Side, Hierarchy>> = {
    legacy: { server: legacyServer, user: legacyUser },
    current: { server: currentServer, user: currentUser },
  };
  const issueUser = (hierarchy: Hierarchy, options: TestUserOptions) => makeUser(hierarchy, options, nowMs, make);
  return {
    serverChain: (family, hostNames, keyType) =>
      makeServer(hierarchies[family].server, { hostNames, keyType: keyType ?? 'ec-p256' }, nowMs, make),
    user: (family, options) => issueUser(hierarchies[family].user, options),
    expiredUser: (family, person) =>
      issueUser(hierarchies[family].user, { ...person, notBeforeMs: nowMs - yearMs, notAfterMs: nowMs - dayMs }),
    notYetValidUser: (family, person) =>
      issueUser(hierarchies[family].user, { ...person, notBeforeMs: nowMs + dayMs, notAfterMs: nowMs + yearMs }),
    strangerUser: (options) => issueUser(stranger, options),
    userRevocationList: (family, { revoked = [], reason = 1, entries = [], ...options }) =>
      makeRevocationList({
        thisUpdateMs: nowMs - dayMs,
        nextUpdateMs: nowMs + dayMs,
        ...options,
        signer: hierarchies[family].user.issuing,
        entries: [
          ...revoked.map(({ certificateDer }) => ({
            serial: readCertificate(certificateDer).serial,
            onMs: nowMs - dayMs,
            reason,
          })),
          ...entries,
        ],
      }),
    userIssuer(family) {
      const { issuing, intermediatesPem } = hierarchies[family].user;
      return { certificatePem: intermediatesPem, keyPem: toKeyPem(issuing.key) };
    },
    trustBundlePem: (family, side) => {
      const { anchorsPem, intermediatesPem } = hierarchies[family][side];
      return { anchorsPem, intermediatesPem };
    },
  };
}

/** Issues users in the name of a test authority that was made elsewhere. Throws for PEM text that is not its certificate and key. */
export function createTestIssuer(
  { certificatePem, keyPem }: TestServer,
  { nowMs, random }: TestAuthorityOptions,
): TestIssuer {
  const privateKey = createPrivateKey(keyPem);
  const certificate = new X509Certificate(certificatePem);
  if (!certificate.checkPrivateKey(privateKey)) throw new RangeError('The key is not that of the certificate.');
  const names = parseDistinguishedName(readCertificate(certificate.raw).subject) ?? [];
  const subject = names
    .flat()
    .toReversed()
    .map(({ type, value }): NameAttribute => ({ [type]: value }));
  const issuing: Signer = { subject, key: { privateKey, publicKey: createPublicKey(privateKey) } };
  const make: Make = (contents) => makeCertificate(random === undefined ? contents : { ...contents, random });
  return {
    user: (options) => makeUser({ issuing }, options, nowMs, make),
    revocationList: (contents) => makeRevocationList({ ...contents, signer: issuing }),
  };
}

async function createHierarchy(name: string, nowMs: number, make: Make): Promise<Hierarchy> {
  const [rootKey, issuingKey] = await Promise.all([createKeyPair('ec-p256'), createKeyPair('ec-p256')]);
  const root: Signer = { subject: authorityName(`${name} Root`), key: rootKey };
  const issuing: Signer = { subject: authorityName(`${name} Issuing`), key: issuingKey };
  const shared = {
    notBeforeMs: nowMs - 5 * yearMs,
    notAfterMs: nowMs + 10 * yearMs,
    keyUsages: ['keyCertSign', 'cRLSign'] as const,
    signer: root,
  };
  const rootDer = make({ ...shared, ...root, authority: {} });
  const issuingDer = make({ ...shared, ...issuing, authority: { pathLength: 0 } });
  return { issuing, anchorsPem: toPem(rootDer), intermediatesPem: toPem(issuingDer) };
}

function authorityName(commonName: string): NameAttribute[] {
  return [{ C: 'US' }, { O: 'Headgate Test' }, { CN: commonName }];
}

async function makeServer(
  { issuing, intermediatesPem }: Hierarchy,
  { hostNames, keyType }: { readonly hostNames: readonly string[]; readonly keyType: KeyType },
  nowMs: number,
  make: Make,
): Promise<TestServer> {
  const [firstName] = hostNames;
  if (firstName === undefined || hostNames.length > 100) {
    throw new RangeError(`A server has 1 to 100 host names, not ${hostNames.length}.`);
  }
  const key = await createKeyPair(keyType);
  const certificate = make({
    // RFC 5280 appendix A.1 bounds a common name at 64 characters; a host name may be longer.
    subject: [{ C: 'US' }, { O: 'Headgate Test' }, { CN: firstName.slice(0, 64) }],
    key,
    signer: issuing,
    notBeforeMs: nowMs - dayMs,
    notAfterMs: nowMs + 9 * yearMs, // TLS libraries judge servers by the real clock; tests may stand in the past.
    // An RSA key may also take what a caller encrypts to it, so that it is the gateway's doing where it does not.
    keyUsages: keyType.startsWith('rsa') ? ['digitalSignature', 'keyEncipherment'] : ['digitalSignature'],
    extendedKeyUsages: [serverAuth],
    hostNames,
  });
  return { certificatePem: toPem(certificate) + intermediatesPem, keyPem: toKeyPem(key) };
}

async function makeUser(
  { issuing }: Pick<Hierarchy, 'issuing'>,
  options: TestUserOptions,
  nowMs: number,
  make: Make,
): Promise<TestUser> {
  assertPerson(options);
  const key: KeyPair = await createKeyPair(options.keyType ?? 'rsa-2048');
  const certificateDer = make({
    subject: [{ C: 'US' }, { O: options.organisation }, { OU: 'people' }, { CN: options.name }],
    key,
    signer: issuing,
    notBeforeMs: options.notBeforeMs ?? nowMs - dayMs,
    notAfterMs: options.notAfterMs ?? nowMs + yearMs,
    keyUsages: ['digitalSignature'],
    extendedKeyUsages: [clientAuth],
  });
  const { subject, fingerprint256 } = readCertificate(certificateDer);
  const certificatePem = toPem(certificateDer);
  return { certificatePem, keyPem: toKeyPem(key), certificateDer, subject, fingerprint256 };
}

function assertPerson({ name, organisation }: TestPerson): void {
  if (!/^[A-Za-z0-9]{1,58}x\d{4}$/.test(name)) {
    throw new RangeError(
      `\`${name}\` is no user name. Write letters or digits, an x and four digits, as in ALPHAx0001.`,
    );
  }
  if (!/^[A-Za-z0-9](?:[A-Za-z0-9 .-]{0,62}[A-Za-z0-9.])?$/.test(organisation)) {
    throw new RangeError(
      `\`${organisation}\` is no organisation. Write 1 to 64 letters, digits, spaces, dots or hyphens.`,
    );
  }
}
