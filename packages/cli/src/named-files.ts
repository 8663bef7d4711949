// The files that a gateway's configuration names: all that are missing at once, each with the line that names it.
import { access } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { catalogueFileNames, type Finding } from '@headgate/contract';
import { isNode, LineCounter, parseDocument } from 'yaml';

/** What a configuration names, as far as files go. */
export interface FilesOfConfig {
  readonly listeners: readonly {
    readonly hosts: readonly {
      readonly certificate?: string | undefined;
      readonly key?: string | undefined;
      readonly chains: readonly { readonly certificate: string; readonly key: string }[];
    }[];
  }[];
  readonly upstreams: readonly {
    readonly tls?:
      | {
          readonly authorities: string;
          readonly certificate?: string | undefined;
          readonly key?: string | undefined;
        }
      | undefined;
  }[];
  readonly snapshot: 'files' | 'control';
  readonly catalogue: string;
  readonly policy?: string | undefined;
  readonly shadowPolicy?: string | undefined;
  readonly provisioning?: string | undefined;
  readonly trust?: string | undefined;
  readonly trustBundles: readonly {
    readonly anchors?: string | undefined;
    readonly intermediates?: string | undefined;
    readonly crls: readonly string[];
    readonly crlUrls: readonly { readonly authorities?: string | undefined }[];
  }[];
}

interface NamedFile {
  /** Where the configuration names it, key by key. */
  readonly at: readonly (string | number)[];
  readonly name: string;
}

/** Finds every missing file of a configuration; `text` is that of the configuration `file`, relative names start from `base`. */
export async function missingFiles(
  { file, text }: { readonly file: string; readonly text: string },
  config: FilesOfConfig,
  base: string,
): Promise<readonly Finding[]> {
  const lines = new LineCounter();
  const document = parseDocument(text, { lineCounter: lines });
  const found = await Promise.all(
    namedFiles(config).map(async ({ at, name }): Promise<readonly Finding[]> => {
      if (await exists(resolve(base, name))) return [];
      const node = document.getIn(at, true);
      const { line, col: column } = lines.linePos(isNode(node) ? (node.range?.[0] ?? 0) : 0);
      const expected = `a file that can be read: ${name}`;
      return [{ file, line, column, path: at.join('.'), found: 'no such file', expected }];
    }),
  );
  return found.flat();
}

function namedFiles(config: FilesOfConfig): readonly NamedFile[] {
  const { snapshot, catalogue, policy, shadowPolicy, provisioning, trust, listeners, trustBundles, upstreams } = config;
  const optional = (at: NamedFile['at'], name: string | undefined) => (name === undefined ? [] : [{ at, name }]);
  return [
    ...listeners.flatMap(({ hosts }, listener) =>
      hosts.flatMap(({ certificate, key, chains }, host) => [
        ...optional(['listeners', listener, 'hosts', host, 'certificate'], certificate),
        ...optional(['listeners', listener, 'hosts', host, 'key'], key),
        ...chains.flatMap((chain, at) => [
          { at: ['listeners', listener, 'hosts', host, 'chains', at, 'certificate'], name: chain.certificate },
          { at: ['listeners', listener, 'hosts', host, 'chains', at, 'key'], name: chain.key },
        ]),
      ]),
    ),
    ...catalogueFileNames
      .filter((file) => snapshot === 'files' && (file !== 'trust.yaml' || trust === undefined))
      .map((file) => ({ at: ['catalogue'], name: join(catalogue, file) })),
    ...optional(['trust'], trust),
    ...optional(['policy'], policy),
    ...optional(['shadowPolicy'], shadowPolicy),
    ...optional(['provisioning'], provisioning),
    ...trustBundles.flatMap(({ anchors, intermediates, crls, crlUrls }, bundle) => [
      ...optional(['trustBundles', bundle, 'anchors'], anchors),
      ...optional(['trustBundles', bundle, 'intermediates'], intermediates),
      ...crls.map((name, list) => ({ at: ['trustBundles', bundle, 'crls', list], name })),
      ...crlUrls.flatMap(({ authorities }, list) =>
        optional(['trustBundles', bundle, 'crlUrls', list, 'authorities'], authorities),
      ),
    ]),
    ...upstreams.flatMap(({ tls }, upstream) => [
      ...optional(['upstreams', upstream, 'tls', 'authorities'], tls?.authorities),
      ...optional(['upstreams', upstream, 'tls', 'certificate'], tls?.certificate),
      ...optional(['upstreams', upstream, 'tls', 'key'], tls?.key),
    ]),
  ];
}

/** Whether a file can be read; one that is there and cannot be read is told by whoever reads it. */
async function exists(file: string): Promise<boolean> {
  return access(file).then(
    () => true,
    (fault: unknown) => (fault as NodeJS.ErrnoException).code !== 'ENOENT',
  );
}
