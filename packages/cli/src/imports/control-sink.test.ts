// What is sent to whoever takes records: in order, acknowledged, again when it was busy, and once.
import assert from 'node:assert/strict';
import { buffer } from 'node:stream/consumers';
import { test } from 'node:test';
import { promisify } from 'node:util';
import { gunzipSync, gzip } from 'node:zlib';
import type { EvidenceRecord } from '@headgate/contract';
import type { AskedControl, SentStream } from '../control/ask-control.ts';
import { ControlSaidNo } from '../control/control-said-no.ts';
import { evidenceRecord } from '../start/evidence-record.fixture.ts';
import { createControlSink } from './control-sink.ts';

const recordOf = (boot: string, sequence: number): EvidenceRecord => ({
  ...evidenceRecord({}),
  node: 'import:web',
  boot,
  thread: 0,
  sequence,
});

const pack = promisify(gzip);

/** Takes as the interface of control says: in order, nothing twice, and acknowledges how far it has each log. */
function taker({ busyFirst = 0, takes = true } = {}) {
  const marks = new Map<string, number>();
  const bodies: number[] = [];
  let busy = busyFirst;
  let underWay = 0;
  let mostAtOnce = 0;
  const post: AskedControl['post'] = async <Value>(path: string, body: object | SentStream) => {
    underWay += 1;
    mostAtOnce = Math.max(mostAtOnce, underWay);
    try {
      return await take<Value>(path, body);
    } finally {
      underWay -= 1;
    }
  };
  const take = async <Value>(path: string, body: object | SentStream): Promise<Value> => {
    assert.equal(path, '/v1/imports/web/records');
    assert.ok('stream' in body);
    assert.equal(body.fields['content-encoding'], 'gzip');
    const unpacked = gunzipSync(await buffer(body.stream));
    // It takes longer than to pack a batch: one that did not wait for this would come meanwhile.
    await pack(unpacked, { level: 9 });
    if (busy > 0) {
      busy -= 1;
      throw new ControlSaidNo({
        title: 'Busy',
        status: 503,
        code: 'control.ledger_busy',
        detail: '',
        fix: '',
        retryAfterSeconds: 0.001,
      });
    }
    bodies.push(unpacked.byteLength);
    const boots = new Set<string>();
    for (const line of unpacked.toString().split('\n').slice(0, -1)) {
      const { boot, sequence } = JSON.parse(line) as EvidenceRecord;
      boots.add(boot);
      if (takes && sequence > (marks.get(boot) ?? 0)) marks.set(boot, sequence);
    }
    return { acknowledged: [...boots].map((boot) => ({ boot, thread: 0, sequence: marks.get(boot) ?? 0 })) } as Value;
  };
  return { post, marks, bodies, mostAtOnce: () => mostAtOnce };
}

test('records are sent in batches that control takes, and committing waits for the last of them', async () => {
  const control = taker();
  const sink = createControlSink(control, 'web');
  for (let at = 1; at <= 6_000; at += 1) {
    sink.add(recordOf('one', at));
    await sink.settle();
  }
  sink.add(recordOf('two', 7));
  assert.deepEqual(await sink.commit(), { outputBytes: null });
  assert.deepEqual(
    [...control.marks],
    [
      ['one', 6_000],
      ['two', 7],
    ],
  );
  assert.ok(control.bodies.length > 1);
  assert.equal(control.mostAtOnce(), 1, 'one batch after the other');
  assert.ok(control.bodies.every((bytes) => bytes < 8 * 1_048_576));
  await sink.commit();
});

test('a control that is busy is asked again, and a refusal ends the import', async () => {
  const control = taker({ busyFirst: 2 });
  const sink = createControlSink(control, 'web');
  sink.add(recordOf('one', 1));
  await sink.commit();
  assert.equal(control.marks.get('one'), 1);
  const refusing = createControlSink(taker({ takes: false }), 'web');
  refusing.add(recordOf('one', 1));
  await assert.rejects(refusing.commit(), /control did not take record 1 of web/);
  const said = new ControlSaidNo({ title: 'No', status: 403, code: 'control.not_permitted', detail: 'no', fix: '' });
  let asked = 0;
  const post = () => {
    asked += 1;
    return Promise.reject(said);
  };
  const forbidden = createControlSink({ post }, 'web');
  forbidden.add(recordOf('one', 1));
  await assert.rejects(forbidden.commit(), said);
  assert.equal(asked, 1);
});
