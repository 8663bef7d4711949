// Keys and self-signed certificates for tests, made at run time: a certificate written by hand in DER.
import { generateKeyPairSync, type KeyObject, sign } from 'node:crypto';
import type { SigningKey } from './sign-envelope.ts';

/** An RSA key with its certificate, in the form that `signEnvelope` takes, and in PEM for other signers. */
export interface TestKey extends SigningKey {
  readonly certificateDer: Buffer;
  readonly certificatePem: string;
}

/** Makes a key of 2048 bits and a self-signed certificate for a common name. Ids count up from one. */
export function makeTestKey(commonName = 'participant', digest: 'sha1' | 'sha256' = 'sha1'): TestKey {
  const { privateKey, publicKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
  const certificateDer = selfSigned(commonName, privateKey, publicKey);
  const lines = certificateDer.toString('base64').match(/.{1,64}/g) ?? [];
  let number = 0;
  return {
    keyPem: privateKey.export({ type: 'pkcs8', format: 'pem' }).toString(),
    certificateDer,
    certificatePem: `-----BEGIN CERTIFICATE-----\n${lines.join('\n')}\n-----END CERTIFICATE-----\n`,
    digest,
    ids: () => {
      number += 1;
      return `id-${number}`;
    },
  };
}

function selfSigned(commonName: string, privateKey: KeyObject, publicKey: KeyObject): Buffer {
  const sha256WithRsa = der(0x30, Buffer.from('06092a864886f70d01010b0500', 'hex'));
  const name = der(0x30, der(0x31, der(0x30, Buffer.from('0603550403', 'hex'), der(0x0c, Buffer.from(commonName)))));
  const validity = der(0x30, der(0x17, Buffer.from('240101000000Z')), der(0x17, Buffer.from('490101000000Z')));
  const toBeSigned = der(
    0x30,
    der(0xa0, Buffer.from('020102', 'hex')),
    Buffer.from('020101', 'hex'),
    sha256WithRsa,
    name,
    validity,
    name,
    publicKey.export({ type: 'spki', format: 'der' }),
  );
  const signature = sign('sha256', toBeSigned, privateKey);
  return der(0x30, toBeSigned, sha256WithRsa, der(0x03, Buffer.from([0]), signature));
}

function der(tag: number, ...contents: readonly Buffer[]): Buffer {
  const content = Buffer.concat(contents);
  const { length } = content;
  if (length < 0x80) return Buffer.concat([Buffer.from([tag, length]), content]);
  const lengthBytes = length < 0x100 ? [0x81, length] : [0x82, length >> 8, length & 0xff];
  return Buffer.concat([Buffer.from([tag, ...lengthBytes]), content]);
}
