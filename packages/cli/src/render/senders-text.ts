// Who sends in which way, as a table: a column for each way that was asked for.
import type { Output } from '../context.ts';
import { type Manner, manners, type Sender } from '../evidence/senders.ts';
import { textTable } from './text-table.ts';

/** Writes the table. `of` are the ways that were asked for; none means all. */
export function sendersText(senders: readonly Sender[], of: readonly Manner[], stream: Output): string {
  const shown = of.length === 0 ? manners : of;
  const headers = ['caller', 'participant', 'calls', ...shown.flatMap(headersOf), 'last seen'];
  const rows = senders.map((sender) => [
    sender.subject ?? `(no certificate) ${sender.source}`,
    sender.participant ?? '',
    grouped(sender.calls),
    ...shown.flatMap((manner) => cellsOf(sender, manner)),
    lastSeen(sender, of),
  ]);
  return textTable(headers, rows, { columnsMax: stream.isTTY === true ? stream.columns : undefined });
}

function headersOf(manner: Manner): string[] {
  if (manner === 'uncompressed') return ['uncompressed', 'largest'];
  return manner === 'cookies' ? ['with cookies', 'reused'] : ['chunked'];
}

function cellsOf({ chunked, uncompressed, cookies }: Sender, manner: Manner): string[] {
  if (manner === 'uncompressed') return [grouped(uncompressed.calls), `${grouped(uncompressed.largestBytes)} B`];
  return manner === 'cookies' ? [grouped(cookies.calls), grouped(cookies.reused)] : [grouped(chunked.calls)];
}

/** Of the ways that were asked for; of any call where none was. To the second: nobody plans by less. */
function lastSeen(sender: Sender, of: readonly Manner[]): string {
  const instants = of.length === 0 ? [sender.lastSeen] : of.map((manner) => sender[manner].lastSeen ?? '');
  return `${instants.toSorted().at(-1)?.slice(0, 19)}Z`;
}

function grouped(value: number): string {
  return value.toLocaleString('en-US');
}
