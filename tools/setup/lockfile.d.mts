/** A lockfile or package.json as parsed: nobody vouches for what is in it. */
type Parsed = unknown;

/** A field in which a manifest and the lockfile differ; `folder` is '' for the root. */
export interface ManifestFault {
  readonly folder: string;
  readonly field: string;
}

/** What npm chooses optional packages by, in npm's words; `libc` only on Linux. */
export interface Platform {
  readonly os: string;
  readonly cpu: string;
  readonly libc: string | undefined;
}

/** Where a lockfile and the manifests differ; `manifests` maps '' and each workspace's folder to its package.json. */
export function manifestFaults(lock: Parsed, manifests: Readonly<Record<string, Parsed>>): readonly ManifestFault[];

/** Whether what npm says it installed is the lockfile in full, for this platform. */
export function isInstalled(lock: Parsed, installed: Parsed, platform: Platform): boolean;

/** The fingerprint of a lockfile's text, the same on every platform: hexadecimal SHA-256. */
export function fingerprintOf(lockfileText: string): string;
