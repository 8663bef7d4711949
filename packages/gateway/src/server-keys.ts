// The certificates that hosts show, read and proved usable before anything listens: the chain of the infrastructure where a host
// is, and those of the others, so that a step of the transition meets no surprise.
import { createPrivateKey, X509Certificate } from 'node:crypto';
import { isIP } from 'node:net';
import { createSecureContext, type SecureContext } from 'node:tls';
import type { Snapshot } from '@headgate/contract';
import type { Config } from './config.ts';
import { keyTextOf, textOf, unusable } from './named-file.ts';
import { certificatesIn } from './pem-blocks.ts';
import { tlsSettings } from './tls-settings.ts';
import { UnusableFiles } from './unusable-files.ts';

type Host = Config['listeners'][number]['hosts'][number];

/** A chain and its key as PEM text. */
export interface ChainPem {
  readonly cert: string;
  readonly key: string;
}

/** What is to be known of a chain without its key. */
export interface ChainFacts {
  /** The infrastructure that it is for; null for the one of every other. */
  readonly infrastructure: string | null;
  readonly file: string;
  /** SHA-256 of the server certificate, lower-case hex. */
  readonly fingerprint: string;
  readonly notBeforeMs: number;
  readonly notAfterMs: number;
  /** When the first certificate of the chain, an intermediate perhaps, ends. */
  readonly endsMs: number;
  /** The server certificate and its intermediates. */
  readonly certificatesPem: string;
}

/** One host with the chain that it shows; none on a plain listener. */
export interface KeyedHost {
  readonly name: string;
  readonly pem: ChainPem | undefined;
  readonly shown: ChainFacts | null;
  /** Every chain of the host, the one that is shown included. */
  readonly chains: readonly ChainFacts[];
}

/** Reads the chains of a host and chooses by its position. Rejects with `UnusableFiles` when any of them cannot be used. */
export async function readKeys(host: Host, base: string, snapshot: Snapshot): Promise<KeyedHost> {
  const { name } = host;
  const written = [
    ...host.chains,
    ...(host.certificate === undefined || host.key === undefined
      ? []
      : [{ infrastructure: null, certificate: host.certificate, key: host.key }]),
  ];
  if (written.length === 0) return { name, pem: undefined, shown: null, chains: [] };
  refuseUnknownInfrastructures(host, snapshot);
  const read = await Promise.all(written.map((chain) => readChain(name, chain, base)));
  const position = snapshot.chainPositions.get(name);
  const shown =
    read.find(({ facts }) => facts.infrastructure !== null && facts.infrastructure === position) ??
    read.find(({ facts }) => facts.infrastructure === null);
  if (shown === undefined) {
    const found =
      position === undefined
        ? `${name}, which the catalogue does not know, with chains alone`
        : `${name} at ${position} without a chain for it`;
    throw inConfiguration(host, found, '`certificate` and `key`, or a chain for where the host is');
  }
  return { name, pem: shown.pem, shown: shown.facts, chains: read.map(({ facts }) => facts) };
}

function refuseUnknownInfrastructures(host: Host, { catalogue }: Snapshot): void {
  const known = catalogue.infrastructures.map(({ id }) => id);
  const unknown = host.chains.find(({ infrastructure }) => !known.includes(infrastructure));
  if (unknown !== undefined)
    throw inConfiguration(host, `"${unknown.infrastructure}" for ${host.name}`, known.join(' or '));
}

function inConfiguration({ name }: Host, found: string, expected: string): UnusableFiles {
  const path = `listeners.hosts.${name}.chains`;
  return new UnusableFiles([{ file: 'configuration', line: 1, column: 1, path, found, expected }]);
}

interface WrittenChain {
  readonly infrastructure: string | null;
  readonly certificate: string;
  readonly key: string;
}

async function readChain(
  name: string,
  { infrastructure, certificate, key }: WrittenChain,
  base: string,
): Promise<{ readonly pem: ChainPem; readonly facts: ChainFacts }> {
  const pem = { cert: await textOf(certificate, base), key: await keyTextOf(key, base) };
  try {
    provePair(pem); // First: what OpenSSL says of a wrong pair are numbers.
    toSecureContext(pem);
    const chain = openChain(pem.cert);
    proveOrder(chain);
    const [leaf] = chain;
    // As callers do: a common name is no host name any more (RFC 9525 §2).
    const isFor = isIP(name) === 0 ? leaf.checkHost(name, { subject: 'never' }) : leaf.checkIP(name);
    if (isFor === undefined) throw new Error(`it is for ${leaf.subjectAltName ?? 'no host name'}`);
    const ends = chain.map(({ validTo }) => Date.parse(validTo));
    return {
      pem,
      facts: {
        infrastructure,
        file: certificate,
        fingerprint: leaf.fingerprint256.replaceAll(':', '').toLowerCase(),
        notBeforeMs: Date.parse(leaf.validFrom),
        notAfterMs: Date.parse(leaf.validTo),
        endsMs: Math.min(...ends),
        certificatesPem: pem.cert,
      },
    };
  } catch (cause) {
    const found = `${certificate} with ${key}: ${(cause as Error).message}`;
    throw unusable(certificate, found, `a PEM chain of ${name} and its private key`);
  }
}

/** What TLS shows for a host. Throws what OpenSSL says of PEM text that `readKeys` did not prove. */
export function toSecureContext(pem: ChainPem | undefined): SecureContext {
  return createSecureContext({ ...tlsSettings, ...pem });
}

/** Throws, in words, when a key belongs to another certificate, or where one of them cannot be read. */
export function provePair({ cert, key }: ChainPem): void {
  const leaf = read(() => new X509Certificate(cert), 'there is no certificate in PEM that can be read');
  const encrypted = key.includes('ENCRYPTED') ? 'the key is encrypted: decrypt it, and protect the file' : null;
  const own = read(() => createPrivateKey(key), encrypted ?? 'there is no private key in PEM that can be read');
  if (!leaf.checkPrivateKey(own)) throw new Error('the key belongs to another certificate');
}

function read<Thing>(open: () => Thing, otherwise: string): Thing {
  try {
    return open();
  } catch (cause) {
    throw new Error(otherwise, { cause });
  }
}

/** The certificates of a PEM file in its order; the first is the server's. */
function openChain(pem: string): readonly [X509Certificate, ...X509Certificate[]] {
  const [leaf, ...others] = certificatesIn(pem);
  if (leaf === undefined) throw new Error('there is no certificate');
  return [new X509Certificate(leaf), ...others.map((each) => new X509Certificate(each))];
}

/** Throws when a certificate is not signed by the one behind it: strict callers break off there (RFC 5246 §7.4.2). */
function proveOrder(chain: readonly X509Certificate[]): void {
  for (const [at, certificate] of chain.entries()) {
    const next = chain[at + 1];
    if (next !== undefined && !(certificate.checkIssued(next) && certificate.verify(next.publicKey)))
      throw new Error(`its certificate ${at + 1} was not issued by certificate ${at + 2}`);
  }
}

/**
 * Throws `UnusableFiles` where a host would show a chain that callers refuse by its dates in place of one that they accept. A chain
 * that merely ran out is no fault of a reload, and must not stand in the way of one.
 */
export function refuseWorseChains(
  before: readonly (readonly KeyedHost[])[],
  next: readonly (readonly KeyedHost[])[],
  nowMs: number,
): void {
  const isGood = (chain: ChainFacts | null | undefined) =>
    chain !== null && chain !== undefined && chain.notBeforeMs <= nowMs && nowMs <= chain.endsMs;
  const findings = next.flatMap((hosts, listener) =>
    hosts.flatMap(({ name, shown }, at) => {
      if (shown === null || isGood(shown) || !isGood(before[listener]?.[at]?.shown)) return [];
      const span = `${new Date(shown.notBeforeMs).toISOString()} to ${new Date(shown.endsMs).toISOString()}`;
      const found = `a chain of ${name} for ${span}, which is not now`;
      return [{ file: shown.file, line: 1, column: 1, path: '', found, expected: 'one that is valid now' }];
    }),
  );
  if (findings.length > 0) throw new UnusableFiles(findings);
}
