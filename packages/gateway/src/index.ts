// The public surface of the gateway: start one from a configuration.

export { checkFiles } from './check-files.ts';
export { type Config, configSchema, type PathOptions, parseConfig } from './config.ts';
export { exampleConfig } from './config-example.ts';
export { baseOf, createSnapshotFiles } from './snapshot-files.ts';
export { type GatewayNotice, type GatewayOptions, type RunningGateway, startGateway } from './start-gateway.ts';
export { UnusableFiles } from './unusable-files.ts';
