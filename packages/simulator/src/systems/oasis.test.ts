import assert from 'node:assert/strict';
import { test } from 'node:test';
import { strFromU8, unzipSync } from 'fflate';
import { type Answer, send, startTestSimulator, treeOf } from '../simulator.fixture.ts';
import { elementsNamed, valuesNamed } from '../wire/payload.ts';

const day = 'startdatetime=20260720T07:00-0000&enddatetime=20260721T07:00-0000';

async function ask(t: Parameters<typeof startTestSimulator>[0], query: string): Promise<Answer> {
  const simulator = await startTestSimulator(t);
  return send(`${simulator.url}/oasisapi/${query}`, 'GET');
}

function entryOf(answer: Answer): { readonly name: string; readonly text: string } {
  assert.equal(answer.status, 200);
  assert.equal(answer.fields['content-type'], 'application/x-zip-compressed');
  const [entry, ...others] = Object.entries(unzipSync(answer.body));
  assert.ok(entry);
  assert.equal(others.length, 0);
  return { name: entry[0], text: strFromU8(entry[1]) };
}

test('day-ahead prices come as CSV under the name that the market gives', async (t) => {
  const answer = await ask(
    t,
    `SingleZip?queryname=PRC_LMP&version=12&resultformat=6&market_run_id=DAM&node=CEDAR_1_N001&${day}`,
  );
  assert.equal(
    answer.fields['content-disposition'],
    'inline; filename=20260720_20260721_PRC_LMP_DAM_20260720_18_00_00_v12.zip',
  );
  const { name, text } = entryOf(answer);
  assert.equal(name, '20260720_20260721_PRC_LMP_DAM_20260720_18_00_00_v12.csv');
  const [head, ...lines] = text.trimEnd().split('\n');
  assert.match(head ?? '', /^INTERVALSTARTTIME_GMT,.*,MW,GROUP$/);
  assert.equal(lines.length, 24 * 4);
  assert.match(lines[0] ?? '', /^2026-07-20T07:00:00-00:00,2026-07-20T08:00:00-00:00,2026-07-20,1,0,CEDAR_1_N001,/);
});

test('interval prices stop at the present', async (t) => {
  const answer = await ask(
    t,
    `SingleZip?queryname=PRC_INTVL_LMP&version=3&resultformat=6&market_run_id=RTM&node=CEDAR_1_N001&${day}`,
  );
  assert.equal(entryOf(answer).text.trimEnd().split('\n').length - 1, 11 * 12 * 4);
});

test('a forecast comes as XML when no format is asked for', async (t) => {
  const { name, text } = entryOf(await ask(t, `SingleZip?queryname=SLD_FCST&version=1&market_run_id=DAM&${day}`));
  assert.match(name, /_SLD_FCST_DAM_.*_v1\.xml$/);
  const document = treeOf(text);
  assert.equal(document.namespace, 'http://www.caiso.com/soa/OASISReport_v1.xsd');
  assert.equal(elementsNamed(document, 'REPORT_DATA').length, 24 * 3);
  assert.equal(valuesNamed(document, 'REPORT')[0], 'SLD_FCST');
});

test('all nodes come for one trade date', async (t) => {
  const answer = await ask(
    t,
    `SingleZip?queryname=PRC_LMP&version=12&resultformat=6&market_run_id=DAM&grp_type=ALL_APNODES&${day}`,
  );
  assert.equal(entryOf(answer).text.trimEnd().split('\n').length - 1, 24 * 14 * 4);
});

test('groups come as CSV of a trade day', async (t) => {
  const prices = entryOf(
    await ask(t, 'GroupZip?groupid=DAM_LMP_GRP&version=3&resultformat=6&startdatetime=20260720T07:00-0000'),
  );
  assert.match(prices.name, /^20260720_20260720_DAM_LMP_GRP_N_N_.*\.csv$/);
  const bids = entryOf(
    await ask(t, 'GroupZip?groupid=PUB_DAM_GRP&version=3&resultformat=6&startdatetime=20260301T08:00-0000'),
  );
  assert.equal(bids.text.trimEnd().split('\n').length - 1, 12 * 24 * 3);
  const hour = entryOf(
    await ask(t, 'GroupZip?groupid=PUB_RTM_GRP&version=3&resultformat=6&opr_hr=7&startdatetime=20260301T08:00-0000'),
  );
  assert.equal(hour.text.trimEnd().split('\n').length - 1, 12 * 3);
});

const prices = 'SingleZip?queryname=PRC_LMP&version=12&market_run_id=DAM&node=CEDAR_1_N001';
for (const [code, query] of [
  [1000, `${prices}&startdatetime=20260801T07:00-0000&enddatetime=20260802T07:00-0000`],
  [1000, `SingleZip?queryname=PRC_LMP&version=12&market_run_id=DAM&node=NOWHERE&${day}`],
  [1000, 'GroupZip?groupid=PUB_DAM_GRP&version=3&startdatetime=20260719T07:00-0000'],
  [1001, 'SingleZip?queryname=PRC_LMP&version=12&market_run_id=DAM&node=CEDAR_1_N001'],
  [1001, `SingleZip?queryname=PRC_LMP&version=1&market_run_id=DAM&node=CEDAR_1_N001&${day}`],
  [1001, `${prices}&resultformat=7&${day}`],
  [1001, 'GroupZip?groupid=PUB_RTM_GRP&version=3&startdatetime=20260301T08:00-0000'],
  [1002, `${prices}&startdatetime=2026-07-20&enddatetime=20260721T07:00-0000`],
  [1002, `${prices}&startdatetime=20260231T07:00-0000&enddatetime=20260301T07:00-0000`],
  [1003, `SingleZip?queryname=PRC_INTVL_LMP&version=3&market_run_id=RTM&grp_type=ALL&${day}`],
  [1004, `${prices}&startdatetime=20260601T07:00-0000&enddatetime=20260720T07:00-0000`],
  [1005, `SingleZip?queryname=NO_SUCH&version=1&${day}`],
  [1011, 'SingleZip'],
  [1014, `${prices}&startdatetime=20220601T07:00-0000&enddatetime=20220602T07:00-0000`],
  [1016, 'GroupZip?groupid=NO_SUCH&version=1&startdatetime=20260301T08:00-0000'],
] as const) {
  test(`an error is a report of its own in a zip, with status 200: ${code} for ${query}`, async (t) => {
    const answer = await ask(t, query);
    assert.equal(answer.fields['content-disposition'], 'inline; filename=INVALID_REQUEST.xml.zip');
    const { name, text } = entryOf(answer);
    assert.equal(name, 'INVALID_REQUEST.xml');
    assert.deepEqual(valuesNamed(treeOf(text), 'ERR_CODE'), [String(code)]);
  });
}

test('a path beside the two reports is not found', async (t) => {
  assert.equal((await ask(t, 'Other')).status, 404);
});
