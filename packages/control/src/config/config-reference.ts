// The reference page of control's configuration and its commented example, both written from the schema.
import {
  defaultsOf,
  leftOption as left,
  type OptionSchema,
  optionsOf,
  type Shown,
  type ShownGroup,
  setOption as set,
  writeExample,
  writeOptionTables,
} from '@headgate/contract';
import { controlConfigSchema } from './control-config.ts';

/** The schema of the configuration file as plain data. */
export function controlOptions(): OptionSchema {
  return optionsOf(controlConfigSchema);
}

/** Writes the tables of the reference page. */
export function controlReference(): string {
  return writeOptionTables(controlOptions());
}

const print = (byte: string) => byte.repeat(32);

/** What has no default that a reader could begin with. */
const values: ShownGroup = {
  name: left('control'),
  listen: { leftGroup: { address: left('127.0.0.1'), port: left(9_443) } },
  url: left('https://control.example.net:9443'),
  tls: { group: { certificate: set('certificates/control.pem'), key: set('certificates/control.key') } },
  trust: {
    group: { anchors: set('trust/control-anchors.pem'), intermediates: left('trust/control-intermediates.pem') },
  },
  store: { group: { folder: set('control') } },
  accounts: {
    list: [
      { name: set('operator'), roles: set(['operator']), fingerprints: left([print('a1')]) },
      { name: set('approver'), roles: set(['approver']) },
      {
        name: set('desk-of-a'),
        roles: set(['participant-administrator', 'participant-reader']),
        participant: set('participant-a'),
        fingerprints: left([print('b2')]),
      },
    ],
  },
  snapshot: {
    leftGroup: {
      catalogue: left('catalogues/caiso'),
      policy: left('catalogues/caiso/policy.yaml'),
      shadowPolicy: left('policy-candidate.yaml'),
      provisioning: left('provisioning.yaml'),
      trust: left('trust/trust.yaml'),
      trustBundles: left([{ name: 'users', dated: 'production-users' }]),
      watchMs: left(0),
      keepCount: left(200),
    },
  },
  nodes: { list: [{ name: set('gateway-1'), fingerprints: set([print('c3')]) }] },
};

/** Writes the commented example: every option with its meaning, default and bounds, ready to be edited. */
export function exampleControlConfig(): string {
  const options = controlOptions();
  const shown = Object.entries(options.properties ?? {}).map(([name, option]) => [
    name,
    values[name] ?? atDefault(option),
  ]);
  const head = [
    '# Configuration of Headgate control. Relative file names start from the folder of this file.',
    '# A line that begins with "#" and no space is an option at its default, or one that few need: take the "#" away to',
    '# set it. An unknown key is refused. Every option: docs/reference/control-configuration.md.',
    '# Fingerprints are printed by: openssl x509 -in FILE -noout -fingerprint -sha256',
    '',
  ];
  return `${[...head, ...writeExample(options, Object.fromEntries(shown) as ShownGroup)].join('\n')}\n`;
}

/** An option that stays as it is: a default that improves improves whoever began with the example too. */
function atDefault(option: OptionSchema): Shown {
  if (option.properties === undefined) return left(option.default ?? []);
  const groups = Object.entries(option.properties).flatMap(([name, each]) =>
    each.properties === undefined ? [] : [[name, atDefault(each)] as const],
  );
  return { leftGroup: { ...defaultsOf(option), ...Object.fromEntries(groups) } };
}
