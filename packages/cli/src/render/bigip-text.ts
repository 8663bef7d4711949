// What became of a configuration of a BIG-IP, for a person. What comes from the file is cleared of what could steer a terminal.
import type { ImportedBigip, Untranslated } from '@headgate/imports';
import type { Output } from '../context.ts';
import { paint } from './paint.ts';
import { plainText } from './plain-text.ts';
import { textTable } from './text-table.ts';

/** The report. */
export function bigipText(imported: ImportedBigip, out: string | null, output: Output): string {
  const { listeners, upstreams, addresses, untranslated, faults, objects } = imported;
  const count = Object.values(objects).reduce((sum, each) => sum + each, 0);
  const bounds = { columnsMax: output.columns };
  const heading = (text: string) => `\n${paint(output, 'bold', text)}\n`;
  const parts = [
    `${many(count, 'object')}: ${many(listeners.length, 'listener')}, ${many(addresses.length, 'address', 'addresses')}, ${many(upstreams.length, 'upstream')}; ${many(untranslated.length, 'note')} of what does not translate\n`,
    heading('Listeners'),
    textTable(['address', 'host', 'client certificate', 'virtual server', 'line'], listenerRows(imported), bounds),
    heading('Addresses'),
    textTable(
      ['address', 'system', 'from'],
      addresses.map(({ host, path, secure, system, source }) => [
        `${secure ? 'https' : 'http'}://${host}${path}`,
        system,
        source,
      ]),
      bounds,
    ),
    heading('Upstreams'),
    textTable(
      ['pool', 'endpoints', 'balance', 'check', 'systems'],
      upstreams.map(({ pool, endpoints, balance, check, systems }) => [
        pool,
        endpoints.map(({ url }) => url).join(' '),
        balance,
        check === null ? 'none' : `${check.kind}${check.path === null ? '' : ` ${check.path}`}`,
        systems.join(' '),
      ]),
      bounds,
    ),
    ...(untranslated.length === 0
      ? []
      : [heading('What does not translate'), ...untranslated.map((each) => noteText(each, output))]),
    ...(faults.length === 0
      ? []
      : [
          heading('What cannot be read'),
          ...faults.map(({ file, line, fault }) => `${plainText(`${file}:${line}: ${fault}`)}\n`),
        ]),
    ...(out === null
      ? ['\n--out FOLDER writes a catalogue and gateway.yaml.\n']
      : [`\n${plainText(out)} has a catalogue and gateway.yaml; UNKNOWN marks what the files do not say.\n`]),
  ];
  return parts.join('');
}

function listenerRows({ listeners }: ImportedBigip): readonly (readonly string[])[] {
  return listeners.flatMap(({ address, port, hosts, virtuals, line }) =>
    hosts.map(({ name, clientCertificate }) => [
      `${address.includes(':') ? `[${address}]` : address}:${port}`,
      name,
      clientCertificate ?? 'unknown',
      virtuals.join(' '),
      String(line),
    ]),
  );
}

function noteText({ file, line, object, member, why, instead }: Untranslated, output: Output): string {
  const place = paint(output, 'bold', plainText(`${file}:${line}`));
  const what = plainText(`${object}${member === null ? '' : `, ${member}`}`);
  return `${place} ${what}: ${plainText(why)}\n    instead: ${plainText(instead)}\n`;
}

function many(count: number, one: string, more = `${one}s`): string {
  return `${count.toLocaleString('en-US')} ${count === 1 ? one : more}`;
}
