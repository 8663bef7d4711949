// The operators that the suites of this folder run over: what each calls its hosts, addresses and services. Every number and
// sentence of a limit is read from the operator's own policy; nothing of them is written here.
import { readFile } from 'node:fs/promises';
import { type LimitRule, parsePolicy, sayFinding } from '@headgate/contract';
import { caisoCatalogue, exampleCatalogue, type TestCall, type TestGatewayOptions } from '@headgate/testkit';

/** A call to one service, and what the catalogue calls the system behind it. */
export interface Place {
  readonly call: TestCall & { readonly host: string; readonly path: string };
  readonly system: string;
}

/** A place with paths below the same address: of a service that nobody has, and of one that another system has. */
export interface NamedPlace extends Place {
  readonly unknownService: string;
  readonly serviceElsewhere: string;
}

/** A clue to the system behind a shared path: what the call says, and how the gateway must say that it knew. */
export interface SharedPathClue {
  readonly clue: string;
  readonly call: TestCall;
  readonly system: string;
  readonly by: string;
}

/** One operator as the suites need it. */
export interface Operator {
  readonly name: string;
  readonly catalogue: string;
  /** An instant at which its old and new addresses are both live, in ms since 1970 UTC. */
  readonly startMs: number;
  readonly environment: string;
  readonly hosts: Pick<TestGatewayOptions, 'hosts' | 'plainHosts' | 'anonymousHosts'>;
  /** A SOAP retrieve on a new address. */
  readonly retrieve: NamedPlace;
  /** A submit that no acceptable use limits. */
  readonly submit: Place;
  /** A submit of another system. */
  readonly otherSubmit: Place & { readonly systemId: string };
  /** A retrieve with acceptable use, the same written otherwise, and another service of the same rule. */
  readonly limited: Place & {
    readonly rule: string;
    readonly anotherService: TestCall;
    /** The path of the same service with the attachment mark. */
    readonly attached: string;
    readonly otherSpellings: readonly (readonly [trick: string, path: string])[];
  };
  /** For every acceptable-use rule of the policy: calls that it limits, each a service of its own, and calls it leaves alone. */
  readonly acceptableUse: Readonly<
    Record<string, { readonly limits: readonly TestCall[]; readonly leaves: readonly TestCall[] }>
  >;
  /** Services without acceptable use that share the pool of the global rule, old address included. */
  readonly pooled: { readonly rule: string; readonly places: readonly TestCall[] };
  /** A call that is counted in another pool. */
  readonly otherPool: TestCall;
  /** The retrieve of `retrieve` on its old address; `moves` is the host and where its hard cutover takes it. */
  readonly old: Place & {
    readonly systemId: string;
    /** Why the limited system itself cannot show it, so that its rule is put on this one; null where it can. */
    readonly borrowed: string | null;
    readonly infrastructure: string;
    readonly moves: readonly [host: string, infrastructure: string];
  };
  /** A page of a user interface. */
  readonly page: Place;
  /** A call to a host that asks for no certificate. */
  readonly anonymous: Place & { readonly proto: 'http' | 'https'; readonly rule: string };
  /** An address whose system speaks JSON to programs with a certificate; else why there is none. */
  readonly json: NamedPlace | { readonly reason: string };
  /** Where a JSON body is awaited, with a certificate or without. */
  readonly jsonBody: Place;
  readonly shared: { readonly path: string; readonly candidates: RegExp; readonly clues: readonly SharedPathClue[] };
  /** An address that is gone on a later day, and its replacement. */
  readonly decommissioned: {
    readonly call: TestCall;
    readonly stillServedMs: number;
    readonly goneMs: number;
    readonly replacement: RegExp;
  };
  /** The retrieve of `retrieve` in another environment. */
  readonly otherEnvironment: TestCall & { readonly host: string };
  /** A host of the catalogue that the gateway under test does not serve. */
  readonly hostNotServed: string;
  /** A second host of the TLS listener. */
  readonly secondHost: string;
}

const envelope = (element: string) =>
  `<e:Envelope xmlns:e="http://schemas.xmlsoap.org/soap/envelope/"><e:Header/><e:Body>${element}</e:Body></e:Envelope>`;
const get = (host: string, path: string) => ({ host, path, method: 'GET' }) as const;
const post = (host: string, path: string) => ({ host, path }) as const;

const ws = 'ws.prod.caiso.com';

const caiso: Operator = {
  name: 'California ISO',
  catalogue: caisoCatalogue,
  startMs: Date.UTC(2024, 1, 21, 12),
  environment: 'production',
  hosts: {
    hosts: [ws, 'ws.caiso.com', 'mapstage-ws.caiso.com', 'wsmap.caiso.com', 'adsws.prod.caiso.com', 'cmri.caiso.com'],
    plainHosts: ['oasis.caiso.com'],
  },
  retrieve: {
    call: post(ws, '/sst/cmri/RetrieveMarketAwards_CMRIv4_AP'),
    system: 'CMRI',
    unknownService: '/sst/cmri/MoonPhases_CMRIv9_AP',
    serviceElsewhere: '/sst/cmri/RetrieveMeterData_STLMTv1_AP',
  },
  submit: { call: post(ws, '/sst/sibr/SubmitBids_SIBRv1_AP'), system: 'SIBR' },
  otherSubmit: { call: post(ws, '/sst/drrs/SubmitDRLocations_DRRSv1_AP'), system: 'DRRS', systemId: 'drrs' },
  limited: {
    call: post(ws, '/sst/cmri/RetrieveMarketAwards_CMRIv4_AP'),
    system: 'CMRI',
    rule: 'cmri-retrieve',
    anotherService: post(ws, '/sst/cmri/RetrieveSchedulePrices_CMRIv3_AP'),
    attached: '/sst/cmri/RetrieveMarketAwards_CMRIv4_DocAttach_AP',
    otherSpellings: [
      ['in other letter case', '/sst/cmri/retrievemarketawards_cmriv4_ap'],
      ['in another version', '/sst/cmri/RetrieveMarketAwards_CMRIv3_AP'],
      ['with an encoded letter', '/sst/cmri/RetrieveMarketAward%73_CMRIv4_AP'],
      ['with a path parameter', '/sst/cmri/RetrieveMarketAwards_CMRIv4_AP;x=1'],
      ['with a slash at its end', '/sst/cmri/RetrieveMarketAwards_CMRIv4_AP/'],
      ['with a segment behind it', '/sst/cmri/RetrieveMarketAwards_CMRIv4_AP/x'],
      ['with an encoded space', '/sst/cmri/RetrieveMarketAwards_CMRIv4_AP%20'],
    ],
  },
  acceptableUse: {
    'cmri-retrieve': { limits: [post(ws, '/sst/cmri/RetrieveMarketAwards_CMRIv4_AP')], leaves: [] },
    'drrs-calls': {
      limits: [post(ws, '/sst/drrs/SubmitDRLocations_DRRSv1_AP'), post(ws, '/sst/drrs/RetrieveDRLocations_DRRSv1_AP')],
      leaves: [],
    },
    'stlmt-meter-data-retrieve': {
      limits: [post(ws, '/sst/stlmt/RetrieveMeterData_STLMTv1_AP')],
      leaves: [post(ws, '/sst/stlmt/SubmitMeterData_STLMTv1_AP'), post(ws, '/sst/stlmt/RetrieveStatements_STLMTv1_AP')],
    },
  },
  pooled: {
    rule: 'ws-global',
    places: [
      post(ws, '/sst/sibr/SubmitBids_SIBRv1_AP'),
      post(ws, '/sst/baaop/RetrieveThings_BAAOPv1_AP'),
      post(ws, '/sst/weboms/RetrieveOutages_OMSv1_AP'),
      post('ws.caiso.com', '/sst/sibr/SubmitBids_SIBRv1_AP'),
    ],
  },
  otherPool: {
    ...post('adsws.prod.caiso.com', '/ADS/APIWebService/v8'),
    fields: { soapaction: '""' },
    body: envelope('<q:getDispatchBatch xmlns:q="urn-com-caiso-ads-webservices-api"/>'),
  },
  old: {
    call: post('ws.caiso.com', '/sst/cmri/RetrieveMarketAwards_CMRIv4_AP'),
    system: 'CMRI',
    systemId: 'cmri',
    borrowed: null,
    infrastructure: 'legacy',
    moves: ['ws.caiso.com', 'current'],
  },
  page: { call: get('cmri.caiso.com', '/'), system: 'CMRI' },
  anonymous: {
    call: { ...get('oasis.caiso.com', '/oasisapi/SingleZip'), plain: true },
    system: 'OASIS',
    proto: 'http',
    rule: 'oasis-global',
  },
  json: { reason: 'no system of this catalogue speaks JSON' },
  jsonBody: { call: { ...post('oasis.caiso.com', '/oasisapi/SingleZip'), plain: true }, system: 'OASIS' },
  shared: {
    path: '/sst/runtime.asvc',
    candidates: /ALFS.*MF.*PISOA/,
    clues: [
      {
        clue: 'the name in the path',
        call: { path: '/sst/runtime.asvc/RetrieveThings_PISOAv1_AP' },
        system: 'PISOA',
        by: 'naming-rule',
      },
      {
        clue: 'SOAPAction',
        call: { fields: { soapaction: '"SubmitForecast_MFv1"' } },
        system: 'MF',
        by: 'soap-action',
      },
      {
        clue: 'SOAPAction before the body',
        call: { fields: { soapaction: 'urn:x/RetrieveThings_PISOAv2' }, body: envelope('<SubmitX/>') },
        system: 'PISOA',
        by: 'soap-action',
      },
      {
        clue: 'the first element of the body, at the one endpoint of ADS and with an empty SOAPAction',
        call: {
          ...post('adsws.prod.caiso.com', '/ADS/APIWebService/v8'),
          fields: { soapaction: '""' },
          body: envelope('<q:getDispatchBatch xmlns:q="urn-com-caiso-ads-webservices-api"/>'),
        },
        system: 'ADS',
        by: 'body-element',
      },
    ],
  },
  decommissioned: {
    call: post('wsmap.caiso.com', '/sst/cmri/RetrieveMarketAwards_CMRIv4_AP'),
    stillServedMs: Date.UTC(2023, 7, 1),
    goneMs: Date.UTC(2024, 5, 1),
    replacement: /mapstage-ws\.caiso\.com/,
  },
  otherEnvironment: post('mapstage-ws.caiso.com', '/sst/cmri/RetrieveMarketAwards_CMRIv4_AP'),
  hostNotServed: 'drrs.caiso.com',
  secondHost: 'ws.caiso.com',
};

const api = 'api.grid.example.net';
const desk = 'desk.grid.example.net';

const northShore: Operator = {
  name: 'North Shore Grid',
  catalogue: exampleCatalogue,
  startMs: Date.UTC(2026, 2, 2, 12),
  environment: 'live',
  hosts: {
    hosts: [api, 'gate.grid.example.net', desk, 'offers.grid.example.net'],
    plainHosts: ['plain.example.net'], // A listener needs a host; no address of the catalogue is plain HTTP.
    anonymousHosts: ['data.grid.example.net'],
  },
  retrieve: {
    call: post(api, '/v2/offers/ReadOffers'),
    system: 'Offers',
    unknownService: '/v2/offers/MoonPhases',
    serviceElsewhere: '/v2/offers/ReadReadings_METERSv1',
  },
  submit: { call: post(api, '/v2/offers/SendOffers'), system: 'Offers' },
  otherSubmit: { call: post(api, '/v2/exchange/SendReadings'), system: 'Meters', systemId: 'meters' },
  limited: {
    call: get(api, '/v2/outages/ListOutages'),
    system: 'Outages',
    rule: 'outages-list',
    anotherService: get(api, '/v2/outages/ListPlans'),
    attached: '/v2/outages/ListOutages.packed',
    otherSpellings: [
      ['in other letter case', '/v2/outages/listoutages'],
      ['in another version', '/v2/outages/ListOutages_v7'],
      ['with an encoded letter', '/v2/outages/ListOutage%73'],
      ['with a path parameter', '/v2/outages/ListOutages;x=1'],
      ['with a slash at its end', '/v2/outages/ListOutages/'],
      ['with a segment behind it', '/v2/outages/ListOutages/x'],
      ['with an encoded space', '/v2/outages/ListOutages%20'],
    ],
  },
  acceptableUse: {
    'outages-list': {
      limits: [get(api, '/v2/outages/ListOutages')],
      leaves: [
        { ...post(api, '/v2/outages/SendOutage'), fields: { 'content-type': 'application/json' }, body: '{}' },
        post(api, '/v2/offers/ReadOffers'),
      ],
    },
  },
  pooled: {
    rule: 'market-global',
    places: [
      post(api, '/v2/offers/SendOffers'),
      post(api, '/v2/exchange/ReadReadings'),
      { ...post(api, '/v2/outages/SendOutage'), fields: { 'content-type': 'application/json' }, body: '{}' },
      post('gate.grid.example.net', '/soap/offers/ReadOffers'),
    ],
  },
  otherPool: get('data.grid.example.net', '/feed/day-ahead'),
  old: {
    call: post('gate.grid.example.net', '/soap/offers/ReadOffers'),
    system: 'Offers',
    systemId: 'offers',
    borrowed: 'Outages has no old address',
    infrastructure: 'west-hall',
    moves: ['gate.grid.example.net', 'east-hall'],
  },
  page: { call: get(desk, '/offers'), system: 'Offers' },
  anonymous: {
    call: { ...get('data.grid.example.net', '/feed/day-ahead'), user: null },
    system: 'Prices',
    proto: 'https',
    rule: 'public-global',
  },
  json: {
    call: post(api, '/v2/outages/SendOutage'),
    system: 'Outages',
    unknownService: '/v2/outages/MoonPhases',
    serviceElsewhere: '/v2/outages/ReadReadings_METERSv1',
  },
  jsonBody: { call: post(api, '/v2/outages/SendOutage'), system: 'Outages' },
  shared: {
    path: '/v2/exchange',
    candidates: /Meters.*Balances/,
    clues: [
      {
        clue: 'the name in the path',
        call: { path: '/v2/exchange/ReadReadings' },
        system: 'Meters',
        by: 'service-name',
      },
      {
        clue: 'the tail of a name in the path',
        call: { path: '/v2/exchange/SendSums_BALv1' },
        system: 'Balances',
        by: 'naming-rule',
      },
      {
        clue: 'SOAPAction',
        call: { fields: { soapaction: '"ReadSums_BALv2"' } },
        system: 'Balances',
        by: 'soap-action',
      },
      {
        clue: 'SOAPAction before the body',
        call: { fields: { soapaction: 'urn:x/ReadSums_BALv2' }, body: envelope('<AskReadings/>') },
        system: 'Balances',
        by: 'soap-action',
      },
      {
        clue: 'the first element of the body',
        call: { body: envelope('<AskReadings/>') },
        system: 'Meters',
        by: 'body-element',
      },
    ],
  },
  decommissioned: {
    call: get('offers.grid.example.net', '/'),
    stillServedMs: Date.UTC(2026, 2, 2, 12),
    goneMs: Date.UTC(2026, 2, 10),
    replacement: /desk\.grid\.example\.net\/offers/,
  },
  otherEnvironment: post('api.rehearsal.grid.example.net', '/v2/offers/ReadOffers'),
  hostNotServed: 'api.rehearsal.grid.example.net',
  secondHost: 'gate.grid.example.net',
};

/** Every operator whose catalogue is shipped. */
export const operators: readonly Operator[] = [caiso, northShore];

/** What a gateway of the operator is started with. */
export function gatewayOf({ catalogue, hosts }: Operator): TestGatewayOptions {
  return { catalogue, ...hosts };
}

/** Text of the operator's policy file. */
export function policyText({ catalogue }: Operator): Promise<string> {
  return readFile(`${catalogue}/policy.yaml`, 'utf8');
}

/** The operator's limits but for those that are off; throws with every finding when its policy is wrong. */
export async function limitsOf(operator: Operator): Promise<readonly LimitRule[]> {
  const parsed = parsePolicy('policy.yaml', await policyText(operator));
  if (!parsed.ok) throw new Error(parsed.findings.map(sayFinding).join('\n'));
  return parsed.policy.limits.filter(({ mode }) => mode !== 'off');
}

/** One rule of the operator's policy; throws when it has none of that name. */
export async function ruleOf(operator: Operator, name: string): Promise<LimitRule> {
  const rule = (await limitsOf(operator)).find((each) => each.name === name);
  if (rule === undefined) throw new Error(`${operator.name} has no limit ${name}`);
  return rule;
}

/** Policy text of some rules alone; YAML reads JSON. */
export function policyOf(limits: readonly LimitRule[]): string {
  return JSON.stringify({ limits });
}
