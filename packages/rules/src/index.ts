// The whole public surface of the rules: pure decisions. No clock, no randomness, no I/O.
export { keyValueCharactersMax, sayAllowance, toAllowanceKey } from './allowance-key.ts';
export type { Arrival } from './backtest/arrival.ts';
export type { Backtest, BacktestOptions, BacktestReport, PolicyTotals, RecordedTotals } from './backtest/backtest.ts';
export { createBacktest, warmUpMs } from './backtest/backtest.ts';
export type { Flip, FlipCount, FlipTotals, HourCount, RuleCount } from './backtest/flip-tally.ts';
export type { Lane, Reorder, ReorderOptions, ReorderStats, Timed } from './backtest/reorder.ts';
export { createReorder } from './backtest/reorder.ts';
export type { CallerSigns, RefusalFormat } from './caller-format.ts';
export { callerFormat } from './caller-format.ts';
export type { Counters, CountersOptions, CountersStats } from './counters.ts';
export { createCounters } from './counters.ts';
export type { StackedDomains } from './domains.ts';
export { rulesOverDomains } from './domains.ts';
export type { RuleMatch, UnmetCondition } from './explain-match.ts';
export { explainMatch } from './explain-match.ts';
export { limitField, limitFieldStarts, policyField } from './limit-fields.ts';
export { limitRefusal } from './limit-refusal.ts';
export type { CompiledPolicy } from './match.ts';
export { chargesFor, compilePolicy, connectionCharges } from './match.ts';
export type { OverriddenCharges } from './overrides.ts';
export { overrideCharges } from './overrides.ts';
export { earliestTurn } from './pacing.ts';
export type { Place, Places } from './places.ts';
export { createPlaces } from './places.ts';
export type { RecentRefusal, RecentRefusals } from './recent-refusals.ts';
export type { RefusalWords } from './refusal-text.ts';
export { refusalWords } from './refusal-text.ts';
export type {
  AllowedCall,
  CallForRights,
  CertificateNames,
  CompiledRights,
  Enrolment,
  Grant,
  Holding,
  MissingRight,
} from './rights.ts';
export { compileRights, findEnrolment, grantsOver, isInForce, mayCall } from './rights.ts';
export type { RefusedCall } from './rights-refusal.ts';
export { notEnrolled, rightRefusal, scidRefusal } from './rights-refusal.ts';
export type { WindowLog, WindowVerdict } from './sliding-window.ts';
export { createWindowLog, recordEvent, windowAdmits } from './sliding-window.ts';
export { toSourceNetwork } from './source-network.ts';
export type { RefusedKey } from './threads/refused-keys.ts';
export type { RuleCounts } from './threads/rule-counts.ts';
export type { ThreadMemory, ThreadMemoryOptions, ThreadState } from './threads/thread-memory.ts';
export { createThreadMemory, openThreadMemory } from './threads/thread-memory.ts';
export type { CompiledUsernameRules, UsernameSubject } from './username-rules.ts';
export { compileUsernameRules, usernameRuleFor } from './username-rules.ts';
