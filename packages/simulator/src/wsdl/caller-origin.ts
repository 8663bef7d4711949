// Scheme and authority under which a caller reached us: what a description must name, or the caller's next request goes
// past the gateway.
import { fieldOf, type Incoming } from '../wire/message.ts';

/** `scheme://host[:port]` as the caller wrote it: a gateway's word where one forwarded (RFC 7239), else Host, else our own address. */
export function callerOrigin(incoming: Incoming): string {
  const forwarded = fieldOf(incoming, 'forwarded') ?? '';
  const proto = parameterOf(forwarded, 'proto') ?? fieldOf(incoming, 'x-forwarded-proto');
  const host = parameterOf(forwarded, 'host') ?? fieldOf(incoming, 'host');
  const scheme = proto?.toLowerCase() === 'https' ? 'https' : 'http';
  // A value that is no authority is not repeated: whatever stands here is where clients send their certificates' calls.
  return `${scheme}://${host !== null && isAuthority(host) ? host : incoming.ownAuthority}`;
}

// Letters and dots alone make no host: `.0` and a port past 65535 are none, and a URL with them is read by nobody.
function isAuthority(text: string): boolean {
  return /^(?:[\w.-]+|\[[\da-f:.]+\])(?::\d{1,5})?$/i.test(text) && URL.canParse(`http://${text}`);
}

/** One parameter of the last element of Forwarded: the proxy nearest to us is the one that we stand behind. */
function parameterOf(forwarded: string, name: string): string | null {
  const last = forwarded.split(',').at(-1) ?? '';
  for (const pair of last.split(';')) {
    const [key = '', value = ''] = pair.split(/=(.*)/s);
    if (key.trim().toLowerCase() === name) return value.trim().replace(/^"(.*)"$/, '$1');
  }
  return null;
}
