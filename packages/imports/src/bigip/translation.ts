// What is made of a configuration, and what is not. Null stands for what the files do not say.

/** Something of a configuration that has no counterpart, or needs a decision. */
export interface Untranslated {
  readonly file: string;
  readonly line: number;
  /** As `ltm rule /Common/redirect`. */
  readonly object: string;
  /** The member of it that is meant; null for the whole. */
  readonly member: string | null;
  readonly why: string;
  readonly instead: string;
}

/** A host on a listener. */
export interface TranslatedHost {
  readonly name: string;
  /** Where the name was found. */
  readonly from: string;
  readonly certificate: string | null;
  readonly key: string | null;
  readonly clientCertificate: 'none' | 'requested' | 'required' | null;
  readonly trust: string | null;
  readonly strictTransportMs: number | null;
}

/** A listener, from the virtual servers of one address and port. */
export interface TranslatedListener {
  readonly name: string;
  readonly file: string;
  readonly line: number;
  readonly virtuals: readonly string[];
  readonly address: string;
  readonly port: number;
  readonly tls: boolean;
  readonly hosts: readonly TranslatedHost[];
}

/** A health check of an upstream. */
export interface TranslatedCheck {
  readonly kind: 'tcp' | 'http';
  readonly path: string | null;
  readonly host: string | null;
  readonly statuses: readonly number[];
  readonly intervalMs: number;
  readonly timeoutMs: number;
  readonly fall: number;
}

/** TLS toward the members of a pool. */
export interface TranslatedTls {
  readonly authorities: string;
  readonly certificate: string | null;
  readonly key: string | null;
  readonly serverName: string | null;
}

/** An upstream, from a pool. */
export interface TranslatedUpstream {
  /** Ids of the systems that stand for what the pool serves: one for each address, since a system has one. */
  readonly systems: readonly string[];
  readonly pool: string;
  readonly file: string;
  readonly line: number;
  readonly endpoints: readonly { readonly url: string; readonly weight: number }[];
  readonly balance: 'round-robin' | 'least-requests' | 'consistent-hash';
  readonly hashKey: 'source' | null;
  readonly check: TranslatedCheck | null;
  readonly tls: TranslatedTls | null;
}

/** An address: a host, a path, and the system behind it. */
export interface TranslatedAddress {
  readonly host: string;
  /** Without a slash at its end; empty for the whole host. */
  readonly path: string;
  readonly secure: boolean;
  readonly system: string;
  readonly certificate: 'none' | 'requested' | 'required' | null;
  /** Whether people sign in there (an access profile of APM); null where nothing tells. */
  readonly channel: 'ui' | null;
  readonly source: string;
}

/** Authorities that certify callers. */
export interface TranslatedTrust {
  readonly name: string;
  readonly anchors: string;
  readonly crls: readonly string[];
}

/** Everything that is made. */
export interface Translation {
  readonly objects: Readonly<Record<string, number>>;
  readonly listeners: readonly TranslatedListener[];
  readonly upstreams: readonly TranslatedUpstream[];
  readonly addresses: readonly TranslatedAddress[];
  readonly trust: readonly TranslatedTrust[];
  readonly untranslated: readonly Untranslated[];
}
