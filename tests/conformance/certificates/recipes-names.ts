// Kinds that differ in names and in what their authorities may certify.
import { der, makeExtension, makeName, type NameAttribute, toAddressOctets } from '@headgate/pki';
import { authorityName, type Changes, type Made, type Recipe, type World } from './world.ts';

const [email, dns, directory, uri, ip, registered] = [1, 2, 4, 6, 7, 8];

const text = (form: number, value: string): Uint8Array => der.writeImplicit(form, Buffer.from(value));
const within = (...names: readonly NameAttribute[]): Uint8Array => der.writeTagged(directory, makeName(names));
const network = (address: string, mask: string): Uint8Array =>
  der.writeImplicit(ip, Buffer.concat([toAddressOctets(address), toAddressOctets(mask)]));

interface Subtrees {
  readonly permitted?: readonly Uint8Array[];
  readonly excluded?: readonly Uint8Array[];
  readonly critical?: boolean;
}

function constraints({ permitted = [], excluded = [], critical = true }: Subtrees): Uint8Array {
  const subtrees = (number: number, bases: readonly Uint8Array[]) =>
    bases.length === 0 ? [] : [der.writeTagged(number, ...bases.map((base) => der.writeSequence(base)))];
  return makeExtension('2.5.29.30', critical, der.writeSequence(...subtrees(0, permitted), ...subtrees(1, excluded)));
}

const alternative = (...names: readonly Uint8Array[]): Changes => ({
  extensions: [makeExtension('2.5.29.17', false, der.writeSequence(...names))],
});

/** Recipes by kind. */
export function recipesOfNames(world: World) {
  const { root, makeAuthority, makeLeaf, makeRoot } = world;
  const below = (subtrees: Subtrees, changes: Changes = {}): Recipe => {
    const issuing = makeAuthority(root, 'Kinds Issuing', { extensions: [constraints(subtrees)] });
    return { issuing, leaf: makeLeaf(issuing, changes) };
  };
  const belowTwo = (upperSubtrees: Subtrees | null, ownSubtrees: Subtrees | null, changes: Changes = {}): Recipe => {
    const upper = makeAuthority(root, 'Kinds Upper', {
      extensions: upperSubtrees === null ? [] : [constraints(upperSubtrees)],
    });
    const issuing = makeAuthority(upper, 'Kinds Issuing', {
      extensions: ownSubtrees === null ? [] : [constraints(ownSubtrees)],
    });
    return { upper, issuing, leaf: makeLeaf(issuing, changes) };
  };
  const caiso = within({ C: 'US' }, { O: 'CAISO' });
  const other = within({ C: 'US' }, { O: 'Other' });
  const kinds = within({ C: 'US' }, { O: 'Headgate Kinds' });
  const host = text(dns, 'participant.example');
  const mailbox = (value: string): Changes => alternative(text(email, value));
  const net4 = network('192.0.2.0', '255.255.255.0');
  const net6 = network('2001:db8::', 'ffff:ffff::');
  const address = (value: string): Changes => alternative(der.writeImplicit(ip, toAddressOctets(value)));
  const number = (oid: string): Uint8Array => der.writeImplicit(registered, der.writeOid(oid).subarray(2));
  return {
    'a leaf whose subject is in the permitted directory': () => below({ permitted: [caiso] }),
    'a leaf whose subject is outside the permitted directory': () => below({ permitted: [other] }),
    'a leaf whose subject is outside the permitted directory, where that is not critical': () =>
      below({ permitted: [other], critical: false }),
    'a leaf whose subject is in the excluded directory': () => below({ excluded: [caiso] }),
    'a leaf whose subject is in the excluded directory but for letter case': () =>
      below({ excluded: [within({ C: 'US' }, { O: ' Caiso ' })] }),
    'a leaf whose subject only begins like the permitted directory': () =>
      below({ permitted: [caiso] }, { subject: [{ C: 'US' }, { O: 'CAISO Friends' }, { CN: 'ALPHAx0001' }] }),
    'a leaf whose alternative directory name is outside the permitted directory': () =>
      below({ permitted: [caiso] }, alternative(within({ C: 'US' }, { O: 'Other' }, { CN: 'ALPHAx0001' }))),
    'a leaf below a root that permits another directory': () => {
      const odd = makeRoot('Kinds Odd Root', { extensions: [constraints({ permitted: [other, kinds] })] });
      const issuing = makeAuthority(odd);
      return { root: odd, issuing, leaf: makeLeaf(issuing) };
    },
    'a leaf below an upper authority that permits another directory': () =>
      belowTwo({ permitted: [other, kinds] }, null),
    'an issuing authority outside the directory that its issuer permits': () => belowTwo({ permitted: [caiso] }, null),
    'a renewed authority outside the directory that it permits itself': () => {
      const upper = makeAuthority(root, 'Kinds Issuing', { extensions: [constraints({ permitted: [caiso] })] });
      const issuing: Made = makeAuthority(upper, 'Kinds Issuing', { subject: authorityName('Kinds Issuing') });
      return { upper, issuing, leaf: makeLeaf(issuing) };
    },
    'a leaf in the directory that two authorities permit': () =>
      belowTwo({ permitted: [within({ C: 'US' })] }, { permitted: [caiso] }),
    'a leaf in the directory that only one of two authorities permits': () =>
      belowTwo({ permitted: [other, kinds] }, { permitted: [caiso] }),
    'a leaf with a DNS name below the permitted one': () =>
      below({ permitted: [host] }, alternative(text(dns, 'a.b.participant.example'))),
    'a leaf with the permitted DNS name': () =>
      below({ permitted: [host] }, alternative(text(dns, 'Participant.example'))),
    'a leaf with a DNS name that only ends like the permitted one': () =>
      below({ permitted: [host] }, alternative(text(dns, 'notparticipant.example'))),
    'a leaf with one DNS name permitted and one not': () =>
      below({ permitted: [host] }, alternative(text(dns, 'a.participant.example'), text(dns, 'other.example'))),
    'a leaf with an excluded DNS name': () =>
      below({ excluded: [host] }, alternative(text(dns, 'a.participant.example'))),
    'a leaf with an excluded DNS name in capitals': () =>
      below({ excluded: [host] }, alternative(text(dns, 'A.PARTICIPANT.EXAMPLE'))),
    'a leaf with a wildcard over an excluded DNS name': () =>
      below({ excluded: [text(dns, 'secret.participant.example')] }, alternative(text(dns, '*.participant.example'))),
    'a leaf without DNS names below an authority that permits some': () => below({ permitted: [host] }),
    'a leaf with a permitted mailbox': () =>
      below({ permitted: [text(email, 'desk@participant.example')] }, mailbox('desk@Participant.example')),
    'a leaf with a mailbox at a permitted host': () =>
      below({ permitted: [text(email, 'participant.example')] }, mailbox('desk@participant.example')),
    'a leaf with a mailbox at a host below a permitted domain': () =>
      below({ permitted: [text(email, '.participant.example')] }, mailbox('desk@mail.participant.example')),
    'a leaf with a mailbox at the permitted domain itself': () =>
      below({ permitted: [text(email, '.participant.example')] }, mailbox('desk@participant.example')),
    'a leaf with a mailbox below a permitted host': () =>
      below({ permitted: [text(email, 'participant.example')] }, mailbox('desk@mail.participant.example')),
    'a leaf with an excluded mailbox': () =>
      below({ excluded: [text(email, 'participant.example')] }, mailbox('desk@participant.example')),
    'a leaf with a mailbox in its subject that is not permitted': () =>
      below(
        { permitted: [text(email, 'participant.example')] },
        { subject: [{ C: 'US' }, { O: 'CAISO' }, { CN: 'ALPHAx0001' }, { emailAddress: 'desk@other.example' }] },
      ),
    'a leaf with an address on the web below a permitted domain': () =>
      below(
        { permitted: [text(uri, '.participant.example')] },
        alternative(text(uri, 'https://a.participant.example/x')),
      ),
    'a leaf with an address on the web of another host': () =>
      below(
        { permitted: [text(uri, 'participant.example')] },
        alternative(text(uri, 'https://a.participant.example/x')),
      ),
    'a leaf with an excluded address on the web': () =>
      below(
        { excluded: [text(uri, 'participant.example')] },
        alternative(text(uri, 'https://me@participant.example:8443/')),
      ),
    'a leaf with an address without a host where hosts are constrained': () =>
      below({ permitted: [text(uri, 'participant.example')] }, alternative(text(uri, 'urn:example:participant'))),
    'a leaf with an address without a host where a host is excluded': () =>
      below({ excluded: [text(uri, 'participant.example')] }, alternative(text(uri, 'urn:example:participant'))),
    'a leaf with an IP address for a host where a host is excluded': () =>
      below({ excluded: [text(uri, 'participant.example')] }, alternative(text(uri, 'https://192.0.2.1/'))),
    'a leaf with a registered number where another is excluded': () =>
      below({ excluded: [number('1.2.3')] }, alternative(number('1.2.4'))),
    'a leaf with an IP address in the permitted network': () => below({ permitted: [net4] }, address('192.0.2.77')),
    'a leaf with an IP address outside the permitted network': () =>
      below({ permitted: [net4] }, address('198.51.100.1')),
    'a leaf with an excluded IP address': () => below({ excluded: [net4] }, address('192.0.2.1')),
    'a leaf with an IPv6 address where only an IPv4 network is permitted': () =>
      below({ permitted: [net4] }, address('2001:db8::1')),
    'a leaf with an IPv6 address in the permitted network': () => below({ permitted: [net6] }, address('2001:db8::1')),
    'a leaf with a registered number where those are constrained': () =>
      below({ permitted: [number('1.2.3')] }, alternative(number('1.2.3.4'))),
    'a leaf without registered numbers where those are constrained': () => below({ permitted: [number('1.2.3')] }),
    'a leaf below name constraints with a minimum distance': () => {
      const subtree = der.writeSequence(host, der.writeImplicit(0, Buffer.of(1)));
      const value = der.writeSequence(der.writeTagged(0, subtree));
      const issuing = makeAuthority(root, 'Kinds Issuing', { extensions: [makeExtension('2.5.29.30', true, value)] });
      return { issuing, leaf: makeLeaf(issuing) };
    },
  } satisfies Record<string, () => Recipe>;
}
