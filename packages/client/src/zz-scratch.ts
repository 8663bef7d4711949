import { writeFileSync } from 'node:fs';
import { createServer as plain, request } from 'node:http';
import { createServer } from 'node:https';
import { createTestAuthority } from '@headgate/pki';
import { startSimulator } from '../../simulator/src/index.ts';

const a = await createTestAuthority({ nowMs: Date.now() });
const s = await a.serverChain('current', [
  'ws.prod.caiso.com',
  'adsws.prod.caiso.com',
  'ws.caiso.com',
  'oasis.caiso.com',
]);
const u = await a.user('current', { name: 'ALPHAx0001', organisation: 'CAISO' });
const e = await a.expiredUser('current', { name: 'OMEGAx0009', organisation: 'CAISO' });
const sim = await startSimulator({
  host: '127.0.0.1',
  port: 0,
  seed: 'x',
  clock: Date.now,
  answerCredential: { keyPem: u.keyPem, certificateDer: u.certificateDer },
});
const handler = (req: any, res: any) => {
  const cert = req.socket.getPeerCertificate?.()?.raw;
  const up = request(
    {
      port: sim.port,
      method: req.method,
      path: req.url,
      headers: { ...req.headers, ...(cert ? { 'client-cert': `:${cert.toString('base64')}:` } : {}) },
    },
    (r: any) => {
      res.writeHead(r.statusCode, r.headers);
      r.pipe(res);
    },
  );
  req.pipe(up);
  up.on('error', () => res.destroy());
};
const srv = createServer(
  { cert: s.certificatePem, key: s.keyPem, requestCert: true, rejectUnauthorized: false },
  handler,
).listen(18443, '127.0.0.1');
const p = plain(handler).listen(18080, '127.0.0.1');
for (const [n, t] of [
  ['c.pem', u.certificatePem],
  ['k.pem', u.keyPem],
  ['e.pem', e.certificatePem],
  ['ek.pem', e.keyPem],
  ['t.pem', a.trustBundlePem('current', 'server').anchorsPem],
  ['bad.pem', a.trustBundlePem('legacy', 'server').anchorsPem],
])
  writeFileSync('/tmp/e2e/' + n, t!);
writeFileSync('/tmp/e2e/profile.yaml', 'certificate: c.pem\nkey: k.pem\ntrust: t.pem\nconnectTo: 127.0.0.1:18443\n');
setTimeout(() => process.exit(), 900_000);
