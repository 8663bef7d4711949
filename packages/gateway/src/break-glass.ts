// Begins and ends overrides of a running gateway: first in the file, then in every thread, then told.
import {
  type Override,
  type OverrideAsk,
  overrideHolds,
  type Policy,
  sayOverride,
  whyNoOverride,
} from '@headgate/contract';
import { readOverrides, writeOverrides } from './break-glass-file.ts';
import type { GatewayNotice } from './gateway-notice.ts';

/** An override that cannot begin or end. What held before still does. */
export class OverrideRefused extends Error {
  override readonly name = 'OverrideRefused';
}

/** What is needed of the gateway. */
export interface BreakGlassOptions {
  readonly file: string;
  /** Longest that an override may last, in milliseconds. */
  readonly msMax: number;
  readonly clock: () => number;
  readonly policy: () => Policy;
  /** What every thread decides by now. */
  readonly overrides: () => readonly Override[];
  /** Reads the file and has it in force in every thread; on any fault what held before still does. */
  readonly takeFile: () => Promise<void>;
  readonly notice: (notice: GatewayNotice) => void;
}

/** Break-glass of one gateway; never two calls at a time. */
export interface BreakGlass {
  /** In force in every thread once it resolves. */
  begin(ask: OverrideAsk): Promise<Override>;
  end(id: string, author: string): Promise<void>;
  /** Forgets those that are over, and tells of them. They stopped counting when their time came. */
  forgetEnded(): Promise<void>;
  /** Those that hold. */
  holding(): readonly Override[];
}

/** Tells what holds from the start, and waits for more. */
export function createBreakGlass(options: BreakGlassOptions): BreakGlass {
  const { file, clock, notice } = options;
  const holding = () => options.overrides().filter((override) => overrideHolds(override, clock()));

  async function replace(overrides: readonly Override[]): Promise<void> {
    const before = await readOverrides(file, clock());
    writeOverrides(file, overrides);
    try {
      await options.takeFile();
    } catch (fault) {
      writeOverrides(file, before);
      throw fault;
    }
  }

  const holds = (override: Override): void =>
    notice({ kind: 'break-glass-holds', override, sentence: sayOverride(override) });
  for (const override of holding()) holds(override);
  return {
    holding,
    async begin(ask) {
      const nowMs = clock();
      const others = holding();
      const why = whyNoOverride(ask, { policy: options.policy(), holding: others, nowMs, msMax: options.msMax });
      if (why !== null) throw new OverrideRefused(why);
      const override: Override = { id: freshId(nowMs, others), fromMs: nowMs, ...ask };
      await replace([...others, override]);
      holds(override);
      return override;
    },
    async end(id, author) {
      const others = holding();
      const override = others.find((each) => each.id === id);
      if (override === undefined)
        throw new OverrideRefused(
          `nothing holds with the id "${id}"; what does: ${others.map((each) => each.id).join(', ') || 'nothing'}`,
        );
      await replace(others.filter((each) => each !== override));
      notice({ kind: 'break-glass-ended', override, sentence: `${sayOverride(override)}; ended by ${author}` });
    },
    async forgetEnded() {
      const ended = options.overrides().filter((override) => override.untilMs <= clock());
      if (ended.length === 0) return;
      await replace(holding());
      for (const override of ended)
        notice({ kind: 'break-glass-ended', override, sentence: `${sayOverride(override)}; its time is over` });
    },
  };
}

/** By its beginning, so that no two overrides of a gateway ever share one. */
function freshId(nowMs: number, others: readonly Override[]): string {
  const id = `bg-${new Date(nowMs).toISOString().replaceAll(/[-:.]/g, '')}`;
  for (let number = 2; ; number += 1) {
    const fresh = number === 2 ? id : `${id}-${number - 1}`;
    if (others.every((each) => each.id !== fresh)) return fresh;
  }
}
