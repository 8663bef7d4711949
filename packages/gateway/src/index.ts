// The public surface of the gateway: start one from a configuration.

export { breakGlassFile, readOverrides } from './break-glass-file.ts';
export { checkFiles } from './check-files.ts';
export { type Config, configSchema, type PathOptions, parseConfig, type WrittenConfig } from './config.ts';
export { exampleConfig } from './config-example.ts';
export { askGateway, GatewayNotAsked } from './control/ask-gateway.ts';
export type { ControlAnswer, ControlAsk, ControlRequest } from './control/messages.ts';
export type { TrustWarning } from './expiry.ts';
// The strict reading of HTTP/1.1, for conformance tests and fuzzing.
export { answerFraming, refuseAsFinal } from './forward/answer-heads.ts';
export type { GatewayNotice } from './gateway-notice.ts';
export { ChunkedDecoder } from './http1/chunked.ts';
export { Malformed } from './http1/malformed.ts';
export { RequestHeadReader } from './http1/request-head.ts';
export { ResponseHeadReader } from './http1/response-head.ts';
export { type BundleJudgement, judgeCertificate } from './judge-certificate.ts';
export { framingOf, readHead } from './listener/framing.ts';
// What a decision over nodes costs is measured beside a gateway.
export { openSharedCounters } from './open-shared-counters.ts';
export { persists } from './passing-fields.ts';
export { baseOf, createSnapshotFiles } from './snapshot-files.ts';
export { type GatewayOptions, type RunningGateway, startGateway } from './start-gateway.ts';
export type { TrustPlan, TrustPlanQuestion } from './trust-plan.ts';
export { planTrustOf, showTrust } from './trust-questions.ts';
export { UnusableFiles } from './unusable-files.ts';
