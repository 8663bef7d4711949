// The public surface of the gateway: start one from a configuration.
export { type Config, configSchema, type PathOptions, parseConfig } from './config.ts';
export { baseOf, checkFiles, UnusableFiles } from './snapshot-files.ts';
export { type GatewayNotice, type GatewayOptions, type RunningGateway, startGateway } from './start-gateway.ts';
