// Settlement meter readings: what participants submitted, over the readings that the invented meters would give.

import { type Market, meteredAt, type Resource } from './market.ts';
import { hourMs, intervalCount, intervalsOf, minuteMs, type Span } from './market-time.ts';

/** One reading: the energy of an interval, in MWh, and when it was last written. */
export interface Reading extends Span {
  readonly resource: string;
  readonly scid: string;
  readonly measurementType: string;
  readonly valueMwh: number;
  readonly updatedMs: number;
}

/** A reading as submitted. */
export type SubmittedReading = Omit<Reading, 'updatedMs'>;

/** What readings are asked for. `updatedSinceMs` leaves out what was written earlier. */
export interface ReadingQuery extends Span {
  readonly scids: readonly string[];
  readonly resources: readonly string[];
  readonly intervalLengthMs: number;
  readonly updatedSinceMs: number | null;
}

/** Submitted readings, at most 500,000 in all. */
export interface MeterStore {
  /** Takes readings in, or none of them when they do not fit; true when taken. */
  submit(readings: readonly SubmittedReading[], nowMs: number): boolean;
  /** How many readings a query would look at, an upper bound of what it gives. */
  countOf(query: ReadingQuery, market: Market): number;
  find(query: ReadingQuery, market: Market, nowMs: number): Reading[];
}

/** Most bytes of one submit, unpacked (MRI-S user guide 1.11: 15 MB). */
export const meterSubmitBytesMax = 15 * 1024 * 1024;

/** Most records of one retrieve (MRI-S user guide 1.11). */
export const meterRecordsMax = 200_000;

/** The interval lengths that are metered, in minutes. */
export const meterIntervalMinutes: readonly number[] = [5, 15, 60];

const readingsMax = 500_000;

/** An empty store. */
export function createMeterStore(): MeterStore {
  const readings = new Map<string, SubmittedReading & { readonly updatedMs: number }>();
  return {
    submit(submitted, nowMs) {
      const added = submitted.filter((reading) => !readings.has(keyOf(reading))).length;
      if (readings.size + added > readingsMax) return false;
      for (const reading of submitted) readings.set(keyOf(reading), { ...reading, updatedMs: nowMs });
      return true;
    },
    countOf: (query, market) => resourcesOf(query, market).length * intervalCount(query, query.intervalLengthMs),
    find(query, market, nowMs) {
      const found: Reading[] = [];
      for (const resource of resourcesOf(query, market)) {
        for (const span of intervalsOf(query, query.intervalLengthMs)) {
          const reading =
            readings.get(keyOf({ ...span, resource: resource.id })) ?? meteredReading(market, resource, span);
          if (reading.updatedMs > nowMs) continue;
          if (query.updatedSinceMs === null || reading.updatedMs >= query.updatedSinceMs) found.push(reading);
        }
      }
      return found;
    },
  };
}

// Meters are polled: a reading is there an hour after its interval ended.
function meteredReading(market: Market, resource: Resource, span: Span): Reading {
  return {
    ...span,
    resource: resource.id,
    scid: resource.scid,
    measurementType: 'GEN',
    valueMwh: meteredAt(market, resource, span.startMs, span.endMs - span.startMs),
    updatedMs: span.endMs + hourMs,
  };
}

function resourcesOf(query: ReadingQuery, market: Market): Resource[] {
  return market.resources.filter(
    ({ id, scid }) => query.scids.includes(scid) && (query.resources.length === 0 || query.resources.includes(id)),
  );
}

function keyOf({ resource, startMs, endMs }: Span & { readonly resource: string }): string {
  return `${resource}|${startMs}|${(endMs - startMs) / minuteMs}`;
}
