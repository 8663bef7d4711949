// A person with a browser and a program call the same gateway without a certificate: the person gets a page that explains,
// the program gets what it can parse.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { readFault } from '@headgate/soap';
import { missing, startBrowser, startTestGateway, type TestBrowser, type TestGateway } from '@headgate/testkit';

const skip = missing('chromium');
const api = '/sst/cmri/RetrieveMarketAwards_CMRIv4_AP';

let gateway: TestGateway;
let browser: TestBrowser;

before(async () => {
  if (skip !== false) return;
  gateway = await startTestGateway();
  browser = await startBrowser(gateway);
});

after(async () => {
  if (skip !== false) return;
  await browser.close();
  await gateway.close();
});

/** What the checks of accessibility below look at. */
interface PageFacts {
  readonly lang: string;
  readonly title: string;
  readonly headings: readonly string[];
  readonly mains: number;
  readonly outsideMain: number;
  readonly text: string;
  readonly active: number;
}

const facts = `(() => {
  const all = [...document.querySelectorAll('*')];
  return {
    lang: document.documentElement.lang,
    title: document.title,
    headings: [...document.querySelectorAll('h1,h2,h3,h4,h5,h6')].map((heading) => heading.tagName),
    mains: document.querySelectorAll('main').length,
    outsideMain: [...document.body.childNodes].filter((node) => node.nodeName !== 'MAIN' && node.textContent.trim() !== '').length,
    text: document.body.innerText,
    active: document.querySelectorAll('script,iframe,object,embed,form').length
      + all.filter((element) => element.getAttributeNames().some((name) => name.startsWith('on'))).length,
  };
})()`;

test('a browser without a certificate is shown why, what to do, and the exchange to quote', { skip }, async () => {
  const page = await browser.open('https://cmri.caiso.com/');
  const { text, title } = await page.evaluate<PageFacts>(facts);
  assert.equal(page.status, 403);
  assert.match(page.fields['content-type'] ?? '', /^text\/html/);
  assert.match(title, /certificate/i);
  assert.match(text, /cmri\.caiso\.com/);
  assert.match(text, /identity\.certificate_missing/);
  assert.match(text, /What to do\s+\S/);
  const exchange = page.fields['headgate-exchange'] ?? 'none';
  assert.ok(text.includes(exchange), text);
});

test('the page has a language, a title, one first heading, one main part, and headings in order', {
  skip,
}, async () => {
  const page = await browser.open('https://cmri.caiso.com/');
  const shown = await page.evaluate<PageFacts>(facts);
  assert.equal(shown.lang, 'en');
  assert.notEqual(shown.title, '');
  assert.deepEqual(shown.headings, ['H1', 'H2']);
  assert.equal(shown.mains, 1);
  assert.equal(shown.outsideMain, 0, 'a screen reader finds all text inside main');
});

test('the page runs nothing and asks for nothing else', { skip }, async () => {
  const page = await browser.open('https://cmri.caiso.com/');
  const { active } = await page.evaluate<PageFacts>(facts);
  assert.equal(active, 0);
  assert.deepEqual(page.requested, ['https://cmri.caiso.com/']);
});

test('what stands in an address is shown as text and never becomes part of the page', { skip }, async () => {
  const page = await browser.open('https://cmri.caiso.com/?<script>document.title="taken"</script>');
  const { active, title } = await page.evaluate<PageFacts>(facts);
  assert.equal(active, 0);
  assert.notEqual(title, 'taken');
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
