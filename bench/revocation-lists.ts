// How long a revocation list takes to be read, believed and asked, in this process: `node bench/revocation-lists.ts [entries]`.

import { randomBytes } from 'node:crypto';
import {
  createKeyPair,
  createRevocation,
  createTrustBundle,
  faultOfList,
  makeCertificate,
  makeRevocationList,
  proveList,
  readCertificate,
  readRevocationList,
  standingLists,
  toPem,
} from '@headgate/pki';

const entryCount = Number(process.argv[2] ?? 20_000);
const rounds = 25;
const dayMs = 86_400_000;
const nowMs = Date.now();

const key = await createKeyPair('rsa-2048');
const subject = [{ C: 'US' }, { O: 'Bench' }, { CN: 'Bench Issuing' }];
const dates = { notBeforeMs: nowMs - dayMs, notAfterMs: nowMs + dayMs };
const signer = { subject, key };
const rights = { authority: {}, keyUsages: ['keyCertSign', 'cRLSign'] } as const;
const authority = makeCertificate({ ...dates, ...rights, ...signer, signer });
const leaf = readCertificate(makeCertificate({ ...dates, subject: [{ CN: 'ALPHAx0001' }], key, signer }));
const bundle = createTrustBundle({ name: 'bench', anchorsPem: toPem(authority) });
const entries = Array.from({ length: entryCount }, (_, index) => ({
  serial: `4${randomBytes(16).toString('hex').slice(1)}`.toUpperCase(),
  onMs: nowMs - index * 1_000,
  ...(index % 2 === 0 ? { reason: 1 } : {}),
}));
const der = makeRevocationList({
  signer,
  thisUpdateMs: nowMs - dayMs,
  nextUpdateMs: nowMs + dayMs,
  number: 1,
  entries,
});

/** CPU time of the first round and the median of all: a list is read once, by code that may be cold. */
function measure(what: string, work: () => unknown): void {
  const spent = Array.from({ length: rounds }, () => {
    const before = process.cpuUsage();
    work();
    const { user, system } = process.cpuUsage(before);
    return (user + system) / 1_000;
  });
  const [first = 0] = spent;
  console.log(
    `${what}: first ${first.toFixed(2)} ms, median ${(spent.toSorted((one, other) => one - other)[Math.floor(rounds / 2)] ?? 0).toFixed(2)} ms`,
  );
}

console.log(`${entryCount} entries, ${der.length} bytes`);
measure('read', () => readRevocationList(der));
const list = readRevocationList(der);
measure('prove (signature)', () => proveList(list, bundle));
const proved = proveList(list, bundle);
measure('believe', () => faultOfList(proved, bundle, nowMs));
const standing = standingLists([proved], bundle);
measure('make ready, in each thread that serves', () => createRevocation({ standing, stale: 'refuse' }));
const revocation = createRevocation({ standing, stale: 'refuse' });
measure('ask 10,000 times', () => {
  for (let asked = 0; asked < 10_000; asked += 1) revocation.statusOf(leaf, nowMs);
});
