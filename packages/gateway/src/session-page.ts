// What a person reads about a session, and what a script of a UI reads of the same.
import { button, lead, linkTo, type Markup, paragraph, section, terms, writePage } from './page.ts';
import { logoutPath, sessionPath } from './session-places.ts';
import { durationWords, endWords } from './session-words.ts';
import { endOf, isOver, isSoon, secondsLeft, type UiSession } from './ui-session.ts';

/** Writes the page that tells how long a session lasts, with the button that renews it. */
export function sessionPage(host: string, session: UiSession, nowMs: number): string {
  const { mark } = session;
  const isOpen = mark !== null && !isOver(mark, nowMs);
  return writePage('Your session', host, [
    lead(leadOf(session, nowMs)),
    ...(session.state === 'renewed'
      ? [paragraph('You can close this window, or go back to the one you came from.')]
      : []),
    section('What you can do', [
      button(isOpen ? 'Renew the session' : 'Go on', sessionPath),
      ...(isOpen ? [linkTo('Log out', logoutPath), linkTo('Look again', sessionPath)] : []),
    ]),
    section('About sessions here', about(session)),
  ]);
}

/** Writes the page that asks whether to log out. */
export function logoutPage(host: string): string {
  return writePage('Log out?', host, [
    lead('Pages of this host will ask before they show anything again. What you have not saved in them is lost.'),
    button('Log out', logoutPath),
    linkTo('Back to the session', sessionPath),
  ]);
}

/** Writes the page that says that it is done. */
export function loggedOutPage(host: string): string {
  return writePage('You are logged out', host, [
    lead(`The session at ${host} is over.`),
    paragraph(
      'Your certificate stays in the browser: whoever uses it can go on with one click. To keep others out, close every window of the browser and lock the computer.',
    ),
    button('Go on in a new session', sessionPath),
  ]);
}

/** What a script of a UI reads. It may ask as often as it likes: that lengthens nothing. */
export function sessionJson({ mark, bounds, state }: UiSession, nowMs: number): string {
  const { idleMs, absoluteMs, announceMs } = bounds;
  const isEnded = mark !== null && isOver(mark, nowMs);
  const told = {
    state: mark === null ? 'none' : isEnded ? 'ended' : 'open',
    began: mark === null ? null : new Date(mark.beganMs).toISOString(),
    ends: mark === null ? null : new Date(mark.endsMs).toISOString(),
    endsBy: mark === null ? null : endOf(mark, bounds),
    secondsLeft: mark === null ? null : secondsLeft(mark, nowMs),
    endsSoon: mark !== null && isSoon(mark, bounds, nowMs),
    renewed: state === 'renewed',
    idleSeconds: idleMs / 1_000,
    absoluteSeconds: absoluteMs / 1_000,
    announceSeconds: announceMs / 1_000,
  };
  return `${JSON.stringify(told)}\n`;
}

function leadOf({ mark, bounds, state }: UiSession, nowMs: number): string {
  if (mark === null) return 'No session is open here. One begins with the first page that you open.';
  const by = endOf(mark, bounds);
  if (isOver(mark, nowMs)) return `Your session ended on ${timeWords(mark.endsMs)}: ${endWords(by, bounds)}.`;
  const left = durationWords(secondsLeft(mark, nowMs) * 1_000);
  const renewed = state === 'renewed' ? 'Your session is renewed. It' : 'Your session';
  const unless =
    by === 'idle' ? 'unless you do something before' : 'also while you are busy, unless you renew it before';
  return `${renewed} ends in ${left}, on ${timeWords(mark.endsMs)}, ${unless}.`;
}

function about({ bounds, mark }: UiSession): Markup[] {
  const { idleMs, absoluteMs, announceMs } = bounds;
  return [
    terms([
      ...(mark === null ? [] : [['Began', timeWords(mark.beganMs)] satisfies [string, string]]),
      ['Ends when nothing is asked for', durationWords(idleMs)],
      ['Lasts at most', durationWords(absoluteMs)],
      ['Is said to end soon', `${durationWords(announceMs)} before`],
    ]),
    paragraph(
      'A session is only about whether somebody is there. Who you are is told by your certificate alone, each time.',
    ),
  ];
}

function timeWords(ms: number): string {
  return new Date(ms).toUTCString().replace('GMT', 'UTC');
}
