// `headgate call SYSTEM SERVICE`: signs, encodes, sends, verifies and decodes one call, or several in turn.
import { readFile } from 'node:fs/promises';
import {
  type CallInput,
  type ClientProblem,
  clientProblem,
  createSession,
  type Decoded,
  invoke,
  isClientProblem,
  lookUp,
  type PacingWait,
  type Session,
} from '@headgate/client';
import { readYamlFile } from '@headgate/contract';
import { InvalidArgumentError } from 'commander';
import { z } from 'zod';
import type { CliContext, Register } from '../context.ts';
import { exitCodeFor } from '../exit-codes.ts';
import { type Profile, profileSchema, readProfile, readText } from '../profile.ts';
import { exchangeText } from '../render/exchange-text.ts';
import { paint } from '../render/paint.ts';
import { problemText } from '../render/problem-text.ts';
import { textTable } from '../render/text-table.ts';
import { folderOf } from './catalogue.ts';

/** Most calls of one command. */
const repeatMax = 1_000;

/** Most rows of an answer that are printed as a table; --json prints all. */
const shownRowsMax = 20;

interface CallOptions extends Omit<Profile, 'pacing'> {
  readonly profile?: string;
  readonly payload?: string;
  readonly sample?: boolean;
  readonly set?: Readonly<Record<string, string>>;
  readonly repeat: number;
  readonly pacing: boolean;
  readonly json?: boolean;
  readonly show?: boolean;
}

/** Adds `call`. */
export const registerCall: Register = (program, context) => {
  program
    .command('call')
    .description('call a service of a market system through the gateway')
    .argument('<system>', 'the system, as cmri')
    .argument('<service>', 'the service, as RetrieveMarketAwards, with or without its version tail')
    .option('--profile <file>', 'YAML file with the options that stay the same from call to call (° below)')
    .option('--environment <name>', '° environment of the catalogue (default: its first)')
    .option('--generation <which>', '° new or old address', parseGeneration)
    .option('--doc-attach', '° use the DocAttach message shape')
    .option('--plain', '° use http where the catalogue offers it')
    .option('--payload <file>', 'document to send: XML, JSON for a JSON system; bids also YAML')
    .option('--sample', 'send the built-in sample of a submit')
    .option('--set <name=value>', 'set a value of the request; may be repeated', collectValue)
    .option('--certificate <file>', '° PEM file of the client certificate')
    .option('--key <file>', '° PEM file of its private key')
    .option('--trust <file>', '° PEM file of the trust anchors of the server')
    .option('--connect-to <host:port>', '° connect here; the real host name is still named and checked')
    .option('--source <address>', '° source address of the connection')
    .option('--repeat <n>', `call n times, one after the other (1 to ${repeatMax})`, parseRepeat, 1)
    .option('--no-pacing', '° do not wait for a turn (turns are counted in this process alone); the gateway may refuse')
    .option('--allow-expired', '° send an expired certificate and see how the gateway answers')
    .option('--json', 'print one JSON object for each call and nothing else')
    .option('--show', 'print the raw exchange too')
    .option('--catalogue <folder>', '° catalogue folder (default: the one that comes with Headgate)')
    .action((system: string, service: string, options: CallOptions) =>
      runCall(`${system}/${service}`, options, context),
    );
};

async function runCall(name: string, options: CallOptions, context: CliContext): Promise<void> {
  const profile = options.profile === undefined ? {} : await readProfile(options.profile);
  const patience = createPatience(context);
  const session = await openSession({ ...profile, ...given(options) }, options, context, patience);
  try {
    const input = await inputOf(options);
    for (let number = 1; number <= options.repeat; number += 1) {
      await callOnce({ name, number, options, context, session, patience, input });
    }
  } finally {
    session.close();
  }
}

/** The options that a profile may hold too, as far as they were given. `pacing` is true unless --no-pacing was. */
function given(options: CallOptions): Profile {
  const said: Profile = { ...options, pacing: options.pacing ? undefined : false };
  const names = Object.keys(profileSchema.shape) as (keyof Profile)[];
  return Object.fromEntries(names.flatMap((name) => (said[name] === undefined ? [] : [[name, said[name]]])));
}

async function openSession(
  merged: Profile,
  { json, show }: CallOptions,
  context: CliContext,
  patience: Patience,
): Promise<Session> {
  const [certificate, key, anchorsPem] = await Promise.all([
    readCredentialFile(merged.certificate, 'certificate'),
    readCredentialFile(merged.key ?? merged.certificate, 'private key'),
    merged.trust === undefined ? undefined : readText(merged.trust, 'trust'),
  ]);
  return createSession({
    catalogue: folderOf(merged, context),
    environment: merged.environment,
    generation: merged.generation,
    docAttach: merged.docAttach,
    plain: merged.plain,
    credential:
      certificate === undefined || key === undefined
        ? undefined
        : { certificate, key, passphrase: context.env.HEADGATE_KEY_PASSPHRASE },
    anchorsPem,
    connectTo: merged.connectTo === undefined ? undefined : parsePlace(merged.connectTo),
    localAddress: merged.source,
    pacing: merged.pacing,
    allowExpired: merged.allowExpired,
    now: context.clock,
    onWait: (wait) => {
      context.stderr.write(waitText(wait, context));
      patience.extend(wait.waitMs);
    },
    onWarning: (sentence) => context.stderr.write(`${paint(context.stderr, 'yellow', 'warning')}: ${sentence}\n`),
    onExchange: (request, outcome) => {
      if (show === true) (json === true ? context.stderr : context.stdout).write(exchangeText(request, outcome));
    },
  });
}

/** Says what is awaited when an answer takes long; a wait for a turn has said so itself. */
interface Patience {
  begin(name: string): void;
  extend(waitMs: number): void;
  end(): void;
}

const patienceMs = 3_000;

function createPatience({ stderr }: CliContext): Patience {
  let timer: NodeJS.Timeout | undefined;
  let awaited = '';
  const wait = (ms: number) => {
    clearTimeout(timer);
    timer = setTimeout(() => stderr.write(`Waiting for the answer of ${awaited} …\n`), ms);
  };
  return {
    begin(name) {
      awaited = name;
      wait(patienceMs);
    },
    extend: (waitMs) => wait(waitMs + patienceMs),
    end: () => clearTimeout(timer),
  };
}

interface OneCall {
  readonly name: string;
  readonly number: number;
  readonly options: CallOptions;
  readonly context: CliContext;
  readonly session: Session;
  readonly patience: Patience;
  readonly input: CallInput;
}

async function callOnce(one: OneCall): Promise<void> {
  const { name, options, context, session, input } = one;
  one.patience.begin(name);
  try {
    const decoded = await invoke(name, input, session);
    context.stdout.write(
      options.json === true
        ? answerJson(one, decoded)
        : answerText(one, decoded, context.stdout.isTTY === true ? context.stdout.columns : undefined),
    );
  } catch (error) {
    if (!isClientProblem(error)) throw error;
    // Nothing was sent and nothing will be: the next repetition would say the same.
    if (isLocal(error)) throw error;
    if (options.json === true)
      context.stdout.write(`${JSON.stringify({ call: one.number, ok: false, problem: error })}\n`);
    else context.stderr.write(`${callLabel(one)}${problemText(error, context.stderr)}`);
    context.exitWith(exitCodeFor(error.code));
  } finally {
    one.patience.end();
  }
}

function isLocal({ code }: ClientProblem): boolean {
  return /^(?:catalogue|credential|encode)\./.test(code);
}

function answerJson({ number }: OneCall, { status, exchange, signature, table }: Decoded): string {
  return `${JSON.stringify({ call: number, ok: true, status, exchange, signature, rows: table.rows })}\n`;
}

function answerText(one: OneCall, { exchange, signature, table }: Decoded, columnsMax: number | undefined): string {
  const { rows, columns } = table;
  const facts = [
    `${rows.length} ${rows.length === 1 ? 'row' : 'rows'}`,
    ...signatureWords(one, signature),
    ...(exchange === null ? [] : [`exchange ${exchange}`]),
  ].join(', ');
  // The table of a repeated call was shown once already.
  if (one.number > 1) return `${callLabel(one)}${facts}\n`;
  const shown = rows.slice(0, shownRowsMax).map((row) => columns.map((column) => row[column] ?? ''));
  const more = rows.length > shownRowsMax ? `… and ${rows.length - shownRowsMax} more rows; --json prints all\n` : '';
  return `${callLabel(one)}${facts}\n\n${textTable(columns, shown, { columnsMax })}${more}`;
}

function callLabel({ number, options }: OneCall): string {
  return options.repeat === 1 ? '' : `call ${number} of ${options.repeat}: `;
}

/** Only an answer of SOAP could be signed: of another one there is nothing to say. */
function signatureWords({ name, session }: OneCall, signature: Decoded['signature']): readonly string[] {
  if (signature === 'verified') return ['signature verified'];
  const { shape } = lookUp(session.catalogue, name, session.target);
  const isSoap = shape !== 'query' && shape !== 'json-retrieve' && shape !== 'json-submit';
  return isSoap ? ['answer not signed (this market’s usually are not)'] : [];
}

function waitText({ rule, waitMs, operation }: PacingWait, context: CliContext): string {
  const seconds = (waitMs / 1_000).toFixed(1);
  return `${paint(context.stderr, 'dim', `Waiting ${seconds} s for a turn at ${operation.system} ${operation.service} (limit ${rule}) …`)}\n`;
}

async function inputOf(options: CallOptions): Promise<CallInput> {
  const input = { values: options.set ?? {}, sample: options.sample };
  if (options.payload === undefined) return input;
  const text = await readText(options.payload, 'payload');
  if (/^\ufeff?\s*</.test(text)) return { ...input, payload: text };
  const parsed = readYamlFile(options.payload, text, z.unknown());
  if (parsed.ok) return { ...input, content: parsed.read.value };
  const [first] = parsed.findings;
  const found = `${options.payload}:${first?.line ?? 1}: ${first?.found ?? 'unreadable'}`;
  throw clientProblem('encode.invalid_input', { field: 'payload', found, expected: 'XML, YAML or JSON' });
}

async function readCredentialFile(file: string | undefined, what: string): Promise<Uint8Array | undefined> {
  if (file === undefined) return undefined;
  try {
    return await readFile(file);
  } catch (cause) {
    const found = `${file}: ${(cause as NodeJS.ErrnoException).code ?? 'unreadable'}`;
    throw clientProblem('credential.unreadable', { what, found }, { cause });
  }
}

function parsePlace(text: string): { host: string; port: number } {
  const [, bracketed, plain, digits] = /^(?:\[([0-9a-f:.]+)\]|([^:\s]+)):(\d{1,5})$/i.exec(text) ?? [];
  const host = bracketed ?? plain;
  const port = Number(digits);
  if (host !== undefined && port >= 1 && port <= 65_535) return { host, port };
  throw clientProblem('encode.invalid_input', { field: 'connect-to', found: `"${text}"`, expected: 'host:port' });
}

function parseGeneration(text: string): string {
  if (text === 'new' || text === 'old') return text;
  throw new InvalidArgumentError('It must be new or old.');
}

function parseRepeat(text: string): number {
  const count = Number(text);
  if (Number.isInteger(count) && count >= 1 && count <= repeatMax) return count;
  throw new InvalidArgumentError(`It must be a whole number from 1 to ${repeatMax}.`);
}

function collectValue(text: string, values: Readonly<Record<string, string>> = {}): Record<string, string> {
  const at = text.indexOf('=');
  if (at < 1) throw new InvalidArgumentError('It must be name=value.');
  return { ...values, [text.slice(0, at)]: text.slice(at + 1) };
}
