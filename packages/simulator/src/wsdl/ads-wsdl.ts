// The description of the dispatch system: RPC style, literal. Names of service, port, operations, parameters and result
// types are those of the public client stubs.
import { adsRpcNamespace } from '@headgate/soap';
import { element, type XmlNode } from '../wire/xml.ts';
import { part, type WsdlDescription, type WsdlOperation } from './wsdl-document.ts';

/** Operations with the type of their result; null for the one that answers with nothing. */
export const adsOperationTypes: Readonly<Record<string, 'string' | 'int' | 'boolean' | null>> = {
  getDispatchBatchesSinceUID: 'string',
  getDispatchBatch: 'string',
  getTrajectoryData: 'string',
  isNewTrajData: 'boolean',
  getBatchHeader: 'string',
  getBatchStatus: 'int',
  validateDispatchBatch: null,
};

/** The description of ADS for callers who reach it at `location`. */
export function adsDescription(location: string): WsdlDescription {
  return {
    service: 'APIWebService',
    portType: 'APIWebService',
    port: 'APIWebServicePort',
    targetNamespace: adsRpcNamespace,
    prefixes: {},
    style: 'rpc',
    documentation:
      'The client certificate of the connection says who calls; there is no WS-Security. A result is escaped XML ' +
      '(lists and heads) or base64 of gzip of XML (batches and trajectories).',
    schemas: [],
    messages: Object.entries(adsOperationTypes).flatMap(([name, type]) => [
      { name, parts: [part('batchUID', { type: 'xsd:string' })] },
      { name: `${name}Response`, parts: type === null ? [] : [part('result', { type: `xsd:${type}` })] },
    ]),
    operations: Object.keys(adsOperationTypes).map(operation),
    location,
  };
}

function operation(name: string): WsdlOperation {
  return { name, input: name, output: `${name}Response`, boundInput: [literalBody()], boundOutput: [literalBody()] };
}

function literalBody(): XmlNode {
  return element('soap:body', [], { use: 'literal', namespace: adsRpcNamespace });
}
