// Every option of control: one schema gives the type, the defaults, the bounds, the errors and the reference page.
import { type FilePath, type Finding, readYamlFile } from '@headgate/contract';
import { z } from 'zod';
import { roles } from '../access/account.ts';
import { snapshotOption } from '../snapshot/snapshot-config.ts';
import { count, file, fingerprint, milliseconds, name } from './config-values.ts';

const account = z.strictObject({
  name: name.describe('Name of the account, as pages, events and the journal say it.'),
  roles: z
    .array(z.enum(roles).exclude(['node']))
    .min(1)
    .max(5)
    .describe(
      'What it may be. Roles of a participant need `participant`; nobody has them together with roles of the operator.',
    ),
  participant: z
    .string()
    .min(1)
    .max(80)
    .optional()
    .describe('Participant that the account belongs to, by its id in provisioning. Needed for roles of a participant.'),
  fingerprints: z
    .array(fingerprint)
    .max(4)
    .default([])
    .describe(
      'SHA-256 of its client certificates, as `openssl x509 -noout -fingerprint -sha256` prints it; two while one takes the place of another. An account without any signs in by one-time link alone.',
    ),
});

const node = z.strictObject({
  name: name.describe('Name of the gateway: `node` of its configuration.'),
  fingerprints: z
    .array(fingerprint)
    .min(1)
    .max(4)
    .describe('SHA-256 of its client certificates; two while one takes the place of another.'),
});

const bounds = z.strictObject({
  bodyBytesMax: count(1_024, 16_777_216, 1_048_576).describe(
    'Largest request body, in bytes, but for records of gateways, which may have 8 MiB. Default 1,048,576.',
  ),
  headerBytesMax: count(4_096, 65_536, 16_384).describe(
    'Request line and header fields together, in bytes. Default 16,384.',
  ),
  connectionsMax: count(8, 65_536, 1_024).describe('Connections open at once. Default 1,024.'),
  connectionsPerSourceMax: count(4, 65_536, 256).describe(
    'Connections open at once from one source; further ones are closed. Default 256.',
  ),
  handshakeTimeoutMs: milliseconds(1_000, 60_000, 10_000).describe('Longest TLS handshake. Default 10,000 ms.'),
  headerTimeoutMs: milliseconds(1_000, 60_000, 10_000).describe(
    'Longest wait for a complete header section. Default 10,000 ms.',
  ),
  requestTimeoutMs: milliseconds(1_000, 600_000, 60_000).describe(
    'Longest time for a whole request to arrive. Default 60,000 ms.',
  ),
  keepAliveMs: milliseconds(1_000, 600_000, 60_000).describe('How long an idle connection is kept. Default 60,000 ms.'),
  requestsPerAccountMax: count(1, 1_024, 32).describe(
    'Requests of one account under way at once; further ones are refused. Default 32.',
  ),
  shutdownMs: milliseconds(0, 600_000, 20_000).describe(
    'Longest wait for requests under way at shutdown. Default 20,000 ms.',
  ),
});

const sessions = z.strictObject({
  linkMs: milliseconds(60_000, 86_400_000, 600_000).describe(
    'How long a one-time link may be used. Default 600,000 ms (10 min).',
  ),
  idleMs: milliseconds(60_000, 86_400_000, 1_800_000).describe(
    'How long a session lasts from its last request; up to a minute less. Default 1,800,000 ms (30 min).',
  ),
  absoluteMs: milliseconds(600_000, 604_800_000, 43_200_000).describe(
    'How long a session lasts at most, however busy it is. Default 43,200,000 ms (12 h).',
  ),
  perAccountMax: count(1, 64, 8).describe('Sessions of one account at once; of more, the oldest ends. Default 8.'),
});

const events = z.strictObject({
  keptMax: count(1_000, 1_000_000, 10_000).describe(
    'Events that are kept for readers that come again. Default 10,000.',
  ),
  keptMs: milliseconds(3_600_000, 2_592_000_000, 604_800_000).describe(
    'How long an event is kept at most. Default 604,800,000 ms (7 days).',
  ),
  readersMax: count(1, 10_000, 500).describe('Streams of events open at once. Default 500.'),
  readersPerAccountMax: count(1, 64, 8).describe('Streams of one account open at once. Default 8.'),
  heartbeatMs: milliseconds(1_000, 300_000, 15_000).describe(
    'How often a silent stream shows that it lives, and its access is looked at again. Default 15,000 ms.',
  ),
  stallMs: milliseconds(1_000, 300_000, 30_000).describe(
    'How long a reader may take nothing of what there is for it, before it is let go. Default 30,000 ms.',
  ),
});

const evidence = z.strictObject({
  hoursDays: count(2, 400, 35).describe('How long sums are kept by hours; then by days. In days. Default 35.'),
  daysDays: count(62, 3_650, 800).describe(
    'How long sums are kept by days; by months for ten years. In days. Default 800.',
  ),
  recordsDays: count(1, 3_650, 92).describe(
    'How long records are kept as they came, for backtests and for the story of one exchange. In days. Default 92.',
  ),
  recordsBytesMax: count(67_108_864, 10_995_116_277_760, 8_589_934_592).describe(
    'Most bytes of records as they came, packed; the oldest go first. A record takes about 100. Default 8,589,934,592 (8 GiB).',
  ),
  strangersDays: count(1, 400, 30).describe(
    'How long callers are told apart that no accepted authority vouches for, after their last call. In days. Default 30.',
  ),
});

/** Schema of control's configuration file. */
export const controlConfigSchema = z.strictObject({
  name: name.default('control').describe('Name of this control, as its own messages say it.'),
  listen: z
    .strictObject({
      address: z.string().min(1).max(64).default('127.0.0.1').describe('Local address to listen on.'),
      port: z
        .int()
        .min(0)
        .max(65_535)
        .default(9_443)
        .describe('TCP port; 0 lets the system choose, and control prints its choice.'),
    })
    .prefault({}),
  url: z
    .string()
    .max(300)
    .regex(/^https:\/\/[a-z0-9.:[\]-]+$/, 'https:// with a host in lower case and perhaps a port, and nothing behind')
    .optional()
    .describe(
      'How people reach control, as https://control.example.net:9443: one-time links begin with it. Default: address and port of `listen`.',
    ),
  tls: z
    .strictObject({
      certificate: file.describe('PEM file: the server certificate, then its intermediates.'),
      key: file.describe('PEM file with its private key, which nobody but its owner and its group may read.'),
    })
    .describe('What control shows. Read again by `headgate control apply` and at SIGHUP.'),
  trust: z
    .strictObject({
      anchors: file.describe('PEM file with the trust anchors that client certificates must lead to.'),
      intermediates: file.optional().describe('PEM file with intermediates. Paths are built from the leaf and these.'),
    })
    .describe('Whom control trusts to certify its callers. Read again by `headgate control apply` and at SIGHUP.'),
  store: z.strictObject({
    folder: file.describe(
      'Folder of control’s own files: the embedded store, the journal and the local door. Made if absent. The ledger is in PostgreSQL instead where DATABASE_URL names one.',
    ),
  }),
  accounts: z
    .array(account)
    .max(1_000)
    .default([])
    .describe('People and programs. Read again by `headgate control apply` and at SIGHUP.'),
  nodes: z.array(node).max(256).default([]).describe('Gateways. Read again by `headgate control apply` and at SIGHUP.'),
  sessions: sessions.prefault({}).describe('Sessions of people who sign in by a one-time link.'),
  evidence: evidence
    .prefault({})
    .describe('The ledger: what gateways and imports send, and how long what of it is kept.'),
  events: events.prefault({}).describe('Events as they happen, for pages and programs that follow them.'),
  snapshot: snapshotOption.optional(),
  bounds: bounds.prefault({}),
});

/** Control's configuration, defaults applied; file names are as written. */
export type ControlConfig = z.infer<typeof controlConfigSchema>;

/** Control's configuration as it may be written: whatever has a default may be absent. */
export type WrittenControlConfig = z.input<typeof controlConfigSchema>;

/** Reads a configuration file. Findings name file, line, what was found and what was expected. */
export function parseControlConfig(
  fileName: string,
  text: string,
):
  | { readonly ok: true; readonly config: ControlConfig }
  | { readonly ok: false; readonly findings: readonly Finding[] } {
  const parsed = readYamlFile(fileName, text, controlConfigSchema);
  if (!parsed.ok) return parsed;
  const { value: config, finding } = parsed.read;
  const findings = [...accountFindings(config, finding), ...sameTwice(config, finding)];
  return findings.length > 0 ? { ok: false, findings } : { ok: true, config };
}

type FindingAt = (path: FilePath, found: string, expected: string) => Finding;

function accountFindings({ accounts }: ControlConfig, finding: FindingAt): Finding[] {
  return accounts.flatMap(({ name: named, roles: held, participant }, at) => {
    const ofParticipant = held.filter((role) => role.startsWith('participant-'));
    if (ofParticipant.length > 0 && ofParticipant.length < held.length)
      return [finding(['accounts', at, 'roles'], held.join(', '), 'roles of a participant, or roles of the operator')];
    if (ofParticipant.length > 0 && participant === undefined)
      return [
        finding(['accounts', at], `${named} as ${ofParticipant.join(', ')}`, '`participant`, which it belongs to'),
      ];
    if (ofParticipant.length === 0 && participant !== undefined)
      return [
        finding(['accounts', at, 'participant'], `${participant} for ${named}`, 'no participant for these roles'),
      ];
    return [];
  });
}

/** One name and one certificate mean one account: whichever of two came first would win in silence. */
function sameTwice({ accounts, nodes }: ControlConfig, finding: FindingAt): Finding[] {
  const seen = new Set<string>();
  const again = (key: string, path: FilePath, found: string, expected: string): Finding[] => {
    if (!seen.has(key)) {
      seen.add(key);
      return [];
    }
    return [finding(path, `${found} again`, expected)];
  };
  const ofList = (list: 'accounts' | 'nodes', entries: ControlConfig['nodes']) =>
    entries.flatMap(({ name: named, fingerprints }, at) => [
      ...again(`${list} ${named}`, [list, at, 'name'], named, 'each name once'),
      ...fingerprints.flatMap((print, printAt) =>
        again(`print ${print}`, [list, at, 'fingerprints', printAt], print.slice(0, 16), 'each certificate once'),
      ),
    ]);
  return [...ofList('accounts', accounts), ...ofList('nodes', nodes)];
}
