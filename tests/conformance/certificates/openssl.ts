// What the openssl program says to a chain: a second opinion on every kind.
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { splitLists, toPem } from '@headgate/pki';
import { pemOf, type Specimen } from './world.ts';

/** Its answer, and the words of a "no". */
export interface SecondOpinion {
  readonly accepted: boolean;
  readonly words: string;
}

/** False, or why it cannot be asked. */
export const withoutOpenssl = spawnSync('openssl', ['version']).status === 0 ? false : 'openssl is not installed';

/** Asks `openssl verify` for the purpose of a TLS client, at the instant of the specimen and with its lists. */
export function askOpenssl({ leaf, anchors, intermediates, lists, atMs }: Specimen): SecondOpinion {
  const folder = mkdtempSync(join(tmpdir(), 'headgate-kinds-'));
  try {
    const write = (name: string, text: string): string => {
      writeFileSync(join(folder, name), text);
      return join(folder, name);
    };
    const blocks = lists.flatMap((file) => splitLists(file)).map((der) => toPem(der, 'X509 CRL'));
    const untrusted =
      intermediates.length === 0 ? [] : ['-untrusted', write('intermediates.pem', pemOf(intermediates))];
    const withLists =
      blocks.length === 0
        ? []
        : ['-crl_check', '-extended_crl', '-use_deltas', '-CRLfile', write('lists.pem', blocks.join(''))];
    const seconds = String(Math.floor(atMs / 1_000));
    // Any policy will do; without one named, openssl fails wherever an authority requires one.
    const rules = `-purpose sslclient -attime ${seconds} -auth_level 2 -policy_check -policy 2.5.29.32.0`.split(' ');
    const trusted = ['-no-CApath', '-no-CAstore', '-CAfile', write('anchors.pem', pemOf(anchors))];
    const leafFile = write('leaf.pem', toPem(leaf.der));
    const asked = spawnSync('openssl', ['verify', ...rules, ...trusted, ...untrusted, ...withLists, leafFile], {
      encoding: 'utf8',
    });
    const words = /error \d+ at \d+ depth lookup: ?(.*)/.exec(asked.stderr)?.[1] ?? asked.stderr.split('\n')[0] ?? '';
    return { accepted: asked.status === 0, words };
  } finally {
    rmSync(folder, { recursive: true });
  }
}
