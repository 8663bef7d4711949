// What a writer writes by a template is read again, whatever callers send.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { createLineReader, logFormats } from './formats.ts';
import type { LogField } from './log-fields.ts';

const shared = { fields: new Map<string, LogField>(), captured: ['host', 'user-agent'], zone: 'UTC', writtenMs: 0 };

/** Any unit of UTF-16, the low ones above all. */
const anyUnit = fc
  .oneof(fc.integer({ min: 0, max: 0x7f }), fc.integer({ min: 0, max: 0xffff }))
  .map((unit) => String.fromCharCode(unit));

/** As nginx writes values with `escape=default`. */
const escaped = (text: string) =>
  [...Buffer.from(text)]
    .map((byte) => {
      const isPlain = byte >= 0x20 && byte < 0x7f && byte !== 0x22 && byte !== 0x5c;
      return isPlain ? String.fromCharCode(byte) : `\\x${byte.toString(16).toUpperCase().padStart(2, '0')}`;
    })
    .join('');

test('whatever a caller calls itself, a line of nginx is read as it was written', () => {
  const reader = createLineReader({ ...shared, format: 'nginx-combined', template: null });
  const unit = fc.oneof(
    fc.constantFrom('"', '\\', '\u0000', '\u001b', ' ', '\u007f', '\r'),
    fc.string({ unit: 'grapheme', minLength: 1, maxLength: 1 }),
  );
  const agents = fc.string({ unit, minLength: 1, maxLength: 60 }).filter((text) => text !== '-');
  fc.assert(
    fc.property(agents, fc.ipV4(), fc.integer({ min: 100, max: 999 }), (agent, source, status) => {
      const line = `${source} - - [21/Feb/2024:12:00:00 +0000] "GET / HTTP/1.1" ${status} 7 "${escaped(agent)}" "${escaped(agent)}"`;
      const reading = reader.read(line);
      assert.ok(reading.kind === 'entry');
      assert.deepEqual(
        [reading.entry.userAgent, reading.entry.source, reading.entry.status],
        [agent.slice(0, 200), source, status],
      );
    }),
    { numRuns: 300 },
  );
});

test('any text is a call, a bad line or nothing, in every format', () => {
  const readers = logFormats.map((format) => createLineReader({ ...shared, format, template: null }));
  const texts = fc.oneof(
    fc.string({ unit: anyUnit, maxLength: 300 }),
    fc.json(),
    fc
      .array(
        fc.constantFrom(
          '"',
          ' ',
          '[',
          ']',
          '{',
          '}',
          '|',
          ':',
          '/',
          '-',
          '\\x',
          '192.0.2.1',
          'GET / HTTP/1.1',
          '200',
          '21/Feb/2024:12:00:00 +0000',
          '2024-02-21T12:00:00Z',
        ),
        { maxLength: 60 },
      )
      .map((parts) => parts.join('')),
  );
  fc.assert(
    fc.property(texts, (text) => {
      for (const reader of readers) assert.match(reader.read(text).kind, /^(?:entry|bad|nothing)$/);
    }),
    { numRuns: 200 },
  );
});
