// Schemas of the documents that stand in a Body. A retrieve's request is described as far as the simulator reads it; deeper
// ones are left open, because a wrong schema would make a library refuse what the service takes.
import type { Service } from '../wire/service.ts';
import type { XmlNode } from '../wire/xml.ts';
import { anything, complex, schema, simple } from './xml-schema.ts';

const awardQuestion = [
  simple('dateTimeStart', 'dateTime'),
  simple('dateTimeEnd', 'dateTime'),
  simple('marketType', 'string'),
  simple('executionType', 'string'),
  simple('schedulingCoordinator', 'string', 'any'),
  simple('resource', 'string', 'any'),
];

const bidQuestion = [
  simple('marketType', 'string', 'optional'),
  simple('schedulingCoordinator', 'string', 'any'),
  simple('MarketStartTime', 'dateTime'),
  simple('MarketEndTime', 'dateTime'),
];

/** Content of MessagePayload by the root of the request document. */
const payloads: Readonly<Record<string, readonly XmlNode[]>> = {
  RequestMarketAwards: [complex('RequestMarketAwardsRecord', awardQuestion)],
  RequestSchedulePrices: [complex('RequestSchedulePricesRecord', awardQuestion)],
  RequestRawBidSet: bidQuestion,
  RequestCurrentBidResults: bidQuestion,
  BatchValidationStatus: [complex('BatchStatus', [simple('mRID', 'string')])],
  RequestMeterData: [
    simple('SCID', 'string', 'any'),
    simple('timeIntervalLength', 'int', 'optional'),
    simple('dateTimeStart', 'dateTime', 'optional'),
    simple('dateTimeEnd', 'dateTime', 'optional'),
    simple('updatedSinceDateTime', 'dateTime', 'optional'),
    simple('resource', 'string', 'any'),
  ],
};

/** The namespace of a service's request document, as in `http://www.caiso.com/soa/RequestMarketAwards_v4.xsd#`. */
export function requestNamespace({ requestRoot, version }: Service): string {
  return `http://www.caiso.com/soa/${requestRoot}_v${version}.xsd#`;
}

/** The schema of a service's request document. */
export function requestSchema(service: Service): XmlNode {
  const header = complex(
    'MessageHeader',
    [simple('TimeDate', 'dateTime'), simple('Source', 'string'), simple('Version', 'string')],
    'optional',
  );
  const payload = complex('MessagePayload', payloads[service.requestRoot] ?? [anything()]);
  return schema(requestNamespace(service), [complex(service.requestRoot, [header, payload])]);
}

/** The schema of the acknowledgement of a submit. */
export function acknowledgementSchema(namespace: string): XmlNode {
  const event = ['result', 'id', 'name', 'description', 'creationTime', 'severity', 'eventType'];
  const log = complex('EventLog', [
    complex('Batch', [simple('mRID', 'string')], 'optional'),
    complex(
      'Event',
      event.map((name) => simple(name, 'string', 'optional')),
      'any',
    ),
    complex('Service', [simple('name', 'string', 'optional'), simple('comments', 'string', 'optional')], 'any'),
  ]);
  const header = ['TimeDate', 'Source', 'Version'].map((name) => simple(name, 'string', 'optional'));
  return schema(namespace, [
    complex('StandardOutput', [complex('MessageHeader', header, 'optional'), complex('MessagePayload', [log])]),
  ]);
}
