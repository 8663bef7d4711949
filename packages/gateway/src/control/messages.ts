// What a local command and a running gateway say to each other: one line of JSON each way, then the connection ends.
import type { Finding, OverrideAsk, TrustBundleFacts } from '@headgate/contract';
import type { InForce, Reloaded } from '../start-gateway.ts';

/**
 * What may be asked. `apply` takes the files on disk into use, `apply-older-lists` also revocation lists that go backwards; `trust` tells
 * the status and the bundles that judge callers.
 */
export const controlAsks = ['status', 'trust', 'apply', 'apply-older-lists', 'break-glass', 'break-glass-end'] as const;
/** A question that is one word. */
export type ControlAsk = 'status' | 'trust' | 'apply' | 'apply-older-lists';

/** A whole question. */
export type ControlRequest =
  | { readonly ask: ControlAsk }
  | { readonly ask: 'break-glass'; readonly override: OverrideAsk }
  /** Ends one before its time. */
  | { readonly ask: 'break-glass-end'; readonly id: string; readonly author: string };

/** Who answers. */
export interface ControlSpeaker {
  readonly node: string;
  readonly pid: number;
}

/** The bundles in force. */
export interface ToldTrust {
  readonly trust: readonly TrustBundleFacts[];
}

/** An answer. After a refusal what was in force before still is. */
export type ControlAnswer =
  | ({ readonly ok: true } & ControlSpeaker & InForce & Partial<Reloaded> & Partial<ToldTrust>)
  | ({ readonly ok: false; readonly reason: 'files'; readonly findings: readonly Finding[] } & ControlSpeaker & InForce)
  | { readonly ok: false; readonly reason: 'request' | 'refused' | 'fault'; readonly detail: string };

/** Longest question and longest answer, in bytes: a bundle may be of hundreds of authorities. */
export const requestBytesMax = 4_096;
export const answerBytesMax = 16_777_216;
