// Events as they happen (server-sent events, WHATWG HTML §9.2), from where a reader left off. A reader pulls: what it does not take
// waits in the log and in no buffer, and one that takes nothing for too long is let go.
import { once } from 'node:events';
import type { ServerResponse } from 'node:http';
import { setTimeout as delay } from 'node:timers/promises';
import type { FastifyRequest } from 'fastify';
import { z } from 'zod';
import { everyone } from '../access/account.ts';
import type { ControlApp } from '../api/control-app.ts';
import { ControlRefusal } from '../api/control-refusal.ts';
import type { EventFilter, EventLog, KeptEvent } from './event-log.ts';

/** Bounds of readers. */
export interface EventBounds {
  readonly readersMax: number;
  readonly readersPerAccountMax: number;
  /** How often a silent stream is said to live, and its access looked at again. */
  readonly heartbeatMs: number;
  /** How long a reader may take nothing. */
  readonly stallMs: number;
}

/** What the routes stand on. */
export interface EventRoutesOptions {
  readonly log: EventLog;
  readonly bounds: EventBounds;
  /** Whether the caller of a request may still see what it was granted. */
  readonly mayStill: (request: FastifyRequest) => Promise<boolean>;
}

/** The streams that are open. */
export interface EventStreams {
  readonly count: () => number;
  /** Ends the streams whose account may not any more: accounts or sessions have changed. */
  review(): void;
  /** Ends all of them, in order. */
  close(): Promise<void>;
}

const topicForm = /^[a-z]+(?:[.-][a-z]+)*$/;

const querySchema = z.strictObject({
  topics: z
    .string()
    .max(400)
    .refine((text) => text.split(',').every((topic) => topicForm.test(topic)), 'topics, with commas between')
    .optional()
    .describe('Topics to read, with commas between. Default: all.'),
  after: z
    .string()
    .max(80)
    .optional()
    .describe('The id of the last event that was read, where the field Last-Event-ID cannot be set.'),
});

/** Adds `GET /v1/events`. */
export function eventRoutes(app: ControlApp, { log, bounds, mayStill }: EventRoutesOptions): EventStreams {
  const readers = new Map<Reader, string>();
  const done = new Set<Promise<void>>();
  app.get(
    '/v1/events',
    {
      // A HEAD would begin a stream that nobody reads.
      exposeHeadRoute: false,
      config: { access: { roles: everyone } },
      schema: {
        summary: 'Events as they happen',
        description:
          'Server-sent events. `Last-Event-ID` goes on behind that event, also over a restart of control. What is not kept any more is told by an event `gap` with `missedFrom` and `missedTo`; after it, what is shown must be read anew. Roles of a participant see events of their participant alone.',
        tags: ['events'],
        querystring: querySchema,
        response: {
          200: {
            description: 'A stream of events without end.',
            content: { 'text/event-stream': { schema: z.string() } },
          },
        },
      },
    },
    async (request, reply) => {
      const { account, query, participantScope: participant } = request;
      const own = [...readers.values()].filter((id) => id === account.id).length;
      if (readers.size >= bounds.readersMax || own >= bounds.readersPerAccountMax) {
        const limit = own >= bounds.readersPerAccountMax ? bounds.readersPerAccountMax : bounds.readersMax;
        throw new ControlRefusal(
          'control.too_many_streams',
          { account: account.name, limit },
          { retryAfterMs: 10_000 },
        );
      }
      const lastRead = request.headers['last-event-id'] ?? query.after;
      const topics = query.topics?.split(',') ?? null;
      reply.hijack();
      const fields = { ...reply.getHeaders(), 'content-type': 'text/event-stream; charset=utf-8' };
      reply.raw.writeHead(200, fields as Record<string, string>);
      const reader = createReader(reply.raw, { log, bounds, mayStill: () => mayStill(request) });
      readers.set(reader, account.id);
      const reading = reader.run(typeof lastRead === 'string' ? lastRead : null, { topics, participant });
      const ended = reading.finally(() => {
        readers.delete(reader);
        done.delete(ended);
      });
      done.add(ended);
    },
  );
  return {
    count: () => readers.size,
    review() {
      for (const reader of readers.keys()) reader.wake();
    },
    async close() {
      for (const reader of readers.keys()) reader.end();
      await Promise.all(done);
    },
  };
}

interface Reader {
  /** Reads until the connection ends, or is ended. Never rejects. */
  run(lastRead: string | null, filter: EventFilter): Promise<void>;
  /** Looks at its access now. */
  wake(): void;
  end(): void;
}

interface ReaderOptions {
  readonly log: EventLog;
  readonly bounds: EventBounds;
  readonly mayStill: () => Promise<boolean>;
}

function createReader(response: ServerResponse, { log, bounds, mayStill }: ReaderOptions): Reader {
  const ending = new AbortController();
  let waking = new AbortController();
  // Whether access is to be looked at, and a silent stream to be said to live.
  let isDue = false;
  const wake = (): void => {
    isDue = true;
    waking.abort();
  };
  response.once('close', () => ending.abort());
  response.on('error', () => undefined); // Whoever read is gone; there is nobody to tell.
  /** Writes, and waits until it was taken; ends the stream of a reader that takes nothing. */
  const write = async (text: string): Promise<void> => {
    if (text === '' || ending.signal.aborted || response.write(text)) return;
    const settled = new AbortController();
    const signal = AbortSignal.any([ending.signal, settled.signal]);
    const taken = once(response, 'drain', { signal }).then(() => 'taken' as const);
    const patience = delay(bounds.stallMs, 'stalled' as const, { signal, ref: false });
    const outcome = await Promise.race([taken, patience]).catch(() => 'ended' as const);
    settled.abort();
    if (outcome === 'stalled') response.destroy();
  };
  /** Says what is not kept; null: what was read before is unknown here, so that all that is kept follows. */
  const tellGap = async (from: number | null): Promise<number> => {
    const upTo = log.dropped();
    const missed = JSON.stringify({ missedFrom: from === null ? null : from + 1, missedTo: upTo });
    await write(`id: ${idOf(log.epoch, upTo)}\nevent: gap\ndata: ${missed}\n\n`);
    return upTo;
  };
  const begin = async (lastRead: string | null): Promise<number> => {
    const newest = log.newest();
    await write(lastRead === null ? `retry: 3000\nid: ${idOf(log.epoch, newest)}\n\n` : 'retry: 3000\n\n');
    return lastRead === null ? newest : (numberIn(lastRead, log) ?? tellGap(null));
  };
  const follow = async (lastRead: string | null, filter: EventFilter): Promise<void> => {
    let at = await begin(lastRead);
    while (!ending.signal.aborted) {
      const isReviewed = isDue;
      isDue = false;
      if (isReviewed && !(await mayStill())) return;
      if (at < log.dropped()) at = await tellGap(at);
      const { events, upTo } = await log.after(at, filter);
      at = upTo;
      // The id moves on with events that the filter keeps back: later they would count as missed.
      const alive = isReviewed ? `id: ${idOf(log.epoch, at)}\n: alive\n\n` : '';
      await write(events.map((event) => frameOf(log.epoch, event)).join('') + alive);
      waking = new AbortController();
      if (!isDue) await log.published(at, AbortSignal.any([ending.signal, waking.signal]));
    }
  };
  return {
    async run(lastRead, filter) {
      const heartbeat = setInterval(wake, bounds.heartbeatMs).unref();
      try {
        await follow(lastRead, filter);
        response.end();
      } catch {
        // The store is away. The reader comes again and goes on from where it is.
        response.destroy();
      } finally {
        clearInterval(heartbeat);
      }
    },
    wake,
    end: () => ending.abort(),
  };
}

function idOf(epoch: string, number: number): string {
  return `${epoch}-${number}`;
}

/** The number of an id of this log; null for any other id. */
function numberIn(id: string, log: EventLog): number | null {
  const [, epoch, digits] = /^([0-9a-f]{1,40})-(\d{1,15})$/.exec(id) ?? [];
  const number = Number(digits);
  return epoch === log.epoch && number <= log.newest() ? number : null;
}

function frameOf(epoch: string, { number, topic, participant, atMs, data }: KeptEvent): string {
  const head = JSON.stringify({ at: new Date(atMs).toISOString(), participant });
  return `id: ${idOf(epoch, number)}\nevent: ${topic}\ndata: ${head.slice(0, -1)},"data":${data}}\n\n`;
}
