// The public surface: reading certificates, trust bundles, paths, verdicts, and the test authority.
export type { KeyFacts, SignatureFacts } from './algorithms.ts';
export type { ExtensionFacts } from './certificate-extensions.ts';
export { type CertificateFacts, certificateBytesMax, readCertificate } from './certificate-facts.ts';
export type { KeyType, RandomBytes } from './certificate-maker.ts';
export { createCoverage, type TrustEnding } from './coverage.ts';
export { judgePath, type Purpose, type Verdict, type VerdictCheck } from './judge.ts';
export { attributeOf, comparableName, comparableText } from './name-attributes.ts';
export { buildPath, type Chain, chainLengthMax, type PathObstacle, type PathResult } from './path.ts';
export {
  createTestAuthority,
  type Family,
  type Side,
  type TestAuthority,
  type TestAuthorityOptions,
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
export { UnreadableCertificate } from './unreadable-certificate.ts';
