import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { claimsIdentity, identityFieldPrefixes, identityFields } from './fields.ts';
import { withPart } from './reference-page.ts';

const page = new URL('../../../docs/reference/http-fields.md', import.meta.url);

test('docs/reference/http-fields.md names every field and every beginning of a name that is dropped', () => {
  const text = readFileSync(page, 'utf8');
  const names = [...identityFields, ...identityFieldPrefixes.map((prefix) => `${prefix}…`)];
  const list = `${names.map((name) => `\`${name}\``).join(', ')}\n`;
  const unwrapped = (each: string) => each.replace(/,\s+/g, ', ');
  assert.equal(unwrapped(text), unwrapped(withPart(text, 'identity-fields', list)));
});

test('a field claims an identity by its whole name or by how its name begins', () => {
  for (const name of ['client-cert', 'x-forwarded-for', 'x-forwarded-anything', 'ssl-client-verify'])
    assert.ok(claimsIdentity(name), name);
  for (const name of ['client-certificate', 'forwarded-by', 'x-client-version', 'content-type'])
    assert.ok(!claimsIdentity(name), name);
});

test('a field claims the same under every spelling that some server reads as the same name', () => {
  for (const name of ['Client_Cert', 'CLIENT-CERT', 'client.cert', 'Client!Cert', '-client--cert-', 'clientcert'])
    assert.ok(claimsIdentity(name), name);
  for (const name of ['X_Ssl_Client_Cert', 'x.forwarded.for', 'SSL_CLIENT_VERIFY'])
    assert.ok(claimsIdentity(name), name);
});
