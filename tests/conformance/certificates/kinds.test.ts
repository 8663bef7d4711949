// Every kind of client certificate chain, judged by pki alone: what must become of it stands in kinds.ts.
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { describe, test } from 'node:test';
import {
  buildPathOf,
  createRevocation,
  createTrustBundle,
  faultOfList,
  judgePath,
  openCertificate,
  proveList,
  readRevocationList,
  rejectUnreadable,
  splitLists,
  standingLists,
  UnreadableCertificate,
  type Verdict,
} from '@headgate/pki';
import { type Expected, kinds } from './kinds.ts';
import { recipesIn } from './recipes.ts';
import { createWorld, pemOf, type Specimen, toSpecimen } from './world.ts';

const world = await createWorld();
const recipes = recipesIn(world);

function judge({ leaf, anchors, intermediates, lists, stale, atMs }: Specimen): Verdict {
  const bundle = createTrustBundle({
    name: 'kinds',
    anchorsPem: pemOf(anchors),
    intermediatesPem: pemOf(intermediates),
  });
  const read = lists.flatMap((file) => splitLists(file)).map((der) => proveList(readRevocationList(der), bundle));
  for (const list of read) assert.equal(faultOfList(list, bundle, atMs), null);
  try {
    const path = buildPathOf(openCertificate(leaf.der), bundle);
    return judgePath(path, atMs, 'clientAuth', createRevocation({ standing: standingLists(read, bundle), stale }));
  } catch (fault) {
    if (fault instanceof UnreadableCertificate) return rejectUnreadable(fault);
    throw fault;
  }
}

function assertVerdict(verdict: Verdict, expected: Expected, specimen: Specimen): void {
  if (expected.accepted || verdict.accepted) {
    const { fault = '', check = '' } = verdict.accepted ? {} : verdict;
    assert.equal(verdict.accepted, expected.accepted, `${check} ${fault}`);
    return;
  }
  assert.equal(verdict.check, expected.check, verdict.fault);
  assert.match(verdict.fault, expected.says);
  assert.match(verdict.fix, /^[A-Z].*\.$/);
  const atFault = specimen.places[expected.at]?.der ?? Buffer.alloc(0);
  assert.equal(verdict.certificate.fingerprint256, createHash('sha256').update(atFault).digest('hex'), expected.at);
}

describe('a kind of chain is judged as RFC 5280 and the table say:', () => {
  for (const [name, expected] of Object.entries(kinds) as [keyof typeof kinds, Expected][])
    test(`${name} is ${expected.accepted ? 'accepted' : `refused (${expected.check})`}`, () => {
      const specimen = toSpecimen(world, recipes[name]());
      assertVerdict(judge(specimen), expected, specimen);
    });
});
