// What the catalogue knows about a URL, for a person.
import type { UrlDescription } from '@headgate/client';
import type { Output } from '../context.ts';
import { textTable } from './text-table.ts';

/** Writes a description of a URL: facts, limits, and where to move. */
export function urlText(found: UrlDescription, stream: Output): string {
  const facts: [string, string][] = [
    ['address', found.address],
    ['system', found.systems.map(({ name }) => name).join(' or ')],
    ['channel', `${found.channel}, ${found.generation} address, ${found.environment}`],
    ...found.systems.map(({ name, status, inferred, source }): [string, string] => [
      found.systems.length === 1 ? 'status' : `status of ${name}`,
      `${status}${inferred ? '*' : ''} (${source})`,
    ]),
    ['service', serviceWords(found)],
    ['served by', found.infrastructure],
    ...(found.replacement === null ? [] : [['move to', found.replacement] as [string, string]]),
  ];
  const width = Math.max(...facts.map(([label]) => label.length));
  const lines = facts.map(([label, text]) => `${label.padEnd(width)}  ${text}`);
  return `${found.url}\n\n${lines.join('\n')}\n\n${limitsText(found, stream)}`;
}

function serviceWords({ service, channel }: UrlDescription): string {
  if (service === null) return channel === 'ui' ? 'none (a user interface)' : 'none named';
  switch (service.kind) {
    case 'service': {
      const version = service.version === null ? '' : ` v${service.version}`;
      const shape = service.docAttach ? ', DocAttach' : '';
      return `${service.service}${version} (${service.operation}${shape}${service.known ? '' : ', not in the list'})`;
    }
    case 'undecided':
      return `cannot be told from the path; one of ${service.candidates.join(', ')}`;
    case 'unknown':
      return 'not known';
  }
}

function limitsText({ limits }: UrlDescription, stream: Output): string {
  if (limits.length === 0) return 'No limit of the policy counts calls to this URL.\n';
  const rows = limits.map((limit) => [
    limit.name,
    `${limit.quota} per ${sayMs(limit.windowMs)} per ${limit.key.join(' × ')}`,
    limit.mode,
    limit.evidence,
    limit.source,
  ]);
  // A source is a sentence, and the last column: it may be as long as the policy allows.
  const columnsMax = stream.isTTY === true ? stream.columns : undefined;
  return textTable(['Limit', 'Allows', 'Mode', 'Evidence', 'Source'], rows, { cellCharsMax: 300, columnsMax });
}

function sayMs(ms: number): string {
  return ms % 1_000 === 0 ? `${ms / 1_000} s` : `${ms} ms`;
}
