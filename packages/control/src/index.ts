// The public surface of control: its configuration, its store, and starting it.
export { askLocalDoor, ControlNotAsked, type DoorAnswer, type DoorAsk } from './access/local-door.ts';
export type { ControlNotice } from './api/control-app.ts';
export { exampleControlConfig } from './config/config-reference.ts';
export {
  type ControlConfig,
  parseControlConfig,
  type WrittenControlConfig,
} from './config/control-config.ts';
export { readControlFiles } from './config/control-files.ts';
export { UnusableControlFiles } from './config/unusable-files.ts';
export { checkSnapshotSources } from './snapshot/snapshot-area.ts';
export { type RunningControl, type StartControlOptions, startControl } from './start-control.ts';
export { openStore, type Store, type StoreOptions } from './store/open-store.ts';
export type { Schema } from './store/schema.ts';
export { StoreRefused } from './store/store-refused.ts';
