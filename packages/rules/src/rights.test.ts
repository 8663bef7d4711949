import assert from 'node:assert/strict';
import { test } from 'node:test';
import { compileRights, mayCall } from './rights.ts';

const rights = compileRights({
  format: 1,
  participants: [
    {
      id: 'example-power',
      name: 'Example Power',
      scids: ['EXP1', 'EXP2', 'EXP3'],
      credentials: [
        {
          subject: 'CN=trader-1,O=Example Power',
          environments: ['production', 'map-stage'],
          rights: [
            {
              system: 'awards',
              environment: 'production',
              channels: ['api'],
              operations: ['retrieve'],
              scids: ['EXP1', 'EXP2'],
            },
            { system: 'all', environment: 'production', channels: ['api'], operations: ['retrieve'], scids: ['EXP2'] },
            { system: 'bids', environment: 'production', channels: ['api'], operations: ['submit'], scids: 'all' },
          ],
        },
      ],
    },
  ],
});
const subject = 'CN=trader-1,O=Example Power';
const call = { environment: 'production', system: 'awards', channel: 'api', operation: 'retrieve' } as const;

test('a covered call names the participant and the SCIDs of all covering rights', () => {
  assert.deepEqual(mayCall(rights, subject, call), {
    allowed: true,
    participant: 'example-power',
    scids: ['EXP1', 'EXP2'],
  });
});

test('a right over all SCIDs means those of the participant', () => {
  const verdict = mayCall(rights, subject, { ...call, system: 'bids', operation: 'submit' });
  assert.deepEqual(verdict, { allowed: true, participant: 'example-power', scids: ['EXP1', 'EXP2', 'EXP3'] });
});

test('a certificate that nobody holds in the environment lacks enrolment', () => {
  const missing = { allowed: false, missing: 'enrolment' };
  assert.deepEqual(mayCall(rights, 'CN=stranger', call), missing);
  assert.deepEqual(mayCall(rights, subject, { ...call, environment: 'elsewhere' }), missing);
});

test('system, channel, operation and environment must all be covered by one right', () => {
  const missing = { allowed: false, missing: 'right', participant: 'example-power' };
  for (const change of [{ channel: 'ui' }, { operation: 'submit' }, { environment: 'map-stage' }] as const) {
    assert.deepEqual(mayCall(rights, subject, { ...call, ...change }), missing);
  }
});
