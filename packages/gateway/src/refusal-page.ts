// A refusal as a person reads it: what happened, what to do in a browser, which certificate was offered, which authorities are
// accepted, and whom to ask with which number.
import type { ProblemCode, StatedRefusal } from '@headgate/contract';
import type { CertificateFacts } from '@headgate/pki';
import { button, lead, list, type Markup, paragraph, section, steps, terms, writePage, writeTo } from './page.ts';
import { sessionPath } from './session-places.ts';

/** What a page tells beside its refusal. */
export interface PageContext {
  /** Host as the browser named it. */
  readonly host: string;
  readonly operator: string;
  /** Where the operator answers questions; null where the catalogue names no place. */
  readonly contact: string | null;
  /** Subjects of the authorities whose certificates are accepted at this host. */
  readonly issuers: readonly string[];
  /** What the browser offered; null for nothing that can be read. */
  readonly certificate: CertificateFacts | null;
  /** What was asked for, where one click may go on with it; null where it had a body, which nobody kept. */
  readonly target: string | null;
}

/** The words of a refusal, as in every other format. */
export interface RefusalWords {
  readonly title: string;
  readonly detail: string;
  readonly code: ProblemCode;
  readonly exchange: string;
  readonly fix: string;
  readonly forwarded: 'no' | 'partly' | 'yes';
  readonly retryAfterSeconds?: number;
}

/** Writes the page. `atMs` is when it was refused, for support. */
export function refusalPage(
  refusal: StatedRefusal,
  words: RefusalWords,
  context: PageContext | null,
  atMs: number,
): string {
  return writePage(words.title, context?.host ?? null, [
    lead(words.detail),
    section('What to do', [...whatToDo(words, context), ...waitOf(words), ...goOn(words, context)]),
    ...(context === null || !namesCertificate(words.code) ? [] : certificateParts(refusal, context)),
    section('If you need help', [
      helpOf(context),
      terms([
        ['Code', words.code],
        ['Exchange', words.exchange],
        ['Time', new Date(atMs).toISOString()],
        ['Passed on to the system', forwardedWords[words.forwarded]],
      ]),
    ]),
  ]);
}

const forwardedWords = { no: 'no', partly: 'in part', yes: 'yes' } as const;

/** The way on from a session that ended, with the address kept, or with the form that was sent kept by the browser. */
function goOn({ code }: RefusalWords, context: PageContext | null): Markup[] {
  if (code !== 'admission.session_ended') return [];
  if (context?.target !== null) return [button('Go on', sessionPath, context === null ? {} : { to: context.target })];
  return [
    paragraph(
      'What you sent was not passed on to the system, and it is not lost. Go on in a new tab, then come back to this one and reload it: the browser asks whether to send it again.',
    ),
    button('Go on in a new tab', sessionPath, {}, true),
  ];
}

function waitOf({ retryAfterSeconds }: RefusalWords): Markup[] {
  return retryAfterSeconds === undefined ? [] : [paragraph(`Try again in ${retryAfterSeconds} seconds.`)];
}

function helpOf(context: PageContext | null): Markup {
  if (context === null) return paragraph('Quote what stands below.');
  const { operator, contact } = context;
  if (contact === null) return paragraph(`Ask ${operator}, and quote what stands below.`);
  return writeTo(`Write to ${operator} at `, contact, ' and quote what stands below.');
}

/** Whether a refusal has to do with the certificate that was offered: with the proof that it is, or with what it may do. */
export function namesCertificate(code: ProblemCode): boolean {
  return isAboutProof(code) || isAboutRight(code);
}

function isAboutProof(code: ProblemCode): boolean {
  return code.startsWith('identity.') && code !== 'identity.host_mismatch';
}

const rightCodes: ReadonlySet<ProblemCode> = new Set([
  'admission.other_environment',
  'admission.not_permitted',
  'admission.right_ended',
  'admission.right_not_begun',
  'admission.foreign_scid',
]);

/** Whether a refusal is for want of a right, which somebody grants: its caller is known, and accepted as that. */
export function isAboutRight(code: ProblemCode): boolean {
  return rightCodes.has(code);
}

function certificateParts(refusal: StatedRefusal, { certificate, issuers }: PageContext): Markup[] {
  return [
    section('The certificate that your browser offered', [
      certificate === null ? paragraph('None.') : terms(certificateTerms(certificate, refusal)),
    ]),
    ...(isAboutRight(refusal.code)
      ? []
      : [
          section(
            'Authorities whose certificates are accepted here',
            issuers.length === 0 ? [] : [list(atMost(issuers))],
          ),
        ]),
  ];
}

function certificateTerms(certificate: CertificateFacts, refusal: StatedRefusal): [string, string][] {
  const failed = failedCheck(refusal);
  return [
    ['Subject', certificate.subject],
    ['Issuer', certificate.issuer],
    ['Serial number', certificate.serial],
    ['Valid from', instantWords(certificate.notBeforeMs)],
    ['Valid until', instantWords(certificate.notAfterMs)],
    ['SHA-256 fingerprint', certificate.fingerprint256],
    ...(failed === null ? [] : [['Check that failed', failed] satisfies [string, string]]),
  ];
}

/** Null where the sentence above says all there is. */
function failedCheck(refusal: StatedRefusal): string | null {
  switch (refusal.code) {
    case 'identity.certificate_expired':
      return 'dates: it has expired';
    case 'identity.certificate_not_yet_valid':
      return 'dates: it is not valid yet';
    case 'identity.issuer_unknown':
      return 'issuer: none of the authorities below issued it';
    case 'identity.authority_withdrawn':
      return 'authority: the one that it leads to is no longer accepted';
    case 'identity.authority_not_yet_accepted':
      return 'authority: the one that it leads to is not accepted yet';
    case 'identity.certificate_invalid':
      return `it ${(refusal as StatedRefusal<'identity.certificate_invalid'>).facts.fault}`;
    case 'identity.certificate_revoked':
      return 'revocation: it is on the list of its issuer';
    case 'identity.certificate_on_hold':
      return 'revocation: its issuer put it on hold';
    case 'identity.revocation_unknown':
      return 'revocation: the list of its issuer is out of date, which the operator must mend';
    case 'identity.authority_invalid':
      return 'authority: one that it leads to is not acceptable';
    case 'identity.not_enrolled':
      return 'enrolment: it is valid, but nobody enrolled it';
    default:
      return isAboutRight(refusal.code) ? 'rights: it is accepted, and may not do this' : null;
  }
}

/** Most authorities that are listed. */
const issuersMax = 20;

function atMost(issuers: readonly string[]): readonly string[] {
  if (issuers.length <= issuersMax) return issuers;
  return [...issuers.slice(0, issuersMax), `and ${issuers.length - issuersMax} more`];
}

/** In UTC and in words: the reader's own clock is part of what may be wrong. */
function instantWords(ms: number): string {
  return new Date(ms).toUTCString().replace('GMT', 'UTC');
}

/** Browsers ask once which certificate to use, and keep to the answer until they end, also when the answer was "none". */
const chooseAgain =
  'Close every window of the browser and open the address again, or open it in a private window, and choose the certificate that is meant. Until it is restarted, a browser keeps to the choice that was made first.';

const install =
  'Install the certificate with its private key in the certificate store of this computer; Firefox has a store of its own, under Settings, Privacy & Security, Certificates.';

type Steps = (operator: string) => readonly string[];

const askFor =
  (what: string, unless = ''): Steps =>
  (operator) => [
    `${unless}${unless === '' ? 'Ask' : 'ask'} your company’s access administrator to ${what} ${operator}.`,
    install,
    chooseAgain,
  ];

/** What a person does in a browser, where that is more than the fix says to a program. */
const stepsOf: Partial<Record<ProblemCode, Steps>> = {
  'identity.certificate_missing': (operator) => [
    `If you have no certificate yet: ask your company’s access administrator to request one from ${operator}.`,
    install,
    chooseAgain,
  ],
  'identity.certificate_expired': askFor('renew the certificate with', 'If it has not been renewed yet: '),
  'identity.certificate_not_yet_valid': () => ['Use your present certificate until that day.', chooseAgain],
  'identity.issuer_unknown': askFor('request a certificate of one of the authorities below from'),
  'identity.authority_withdrawn': askFor('renew the certificate with one of the authorities below, through'),
  'identity.authority_not_yet_accepted': () => ['Use your present certificate until that day.', chooseAgain],
  'identity.certificate_on_hold': (operator) => [
    `Ask your company’s access administrator, or ${operator}, why it is on hold.`,
    'Once the hold is lifted, open the address again: there is nothing to install.',
  ],
  'identity.certificate_invalid': askFor('request a new certificate from'),
  'identity.certificate_revoked': askFor('request a new certificate from'),
  'identity.authority_invalid': askFor('request a certificate of one of the authorities below from'),
  'identity.not_enrolled': (operator) => [
    `Ask your company’s access administrator to have this certificate enrolled by ${operator} for this environment.`,
    `If you hold another certificate that is enrolled: ${chooseAgain.charAt(0).toLowerCase()}${chooseAgain.slice(1)}`,
  ],
};

function whatToDo({ code, fix }: RefusalWords, context: PageContext | null): Markup[] {
  const wanted = context === null ? undefined : stepsOf[code]?.(context.operator);
  const own = paragraph(forPerson(fix));
  return wanted === undefined ? [own] : [own, paragraph('In a browser:'), steps(wanted)];
}

/** A fix speaks to programs, too: how they space their tries is no person's business. */
function forPerson(fix: string): string {
  return fix
    .replace('Repeat the call later with growing pauses', 'Try again later')
    .replace(' with growing pauses', ' later');
}
