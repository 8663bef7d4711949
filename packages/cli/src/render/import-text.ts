// What an import changes, as sentences and as a table, and who would lose what was used lately.
import type { Output } from '../context.ts';
import { type ImportChange, sayChange } from '../provisioning/import-changes.ts';
import type { LostRight } from '../provisioning/lost-rights.ts';
import { plainText } from './plain-text.ts';
import { textTable } from './text-table.ts';

/** What is told of an import. `lost` is null where no evidence was named. */
export interface ToldImport {
  readonly file: string;
  readonly written: boolean;
  readonly changes: readonly ImportChange[];
  readonly lost: readonly LostRight[] | null;
}

/** Most changes written as sentences; the table has them all. */
const sentencesMax = 200;

/** Writes it. */
export function importText({ file, written, changes, lost }: ToldImport, isDryRun: boolean, stream: Output): string {
  if (changes.length === 0) return `${file} says all of it already; nothing changes\n`;
  const sentences = changes
    .slice(0, sentencesMax)
    .map((change) => `${signs[change.kind]} ${plainText(sayChange(change))}\n`);
  const more = changes.length > sentencesMax ? `… and ${changes.length - sentencesMax} more, in the table\n` : '';
  const counts = (['added', 'changed', 'removed'] as const).map(
    (kind) => `${changes.filter((change) => change.kind === kind).length} ${kind}`,
  );
  const end = written
    ? `${file} is written. A running gateway takes it into use with \`headgate trust apply --config FILE\`, FILE being the gateway’s configuration`
    : isDryRun
      ? `${file} is not touched: this was a dry run`
      : `${file} is not touched`;
  return `${sentences.join('')}${more}\n${changesTable(changes, stream)}\n${lost === null ? '' : `${lostText(lost, stream)}\n`}${counts.join(', ')}; ${end}\n`;
}

const signs = { added: '+', changed: '~', removed: '-' } as const;

function changesTable(changes: readonly ImportChange[], stream: Output): string {
  const headers = ['', 'participant', 'credential', 'endorsed by', 'what', 'before', 'after'];
  const rows = changes.map(({ kind, participant, credential, endorsedBy, place, before, after }) => [
    signs[kind],
    participant,
    credential ?? '',
    endorsedBy ?? '',
    place,
    before ?? '',
    after ?? '',
  ]);
  return textTable(headers, rows, { columnsMax: stream.isTTY === true ? stream.columns : undefined });
}

function lostText(lost: readonly LostRight[], stream: Output): string {
  if (lost.length === 0) return 'no right that was used lately is lost\n';
  const headers = ['loses', 'system', 'channel', 'environment', 'operation', 'calls', 'last seen', 'refused with'];
  const rows = lost.map(({ subject, system, channel, environment, operation, calls, lastSeen, code }) => [
    subject,
    system,
    channel,
    environment,
    operation,
    calls.toLocaleString('en-US'),
    `${lastSeen.slice(0, 19)}Z`,
    code,
  ]);
  const many = `${lost.length} ${lost.length === 1 ? 'right that was used lately is' : 'rights that were used lately are'} lost`;
  return `${many}:\n${textTable(headers, rows, { columnsMax: stream.isTTY === true ? stream.columns : undefined })}`;
}
