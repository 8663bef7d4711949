// The whole public surface of the contract. Nothing of ours is imported here.
export type { Override, OverrideAsk } from './break-glass.ts';
export {
  breakGlassBounds,
  overrideAskSchema,
  overrideHolds,
  overridesFileSchema,
  sayOverride,
  whyNoOverride,
} from './break-glass.ts';
export type { CellSubject } from './catalogue/announcements.ts';
export { inForce, isAbout, isKnown, slipsOf } from './catalogue/announcements.ts';
export type { Classification, RecognisedBy, ServiceClassification, ServiceClues } from './catalogue/classify.ts';
export { classifyService } from './catalogue/classify.ts';
export type { InstantSpan } from './catalogue/date-instants.ts';
export { toInstantSpan } from './catalogue/date-instants.ts';
export type { AnnouncedOn, DateValue, Day } from './catalogue/dates.ts';
export { hasPassed, isDay, parseDateValue, writeDateValue } from './catalogue/dates.ts';
export type { Address, AddressMatch, CatalogueIndex, FoundUrl, RequestTarget } from './catalogue/find.ts';
export { compileCatalogue, findAddress, findUrl } from './catalogue/find.ts';
export { catalogueJsonSchemas } from './catalogue/json-schema.ts';
export { loadCatalogueFolder } from './catalogue/load.ts';
export type { Matrix, MatrixCell, MatrixPair, MatrixRow } from './catalogue/matrix.ts';
export { applicationsOf, cellStatus, matrixOf } from './catalogue/matrix.ts';
export type {
  Announcement,
  Catalogue,
  CatalogueFileName,
  CatalogueTrust,
  Cell,
  CellStatus,
  CertificateNeed,
  Channel,
  Generation,
  KnownIssue,
  Operation,
  Programme,
  Service,
  System,
  TrustBundleEntry,
} from './catalogue/model.ts';
export {
  cellStatuses,
  certificateNeeds,
  channels,
  generations,
  operations,
  trustFileSchema,
} from './catalogue/model.ts';
export type { ParsedCatalogue } from './catalogue/parse.ts';
export { catalogueFileNames, parseCatalogue } from './catalogue/parse.ts';
export { parseProvisioning } from './catalogue/provisioning.ts';
export { parseProvisioningAside } from './catalogue/provisioning-aside.ts';
export { channelsOfSystem } from './catalogue/provisioning-findings.ts';
export type {
  Credential,
  Endorsement,
  Participant,
  ProvisionedRight,
  Provisioning,
  Role,
} from './catalogue/provisioning-model.ts';
export {
  credentialKey,
  operationsOf,
  operationsOfRole,
  provisioningSchema,
  roles,
} from './catalogue/provisioning-model.ts';
export { holdsFromMs, holdsUntilMs, isRightDate } from './catalogue/right-dates.ts';
export { type ScidPlace, type ScidStatement, scidStatementOf } from './catalogue/scid-places.ts';
export type { ServiceName } from './catalogue/service-name.ts';
export { readServiceName } from './catalogue/service-name.ts';
export type { Succession } from './catalogue/succession.ts';
export { successionOf } from './catalogue/succession.ts';
export type {
  AdmissionEvidence,
  CandidateEvidence,
  CookieEvidence,
  EvidenceRecord,
  EvidenceSink,
  ForwardEvidence,
  IdentityEvidence,
  InspectionEvidence,
  Likeness,
  ListenerEvidence,
  ResponseEvidence,
  RouteEvidence,
  ScidEvidence,
  SeenCredential,
  SessionState,
  UsernameEvidence,
} from './evidence.ts';
export { evidenceSchemaVersion, noLimitAsked } from './evidence.ts';
export {
  bareName,
  claimsIdentity,
  fields,
  identityFieldPrefixes,
  identityFields,
  toRetryAfterSeconds,
} from './fields.ts';
export type { LimitKeyPart, LimitUnit } from './limit-terms.ts';
export {
  bucketMs,
  concurrentQuotaMax,
  defaultDomain,
  defaultNetworkBits,
  domainOf,
  exactQuotaMax,
  isBucketed,
  isCountedTogether,
  limitKeyParts,
  limitUnits,
  quotaMax,
  scidSubstitutes,
  windowBuckets,
  windowMsBounds,
} from './limit-terms.ts';
export type {
  CallOutcome,
  Charge,
  Charged,
  CounterDecision,
  CounterStore,
  KnownRefusal,
  LimitRule,
  LimitSubject,
  Policy,
  PolicyNotice,
  RuleRefusal,
  Standing,
} from './limits.ts';
export { isHeld, parsePolicy, policySchema } from './limits.ts';
export type { Shown, ShownGroup } from './option-example.ts';
export { defaultsOf, leftOption, setOption, writeExample } from './option-example.ts';
export type { OptionSchema } from './option-schema.ts';
export { optionsOf, writeOptionTables } from './option-schema.ts';
export { parseChainPositions, parsePositions, type WrittenPositions } from './positions.ts';
export type { ExampleFacts, ProblemEntry } from './problem-reference.ts';
export { sentenceOf, writeEntries } from './problem-reference.ts';
export type {
  ControlProblem,
  ControlProblemCode,
  ControlProblemFacts,
  LimitFacts,
  Problem,
  ProblemCode,
  ProblemFacts,
  ProxyErrorType,
  RetryAdvice,
} from './problems.ts';
export { controlProblems, problems, problemType, quotaExceededType } from './problems.ts';
export { withPart } from './reference-page.ts';
export type { RefusalOptions, StatedRefusal } from './refusal.ts';
export { isRefusal, limitOf, Refusal, stateRefusal } from './refusal.ts';
export type {
  ChainPositions,
  DatedMember,
  ListEntries,
  ListFault,
  ListReadingOptions,
  Positions,
  RevocationFacts,
  Snapshot,
  SnapshotSource,
  StandingList,
  TrustBundleFacts,
} from './snapshot.ts';
export type {
  SnapshotAcknowledgement,
  SnapshotContent,
  SnapshotDocument,
  SnapshotDocumentFault,
} from './snapshot-document.ts';
export {
  hashOfSnapshot,
  parseSnapshotDocument,
  snapshotAcknowledgementSchema,
  snapshotBounds,
  snapshotContentFault,
  snapshotDocumentSchema,
  snapshotTextNames,
} from './snapshot-document.ts';
export type {
  ReadText,
  ReadTrust,
  SnapshotFacts,
  SnapshotNames,
  SnapshotReading,
  SnapshotSettings,
  TextOf,
  TrustReading,
} from './snapshot-reading.ts';
export { readSnapshotFacts } from './snapshot-reading.ts';
export { namesInDocument, readingOfDocument, textNameOf, textsOfDocument, trustSettingsIn } from './snapshot-texts.ts';
export type { RequestStage, Stage } from './stages.ts';
export { clientStages, cutoverStages, requestStages } from './stages.ts';
export {
  type TrustBundleSettings,
  trustBundleSettingsSchema,
  trustBundlesMax,
  trustSettingsSchema,
} from './trust-settings.ts';
export type { UsernameRule } from './username-rules.ts';
export type { FilePath, Finding, ReadFile } from './yaml-file.ts';
export { nearest, readYamlFile, sayFinding, yamlFileBytesMax } from './yaml-file.ts';
