// Every namespace and algorithm URI of the market's SOAP surface, in one place.

/** SOAP 1.1 envelope (W3C Note, section 3). */
export const soap11Namespace = 'http://schemas.xmlsoap.org/soap/envelope/';
/** SOAP 1.2 envelope (W3C Recommendation, section 5). */
export const soap12Namespace = 'http://www.w3.org/2003/05/soap-envelope';

/** The version of SOAP whose envelope has this namespace; null for any other. */
export function soapVersionOf(namespace: string): '1.1' | '1.2' | null {
  if (namespace === soap11Namespace) return '1.1';
  return namespace === soap12Namespace ? '1.2' : null;
}

/** The identity header that every market request carries. */
export const caisoHeaderNamespace = 'http://www.caiso.com/soa/2006-09-30/CAISOWSHeader.xsd';
/** The header that says how an attachment is packed. */
export const attachmentInforNamespace = 'http://www.caiso.com/soa/2006-06-13/StandardAttachmentInfor.xsd';
/** The header that carries the SHA-1 of the attachment's base64 text. */
export const attachmentHashNamespace = 'http://www.caiso.com/mrtu/soa/schemas/2005/09/attachmenthash';
/** The body of a `_DocAttach` message. */
export const isoAttachmentNamespace = 'http://www.caiso.com/soa/2006-10-26/ISOAttachment.xsd';
/** The first StandardOutput schema, root `outputDataType`. */
export const standardOutputNamespace = 'http://www.caiso.com/soa/2006-06-13/StandardOutput.xsd';
/** The second StandardOutput schema, root `StandardOutput`. */
export const standardOutputV1Namespace = 'http://www.caiso.com/soa/StandardOutput_v1.xsd#';
/** RPC calls of the dispatch system (ADS). */
export const adsRpcNamespace = 'urn-com-caiso-ads-webservices-api';
/** Documents inside the dispatch system's answers. */
export const adsDataNamespace = 'http://ads.caiso.com';
/** Reports of the public market data service (OASIS). */
export const oasisReportNamespace = 'http://www.caiso.com/soa/OASISReport_v1.xsd';
/** Our own fields in the detail of a fault. */
export const problemNamespace = 'urn:headgate:problem:1';
/** WS-Security 1.0 header elements (OASIS 200401). */
export const wsseNamespace = 'http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-wssecurity-secext-1.0.xsd';
/** WS-Security 1.0 utility, the home of `wsu:Id` (OASIS 200401). */
export const wsuNamespace = 'http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-wssecurity-utility-1.0.xsd';
/** XML Signature (W3C). */
export const dsNamespace = 'http://www.w3.org/2000/09/xmldsig#';
/** XML-binary Optimized Packaging (W3C). */
export const xopNamespace = 'http://www.w3.org/2004/08/xop/include';

/** ValueType of an X.509 version 3 token (OASIS X.509 Token Profile 1.0). */
export const x509TokenType = 'http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-x509-token-profile-1.0#X509v3';
/** EncodingType of a base64 token (OASIS SOAP Message Security 1.0). */
export const base64EncodingType =
  'http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-soap-message-security-1.0#Base64Binary';

/** Exclusive canonicalization without comments (W3C). */
export const exclusiveC14n = 'http://www.w3.org/2001/10/xml-exc-c14n#';
/** Inclusive canonicalization 1.0 without comments (W3C). */
export const inclusiveC14n = 'http://www.w3.org/TR/2001/REC-xml-c14n-20010315';
/** The transform that leaves the signature itself out (W3C XML Signature, section 6.6.4). */
export const envelopedSignature = 'http://www.w3.org/2000/09/xmldsig#enveloped-signature';
/** RSA with SHA-1, what the market's clients use. */
export const rsaSha1 = 'http://www.w3.org/2000/09/xmldsig#rsa-sha1';
/** RSA with SHA-256 (RFC 6931, section 2.3.2). */
export const rsaSha256 = 'http://www.w3.org/2001/04/xmldsig-more#rsa-sha256';
/** SHA-1 digest, what the market's clients use. */
export const sha1Digest = 'http://www.w3.org/2000/09/xmldsig#sha1';
/** SHA-256 digest (W3C XML Encryption). */
export const sha256Digest = 'http://www.w3.org/2001/04/xmlenc#sha256';
