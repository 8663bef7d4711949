import assert from 'node:assert/strict';
import { test } from 'node:test';
import { importBigip } from './import-bigip.ts';

test('what the files do not say stays unknown, and a note says so: nothing is invented', () => {
  const text = `ltm virtual /Common/vs {
    destination /Common/192.0.2.1:443
    pool /Common/p
    profiles {
        /Common/c { context clientside }
        /Common/http { }
    }
}
ltm pool /Common/p {
    members {
        /Common/n:80 { address 10.0.0.1 }
    }
    monitor /Common/m
}
ltm monitor http /Common/m {
    send "POST /x HTTP/1.1\\r\\n"
}
ltm profile client-ssl /Common/c {
    cert /Common/a.crt
    key /Common/a.key
    peer-cert-mode sometimes
    server-name ws.example.org
}
`;
  const { addresses, upstreams, untranslated, faults } = importBigip([{ file: 'bigip.conf', text }]);
  assert.deepEqual(faults, []);
  assert.deepEqual(
    addresses.map(({ host, certificate, channel }) => [host, certificate, channel]),
    [['ws.example.org', null, null]],
  );
  assert.deepEqual(
    upstreams.map(({ check }) => [check?.kind, check?.path, check?.host, check?.statuses]),
    [['http', null, null, []]],
  );
  assert.ok(untranslated.some(({ object, member }) => object === 'ltm monitor http /Common/m' && member === 'send'));
});
