// What every system is given: the clock, the invented market, rights, and the stores that requests fill.
import type { CatalogueIndex } from '@headgate/contract';
import { type BidStore, createBidStore } from './state/bids.ts';
import { BoundedMap } from './state/bounded-map.ts';
import { createDocumentStore, type DocumentStore } from './state/documents.ts';
import { type Coordinator, createMarket, type Market } from './state/market.ts';
import { createMeterStore, type MeterStore } from './state/meter-readings.ts';
import { createProvisioning, type Provision, type Provisioning } from './state/provisioning.ts';
import { createRegistrationStore, type RegistrationStore } from './state/registrations.ts';
import { createSubmissionStore, type SubmissionStore } from './state/submissions.ts';

/** The key and certificate that answers are signed with: a PEM private key and a DER certificate. */
export interface AnswerCredential {
  readonly keyPem: string;
  readonly certificateDer: Uint8Array;
}

/** What a world is made from. */
export interface WorldOptions {
  readonly seed: string;
  /** The present instant, in ms since 1970 UTC. */
  readonly clock: () => number;
  readonly environment: string;
  readonly infrastructure: string;
  readonly answerCredential: AnswerCredential | undefined;
  /** Where JSON documents live: paths below these, each with a slash at both ends. */
  readonly documentPrefixes: readonly string[];
  /** Whose systems are played that the simulator has no model of; null for none. */
  readonly catalogue: CatalogueIndex | null;
  readonly provisions: readonly Provision[] | undefined;
  readonly coordinators: readonly Coordinator[] | undefined;
}

/** The state of one simulator. Everything in it follows from the seed, the clock and the requests, in their order. */
export interface World extends Omit<WorldOptions, 'provisions' | 'coordinators'> {
  readonly market: Market;
  readonly provisioning: Provisioning;
  readonly bids: BidStore;
  readonly registrations: RegistrationStore;
  readonly meters: MeterStore;
  readonly documents: DocumentStore;
  /** What the catalogue's systems were sent as XML. */
  readonly submissions: SubmissionStore;
  /** UIDs of dispatch batches that were acknowledged, at most 10,000. */
  readonly adsAcknowledged: BoundedMap<string, true>;
  /** The next number of this simulator, from 1: message ids and MIME boundaries are made of it. */
  readonly nextNumber: () => number;
}

/** A fresh world without a request yet. */
export function createWorld({ provisions, coordinators, ...options }: WorldOptions): World {
  const market = createMarket(options.seed, coordinators);
  let number = 0;
  return {
    ...options,
    market,
    provisioning: createProvisioning(market.coordinators, provisions),
    bids: createBidStore(),
    registrations: createRegistrationStore(options.seed, market.coordinators),
    meters: createMeterStore(),
    documents: createDocumentStore(),
    submissions: createSubmissionStore(),
    adsAcknowledged: new BoundedMap(10_000),
    nextNumber: () => {
      number += 1;
      return number;
    },
  };
}
