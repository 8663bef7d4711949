// Cipher suites by number (the IANA registry), as far as these tests name them.

/** RFC 9325 §4.2: authenticated encryption with a key that is forgotten. For an ECDSA key, and for an RSA key. */
export const acceptedSuites = {
  'ec-p256': [0xc02b, 0xc02c, 0xcca9],
  'rsa-2048': [0xc02f, 0xc030, 0xcca8],
} as const;

/** Suites that must be refused whatever the key, by the reason. */
export const refusedSuites = {
  'CBC with ECDHE (Lucky 13)': [0xc009, 0xc00a, 0xc013, 0xc014, 0xc023, 0xc024, 0xc027, 0xc028],
  'AEAD with a static RSA key exchange (ROBOT, no forward secrecy)': [0x009c, 0x009d, 0xc09c, 0xc09d],
  'CBC with static RSA': [0x002f, 0x0035, 0x003c, 0x003d],
  'DHE (CVE-2002-20001)': [0x009e, 0x009f, 0x0033, 0x0039, 0xccaa],
  'CCM with a short tag': [0xc0ae, 0xc0af],
  'ARIA and Camellia': [0xc05c, 0xc05d, 0xc060, 0xc061, 0xc072, 0xc073],
  '3DES (Sweet32)': [0x000a, 0xc008, 0xc012, 0x0016],
  RC4: [0x0004, 0x0005, 0xc007, 0xc011],
  'no authentication': [0x0018, 0x0034, 0x006c, 0x00a6, 0xc018],
  'no encryption': [0x0000, 0x0001, 0x0002, 0x003b, 0xc006, 0xc010],
  'export keys (FREAK, Logjam)': [0x0003, 0x0006, 0x0008, 0x0014],
  'keys that were shared before': [0x00a8, 0xc037, 0xccab],
} as const;
