// For tests: a fleet, its certificates, and a simulator that it calls, all real.
import type { TestContext } from 'node:test';
import { fileURLToPath } from 'node:url';
import { type CatalogueIndex, compileCatalogue, loadCatalogueFolder } from '@headgate/contract';
import { createTestAuthority, type Family, type TestAuthority } from '@headgate/pki';
import { type Simulator, type SimulatorOptions, startSimulator } from '../start-simulator.ts';
import { issueCredentials } from './issue-credentials.ts';
import { type FleetPlan, type FleetPlanOptions, planFleet } from './plan-fleet.ts';
import { coordinatorsOf, provisionsOf } from './provision-fleet.ts';
import { type Fleet, type FleetOptions, openFleet } from './start-fleet.ts';

/** A catalogue of the tree, compiled. */
export async function catalogueNamed(name: 'caiso' | 'example'): Promise<CatalogueIndex> {
  const parsed = await loadCatalogueFolder(fileURLToPath(new URL(`../../../../catalogues/${name}`, import.meta.url)));
  if (!parsed.ok) throw new Error(`The catalogue ${name} has findings.`);
  return compileCatalogue(parsed.catalogue);
}

/** The deck's catalogue. */
export const caiso = await catalogueNamed('caiso');

const authority: TestAuthority = await createTestAuthority({ nowMs: Date.now() });

/** A fleet under test, and what it calls. */
export interface FleetUnderTest {
  readonly fleet: Fleet;
  readonly plan: FleetPlan;
  readonly simulator: Simulator;
  /** Ids of submits that systems carried out, in their order. */
  readonly carriedOut: readonly string[];
}

/** What a test may say. */
export interface FleetTestOptions {
  readonly plan?: Partial<FleetPlanOptions>;
  readonly fleet?: Partial<FleetOptions>;
  readonly simulator?: Partial<SimulatorOptions>;
  /** Whose chain the simulator shows. Default `current`. */
  readonly chain?: Family;
  /** Counts limits as the policy of the catalogue has them. */
  readonly limits?: SimulatorOptions['limits'];
}

/** Opens a fleet before a simulator over TLS; both end with the test. */
export async function openTestFleet(t: TestContext, options: FleetTestOptions = {}): Promise<FleetUnderTest> {
  const plan = planFleet({
    seed: 'test',
    catalogue: caiso,
    participants: 4,
    systems: ['cmri', 'sibr'],
    ...options.plan,
  });
  const carriedOut: string[] = [];
  const hosts = [...caiso.hosts.keys()].filter((name) => name.startsWith('ws') || name.startsWith('mapstage-ws'));
  const chain = await authority.serverChain(options.chain ?? 'current', hosts);
  const families = ['legacy', 'current'] as const;
  const simulator = await startSimulator({
    host: '127.0.0.1',
    port: 0,
    seed: 'test',
    clock: Date.now,
    catalogue: caiso.catalogue,
    coordinators: coordinatorsOf(plan),
    provisions: provisionsOf(plan),
    tls: {
      certificatePem: chain.certificatePem,
      keyPem: chain.keyPem,
      clientAuthoritiesPem: families
        .map((family) => Object.values(authority.trustBundlePem(family, 'user')).join(''))
        .join(''),
    },
    carriedOut: (id) => carriedOut.push(id),
    ...(options.limits === undefined ? {} : { limits: options.limits }),
    ...options.simulator,
  });
  t.after(() => simulator.close());
  const fleet = openFleet({
    plan,
    credentials: await issueCredentials(plan, { authority }),
    serverAnchors: {
      legacy: authority.trustBundlePem('legacy', 'server'),
      current: authority.trustBundlePem('current', 'server'),
    },
    connectTo: { host: '127.0.0.1', port: simulator.port },
    ...options.fleet,
  });
  t.after(() => fleet.stop());
  return { fleet, plan, simulator, carriedOut };
}
