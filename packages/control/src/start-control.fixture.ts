// A whole control in this process, from files in a folder of its own, with the accounts of the app's fixture.
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createTestAuthority, type TestUser } from '@headgate/pki';
import {
  accountsOf,
  asked,
  certifiedPeople,
  standingClock,
  type TestControl,
  type TestPersonName,
} from './api/control-app.fixture.ts';
import type { ControlApp, ControlNotice } from './api/control-app.ts';
import { type ControlConfig, controlConfigSchema, type WrittenControlConfig } from './config/control-config.ts';
import { type RunningControl, startControl } from './start-control.ts';
import { createEmbeddedFolder } from './store/for-each-store.fixture.ts';

/** A control under test. */
export interface TestRunningControl {
  readonly running: RunningControl;
  readonly base: string;
  readonly clock: TestControl['clock'];
  readonly notices: readonly ControlNotice[];
  readonly certified: (person: TestPersonName) => TestUser;
  readonly ask: TestControl['ask'];
  /** Applies other accounts and nodes; null: those of the beginning. */
  apply(written: Pick<WrittenControlConfig, 'accounts' | 'nodes'> | null): Promise<void>;
  /** Ends it and starts it again on the same files. */
  restart(): Promise<void>;
  close(): Promise<void>;
}

/** Starts a control; `part` goes over its configuration. */
export async function startControlFixture(
  part: Partial<WrittenControlConfig> = {},
  prepare: (app: ControlApp) => void = () => undefined,
): Promise<TestRunningControl> {
  const clock = standingClock();
  const authority = await createTestAuthority({ nowMs: clock.now() });
  const certified = await certifiedPeople(authority);
  const base = await mkdtemp(join(tmpdir(), 'headgate-control-'));
  const server = await authority.serverChain('current', ['localhost', '127.0.0.1']);
  const { anchorsPem, intermediatesPem } = authority.trustBundlePem('current', 'user');
  const files = {
    'control.pem': server.certificatePem,
    'control.key': server.keyPem,
    'anchors.pem': anchorsPem,
    'intermediates.pem': intermediatesPem,
  };
  for (const [name, text] of Object.entries(files)) await writeFile(join(base, name), text, { mode: 0o600 });
  const folder = await createEmbeddedFolder();
  const configOf = (accounts: Pick<WrittenControlConfig, 'accounts' | 'nodes'>): ControlConfig =>
    controlConfigSchema.parse({
      listen: { port: 0 },
      tls: { certificate: 'control.pem', key: 'control.key' },
      trust: { anchors: 'anchors.pem', intermediates: 'intermediates.pem' },
      store: { folder },
      ...accounts,
      ...part,
    });
  const first = configOf(accountsOf(certified));
  let config = first;
  const notices: ControlNotice[] = [];
  const start = () =>
    startControl({
      config: first,
      base,
      databaseUrl: null,
      readConfig: () => Promise.resolve(config),
      clock: clock.now,
      notice: (notice) => notices.push(notice),
      prepare,
    });
  const control = {
    running: await start(),
    base,
    clock,
    notices,
    certified,
    ask: ((person, path, call) =>
      asked(
        control.running.port,
        typeof person === 'string' ? certified(person) : person,
        path,
        call,
      )) as TestControl['ask'],
    async apply(written: Pick<WrittenControlConfig, 'accounts' | 'nodes'> | null) {
      config = written === null ? first : configOf(written);
      await control.running.apply();
    },
    async restart() {
      await control.running.close();
      control.running = await start();
    },
    async close() {
      await control.running.close();
      await rm(base, { recursive: true, force: true });
      await rm(folder, { recursive: true, force: true });
    },
  };
  return control;
}
