// Handshakes byte by byte (RFC 5246, RFC 8446): ClientHellos that no TLS library would send, and what the server says to them.
import { randomBytes } from 'node:crypto';
import { connect } from 'node:net';

/** What a ClientHello says; left out, it is that of an ordinary client. */
export interface Hello {
  /** SNI entries, each a name; `null`: no extension. Default: none. */
  readonly serverNames?: readonly (string | Buffer)[] | null;
  /** The whole content of the SNI extension, instead of names; several: the extension as often. */
  readonly sniContents?: readonly Buffer[];
  /** `legacy_version`, and without `isTls13` the highest version offered. Default 0x0303. */
  readonly version?: number;
  /** Offers TLS 1.3 with a key share. */
  readonly isTls13?: boolean;
  readonly cipherSuites?: readonly number[];
  readonly compressionMethods?: readonly number[];
  /** RFC 5746: the empty renegotiation_info of a first handshake. Default true. */
  readonly isRenegotiationKnown?: boolean;
}

/** ECDHE with AES-GCM and ChaCha20, for either kind of key; then TLS 1.3. */
const ordinarySuites = [0xc02b, 0xc02f, 0xc02c, 0xc030, 0xcca9, 0xcca8, 0x1301, 0x1302, 0x1303];

const u8 = (value: number): Buffer => Buffer.from([value & 0xff]);
const u16 = (value: number): Buffer => Buffer.from([(value >> 8) & 0xff, value & 0xff]);
const u24 = (value: number): Buffer => Buffer.from([(value >> 16) & 0xff, (value >> 8) & 0xff, value & 0xff]);
const sized = (size: (length: number) => Buffer, content: Buffer): Buffer =>
  Buffer.concat([size(content.length), content]);
const extension = (type: number, content: Buffer): Buffer => Buffer.concat([u16(type), sized(u16, content)]);

/** The content of an SNI extension (RFC 6066 §3). */
export function sniContent(names: readonly (string | Buffer)[], nameType = 0): Buffer {
  const entries = names.map((name) =>
    Buffer.concat([u8(nameType), sized(u16, typeof name === 'string' ? Buffer.from(name, 'latin1') : name)]),
  );
  return sized(u16, Buffer.concat(entries));
}

/** The handshake message, without records around it. */
export function clientHello(hello: Hello = {}): Buffer {
  const { serverNames = null, version = 0x0303, isTls13 = false, isRenegotiationKnown = true } = hello;
  const sni = hello.sniContents ?? (serverNames === null ? [] : [sniContent(serverNames)]);
  const suites = Buffer.concat((hello.cipherSuites ?? ordinarySuites).map(u16));
  const extensions = [
    ...sni.map((content) => extension(0, content)),
    extension(10, sized(u16, Buffer.concat([0x001d, 0x0017, 0x0018].map(u16)))), // supported_groups
    extension(11, sized(u8, u8(0))), // ec_point_formats
    extension(13, sized(u16, Buffer.concat([0x0403, 0x0804, 0x0401, 0x0503, 0x0805, 0x0501].map(u16)))), // signature_algorithms
    extension(23, Buffer.alloc(0)), // extended_master_secret
    ...(isRenegotiationKnown ? [extension(0xff01, u8(0))] : []),
    ...(isTls13
      ? [
          extension(43, sized(u8, Buffer.concat([u16(0x0304), u16(0x0303)]))),
          extension(51, sized(u16, Buffer.concat([u16(0x001d), sized(u16, randomBytes(32))]))),
        ]
      : []),
  ];
  const body = Buffer.concat([
    u16(version),
    randomBytes(32),
    sized(u8, randomBytes(32)),
    sized(u16, suites),
    sized(u8, Buffer.from(hello.compressionMethods ?? [0])),
    sized(u16, Buffer.concat(extensions)),
  ]);
  return Buffer.concat([u8(1), sized(u24, body)]);
}

/** A handshake message in records of at most `recordBytesMax` each. */
export function inRecords(message: Buffer, recordBytesMax = 16_384): Buffer {
  const records: Buffer[] = [];
  for (let at = 0; at < message.length; at += recordBytesMax)
    records.push(Buffer.concat([u8(22), u16(0x0301), sized(u16, message.subarray(at, at + recordBytesMax))]));
  return Buffer.concat(records);
}

/** What a server said to a ClientHello. */
export interface Flight {
  /** Description of a fatal alert; null where none came. */
  readonly alert: number | null;
  /** Types of the handshake messages that are not encrypted: 2 ServerHello, 11 Certificate, 13 CertificateRequest, 14 done. */
  readonly messages: readonly number[];
  readonly cipherSuite: number | null;
  readonly compressionMethod: number | null;
  /** True where TLS 1.3 was chosen: what follows the ServerHello is encrypted. */
  readonly isTls13: boolean;
  /** Everything that came, latin1. */
  readonly text: string;
}

/** Writes pieces one after the other, each in a segment of its own, and reads until the server has said all or has ended. */
export async function exchangeHello(port: number, pieces: readonly Buffer[], source = '127.0.0.1'): Promise<Flight> {
  const socket = connect({ host: '127.0.0.1', port, localAddress: source, noDelay: true });
  let received = Buffer.alloc(0);
  const { promise, resolve } = Promise.withResolvers<void>();
  socket.on('data', (chunk: Buffer) => {
    received = Buffer.concat([received, chunk]);
    if (isWhole(readFlight(received))) resolve();
  });
  for (const event of ['end', 'close', 'error'] as const) socket.once(event, () => resolve());
  for (const piece of pieces) {
    const written = Promise.withResolvers<void>();
    if (!socket.write(piece, () => written.resolve())) await Promise.race([written.promise, promise]);
    else await Promise.race([written.promise, promise]);
    await new Promise(setImmediate);
  }
  await promise;
  socket.destroy();
  return readFlight(received);
}

function isWhole({ alert, messages, isTls13 }: Flight): boolean {
  return alert !== null || messages.includes(14) || isTls13;
}

function readFlight(bytes: Buffer): Flight {
  let alert: number | null = null;
  const handshake: Buffer[] = [];
  for (let at = 0; at + 5 <= bytes.length; ) {
    const end = at + 5 + bytes.readUInt16BE(at + 3);
    if (end > bytes.length) break;
    const content = bytes.subarray(at + 5, end);
    if (bytes[at] === 22) handshake.push(content);
    if (bytes[at] === 21 && content.length === 2 && content[0] === 2) alert = content[1] ?? null;
    at = end;
  }
  return { alert, text: bytes.toString('latin1'), ...readMessages(Buffer.concat(handshake)) };
}

function readMessages(bytes: Buffer): Omit<Flight, 'alert' | 'text'> {
  const messages: number[] = [];
  let [cipherSuite, compressionMethod, isTls13]: [number | null, number | null, boolean] = [null, null, false];
  for (let at = 0; at + 4 <= bytes.length; ) {
    const end = at + 4 + bytes.readUIntBE(at + 1, 3);
    if (end > bytes.length) break;
    const type = bytes[at] ?? 0;
    messages.push(type);
    if (type === 2) {
      const suiteAt = at + 4 + 2 + 32 + 1 + (bytes[at + 38] ?? 0);
      cipherSuite = bytes.readUInt16BE(suiteAt);
      compressionMethod = bytes[suiteAt + 2] ?? null;
      isTls13 = cipherSuite >> 8 === 0x13;
    }
    at = end;
  }
  return { messages, cipherSuite, compressionMethod, isTls13 };
}
