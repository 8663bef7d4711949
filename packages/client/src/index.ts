// The whole public surface of the client kit.

export { answerBytesMax } from './answer-bytes.ts';
export type { Answer, CallPhase, Failure, FailureReason, Outcome } from './call/call.ts';
export { defaultPhaseTimeouts, type PhaseTimeouts } from './call/transport.ts';
export { describeUrl, type UrlDescription } from './catalogue/describe-url.ts';
export { lookUp, type Operation, type Shape, type Target } from './catalogue/look-up.ts';
export { type OpenCatalogue, openCatalogue } from './catalogue/open-catalogue.ts';
export { ClientProblem, type ClientProblemOptions, clientProblem, isClientProblem } from './client-problem.ts';
export {
  type Credential,
  type CredentialFiles,
  credentialBytesMax,
  loadCredential,
} from './credential/load-credential.ts';
export type { Decoded } from './diagnose/decode.ts';
export type { Table } from './diagnose/rows.ts';
export type { BidInput } from './encode/bids.ts';
export { type CallInput, payloadCharsMax } from './encode/encode.ts';
export { invoke } from './invoke.ts';
export type { PacingWait } from './pacing/await-turn.ts';
export {
  type ClientProblemCode,
  type ClientProblemEntry,
  type ClientProblemFacts,
  clientProblems,
  type RefusedBy,
} from './problems.ts';
export { createSession, type Session, type SessionOptions } from './session.ts';
export type { WireRequest } from './wire-request.ts';
