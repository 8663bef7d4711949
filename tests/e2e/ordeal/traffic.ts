// Callers that go on whatever happens to the gateway, and know which of their calls were answered.
import { openRawCaller, type RawCaller, rawPost, soapRequest, type TestGateway } from '@headgate/testkit';

/** Traffic that runs. */
export interface Traffic {
  /** Exchanges that were answered, in the order of their answers. */
  readonly answered: readonly string[];
  /** Resolves once so many more were answered. */
  more(count: number): Promise<void>;
  /** No further call; resolves when none is under way. */
  end(): Promise<void>;
}

/** Begins so many callers, each over a connection of its own. Where one breaks, its caller ends: the gateway is gone. */
export function startTraffic(kit: TestGateway, port: number, callers: number): Traffic {
  const answered: string[] = [];
  let isOver = false;
  let heard = Promise.withResolvers<void>();
  let running = callers;
  const wake = (): void => {
    heard.resolve();
    heard = Promise.withResolvers();
  };
  const call = async (caller: RawCaller): Promise<void> => {
    while (!isOver) {
      caller.write(rawPost(soapRequest));
      const { status, fields } = await caller.answer();
      if (status !== 200) throw new Error(`a call was answered ${status}`);
      answered.push(fields.get('headgate-exchange') ?? '');
      wake();
    }
    caller.destroy();
  };
  const ended = Promise.all(
    Array.from({ length: callers }, async () => {
      try {
        await call(await openRawCaller({ ...kit, port }));
      } catch {
        // The gateway is gone in the midst of a call: nobody knows whether it has a record.
      }
      running -= 1;
      wake();
    }),
  );
  return {
    answered,
    async more(count) {
      const goal = answered.length + count;
      while (answered.length < goal) {
        if (running === 0) throw new Error('every caller lost its connection');
        await heard.promise;
      }
    },
    async end() {
      isOver = true;
      await ended;
    },
  };
}
