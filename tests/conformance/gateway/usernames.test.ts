// The name in the header of a message must be that of the certificate, by a rule of the policy: where it stands, which name it must
// be, and what becomes of a message without it are data.
import assert from 'node:assert/strict';
import { before, describe, test } from 'node:test';
import { type Provisioning, parsePolicy, type UsernameRule } from '@headgate/contract';
import { soapRequest, type TestCall, type TestGateway, type TestGatewayOptions } from '@headgate/testkit';
import { callsTo } from './calls.ts';
import { type Operator, operators, policyText } from './operators.ts';
import { provisioningText } from './provisioning.ts';
import { codeOf, toldIn } from './told.ts';

/** The shipped rule of an operator, and what differs from it. */
async function ruleOf(operator: Operator, differs: Partial<UsernameRule> = {}): Promise<UsernameRule> {
  const parsed = parsePolicy('policy.yaml', await policyText(operator));
  const rule = parsed.ok ? parsed.policy.usernames?.[0] : undefined;
  assert.ok(rule);
  return { ...rule, ...differs };
}

const policyOf = (rule: UsernameRule) => JSON.stringify({ limits: [], usernames: [rule] });

for (const operator of operators) describe(`at ${operator.name}`, () => comparesNamesAt(operator));

function comparesNamesAt(operator: Operator): void {
  const { start } = callsTo(operator);
  let shipped: UsernameRule;
  before(async () => {
    shipped = await ruleOf(operator);
  });

  async function begin(
    t: { after(work: () => Promise<void>): void },
    differs: Partial<UsernameRule> = {},
    options: TestGatewayOptions = {},
  ) {
    const gateway = await start({ policy: policyOf(await ruleOf(operator, differs)), ...options });
    t.after(() => gateway.close());
    return gateway;
  }
  /** An envelope whose header says each of these names at the place of the rule. */
  const saying = (...names: readonly string[]) => {
    const { namespace, path } = shipped.element;
    const open = path.map((name) => `<n:${name}>`).join('');
    const close = path
      .map((name) => `</n:${name}>`)
      .toReversed()
      .join('');
    const headers = names.map((name) => `${open}${name}${close}`.replace('>', ` xmlns:n="${namespace}">`));
    return soapRequest.replace('<soapenv:Header/>', `<soapenv:Header>${headers.join('')}</soapenv:Header>`);
  };
  const judged = async (gateway: TestGateway, call: TestCall) => {
    const answer = await gateway.call(call);
    const { inspection, forward } = await gateway.recordOf(answer);
    return { code: codeOf(answer), told: toldIn(answer), username: inspection?.username, forwarded: forward !== null };
  };
  const ownName = ({ user }: TestGateway) =>
    shipped.equals === 'subject' ? user.subject : (/CN=([^,]+)/.exec(user.subject)?.[1] ?? '');

  test('the name of the certificate passes, and evidence says that it matches', async (t) => {
    const gateway = await begin(t);
    const name = ownName(gateway);
    const { code, username, forwarded } = await judged(gateway, { body: saying(name) });
    assert.deepEqual([code, forwarded], [undefined, true]);
    assert.deepEqual(username, { rule: shipped.name, mode: 'enforce', outcome: 'matches', username: name });
  });

  test('the name of somebody else is refused with both names, the rule and the fix, and is not forwarded', async (t) => {
    const gateway = await begin(t);
    const other = ownName(gateway).replace('ALPHA', 'OTHER');
    const { code, told, username, forwarded } = await judged(gateway, { body: saying(other) });
    assert.deepEqual([code, forwarded], ['identity.username_mismatch', false]);
    for (const said of [other, ownName(gateway), shipped.name, shipped.element.path.join('/')])
      assert.ok(told?.text.includes(said), `${said} in ${told?.text}`);
    assert.match(told?.fix ?? '', /name of the certificate/);
    assert.deepEqual([username?.outcome, username?.username], ['differs', other]);
    assert.ok(!gateway.upstream.received.some(({ body }) => body.includes(other)));
  });

  test('other spellings of the same name pass', async (t) => {
    const gateway = await begin(t);
    const name = ownName(gateway);
    const spellings = [name.toLowerCase(), `\n ${name}\t`, name.replace('A', '&#65;'), `<![CDATA[${name}]]>`];
    if (shipped.equals === 'subject') spellings.push(name.replaceAll(',', ', '), name.replace('CN=', 'OID.2.5.4.3='));
    for (const spelling of spellings)
      assert.equal((await judged(gateway, { body: saying(spelling) })).username?.outcome, 'matches', spelling);
  });

  test('of several names every one must match: which one the system reads, nobody knows', async (t) => {
    const gateway = await begin(t);
    const name = ownName(gateway);
    assert.equal((await judged(gateway, { body: saying(name, name) })).username?.outcome, 'matches');
    for (const names of [[name, 'CN=somebody'], ['CN=somebody', name], Array.from({ length: 20 }, () => name)])
      assert.equal((await judged(gateway, { body: saying(...names) })).code, 'identity.username_mismatch');
  });

  test('a message without the element passes or is refused, as the rule says', async (t) => {
    for (const absent of ['allow', 'refuse'] as const) {
      const gateway = await begin(t, { absent });
      const { code, username, told } = await judged(gateway, { body: soapRequest });
      assert.equal(username?.outcome, 'absent');
      assert.equal(username.username, null);
      assert.equal(code, absent === 'allow' ? undefined : 'identity.username_mismatch');
      if (absent === 'refuse') assert.ok(told?.text.includes(ownName(gateway)), told?.text);
    }
  });

  test('a header that is longer than what is looked at is refused, since a name may follow', async (t) => {
    const gateway = await begin(t, {}, { path: { peekBytesMax: 4_096 } });
    const body = saying(ownName(gateway)).replace('</soapenv:Header>', `${'<x/>'.repeat(2_000)}</soapenv:Header>`);
    const { code, username } = await judged(gateway, { body });
    assert.deepEqual([code, username?.outcome], ['identity.username_mismatch', 'unseen']);
  });

  test('in shadow mode a mismatch passes, and evidence says what would have been refused', async (t) => {
    const gateway = await begin(t, { mode: 'shadow' });
    const { code, username } = await judged(gateway, { body: saying('CN=somebody') });
    assert.equal(code, undefined);
    assert.deepEqual([username?.mode, username?.outcome, username?.username], ['shadow', 'differs', 'CN=somebody']);
  });

  test('a rule that is off, and one for other systems, are not asked', async (t) => {
    for (const differs of [{ mode: 'off' }, { where: { system: 'nobody' } }] as const) {
      const gateway = await begin(t, differs);
      const { code, username } = await judged(gateway, { body: saying('CN=somebody') });
      assert.deepEqual([code, username], [undefined, null]);
    }
  });

  test('evidence and refusal keep a long name cut, and nothing that could break a line', async (t) => {
    const gateway = await begin(t);
    const name = `CN=${'x'.repeat(3_000)}`;
    const { username, told } = await judged(gateway, { body: saying(name) });
    assert.equal(username?.username?.length, 200);
    assert.ok((told?.text.length ?? 0) < 1_000);
    const turned = await judged(gateway, { body: saying('CN=a\nb\u202ec') });
    assert.equal(turned.username?.username, 'CN=a\ufffdb\ufffdc');
  });

  test('a second call on one connection with another name is judged by its own name', async (t) => {
    const gateway = await begin(t);
    const name = ownName(gateway);
    const codes: (string | undefined)[] = [];
    for (const said of [name, name.replace('ALPHA', 'OTHER'), name])
      codes.push((await judged(gateway, { body: saying(said) })).code);
    assert.deepEqual(codes, [undefined, 'identity.username_mismatch', undefined]);
  });

  test('a name without a certificate is nobody’s', async (t) => {
    const gateway = await begin(t, {}, { clientCertificates: { [operator.retrieve.call.host]: 'requested' } });
    const body = saying(ownName(gateway));
    assert.equal((await judged(gateway, { body, user: null })).code, 'identity.username_mismatch');
    assert.equal((await judged(gateway, { body })).code, undefined);
    assert.equal((await judged(gateway, { body: soapRequest, user: null })).code, undefined);
  });

  test('a provisioned name is one of those that provisioning gives to the credential', async (t) => {
    const own = 'CN=ALPHAx0001,OU=people,O=CAISO,C=US';
    const provisioned = (usernames: readonly string[] | null) => {
      const file = JSON.parse(provisioningText(operator, own)) as Provisioning;
      const [credential] = file.participants[0]?.credentials ?? [];
      if (usernames !== null) Object.assign(credential ?? {}, { usernames });
      return begin(t, { equals: 'provisioned' }, { provisioning: JSON.stringify(file) });
    };
    const gateway = await provisioned(['desk-7', 'desk-8']);
    assert.equal((await judged(gateway, { body: saying('desk-8') })).username?.outcome, 'matches');
    assert.equal((await judged(gateway, { body: saying('desk-9') })).code, 'identity.username_mismatch');
    const nobody = await provisioned(null);
    const { code, told } = await judged(nobody, { body: saying('desk-7') });
    assert.equal(code, 'identity.username_mismatch');
    assert.match(told?.text ?? '', /there is none/);
  });
}
