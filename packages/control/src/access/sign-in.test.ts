import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { startControlFixture, type TestRunningControl } from '../start-control.fixture.ts';

let control: TestRunningControl;

before(async () => {
  control = await startControlFixture();
});

after(() => control.close());

async function secretOf(account: string): Promise<string> {
  const made = await control.running.makeLink(account);
  assert.ok(made !== null);
  return new URL(made.link).searchParams.get('link') ?? '';
}

/** Signs in as a browser does, and gives the cookie. */
async function signedIn(account: string): Promise<string> {
  const link = await secretOf(account);
  const answer = await control.ask(null, '/v1/sign-in', { method: 'POST', body: { link } });
  assert.equal(answer.status, 200);
  return cookieIn(answer.fields['set-cookie']);
}

function cookieIn(fields: string | readonly string[] | undefined): string {
  const [field = ''] = Array.isArray(fields) ? fields : [];
  return String(field).split(';', 1)[0] ?? '';
}

const form = { 'content-type': 'application/x-www-form-urlencoded', accept: 'text/html,*/*;q=0.8' };

test('opening a link shows a button and uses nothing up; the button signs in and leads to who I am', async () => {
  const secret = await secretOf('operator');
  const origin = `https://127.0.0.1:${control.running.port}`;
  for (const link of [secret, secret, 'x']) {
    const shown = await control.ask(null, `/v1/sign-in?link=${link}`);
    assert.equal(shown.status, 200);
    assert.match(shown.text, /<button>Sign in<\/button>/);
    assert.match(String(shown.fields['content-security-policy']), /default-src 'none'.*form-action 'self'/);
  }
  const fields = { ...form, origin, 'sec-fetch-site': 'same-origin' };
  const answer = await control.ask(null, '/v1/sign-in', { method: 'POST', fields, body: `link=${secret}` });
  assert.equal(answer.status, 303);
  assert.equal(answer.fields.location, '/v1/me');
  const [cookie] = answer.fields['set-cookie'] ?? [];
  assert.match(cookie ?? '', /^__Host-headgate=[\w-]{43}; Path=\/; Secure; HttpOnly; SameSite=Strict$/);
  const page = await control.ask(null, '/v1/me', {
    fields: { accept: 'text/html', cookie: cookieIn(answer.fields['set-cookie']) },
  });
  assert.match(page.text, /You are operator: operator\..*Sign out/s);
});

test('a link that is wrong, used or expired is a problem for a program and a page for a browser', async () => {
  const used = await secretOf('support');
  const post = (link: string, fields = {}) =>
    control.ask(null, '/v1/sign-in', { method: 'POST', fields, body: fields === form ? `link=${link}` : { link } });
  assert.equal((await post(used)).status, 200);
  const expired = await secretOf('support');
  control.clock.advanceMs(600_000);
  assert.deepEqual((await post('never')).json().code, 'control.link_unknown');
  assert.deepEqual((await post(used)).json().code, 'control.link_used');
  assert.deepEqual((await post(expired)).json().code, 'control.link_expired');
  const page = await post(expired, form);
  assert.equal(page.status, 403);
  assert.equal(page.fields['content-type'], 'text/html; charset=utf-8');
  assert.match(
    page.text,
    /<h1>One-time link has expired<\/h1>.*Ask the operator for another one.*control\.link_expired/s,
  );
  assert.equal(page.fields['set-cookie'], undefined);
});

test('whoever tries links that are none must wait, and a good link does not help then', async () => {
  control.clock.advanceMs(60_000);
  const post = (link: string) => control.ask(null, '/v1/sign-in', { method: 'POST', body: { link } });
  for (let count = 0; count < 10; count += 1) assert.equal((await post('never')).status, 403);
  const answer = await post(await secretOf('support'));
  assert.equal(answer.json().code, 'control.too_many_attempts');
  assert.equal(answer.fields['retry-after'], '60');
  control.clock.advanceMs(60_000);
});

test('two browsers that use one link at the same moment are not both signed in', async () => {
  const link = await secretOf('support');
  const post = () => control.ask(null, '/v1/sign-in', { method: 'POST', body: { link } });
  const statuses = (await Promise.all([post(), post(), post()])).map(({ status }) => status);
  assert.deepEqual(
    statuses.toSorted((one, other) => one - other),
    [200, 403, 403],
  );
});

test('a session changes things from pages of control alone, and so does a certificate in a browser', async () => {
  const cookie = await signedIn('approver');
  const port = control.running.port;
  const signOut = async (who: 'approver' | null, fields: Record<string, string>) => {
    const answer = await control.ask(who, '/v1/sign-out', { method: 'POST', fields });
    return answer.status === 204 ? 204 : answer.json().code;
  };
  for (const fields of [
    {},
    { origin: 'https://example.org' },
    { origin: 'null' },
    { origin: `http://127.0.0.1:${port}` },
    { origin: 'https://127.0.0.1:1' },
    { 'sec-fetch-site': 'cross-site' },
    { 'sec-fetch-site': 'same-site' },
  ])
    assert.equal(await signOut(null, { cookie, ...fields }), 'control.foreign_origin');
  assert.equal(await signOut('approver', { origin: 'https://example.org' }), 'control.foreign_origin');
  assert.equal(await signOut('approver', { 'sec-fetch-site': 'cross-site' }), 'control.foreign_origin');
  assert.equal(await signOut('approver', {}), 204);
  assert.equal((await control.ask(null, '/v1/me', { fields: { cookie } })).status, 200);
  assert.equal(await signOut(null, { cookie, origin: `https://127.0.0.1:${port}` }), 204);
  assert.equal((await control.ask(null, '/v1/me', { fields: { cookie } })).json().code, 'control.sign_in_needed');
});

test('sessions are listed to their account and to operators, and can be ended by either', async () => {
  const [own, other] = [await signedIn('approver'), await signedIn('administrator')];
  const list = async (fields: Record<string, string>, who: 'operator' | null = null) =>
    (await control.ask(who, '/v1/sessions', { fields })).json<{
      sessions: { id: string; account: string; own: boolean }[];
    }>().sessions;
  const ownListed = await list({ cookie: own });
  assert.deepEqual([...new Set(ownListed.map(({ account }) => account))], ['approver']);
  assert.equal(ownListed.filter((session) => session.own).length, 1);
  const all = await list({}, 'operator');
  const target = all.find(({ account }) => account === 'administrator');
  assert.ok(target !== undefined);
  const end = (fields: Record<string, string>, who: 'operator' | null) =>
    control.ask(who, `/v1/sessions/${target.id}`, { method: 'DELETE', fields });
  const page = { origin: `https://127.0.0.1:${control.running.port}` };
  assert.equal((await end({ cookie: own, ...page }, null)).json().code, 'control.not_found');
  assert.equal((await control.ask(null, '/v1/me', { fields: { cookie: other } })).status, 200);
  assert.equal((await end({}, 'operator')).status, 204);
  assert.equal((await control.ask(null, '/v1/me', { fields: { cookie: other } })).status, 401);
});

test('a session has the rights of its account as it is now, and none when the account is gone', async () => {
  const cookie = await signedIn('reader');
  const me = async () => (await control.ask(null, '/v1/me', { fields: { cookie } })).json();
  assert.deepEqual((await me()).roles, ['participant-reader']);
  await control.apply({ accounts: [{ name: 'reader', roles: ['support'] }] });
  assert.deepEqual((await me()).roles, ['support']);
  await control.apply({ accounts: [] });
  assert.equal((await me()).code, 'control.sign_in_needed');
  assert.equal(await control.running.makeLink('reader'), null);
  await control.apply(null);
  assert.equal((await me()).code, 'control.sign_in_needed');
});

test('an account that comes back under its old name has no session and no link of the one before', async () => {
  const cookie = await signedIn('support');
  const link = await secretOf('support');
  await control.apply({ accounts: [{ name: 'desk', roles: ['operator'] }] });
  await control.apply(null);
  assert.equal((await control.ask(null, '/v1/me', { fields: { cookie } })).json().code, 'control.sign_in_needed');
  const answer = await control.ask(null, '/v1/sign-in', { method: 'POST', body: { link } });
  assert.equal(answer.json().code, 'control.link_expired');
});
