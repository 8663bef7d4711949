// The whole public surface of the simulator.
export type { Faults } from './faults.ts';
export { logoutPage } from './faults.ts';
export { type Personality, personalities } from './limits/personalities.ts';
export type { Simulator, SimulatorLimits, SimulatorOptions, SimulatorTls } from './start-simulator.ts';
export { requestBytesMax, startSimulator } from './start-simulator.ts';
export type { Coordinator } from './state/market.ts';
export { defaultCoordinators } from './state/market.ts';
export type { Provision } from './state/provisioning.ts';
export { adsPath } from './systems/ads.ts';
export { signatureFalseText, usernameErrorText } from './wire/secured-call.ts';
export type { AnswerCredential } from './world.ts';
