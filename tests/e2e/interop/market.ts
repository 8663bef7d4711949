// The world of the interop tests: a real simulator behind a real gateway, and the way in for libraries that believe they call
// the market's own host names on port 443.
import { Agent } from 'node:https';
import type { LookupFunction } from 'node:net';
import type { TestContext } from 'node:test';
import type { TestUser } from '@headgate/pki';
import { type Simulator, startSimulator } from '@headgate/simulator';
import { fakeClock, startTestGateway, type TestGateway } from '@headgate/testkit';

/** A simulator and the gateway before it, at one standing instant. */
export interface Market {
  readonly gateway: TestGateway;
  readonly simulator: Simulator;
  /** The standing instant, in ms since 1970 UTC. It is today's: foreign libraries check certificates by the machine's clock. */
  readonly nowMs: number;
}

/** Starts both; they are closed when the test ends. */
export async function startMarket(t: Pick<TestContext, 'after'>): Promise<Market> {
  const clock = fakeClock(Date.now());
  const simulator = await startSimulator({ host: '127.0.0.1', port: 0, seed: 'interop', clock: () => clock.now() });
  t.after(() => simulator.close());
  const everything = { system: '*', environment: '*', infrastructure: '*', endpoints: [simulator.url] };
  const gateway = await startTestGateway({ clock, upstreams: [everything] });
  t.after(() => gateway.close());
  return { gateway, simulator, nowMs: clock.now() };
}

/** An agent with a client certificate that takes every host name to the gateway, as a name server and port 443 would. */
export function marketAgent(
  { gateway }: Market,
  user: Pick<TestUser, 'certificatePem' | 'keyPem'> = gateway.user,
): Agent {
  return new Agent({
    cert: user.certificatePem,
    key: user.keyPem,
    ca: gateway.authority.trustBundlePem('current', 'server').anchorsPem,
    lookup: toLoopback,
    port: gateway.port,
  });
}

const toLoopback: LookupFunction = (_name, options, found) => {
  if (options.all === true) found(null, [{ address: '127.0.0.1', family: 4 }]);
  else found(null, '127.0.0.1', 4);
};

/** The span that the tests ask awards for: six whole hours of yesterday, so that they are posted whatever the time is. */
export function yesterdaysHours({ nowMs }: Market): { readonly dateTimeStart: string; readonly dateTimeEnd: string } {
  const hourMs = 3_600_000;
  const startMs = Math.floor(nowMs / hourMs) * hourMs - 24 * hourMs;
  return {
    dateTimeStart: new Date(startMs).toISOString(),
    dateTimeEnd: new Date(startMs + 6 * hourMs).toISOString(),
  };
}
