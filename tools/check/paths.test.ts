import assert from 'node:assert/strict';
import test from 'node:test';
import { stagesTable, treeOf } from './miniature.ts';
import { checkPaths } from './paths.ts';

const serve = `import { admit } from './admission/admit.ts';
import { forward } from './forward/forward.ts';
export async function serve(exchange: Exchange): Promise<void> {
  try { await answer(exchange).catch(replyFor); } finally { note(exchange); }
}
async function answer(exchange: Exchange): Promise<Reply> {
  const permit = await admit(exchange);
  return forward(exchange, permit);
}`;

const clean = {
  ...stagesTable,
  'packages/contract/src/evidence.ts':
    'export interface EvidenceRecord { sequence: number; admission: AdmissionEvidence | null; forward: ForwardEvidence }',
  'packages/gateway/src/serve.ts': serve,
  'packages/gateway/src/admission/admit.ts': '',
  'packages/gateway/src/forward/forward.ts': '',
  'packages/client/src/invoke.ts': `import { awaitTurn } from './pacing/await-turn.ts';
import { call } from './call/call.ts';
export async function invoke(session: Session): Promise<Answer> { return call(await awaitTurn(session)); }`,
  'packages/client/src/pacing/await-turn.ts': '',
  'packages/client/src/call/call.ts': '',
  'ARCHITECTURE.md': `# A
<!-- request-path -->
1. **admission**: may they, now?
2. **forward**: to whom?
<!-- /request-path -->
<!-- client-path -->
1. **pacing**
2. **call**
<!-- /client-path -->`,
};

function fault(changed: Readonly<Record<string, string>>): string {
  const { findings } = checkPaths(treeOf({ ...clean, ...changed }));
  assert.equal(findings.length, 1, JSON.stringify(findings));
  return `${findings[0]?.file} ${findings[0]?.found}: ${findings[0]?.fix}`;
}

test('paths that match their table have no finding, and the path not built yet is named', () => {
  assert.deepEqual(checkPaths(treeOf(clean)), { findings: [], unbuilt: ['advance'] });
});

test('a verb renamed in the path function alone is found', () => {
  assert.match(
    fault({ 'packages/gateway/src/serve.ts': serve.replace('forward(exchange', 'send(exchange') }),
    /calls admit: .*admit → forward/,
  );
});

test('stages called in another order are found', () => {
  const swapped = serve
    .replace('await admit(exchange)', 'await forward(exchange)')
    .replace('return forward', 'return admit');
  assert.match(fault({ 'packages/gateway/src/serve.ts': swapped }), /calls forward → admit/);
});

test('a call inside an argument counts as earlier than the call around it', () => {
  const nested = serve
    .replace('return forward(exchange, permit)', 'return forward(await admit(exchange))')
    .replace('await admit(exchange);', 'null;');
  assert.deepEqual(checkPaths(treeOf({ ...clean, 'packages/gateway/src/serve.ts': nested })).findings, []);
});

test('a verb that comes from the folder of another stage is found', () => {
  const moved = serve.replace("'./forward/forward.ts'", "'./admission/forward.ts'");
  assert.match(fault({ 'packages/gateway/src/serve.ts': moved }), /forward comes from .*lives in forward\//);
});

test('a missing path function is found', () => {
  assert.match(fault({ 'packages/client/src/invoke.ts': '' }), /no function invoke/);
});

test('a folder that is no stage is found', () => {
  assert.match(fault({ 'packages/gateway/src/filters/a.ts': '' }), /filters\/ a folder that is no stage/);
});

test('a stage without a folder is found', () => {
  const { 'packages/client/src/call/call.ts': _gone, ...rest } = clean;
  assert.match(JSON.stringify(checkPaths(treeOf(rest)).findings), /packages\/client\/src\/call\/ does not exist/);
});

test('a list in ARCHITECTURE.md in another order is found', () => {
  const text = clean['ARCHITECTURE.md']
    .replace('**admission**', '**forward**')
    .replace('2. **forward**', '2. **admission**');
  assert.match(fault({ 'ARCHITECTURE.md': text }), /lists forward → admission/);
});

test('a list missing from ARCHITECTURE.md is found', () => {
  assert.match(
    fault({ 'ARCHITECTURE.md': clean['ARCHITECTURE.md'].replace('<!-- client-path -->', '') }),
    /no list between <!-- client-path -->/,
  );
});

test('an evidence record without a section for a stage is found', () => {
  const record = clean['packages/contract/src/evidence.ts'].replace('admission: AdmissionEvidence | null;', '');
  assert.match(fault({ 'packages/contract/src/evidence.ts': record }), /sections forward/);
});

test('a list missing from the table is found', () => {
  const table = stagesTable['packages/contract/src/stages.ts'].replace('cutoverStages', 'turnStages');
  assert.match(fault({ 'packages/contract/src/stages.ts': table }), /no list cutoverStages/);
});

test('the cutover turn is compared as soon as one of its stages exists, and not before', () => {
  const control = { 'packages/control/package.json': '{}', 'packages/control/src/store/open-store.ts': '' };
  assert.deepEqual(checkPaths(treeOf({ ...clean, ...control })).unbuilt, ['advance']);
  const stage = { 'packages/control/src/plan/adopted-plan.ts': '' };
  const { findings, unbuilt } = checkPaths(treeOf({ ...clean, ...control, ...stage }));
  assert.deepEqual(unbuilt, []);
  assert.match(JSON.stringify(findings), /no function advance/);
});
