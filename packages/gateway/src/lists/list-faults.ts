// What can be wrong with a source of revocation lists, and what an operator does about it. The codes stand in the guide for operators.
import type { ListFault } from '@headgate/contract';
import type { ListObjectionCode } from '@headgate/pki';

/** Codes of faults. Scripts match on them: a code never changes its meaning. */
export type ListFaultCode =
  | ListObjectionCode
  | 'file_missing'
  | 'file_unreadable'
  | 'not_a_list'
  | 'html'
  | 'malformed'
  | 'missing'
  | 'idle_delta'
  | 'unreachable'
  | 'not_trusted'
  | 'slow'
  | 'redirected'
  | 'status'
  | 'encoded'
  | 'too_large'
  | 'truncated'
  | 'not_http'
  | 'not_kept'
  | 'not_looked_at';

/** What is to be done, by the code of the fault. */
export const listFixes: Readonly<Record<ListFaultCode, string>> = {
  file_missing: 'Put the list back, by renaming (`mv`) it into its place.',
  file_unreadable: 'Let the user that the gateway runs as read the file.',
  not_a_list: 'Put a list in PEM (X509 CRL) or DER there.',
  html: 'Open the URL: the page says what the server wants. Configure the address of the list itself.',
  malformed: 'Get the list again; if it stays so, ask the authority for one that RFC 5280 §5 allows.',
  missing: 'Put that list back into it, or name a source that has it in `crls` or `crlUrls`.',
  idle_delta: 'Bring the complete list that the delta goes on from.',
  indirect: 'Ask the authority for a list of its own certificates alone.',
  weak: 'Ask the authority for a list that is signed over SHA-256 or better.',
  yet_to_come:
    'Nothing, if the list is early: it is taken when its time comes. Otherwise set the clock of this machine.',
  foreign: 'Add the authority to the bundle, or take its list out of it.',
  not_signed: 'Get the list from the authority; if its key for lists is new, add that certificate to `intermediates`.',
  older:
    'Bring the newest list. If the older one is meant: `headgate trust apply --accept-older-lists`, or `headgate gateway --accept-older-lists` where the gateway does not run.',
  unreachable: 'See that the server runs and that this machine may reach it.',
  not_trusted:
    'See that `authorities` has the authority of that server, and that its certificate is of that name and has not run out.',
  slow: 'See why the server is slow; `timeoutMs` may be raised.',
  redirected: 'Configure the address that it leads to, if that is the right one: redirects are not followed.',
  status: 'See what the server says, and that the URL is right.',
  encoded: 'Let the server send the list without a content encoding.',
  too_large: 'See that it is the list; `bytesMax` may be raised up to 16,777,215 bytes.',
  truncated: 'See why the server breaks its answers off.',
  not_http: 'See that an HTTP server listens at that address.',
  not_kept: 'Make room, and let the user that the gateway runs as write in the evidence folder.',
  not_looked_at: 'Tell whoever maintains Headgate, with this sentence.',
};

/** Where a file calls for something else than the answer of a URL. */
const fileFixes: Partial<Record<ListFaultCode, string>> = {
  html: 'Look at the file: the page in it says why whatever fetches the list got no list. Put the list itself there, by renaming (`mv`).',
  too_large: 'See that it is the list: a longer one is not read.',
  truncated: 'Put a list in place by renaming (`mv`), never by writing into the file that is there.',
};

/** A fault with what to do about it; `isFile` where the source is one. */
export function toListFault(
  bundle: string,
  source: string | null,
  { code, reason }: { readonly code: ListFaultCode; readonly reason: string },
  isFile = false,
): ListFault {
  const fix = (isFile ? fileFixes[code] : undefined) ?? listFixes[code];
  return { bundle, source, code, reason, fix };
}
