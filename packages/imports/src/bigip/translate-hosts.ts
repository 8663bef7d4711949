// Profiles of TLS toward callers become hosts: their names, certificates, and whom they ask for a certificate.
import { type ConfigView, memberOf, plainFile } from './config-view.ts';
import type { Notes } from './notes.ts';
import type { ConfigObject } from './tmsh-text.ts';
import type { TranslatedHost, TranslatedTrust } from './translation.ts';

/** What a profile of TLS says of callers. */
export interface CallerTls {
  readonly hosts: readonly TranslatedHost[];
  readonly need: TranslatedHost['clientCertificate'];
  readonly trust: TranslatedTrust | null;
}

const hostName = /^[a-z0-9](?:[a-z0-9-]{0,62}[a-z0-9])?(?:\.[a-z0-9](?:[a-z0-9-]{0,62}[a-z0-9])?)+$/;

const needs: Readonly<Record<string, NonNullable<TranslatedHost['clientCertificate']>>> = {
  require: 'required',
  request: 'requested',
  ignore: 'none',
};

/** Members with a counterpart of their own, or that change nothing. */
const silent: ReadonlySet<string> = new Set(
  'app-service cert cert-key-chain key chain ca-file crl-file peer-cert-mode server-name sni-default sni-require defaults-from description inherit-certkeychain cert-extension-includes passphrase retain-certificate inherit-ca-certkeychain cache-size cache-timeout mode mod-ssl-methods partition'.split(
    ' ',
  ),
);

/** What is to be done in place of others. */
const instead: Readonly<Record<string, string>> = {
  ciphers: 'nothing: a gateway offers TLS 1.2 and 1.3 with forward secrecy alone; see who still needs older ones',
  'cipher-group':
    'nothing: a gateway offers TLS 1.2 and 1.3 with forward secrecy alone; see who still needs older ones',
  options: 'nothing: versions below TLS 1.2 are never offered',
  'client-cert-ca':
    'nothing: no list of authorities is sent, so that every certificate is judged and, if refused, explained',
  renegotiation:
    'the `clientCertificate` of the host: nothing is renegotiated, and certificates are asked for in the handshake',
  authenticate: 'nothing: a certificate is judged for every call',
  'authenticate-depth': 'nothing: paths are built from the anchors and intermediates of the bundle',
  'allow-non-ssl': 'a listener of its own with `tls: false`',
  'proxy-ssl': 'nothing: TLS ends at the gateway',
  'strict-resume': 'nothing',
  'ocsp-stapling': 'revocation lists (`crls`, `crlUrls`) of the trust bundle',
  'allow-expired-crl': '`staleCrls` of the trust bundle',
};

/** Translates one profile. */
export function translateClientSsl(profile: ConfigObject, view: ConfigView, notes: Notes): CallerTls {
  const word = (member: string) => {
    const value = view.words(profile, member)?.[0];
    return value === undefined || value === 'none' ? null : value;
  };
  // Without a word nobody is asked (tmsh reference, `ltm profile client-ssl`).
  const need = needs[word('peer-cert-mode') ?? 'ignore'] ?? null;
  const trust = need === 'none' || need === null ? null : trustOf(profile, word('ca-file'), word('crl-file'), notes);
  const pairs = pairsOf(profile, view, word);
  const hosts = pairs.flatMap(({ certificate, key }) =>
    namesOf(profile, certificate, word('server-name'), view, notes).map(
      ({ name, from }): TranslatedHost => ({
        name,
        from,
        certificate: `certificates/${plainFile(certificate)}.pem`,
        key: key === null ? null : `certificates/${plainFile(key)}.key`,
        clientCertificate: need,
        trust: trust?.name ?? null,
        strictTransportMs: null,
      }),
    ),
  );
  for (const each of view.lineage(profile)) noteMembers(each, notes);
  return { hosts, need, trust };
}

function noteMembers(profile: ConfigObject, notes: Notes): void {
  for (const said of profile.block) {
    const [member = '', value = ''] = said.words;
    if (!silent.has(member) && value !== 'none' && value !== 'disabled')
      notes.add(profile, said, 'TLS is set up otherwise here', instead[member] ?? 'see whether it is needed');
  }
}

interface Pair {
  readonly certificate: string;
  readonly key: string | null;
}

/** The pairs of `cert-key-chain`, or the one that older versions write beside it. */
function pairsOf(profile: ConfigObject, view: ConfigView, word: (member: string) => string | null): readonly Pair[] {
  const chains = (view.block(profile, 'cert-key-chain') ?? []).flatMap(({ block }) => {
    const certificate = memberOf(block ?? [], 'cert')?.words[1];
    return certificate === undefined ? [] : [{ certificate, key: memberOf(block ?? [], 'key')?.words[1] ?? null }];
  });
  const single = word('cert');
  if (chains.length > 0) return chains;
  return single === null ? [] : [{ certificate: single, key: word('key') }];
}

/** Names by SNI, else those of the certificate: what callers type is said nowhere else. */
function namesOf(profile: ConfigObject, certificate: string, sni: string | null, view: ConfigView, notes: Notes) {
  const file = view.find('sys file ssl-cert', certificate, profile);
  const source = sni === null ? `certificate ${certificate}` : `server-name of ${profile.name}`;
  const names = sni === null ? certificateNames(file, view) : [sni];
  const found = [...new Set(names.map((name) => name.toLowerCase()))];
  for (const name of found.filter((each) => !hostName.test(each)))
    notes.add(
      file ?? profile,
      sni === null ? 'subject-alternative-name' : 'server-name',
      `${name.slice(0, 100)} is no name of one host`,
      'name each host that callers use under `listeners[].hosts`',
    );
  if (found.length === 0)
    notes.add(
      profile,
      'cert',
      `the files do not say for which hosts ${certificate} is`,
      'read the certificate, and name its hosts under `listeners[].hosts` and in the catalogue',
    );
  return found.filter((each) => hostName.test(each)).map((name) => ({ name, from: source }));
}

function certificateNames(file: ConfigObject | undefined, view: ConfigView): readonly string[] {
  if (file === undefined) return [];
  const alternatives = (view.words(file, 'subject-alternative-name') ?? []).join(' ');
  const names = [...alternatives.matchAll(/DNS:\s*([^\s,]+)/g)].map(([, name = '']) => name);
  if (names.length > 0) return names;
  const subject = (view.words(file, 'subject') ?? []).join(' ');
  const common = /(?:^|,)\s*CN=([^,]+)/.exec(subject)?.[1]?.trim();
  return common === undefined ? [] : [common];
}

function trustOf(
  profile: ConfigObject,
  authorities: string | null,
  list: string | null,
  notes: Notes,
): TranslatedTrust {
  if (authorities === null)
    notes.add(
      profile,
      'ca-file',
      'callers are asked for certificates, and nothing says who may have issued them',
      'put the authorities into trust/unknown-users.pem',
    );
  const name = authorities === null ? 'unknown-users' : plainFile(authorities).replace(/\./g, '-').slice(0, 60);
  return {
    name,
    anchors: `trust/${authorities === null ? 'unknown-users' : plainFile(authorities)}.pem`,
    crls: list === null ? [] : [`trust/${plainFile(list)}.crl`],
  };
}
