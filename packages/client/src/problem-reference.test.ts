import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import { test } from 'node:test';
import { type ExampleFacts, type ProblemEntry, sentenceOf, withPart, writeEntries } from '@headgate/contract';
import { type ClientProblemCode, type ClientProblemFacts, clientProblems } from './problems.ts';

const page = new URL('../../../docs/reference/problems.md', import.meta.url);
const rewrite = 'UPDATE_REFERENCE=1 node --test packages/client/src/problem-reference.test.ts';

test('docs/reference/problems.md has every code of the client in the words of its catalogue', () => {
  assertPart('client-codes', writeEntries(clientEntries(), 'Client:'));
});

test('no sentence of the reference has a hole where a fact is missing', () => {
  for (const { code, sentence } of clientEntries()) {
    assert.doesNotMatch(sentence, /undefined|null|NaN|\[object/, code);
  }
});

/** Holds the named part of the page against what the code says; writes it anew when UPDATE_REFERENCE is set. */
function assertPart(name: string, expected: string): void {
  const text = readFileSync(page, 'utf8');
  const current = withPart(text, name, expected);
  if (process.env.UPDATE_REFERENCE === undefined)
    assert.ok(text === current, `docs/reference/problems.md is not up to date; run: ${rewrite}`);
  else writeFileSync(page, current);
}

function clientEntries(): readonly ProblemEntry[] {
  return Object.entries(clientProblems).map(([code, entry]) => ({
    code,
    ...entry,
    doing: stoppedBy[entry.refusedBy],
    sentence: sentenceOf(code, entry.detail as (facts: unknown) => string, clientExamples),
  }));
}

const stoppedBy = {
  client: 'stopped by the client kit',
  network: 'stopped by the network between',
  gateway: 'stopped by what answered in front of the system',
  system: 'stopped by the market system',
} as const;

const subject = 'CN=trading-desk,O=Participant A,C=US';
const issuer = 'CN=Users Issuing CA,O=Example Trust,C=US';
const host = 'ws.prod.caiso.com';

const clientExamples: ExampleFacts<ClientProblemCode, { [Code in ClientProblemCode]: ClientProblemFacts<Code> }> = {
  catalogue: {
    unreadable: { folder: 'catalogues/mine', findings: ['catalogue.yaml:1:1 found nothing; expected a mapping'] },
    unknown_system: { system: 'cmrii', known: ['baaop', 'cmri', 'sibr'] },
    unknown_url: { url: 'https://ws.example.org/sst/cmri' },
    unknown_environment: { environment: 'prod', known: ['production', 'map-stage'] },
    unknown_service: { system: 'cmri', service: 'RetrieveAwards', near: ['RetrieveMarketAwards'] },
    ambiguous_service: {
      system: 'cmri',
      service: 'Retrieve',
      candidates: ['RetrieveMarketAwards', 'RetrieveMPMResults'],
    },
    no_address: { system: 'cmri', environment: 'map-stage', generation: 'old' },
  },
  credential: {
    missing: { what: 'a client certificate', needs: 'cmri' },
    unreadable: { what: 'private key', found: 'the passphrase does not fit' },
    unsupported_format: { what: 'certificate', format: 'PKCS#12' },
    key_cannot_sign: { subject, keyType: 'elliptic' },
    key_mismatch: { subject },
    expired: { subject, issuer, notAfter: '2024-02-20T12:00:00.000Z' },
    not_yet_valid: { subject, notBefore: '2024-03-01T00:00:00.000Z' },
  },
  pacing: { wait_too_long: { rule: 'drrs-calls', waitMs: 29_000, waitMsMax: 10_000 } },
  encode: {
    invalid_input: { field: 'tradeDate', found: '"21.2.2024"', expected: 'a day as 2024-02-21' },
    too_large: { bytes: 2_000_000, bytesMax: 1_048_576 },
  },
  call: {
    lookup_failed: { host, code: 'ENOTFOUND' },
    connect_failed: { host, address: '192.0.2.1:443', code: 'ECONNREFUSED' },
    tls_untrusted: { host, check: 'SELF_SIGNED_CERT_IN_CHAIN', presented: `CN=${host} (issuer CN=Unknown CA)` },
    tls_wrong_name: { host, presented: 'CN=ws.example.org (issuer CN=Server Issuing CA)' },
    tls_failed: { host, code: 'ERR_SSL_WRONG_VERSION_NUMBER' },
    timeout: { host, phase: 'response', waitedMs: 120_000, mayBeDone: true },
    reset: { host, phase: 'send', mayBeDone: true },
    malformed_answer: { host, code: 'HPE_INVALID_CONSTANT' },
    answer_too_large: { bytesMax: 67_108_864 },
    redirected: { status: 302, location: 'https://login.example.org/' },
    refused_by_gateway: { code: 'route.renamed', detail: 'A refusal with a code that this version does not know.' },
  },
  diagnose: {
    acceptable_use: { text: '429: CAISO Acceptable Use Policy Violation. Please retry your request after 4 seconds.' },
    logged_out: { status: 200, title: 'Logout' },
    not_authorised: { status: 200 },
    html_answer: { status: 200, title: 'Welcome' },
    http_error: { status: 502, contentType: 'text/plain' },
    system_fault: { system: 'CMRI', text: 'Username Error' },
    system_error: { system: 'SIBR', text: 'Bid rejected', result: 'E102' },
    signature_invalid: { found: 'the digest of the body differs' },
    hash_mismatch: { expected: 'kd1…', found: '9Ax…' },
    unreadable_answer: { status: 200, contentType: 'text/xml', found: 'it ends before its first element' },
  },
};
