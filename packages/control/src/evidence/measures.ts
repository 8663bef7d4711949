// What is summed of calls, and how two sums are put together: in any order, with the same outcome.
import type { LedgerCall } from './ledger-call.ts';

/** Added up. */
export const sumNames = [
  'calls',
  'answered',
  'failed',
  'refused',
  'broken',
  'requestBytes',
  'responseBytes',
  'durationMs',
  'chunked',
  'large',
  'unencoded',
  'withCookies',
  'reusedCookies',
] as const;

/** The greatest counts: the last instant of each way, 0 where there was none, and the largest body. */
export const greatestNames = [
  'lastMs',
  'refusedLastMs',
  'chunkedLastMs',
  'unencodedLastMs',
  'cookiesLastMs',
  'largestBytes',
] as const;

/** Sums over some calls. */
export type Measures = Record<(typeof sumNames)[number] | (typeof greatestNames)[number] | 'firstMs', number>;

/** The sums of one call. */
export function measuresOf(call: LedgerCall): Measures {
  const { atMs, outcome } = call;
  const isRefused = outcome === 'refused';
  return {
    calls: 1,
    answered: outcome === 'answered' ? 1 : 0,
    failed: outcome === 'failed' ? 1 : 0,
    refused: isRefused ? 1 : 0,
    broken: outcome === 'broken' ? 1 : 0,
    requestBytes: call.requestBytes,
    responseBytes: call.responseBytes,
    durationMs: call.durationMs,
    chunked: call.chunked ? 1 : 0,
    large: call.large ? 1 : 0,
    unencoded: call.unencoded ? 1 : 0,
    withCookies: call.cookies > 0 ? 1 : 0,
    reusedCookies: call.reusedCookies,
    firstMs: atMs,
    lastMs: atMs,
    refusedLastMs: isRefused ? atMs : 0,
    chunkedLastMs: call.chunked ? atMs : 0,
    unencodedLastMs: call.unencoded ? atMs : 0,
    cookiesLastMs: call.cookies > 0 ? atMs : 0,
    largestBytes: call.requestBytes,
  };
}

/** A sum stops here, far beyond what anybody sends: past it, numbers of JSON are no longer exact, and one odd record would spoil all. */
export const sumMax = Number.MAX_SAFE_INTEGER;

/** Adds sums to others. */
export function addMeasures(to: Measures, from: Measures): void {
  for (const name of sumNames) to[name] = Math.min(to[name] + from[name], sumMax);
  for (const name of greatestNames) to[name] = Math.max(to[name], from[name]);
  to.firstMs = Math.min(to.firstMs, from.firstMs);
}
