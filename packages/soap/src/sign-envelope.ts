// WS-Security signing in the header layout of the market's own tool: BinarySecurityToken, then Signature.
import { createHash, createPrivateKey, sign } from 'node:crypto';
import { XmlC14NMode, type XmlElement } from 'libxml2-wasm';
import {
  attachmentHashNamespace,
  attachmentInforNamespace,
  base64EncodingType,
  caisoHeaderNamespace,
  dsNamespace,
  exclusiveC14n,
  rsaSha1,
  rsaSha256,
  sha1Digest,
  sha256Digest,
  soapVersionOf,
  wsseNamespace,
  wsuNamespace,
  x509TokenType,
} from './namespaces.ts';
import { canonicalText } from './signature-algorithms.ts';
import { attributeOf, childrenNamed, readXml, textWritten } from './xml-document.ts';

/** What signs, and how. */
export interface SigningKey {
  /** RSA private key in PEM. */
  readonly keyPem: string;
  /** The certificate of that key in DER; travels as the BinarySecurityToken. */
  readonly certificateDer: Uint8Array;
  /** Hash of digests and signature. Default `sha1`, as the market's clients do. */
  readonly digest?: 'sha1' | 'sha256';
  /** Gives a fresh XML name for each call; called for every element that has no wsu:Id yet. */
  readonly ids: () => string;
}

const exclusive = { mode: XmlC14NMode.XML_C14N_EXCLUSIVE_1_0, inclusivePrefixes: [] } as const;

/**
 * Signs Body, BinarySecurityToken, CAISOWSHeader, attachmentHash and standardAttachmentInfor, in this order, those that
 * are there. Returns the envelope without an XML declaration. Throws TypeError for a text that is no envelope with a
 * Header and a Body, or that has a Security header already.
 */
export function signEnvelope(envelopeXml: string, key: SigningKey): string {
  const signed = readXml(envelopeXml, (root, document) => {
    const { header, body } = partsOf(root);
    const token = addSecurity(header, key);
    const targets = [body, token, ...signedHeaders(header)];
    addSignature(token, targets, key);
    return textWritten((output) => document.save(output, { noDeclaration: true, encoding: 'utf-8' })).trimEnd();
  });
  if (!signed.ok) throw new TypeError(`The envelope to sign was refused: ${signed.reason} at ${signed.at}.`);
  return signed.value;
}

function partsOf(root: XmlElement): { readonly header: XmlElement; readonly body: XmlElement } {
  const isEnvelope = root.name === 'Envelope' && soapVersionOf(root.namespaceUri) !== null;
  const [header, ...otherHeaders] = childrenNamed(root, root.namespaceUri, 'Header');
  const [body, ...otherBodies] = childrenNamed(root, root.namespaceUri, 'Body');
  if (!isEnvelope || header === undefined || body === undefined || otherHeaders.length + otherBodies.length > 0) {
    throw new TypeError('Only a SOAP envelope with one Header and one Body can be signed.');
  }
  if (childrenNamed(header, wsseNamespace, 'Security').length > 0) {
    throw new TypeError('The envelope has a Security header already.');
  }
  return { header, body };
}

function signedHeaders(header: XmlElement): XmlElement[] {
  return [
    ...childrenNamed(header, caisoHeaderNamespace, 'CAISOWSHeader'),
    ...childrenNamed(header, attachmentHashNamespace, 'attachmentHash'),
    ...childrenNamed(header, attachmentInforNamespace, 'standardAttachmentInfor'),
  ];
}

/** Security stands first among the headers, as the market's own tool writes it. Returns its token. */
function addSecurity(header: XmlElement, key: SigningKey): XmlElement {
  const security = header.firstChild?.prependElement('Security') ?? header.addElement('Security');
  security.addNsDeclaration(wsseNamespace, 'wsse');
  security.prefix = 'wsse';
  const token = security.addElement('BinarySecurityToken', 'wsse');
  idOf(token, key);
  token.setAttr('EncodingType', base64EncodingType);
  token.setAttr('ValueType', x509TokenType);
  token.addText(Buffer.from(key.certificateDer).toString('base64'));
  return token;
}

function addSignature(token: XmlElement, targets: readonly XmlElement[], key: SigningKey): void {
  const hash = key.digest ?? 'sha1';
  const signature = token.appendElement('Signature');
  signature.addNsDeclaration(dsNamespace, 'ds');
  signature.prefix = 'ds';

  const signedInfo = signature.addElement('SignedInfo', 'ds');
  signedInfo.addElement('CanonicalizationMethod', 'ds').setAttr('Algorithm', exclusiveC14n);
  signedInfo.addElement('SignatureMethod', 'ds').setAttr('Algorithm', hash === 'sha1' ? rsaSha1 : rsaSha256);
  for (const target of targets) addReference(signedInfo, target, key);

  const octets = Buffer.from(canonicalText(signedInfo, exclusive));
  const value = sign(`RSA-${hash.toUpperCase()}`, octets, createPrivateKey(key.keyPem));
  signature.addElement('SignatureValue', 'ds').addText(value.toString('base64'));
  addKeyInfo(signature, idOf(token, key));
}

function addReference(signedInfo: XmlElement, target: XmlElement, key: SigningKey): void {
  const hash = key.digest ?? 'sha1';
  const reference = signedInfo.addElement('Reference', 'ds');
  reference.setAttr('URI', `#${idOf(target, key)}`);
  const transforms = reference.addElement('Transforms', 'ds');
  transforms.addElement('Transform', 'ds').setAttr('Algorithm', exclusiveC14n);
  reference.addElement('DigestMethod', 'ds').setAttr('Algorithm', hash === 'sha1' ? sha1Digest : sha256Digest);
  const digest = createHash(hash).update(canonicalText(target, exclusive)).digest('base64');
  reference.addElement('DigestValue', 'ds').addText(digest);
}

function addKeyInfo(signature: XmlElement, tokenId: string): void {
  const tokenReference = signature.addElement('KeyInfo', 'ds').addElement('SecurityTokenReference', 'wsse');
  tokenReference.setAttr('TokenType', x509TokenType, 'wsse');
  const reference = tokenReference.addElement('Reference', 'wsse');
  reference.setAttr('URI', `#${tokenId}`);
  reference.setAttr('ValueType', x509TokenType);
}

function idOf(element: XmlElement, key: SigningKey): string {
  const present = attributeOf(element, 'Id', wsuNamespace);
  if (present !== null) return present;
  if (element.namespaceForPrefix('wsu') !== wsuNamespace) element.addNsDeclaration(wsuNamespace, 'wsu');
  return element.setAttr('Id', key.ids(), 'wsu').value;
}
