// How participants' programs behave, as data: what each keeps, repeats, trusts and shows. The profiles are those that the deck's known
// issues and the public client programs tell of; what a profile is not about, it does as the careful one does.

/** Every profile, the well-behaved one first. */
export const profileNames = [
  'careful',
  'naive-retry',
  'cookie-dropper',
  'chunked-sender',
  'large-sender',
  'wrong-trust-store',
  'vendor',
  'old-address',
  'mover',
  'expired-certificate',
] as const;

/** One profile. */
export type ProfileName = (typeof profileNames)[number];

/** What a profile does. */
export interface ProfileTraits {
  /** Where it calls: `moves` goes from the old address to the new one on a day of its own. */
  readonly address: 'new' | 'old' | 'moves';
  /** How often it sends a call again at once, submits too, when anything but success came of it. */
  readonly repeatsMax: number;
  /** Waits as long as a refusal says before its next call. */
  readonly waitsAsTold: boolean;
  /** Keeps its connection and its cookies from call to call. */
  readonly keepsConnection: boolean;
  readonly framing: 'content-length' | 'chunked';
  /** Packs what it submits (gzip, base64). Without, a submit is of `submitBytes` on the wire. */
  readonly packs: boolean;
  /** About how many bytes of XML a submit has. */
  readonly submitBytes: number;
  /** Server roots that it trusts. */
  readonly trusts: readonly ('legacy' | 'current')[];
  readonly certificate: 'valid' | 'expired';
  /** Calls through a vendor: one certificate and one source for several participants. */
  readonly throughVendor: boolean;
  /** Shares of the time it waits between calls: 1 keeps acceptable use, less does not. */
  readonly pace: number;
  /** How many of a hundred participants have it, where nobody says otherwise (assumed). */
  readonly share: number;
  /** One line for people. */
  readonly says: string;
}

const careful: ProfileTraits = {
  address: 'new',
  repeatsMax: 0,
  waitsAsTold: true,
  keepsConnection: true,
  framing: 'content-length',
  packs: true,
  submitBytes: 2_000,
  trusts: ['legacy', 'current'],
  certificate: 'valid',
  throughVendor: false,
  pace: 1,
  share: 30,
  says: 'new address, one connection, waits as told, never repeats a submit',
};

/** What each profile does. */
export const profiles: Readonly<Record<ProfileName, ProfileTraits>> = {
  careful,
  'naive-retry': {
    ...careful,
    repeatsMax: 4,
    waitsAsTold: false,
    pace: 0.5,
    share: 10,
    says: 'sends again at once, submits too, up to four times, and too fast',
  },
  'cookie-dropper': {
    ...careful,
    keepsConnection: false,
    share: 10,
    says: 'a new connection without cookies for each call',
  },
  'chunked-sender': { ...careful, framing: 'chunked', share: 8, says: 'sends bodies chunked' },
  'large-sender': {
    ...careful,
    packs: false,
    submitBytes: 120_000,
    share: 6,
    says: 'submits large documents that are not packed',
  },
  'wrong-trust-store': {
    ...careful,
    trusts: ['legacy'],
    share: 6,
    says: 'trusts only the servers of the old authority',
  },
  vendor: { ...careful, throughVendor: true, share: 12, says: 'calls through a vendor, many behind one address' },
  'old-address': { ...careful, address: 'old', share: 10, says: 'still on the old address' },
  mover: { ...careful, address: 'moves', share: 6, says: 'moves to the new address on a day of its own' },
  'expired-certificate': { ...careful, certificate: 'expired', share: 2, says: 'shows a certificate that has ended' },
};
