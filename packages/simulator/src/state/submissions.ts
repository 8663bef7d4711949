// XML documents that were submitted to systems without a model of their own, kept for whoever sent them.
import type { XmlNode } from '../wire/xml.ts';
import { BoundedMap } from './bounded-map.ts';

/** A submitted document: to which system, by whom, and when. */
export interface Submission {
  readonly system: string;
  /** Subject of the certificate, RFC 4514. */
  readonly subject: string;
  readonly number: number;
  readonly writtenMs: number;
  readonly document: XmlNode;
}

/** Submissions in the order of arrival, at most 200; past that the oldest goes. */
export interface SubmissionStore {
  add(submission: Omit<Submission, 'number'>): Submission;
  of(system: string, subject: string): Submission[];
}

/** An empty store. */
export function createSubmissionStore(): SubmissionStore {
  const submissions = new BoundedMap<number, Submission>(200);
  let number = 0;
  return {
    add(submission) {
      number += 1;
      const numbered = { ...submission, number };
      submissions.set(number, numbered);
      return numbered;
    },
    of: (system, subject) =>
      [...submissions.values()].filter((each) => each.system === system && each.subject === subject),
  };
}
