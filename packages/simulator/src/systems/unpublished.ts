// Systems whose services nobody has published. Each gets one submit and one retrieve that keep documents and give them back;
// names, roots and paths are ours, and every answer and description says so.
import type { Service } from '../wire/service.ts';
import { givenBackDocuments, keepDocument, submissionBytesMax, submissionElementsMax } from './kept-documents.ts';

/** The sentence that marks what these services answer and how they are described. */
export const notPublicNote = 'The services of this system are not public. This one is an invention of the simulator.';

interface UnpublishedSystem {
  /** Path token; `runtime.asvc` is shared, so the tag is what tells its systems apart. */
  readonly token: string;
  readonly tag: string;
}

const unpublishedSystems: readonly UnpublishedSystem[] = [
  { token: 'baaop', tag: 'BAAOP' },
  { token: 'ecic', tag: 'ECIC' },
  { token: 'eide', tag: 'EIDE' },
  { token: 'rcbsap', tag: 'RCBSAP' },
  { token: 'rcservices', tag: 'RCEIDE' },
  { token: 'runtime.asvc', tag: 'ALFS' },
  { token: 'runtime.asvc', tag: 'PISOA' },
];

/** One submit and one retrieve for each system of the table. */
export const unpublishedServices: readonly Service[] = unpublishedSystems.flatMap(servicesOf);

function servicesOf({ token, tag }: UnpublishedSystem): Service[] {
  const shared = { system: token, tag, version: 1, note: notPublicNote };
  const ownerOf = (subject: string) => ({ system: `sst ${tag}`, subject, note: notPublicNote });
  return [
    {
      ...shared,
      name: `Submit${tag}Document`,
      operation: 'submit',
      requestRoot: `${tag}Document`,
      payloadBytesMax: submissionBytesMax,
      payloadElementsMax: submissionElementsMax,
      answer: (request, { subject }, world) => keepDocument(request, ownerOf(subject), world),
    },
    {
      ...shared,
      name: `Retrieve${tag}Document`,
      operation: 'retrieve',
      requestRoot: `Request${tag}Document`,
      answer: (_, { subject }, world) => givenBackDocuments(ownerOf(subject), world),
    },
  ];
}
