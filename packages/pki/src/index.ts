// The public surface: reading certificates, trust bundles, paths, verdicts, and the test authority.
export type { KeyFacts, SignatureFacts } from './algorithms.ts';
export type { ExtensionFacts } from './certificate-extensions.ts';
export {
  type CertificateFacts,
  certificateBytesMax,
  type OpenCertificate,
  openCertificate,
  readCertificate,
} from './certificate-facts.ts';
export {
  type CertificateContents,
  createKeyPair,
  type KeyPair,
  type KeyType,
  type KeyUsage,
  makeCertificate,
  makeExtension,
  makeName,
  type NameAttribute,
  type RandomBytes,
  type Signer,
  toAddressOctets,
  toKeyIdentifier,
  toKeyPem,
  toPem,
} from './certificate-maker.ts';
export { type Coverage, createCoverage, type TrustEnding } from './coverage.ts';
export * as der from './der-writer.ts';
export {
  type Acceptance,
  judgePath,
  type Purpose,
  type Rejection,
  rejectUnreadable,
  sayOtherPurpose,
  type Verdict,
  type VerdictCheck,
} from './judge.ts';
export { attributeOf, comparableName, comparableText, parseDistinguishedName } from './name-attributes.ts';
export { buildPath, buildPathOf, type Chain, chainLengthMax, type PathObstacle, type PathResult } from './path.ts';
export { memberPlace, readTrust } from './read-trust.ts';
export {
  createRevocation,
  type DatedList,
  faultOfList,
  faultOfReplacement,
  idleDeltas,
  isOfOneKind,
  isOlder,
  type ListObjection,
  type ListObjectionCode,
  type ProvedList,
  proveList,
  type Revocation,
  type RevocationSource,
  type RevocationStatus,
  type StaleRule,
  standingLists,
  whyIdle,
} from './revocation.ts';
export {
  findEntry,
  listBytesMax,
  type RevocationList,
  type RevocationReason,
  type RevokedEntry,
  readRevocationList,
  splitLists,
  UnreadableRevocationList,
} from './revocation-list.ts';
export { type ListContents, type MadeEntry, makeRevocationList } from './revocation-list-maker.ts';
export {
  createTestAuthority,
  createTestIssuer,
  type Family,
  type Side,
  type TestAuthority,
  type TestAuthorityOptions,
  type TestIssuer,
  type TestListOptions,
  type TestPerson,
  type TestServer,
  type TestUser,
  type TestUserOptions,
  type TrustBundlePem,
} from './test-authority.ts';
export {
  type BundleFile,
  type BundleMember,
  createTrustBundle,
  type TrustBundle,
  type TrustBundleSource,
  type TrustSpan,
  type TrustSpans,
  UnreadableTrustBundle,
} from './trust-bundle.ts';
export { type CertificateWords, UnreadableCertificate } from './unreadable-certificate.ts';
