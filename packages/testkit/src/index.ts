// The private kit of the tests: clock, a back end, a gateway, and what a suite needs.
export {
  type CertifiedBrowser,
  type Page,
  type ShownPage,
  startBrowser,
  startCertifiedBrowser,
  type TestBrowser,
} from './browser.ts';
export { clockReaches, type FakeClock, fakeClock } from './clock.ts';
export {
  arrivalLine,
  evidenceOfCall,
  type GeneratedCall,
  type GeneratedMonthOptions,
  generateMonth,
  type Random,
  seededRandom,
} from './generated-month.ts';
export { createOracle, type OracleRule } from './limit-oracle.ts';
export { missing } from './needs.ts';
export { type Postgres, startPostgres } from './postgres.ts';
export { openRawCaller, type RawAnswer, type RawCaller, type RawCallerOptions, rawPost } from './raw-caller.ts';
export { type RawUpstream, type RawUpstreamTurn, startRawUpstream } from './raw-upstream.ts';
export { type StoreToHurt, startStoreToHurt } from './store-to-hurt.ts';
export { startTcpProxy, type TcpProxy } from './tcp-proxy.ts';
export {
  caisoCatalogue,
  exampleCatalogue,
  soapRequest,
  startTestGateway,
  type TestAnswer,
  type TestCall,
  type TestGateway,
  type TestGatewayOptions,
  type TestTrust,
} from './test-gateway.ts';
export {
  type ReceivedRequest,
  soapAnswer,
  startTestUpstream,
  type TestUpstream,
  type UpstreamAnswer,
} from './test-upstream.ts';
export { startValkey, startValkeyCluster, type Valkey, type ValkeyCluster } from './valkey.ts';
