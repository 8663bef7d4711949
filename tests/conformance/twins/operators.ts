// What the rows of the table become at each operator: hosts, paths, bodies, rules.
import type { CaseCall, CaseRule, LimitCase, OperatorWord, Speaks } from './limit-cases.ts';
import { limitCases } from './limit-cases.ts';

/** A request as it goes over a socket. */
export interface WireCall {
  readonly host: string;
  readonly method: 'GET' | 'POST';
  readonly path: string;
  readonly fields: Readonly<Record<string, string>>;
  readonly body: string;
}

/** One operator. */
export interface TwinOperator {
  readonly name: string;
  /** Folder of its catalogue. */
  readonly folder: 'caiso' | 'example';
  readonly environment: string;
  readonly hosts: readonly [string, ...string[]];
  readonly words: Readonly<Record<OperatorWord, string>>;
  /** Why there is no system that speaks JSON; null where there is one. */
  readonly noJson: string | null;
  readonly toWire: (call: CaseCall) => WireCall;
}

const soap11 = 'http://schemas.xmlsoap.org/soap/envelope/';
const soap12 = 'http://www.w3.org/2003/05/soap-envelope';
const envelope = (content: string, namespace = soap11) =>
  `<e:Envelope xmlns:e="${namespace}"><e:Header/><e:Body>${content}</e:Body></e:Envelope>`;

const contentTypes: Readonly<Record<Exclude<Speaks, 'html'>, string>> = {
  'soap-1.1': 'text/xml; charset=utf-8',
  'soap-1.2': 'application/soap+xml; charset=utf-8',
  'problem+json': 'application/json',
};

/** A body in the caller's words, of so many bytes where that matters. */
function bodyOf({ speaks = 'soap-1.1', bodyBytes }: CaseCall, content: string): string {
  if (speaks === 'problem+json') return '{"ask":"it"}';
  const namespace = speaks === 'soap-1.2' ? soap12 : soap11;
  const empty = envelope(content.replace('$', ''), namespace);
  const filler = 'x'.repeat(Math.max(0, (bodyBytes ?? 0) - empty.length));
  return envelope(content.replace('$', filler), namespace);
}

/** As Java's own client says it. */
const javaAccept = 'text/html, image/gif, image/jpeg, *; q=.2, */*; q=.2';

/** Where an operator has what a row asks for. */
interface Places {
  readonly host: string;
  readonly page: { readonly host: string; readonly path: string };
  readonly path: (call: CaseCall) => string;
  readonly scidPath: string;
  readonly scidContent: (scid: string | null) => string;
}

const browser = 'text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8';

function toWireOf({ host, page, path, scidPath, scidContent }: Places): TwinOperator['toWire'] {
  return (call) => {
    const { speaks = 'soap-1.1' } = call;
    if (speaks === 'html') return { ...page, method: 'GET', fields: { accept: browser }, body: '' };
    if (call.system === 'json')
      return { host, method: 'GET', path: path(call), fields: { accept: javaAccept }, body: '' };
    const fields = { 'content-type': contentTypes[speaks] };
    const isOfScid = call.scid !== undefined;
    const content = isOfScid ? scidContent(call.scid) : '<Ask>$</Ask>';
    return { host, method: 'POST', path: isOfScid ? scidPath : path(call), fields, body: bodyOf(call, content) };
  };
}

const caiso: TwinOperator = {
  name: 'California ISO',
  folder: 'caiso',
  environment: 'production',
  hosts: ['ws.prod.caiso.com', 'cmri.caiso.com'],
  words: { $namespace: 'ws', $first: 'cmri', $page: 'cmri', $scid: 'RetrieveMarketAwards*' },
  noJson: 'no system of this catalogue speaks JSON',
  toWire: toWireOf({
    host: 'ws.prod.caiso.com',
    page: { host: 'cmri.caiso.com', path: '/' },
    path({ system, service, operation }) {
      const verb = operation === 'submit' ? 'Submit' : 'Retrieve';
      return system === 'second' ? `/sst/sibr/${verb}${service}_SIBRv1_AP` : `/sst/cmri/${verb}${service}_CMRIv1_AP`;
    },
    scidPath: '/sst/cmri/RetrieveMarketAwards_CMRIv4_AP',
    scidContent: (scid) =>
      `<RequestMarketAwards_v4 xmlns="http://www.caiso.com/soa/RequestMarketAwards_v4.xsd#"><MessagePayload><RequestMarketAwardsRecord>${
        scid === null ? '' : `<schedulingCoordinator>${scid}</schedulingCoordinator>`
      }</RequestMarketAwardsRecord></MessagePayload></RequestMarketAwards_v4>`,
  }),
};

const northShore: TwinOperator = {
  name: 'North Shore Grid',
  folder: 'example',
  environment: 'live',
  hosts: ['api.grid.example.net', 'desk.grid.example.net'],
  words: { $namespace: 'market', $first: 'offers', $page: 'offers', $scid: 'ReadOffers' },
  noJson: null,
  toWire: toWireOf({
    host: 'api.grid.example.net',
    page: { host: 'desk.grid.example.net', path: '/offers' },
    path({ system, service, operation }) {
      if (system === 'json') return `/v2/outages/List${service}`;
      const verb = operation === 'submit' ? 'Send' : 'Read';
      return system === 'second' ? `/v2/exchange/${verb}${service}_METERSv1` : `/v2/offers/${verb}${service}`;
    },
    scidPath: '/v2/offers/ReadOffers',
    scidContent: (scid) =>
      `<AskOffers xmlns="urn:north-shore:offers">${scid === null ? '' : `<Party>${scid}</Party>`}</AskOffers>`,
  }),
};

/** Both catalogues that are shipped. */
export const twinOperators: readonly TwinOperator[] = [caiso, northShore];

/** The sentence of a rule. A global limit has words of its own. */
export function sentenceOf({ name, layer }: CaseRule): string {
  return layer === 'global'
    ? `Global limit ${name} reached. Please retry your request after <n> seconds.`
    : `429: Acceptable Use Policy Violation (${name}). Please retry your request after <n> seconds.`;
}

/** Window of a rule that names none, in ms. */
export const windowMsDefault = 1_000;

/** Every rule of the table as one policy file; YAML reads JSON. */
export function policyText({ words }: TwinOperator): string {
  const rules = new Map(limitCases.flatMap((row) => row.rules).map((rule) => [rule.name, rule]));
  return JSON.stringify({ limits: [...rules.values()].map((rule) => writtenRule(rule, words)) });
}

function writtenRule(rule: CaseRule, words: TwinOperator['words']): object {
  const { name, layer = 'acceptable-use', where, key, unit = 'requests', quota = 1, counts, mode } = rule;
  const { windowMs = windowMsDefault, status = 500, seconds = 'remaining' } = rule;
  const isWord = (text: string): text is OperatorWord => text in words;
  return {
    name,
    layer,
    where: Object.fromEntries(Object.entries(where).map(([part, text]) => [part, isWord(text) ? words[text] : text])),
    key,
    unit,
    quota,
    windowMs,
    ...(counts === undefined ? {} : { counts }),
    ...(mode === undefined ? {} : { mode }),
    ...(unit === 'connections' ? {} : { refusal: { text: sentenceOf(rule), status, seconds } }),
    evidence: 'assumed',
    source: 'a table of limit cases',
  };
}

/** Two participants with every right: alpha with two certificates and two SCIDs, beta with one of each. */
export function provisioningText({ environment }: TwinOperator, subjects: Readonly<Record<string, string>>): string {
  const systems = {
    system: 'all',
    environment,
    channels: ['ui', 'api'],
    operations: ['submit', 'retrieve'],
    scids: 'all',
  };
  const participant = (id: string, scids: readonly string[], callers: readonly string[]) => ({
    id,
    name: id,
    scids,
    credentials: callers.map((caller) => ({
      subject: subjects[caller],
      environments: [environment],
      rights: [systems],
    })),
  });
  const participants = [
    participant('alpha', ['ALPHA', 'AL2'], ['alpha', 'alpha-other']),
    participant('beta', ['BETA'], ['beta']),
  ];
  return JSON.stringify({ format: 1, participants });
}

/** The longest window of a row, in ms. */
export function longestWindowMs({ rules }: LimitCase): number {
  return Math.max(...rules.map(({ windowMs = windowMsDefault }) => windowMs));
}

/** The rows that an operator can play. */
export function rowsOf({ noJson }: TwinOperator): readonly LimitCase[] {
  if (noJson === null) return limitCases;
  return limitCases.filter(({ steps }) => steps.every((step) => !('call' in step) || step.call.system !== 'json'));
}
