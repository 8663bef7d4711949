// Calls of each operator whose payload carries an SCID, in every shape in which its catalogue says so.
import { encodeAttachment, isoAttachmentNamespace, writeSubmitPlain } from '@headgate/soap';
import type { TestCall } from '@headgate/testkit';

/** A call of one shape. */
export interface ScidShape {
  readonly shape: string;
  readonly where: 'body' | 'attachment';
  /** The call for one SCID or several, in this order; for none where it is given none. `before` stands in front of the first. */
  readonly call: (scids: readonly string[], before?: string) => TestCall;
}

/** What the suite needs of an operator. */
export interface ScidCalls {
  readonly shapes: readonly [ScidShape, ...ScidShape[]];
  /** A service of whose payload the catalogue does not say where an SCID stands. */
  readonly placeless: { readonly call: TestCall; readonly reason: string };
  /** A word that stands for every SCID of the caller; null where the catalogue has none. */
  readonly every: string | null;
}

const envelope = (body: string) =>
  `<e:Envelope xmlns:e="http://schemas.xmlsoap.org/soap/envelope/"><e:Header/><e:Body>${body}</e:Body></e:Envelope>`;

const ws = 'ws.prod.caiso.com';
const awards = (scids: readonly string[], before = '') =>
  `<RequestMarketAwards_v4 xmlns="http://www.caiso.com/soa/RequestMarketAwards_v4.xsd#"><MessageHeader><Source>${before}</Source></MessageHeader><MessagePayload><RequestMarketAwardsRecord>${scids
    .map((scid) => `<schedulingCoordinator>${scid}</schedulingCoordinator>`)
    .join('')}</RequestMarketAwardsRecord></MessagePayload></RequestMarketAwards_v4>`;
const bids = (scids: readonly string[], before = '') =>
  `<b:RawBidSet xmlns:b="urn:bids"><b:MessageHeader><b:Source>${before}</b:Source></b:MessageHeader><b:MessagePayload>${scids
    .map((scid) => `<b:Bid><b:SchedulingCoordinator><b:mRID>${scid}</b:mRID></b:SchedulingCoordinator></b:Bid>`)
    .join('')}</b:MessagePayload></b:RawBidSet>`;

const caisoCalls: ScidCalls = {
  shapes: [
    {
      shape: 'a request in the Body',
      where: 'body',
      call: (scids, before) => ({
        host: ws,
        path: '/sst/cmri/RetrieveMarketAwards_CMRIv4_AP',
        body: envelope(awards(scids, before)),
      }),
    },
    {
      shape: 'a submit with an attachment in the Body',
      where: 'attachment',
      call: (scids, before) => ({
        host: ws,
        path: '/sst/sibr/SubmitRawBidSet_SIBRv4_DocAttach_AP',
        body: envelope(
          `<i:ISOAttachment xmlns:i="${isoAttachmentNamespace}"><i:AttachmentValue>${encodeAttachment(bids(scids, before)).base64}</i:AttachmentValue></i:ISOAttachment>`,
        ),
      }),
    },
    {
      shape: 'a submit with an attachment in a part',
      where: 'attachment',
      call: (scids, before) => {
        const { contentType, body } = writeSubmitPlain({
          caisoHeader: { username: 'CN=ALPHAx0001,OU=people,O=CAISO,C=US', createdMs: 0, nonce: 'bg==' },
          attachment: encodeAttachment(bids(scids, before)),
          boundary: '=_Part_1',
        });
        return { host: ws, path: '/sst/sibr/SubmitRawBidSet_SIBRv4_AP', body, fields: { 'content-type': contentType } };
      },
    },
  ],
  placeless: { call: { host: ws, path: '/sst/drrs/RetrieveDRLocations_DRRSv1_AP' }, reason: 'not-public' },
  every: 'ALL',
};

const api = 'api.grid.example.net';

const northShoreCalls: ScidCalls = {
  shapes: [
    {
      shape: 'an element of the Body',
      where: 'body',
      call: (scids, before = '') => ({
        host: api,
        path: '/v2/offers/ReadOffers',
        body: envelope(
          `<AskOffers xmlns="urn:north-shore:offers"><Note>${before}</Note>${scids.map((scid) => `<Party>${scid}</Party>`).join('')}</AskOffers>`,
        ),
      }),
    },
    {
      shape: 'an attribute in the Body',
      where: 'body',
      call: (scids, before = '') => ({
        host: api,
        path: '/v2/offers/SendOffers',
        body: envelope(
          `<n:OfferSet xmlns:n="urn:north-shore:offers"><n:Note>${before}</n:Note>${scids.map((scid) => `<n:Party code="${scid}"/>`).join('')}</n:OfferSet>`,
        ),
      }),
    },
    {
      shape: 'an attribute in an attachment in the Body',
      where: 'attachment',
      call: (scids, before = '') => {
        const { base64 } = encodeAttachment(
          `<OfferSet xmlns="urn:north-shore:offers"><Note>${before}</Note>${scids.map((scid) => `<Party code="${scid}"/>`).join('')}</OfferSet>`,
        );
        return {
          host: api,
          path: '/v2/offers/SendOffers.packed',
          body: envelope(`<p:Parcel xmlns:p="urn:north-shore:parcel"><p:Content>${base64}</p:Content></p:Parcel>`),
        };
      },
    },
    {
      shape: 'a member of a JSON document',
      where: 'body',
      call: ([first, ...others], before = '') => ({
        host: api,
        path: '/v2/outages/SendOutage',
        fields: { 'content-type': 'application/json' },
        body: JSON.stringify({ note: before, outage: { party: first ?? null, others } }),
      }),
    },
  ],
  placeless: { call: { host: api, path: '/v2/outages/ListOutages', method: 'GET' }, reason: 'none' },
  every: null,
};

/** The calls of an operator, by its name. */
export const scidCallsOf: Readonly<Record<string, ScidCalls>> = {
  'California ISO': caisoCalls,
  'North Shore Grid': northShoreCalls,
};
