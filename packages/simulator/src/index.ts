// The whole public surface of the simulator.
export type { Faults } from './faults.ts';
export { logoutPage } from './faults.ts';
export {
  type Account,
  type AttemptOutcome,
  type Reconciliation,
  reconcileSubmits,
  type SentSubmit,
} from './fleets/accounting.ts';
export { type FleetCredentials, issueCredentials } from './fleets/issue-credentials.ts';
export type { Attempt, Endpoint } from './fleets/member-caller.ts';
export { submitIdField } from './fleets/messages.ts';
export {
  type CallPlace,
  type FleetMember,
  type FleetPlan,
  type FleetPlanOptions,
  type FleetVendor,
  type Habit,
  planFleet,
} from './fleets/plan-fleet.ts';
export { type ProfileName, profileNames, profiles } from './fleets/profiles.ts';
export { coordinatorsOf, provisioningOf, provisionsOf } from './fleets/provision-fleet.ts';
export { type Fleet, type FleetOptions, type FleetReport, openFleet, startFleet } from './fleets/start-fleet.ts';
export { type Personality, personalities } from './limits/personalities.ts';
export type { Simulator, SimulatorLimits, SimulatorOptions, SimulatorTls } from './start-simulator.ts';
export { requestBytesMax, startSimulator } from './start-simulator.ts';
export type { Coordinator } from './state/market.ts';
export { defaultCoordinators } from './state/market.ts';
export type { Provision } from './state/provisioning.ts';
export { adsPath } from './systems/ads.ts';
export { signatureFalseText, usernameErrorText } from './wire/secured-call.ts';
export type { AnswerCredential } from './world.ts';
