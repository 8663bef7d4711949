// A person with a browser and a program call the same gateway, without a certificate or with a refused one: the person gets a page
// that explains, the program gets what it can parse.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import type { TestUser } from '@headgate/pki';
import { readFault } from '@headgate/soap';
import {
  fakeClock,
  missing,
  type ShownPage,
  startBrowser,
  startCertifiedBrowser,
  startTestGateway,
  type TestBrowser,
  type TestGateway,
} from '@headgate/testkit';
import { pageFaults } from './page-faults.ts';

const skip = missing('chromium');
const skipCertified = skip || missing('libnss3-tools') || missing('openssl');
const api = '/sst/cmri/RetrieveMarketAwards_CMRIv4_AP';
const host = 'cmri.caiso.com';
const dayMs = 86_400_000;

let gateway: TestGateway;
let browser: TestBrowser;

before(async () => {
  if (skip !== false) return;
  // A browser offers only what is valid by the machine's clock.
  gateway = await startTestGateway({ clock: fakeClock(Date.now()) });
  browser = await startBrowser(gateway);
});

after(async () => {
  if (skip !== false) return;
  await browser.close();
  await gateway.close();
});

/** What the page says, and whatever in it could run. */
interface PageFacts {
  readonly title: string;
  readonly text: string;
  readonly active: number;
}

const facts = `(() => ({
  title: document.title,
  text: document.body.innerText,
  active: document.querySelectorAll('script,iframe,object,embed').length
    + [...document.querySelectorAll('*')].filter((element) => element.getAttributeNames().some((name) => name.startsWith('on'))).length,
}))()`;

/** Opens the UI in a browser that holds these certificates, and closes it behind the check. */
async function opened(users: readonly TestUser[], look: (page: ShownPage, text: string) => void | Promise<void>) {
  const certified = await startCertifiedBrowser(gateway, host, users);
  try {
    const page = await certified.open(`https://${host}/`);
    await look(page, (await page.evaluate<PageFacts>(facts)).text);
  } finally {
    await certified.close();
  }
}

test('a browser without a certificate is shown why, what to do, and the exchange to quote', { skip }, async () => {
  const page = await browser.open(`https://${host}/`);
  const { text, title } = await page.evaluate<PageFacts>(facts);
  assert.equal(page.status, 403);
  assert.match(page.fields['content-type'] ?? '', /^text\/html/);
  assert.match(title, /certificate.*cmri\.caiso\.com/i);
  assert.match(text, /identity\.certificate_missing/);
  assert.match(text, /What to do\s+\S/);
  assert.match(text, /ask your company’s access administrator to request one from California ISO/);
  assert.match(text, /The certificate that your browser offered\s+None\./);
  assert.match(text, /Authorities whose certificates are accepted here\s+CN=Headgate Test \w+ User Root/);
  assert.match(text, /Write to California ISO at release@example\.org/);
  const exchange = page.fields['headgate-exchange'] ?? 'none';
  assert.ok(text.includes(exchange), text);
});

test('a reader who cannot see, has no mouse or holds a telephone stumbles over nothing', { skip }, async () => {
  assert.deepEqual(await pageFaults(await browser.open(`https://${host}/`)), []);
});

test('what such readers stumble over is found in a page that is made of it', { skip }, async () => {
  const shown = await browser.open(`https://${host}/`);
  await shown.page.goto('about:blank'); // The page that was refused lets no style in.
  await shown.page.setContent(
    '<html><head><title></title></head><body>aside<main><h1>One</h1><h3 style="color:#888">Three</h3><dl><dd>x</dd></dl>' +
      '<button tabindex="-1" style="height:9px"></button><p style="width:2000px">wide</p></main></body></html>',
  );
  const found = (await pageFaults(shown)).map((fault) => fault.split(':', 1)[0]);
  for (const rule of [
    'html-has-lang',
    'document-title',
    'region',
    'heading-order',
    'definition-list',
    'name',
    'target-size',
    'not reached by the keyboard',
    'color-contrast',
    'reflow',
  ])
    assert.ok(found.includes(rule), `${rule} is not among ${found.join(', ')}`);
});

test('the page runs nothing, asks for nothing else, and lets nothing in but its own style', { skip }, async () => {
  const page = await browser.open(`https://${host}/`);
  const { active } = await page.evaluate<PageFacts>(facts);
  assert.equal(active, 0);
  assert.deepEqual(page.requested, [`https://${host}/`]);
  assert.match(page.fields['content-security-policy'] ?? '', /^default-src 'none'; style-src 'sha256-[^']+'; /);
  assert.equal(await page.evaluate<string>('getComputedStyle(document.body).maxWidth'), '704px', 'its style is let in');
});

test('what stands in an address is shown as text and never becomes part of the page', { skip }, async () => {
  const page = await browser.open(`https://${host}/?<script>document.title="taken"</script>`);
  const { active, title } = await page.evaluate<PageFacts>(facts);
  assert.equal(active, 0);
  assert.notEqual(title, 'taken');
});

test('a person whose certificate expired is shown which one, its dates and how to change it', {
  skip: skipCertified,
}, async () => {
  const user = await gateway.authority.user('current', {
    name: 'BETAx0002',
    organisation: 'CAISO',
    notAfterMs: gateway.clock.now() + dayMs,
  });
  gateway.clock.advanceMs(2 * dayMs);
  try {
    await opened([user], async (page, text) => {
      assert.equal(page.status, 403);
      assert.match(text, /identity\.certificate_expired/);
      assert.match(text, /Subject\s+CN=BETAx0002,OU=people,O=CAISO,C=US/);
      assert.match(text, /Issuer\s+CN=Headgate Test Current User Issuing/);
      assert.match(text, /Valid until\s+\w{3}, \d{2} \w{3} \d{4} \d{2}:\d{2}:\d{2} UTC/);
      assert.match(text, /Check that failed\s+dates: it has expired/);
      assert.match(text, /renew the certificate with California ISO/);
      assert.match(text, /private window/);
      assert.ok(text.includes(user.fingerprint256), text);
      assert.deepEqual(await pageFaults(page), []);
    });
  } finally {
    gateway.clock.advanceMs(-2 * dayMs);
  }
});

test('a person with a certificate of another authority is shown which authorities are accepted', {
  skip: skipCertified,
}, async () => {
  const stranger = await gateway.authority.strangerUser({ name: 'GAMMAx0003', organisation: 'CAISO' });
  await opened([stranger], (page, text) => {
    assert.equal(page.status, 403);
    assert.match(text, /identity\.issuer_unknown/);
    assert.match(text, /Issuer\s+CN=Headgate Test Stranger Issuing/);
    assert.match(text, /accepted here\s+CN=Headgate Test Legacy User Root[\s\S]*CN=Headgate Test Current User Root/);
  });
});

test('a person with an accepted certificate sees the UI, which is told whose it is', {
  skip: skipCertified,
}, async () => {
  await opened([gateway.user], (page) => assert.equal(page.status, 200));
  assert.equal(gateway.upstream.received.at(-1)?.fields['ct-remote-user'], gateway.user.subject);
});

test('a program on the address for programs is given a fault, whatever it says that it accepts', { skip }, async () => {
  const answer = await gateway.call({ user: null, fields: { accept: 'text/html,*/*;q=0.1' } });
  assert.match(String(answer.fields['content-type']), /^text\/xml/);
  assert.match(readFault(answer.body)?.text ?? '', /certificate/);
});

test('even a browser is given no page on the address for programs', { skip }, async () => {
  const page = await browser.open(`https://ws.prod.caiso.com${api}`);
  assert.match(page.fields['content-type'] ?? '', /^text\/xml/);
});
