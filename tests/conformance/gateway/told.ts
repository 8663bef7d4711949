// What a refused caller was told, read from the one format that it reads.
import assert from 'node:assert/strict';
import { quotaExceededType } from '@headgate/contract';
import { readFault } from '@headgate/soap';
import type { TestAnswer } from '@headgate/testkit';

/** The four formats of a refusal. */
export type SpokenFormat = 'soap-1.1' | 'soap-1.2' | 'problem+json' | 'html';

/** The words of a refusal; a page has no machine's words but code and exchange. */
export interface Told {
  readonly code: string | undefined;
  readonly text: string;
  readonly fix: string | undefined;
  readonly exchange: string | undefined;
  readonly by?: string | undefined;
  readonly forwarded?: string | undefined;
}

/** The code of a refusal in any format; undefined for an answer that is none. */
export function codeOf(answer: Pick<TestAnswer, 'body'>): string | undefined {
  return toldIn(answer)?.code;
}

/** What any refusal says; null for an answer that is none. */
export function toldIn({ body }: Pick<TestAnswer, 'body'>): Told | null {
  if (body.startsWith('{')) return told(JSON.parse(body) as ProblemWords);
  if (/^<!doctype html/i.test(body)) return pageWords(body);
  const fault = readFault(body);
  return fault === null ? null : { ...told(fault.problem), text: fault.text };
}

/** What a refusal says to a caller of a format, after the format itself is judged. */
export function wordsOf(answer: TestAnswer, speaks: SpokenFormat): Told {
  const mediaType = String(answer.fields['content-type']);
  switch (speaks) {
    case 'problem+json': {
      assert.match(mediaType, /^application\/problem\+json/);
      const problem = JSON.parse(answer.body) as ProblemWords & { readonly status: number; readonly type: string };
      assert.equal(problem.status, answer.status);
      // A limit has the type of the draft, which programs know that know nothing of us.
      const type = 'violated-policies' in problem ? quotaExceededType : `urn:headgate:problem:${problem.code}`;
      assert.equal(problem.type, type);
      return told(problem);
    }
    case 'html': {
      assert.match(mediaType, /^text\/html/);
      return pageWords(answer.body);
    }
    default: {
      assert.match(mediaType, speaks === 'soap-1.1' ? /^text\/xml/ : /^application\/soap\+xml/);
      const fault = readFault(answer.body);
      assert.ok(fault, answer.body);
      assert.equal(fault.version, speaks.slice('soap-'.length));
      assert.equal(fault.description, fault.text);
      assert.match(answer.body, /:description>/);
      return { ...told(fault.problem), text: fault.text };
    }
  }
}

type ProblemWords = Readonly<
  Partial<Record<'code' | 'detail' | 'fix' | 'exchange' | 'by' | 'forwarded', string | undefined>>
>;

function told({ code, detail, fix, exchange, by, forwarded }: ProblemWords): Told {
  return { code, text: detail ?? '', fix, exchange, by, forwarded };
}

function pageWords(body: string): Told {
  const text = body.replace(/&#(\d+);/g, (_, code) => String.fromCharCode(Number(code)));
  const terms = new Map(
    [...text.matchAll(/<dt>([^<]*)<\/dt><dd><code>([^<]*)</g)].map(([, name = '', value = '']) => [name, value]),
  );
  const [code, exchange] = [terms.get('Code'), terms.get('Exchange')];
  return { code, text, fix: /<h2>What to do<\/h2><p>([^<]*)/.exec(text)?.[1], exchange };
}
