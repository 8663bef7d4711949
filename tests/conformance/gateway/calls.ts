// How a suite of this folder calls an operator: with a retrieve of its own, unless a test says otherwise.
import {
  fakeClock,
  openRawCaller,
  type RawCaller,
  type RawCallerOptions,
  rawPost,
  startTestGateway,
  type TestGateway,
  type TestGatewayOptions,
} from '@headgate/testkit';
import { gatewayOf, type Operator } from './operators.ts';

/** A policy file without a limit. */
export const noLimits = 'limits: []\n';

/** What a suite needs to call one operator. */
export interface Calls {
  /** Starts a gateway of the operator, on a day of its catalogue. */
  start: (options?: TestGatewayOptions) => Promise<TestGateway>;
  /** Opens a raw connection to the host of the retrieve. */
  open: (gateway: TestGateway, options?: RawCallerOptions) => Promise<RawCaller>;
  /** A POST to the host and path of the retrieve as bytes, as `rawPost` writes it. */
  post: typeof rawPost;
}

/** The calls of one operator. */
export function callsTo(operator: Operator): Calls {
  const { host, path } = operator.retrieve.call;
  return {
    start: (options = {}) =>
      startTestGateway({
        ...gatewayOf(operator),
        clock: fakeClock(operator.startMs),
        call: operator.retrieve.call,
        ...options,
      }),
    open: (gateway, options = {}) => openRawCaller(gateway, { serverName: host, ...options }),
    post: (body, options) => rawPost(body, { path, ...options, fields: { Host: host, ...options?.fields } }),
  };
}
