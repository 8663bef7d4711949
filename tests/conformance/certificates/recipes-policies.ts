// Kinds that differ in certificate policies.
import { der, makeExtension } from '@headgate/pki';
import type { Changes, Recipe, World } from './world.ts';

const anyPolicy = '2.5.29.32.0';
const gold = '1.3.6.1.4.1.99999.10.1';
const silver = '1.3.6.1.4.1.99999.10.2';

const policies = (...oids: readonly string[]): Uint8Array => certificatePolicies(false, oids);
const certificatePolicies = (critical: boolean, oids: readonly string[]): Uint8Array =>
  makeExtension('2.5.29.32', critical, der.writeSequence(...oids.map((oid) => der.writeSequence(der.writeOid(oid)))));
/** Policies are required, or mapping is over, after so many more certificates. */
const required = (after: number): Uint8Array =>
  makeExtension('2.5.29.36', true, der.writeSequence(der.writeImplicit(0, Buffer.of(after))));
const mappingOver: Uint8Array = makeExtension(
  '2.5.29.36',
  true,
  der.writeSequence(der.writeImplicit(0, Buffer.of(0)), der.writeImplicit(1, Buffer.of(0))),
);
const mapped = (from: string, to: string): Uint8Array =>
  makeExtension('2.5.29.33', true, der.writeSequence(der.writeSequence(der.writeOid(from), der.writeOid(to))));
const anyIsOver: Uint8Array = makeExtension('2.5.29.54', true, der.writeInteger(0));

/** Recipes by kind. */
export function recipesOfPolicies(world: World) {
  const { root, issuing: plain, makeAuthority, makeLeaf, makeRoot } = world;
  const below = (authorityExtensions: readonly Uint8Array[], leafExtensions: readonly Uint8Array[]): Recipe => {
    const issuing = makeAuthority(root, 'Kinds Issuing', { extensions: authorityExtensions });
    return { issuing, leaf: makeLeaf(issuing, { extensions: leafExtensions }) };
  };
  const belowTwo = (...[above, between, leaf]: readonly (readonly Uint8Array[])[]): Recipe => {
    const upper = makeAuthority(root, 'Kinds Upper', { extensions: above ?? [] });
    const issuing = makeAuthority(upper, 'Kinds Issuing', { extensions: between ?? [] });
    return { upper, issuing, leaf: makeLeaf(issuing, { extensions: leaf ?? [] }) };
  };
  const alone = (changes: Changes): Recipe => ({ leaf: makeLeaf(plain, changes) });
  return {
    'a leaf without policies where none is asked for': () => below([policies(gold)], []),
    'a leaf with a policy that its issuer lacks where none is asked for': () =>
      below([policies(gold)], [policies(silver)]),
    'a leaf with the policy that its issuer requires': () => below([policies(gold), required(0)], [policies(gold)]),
    'a leaf without policies where its issuer requires one': () => below([policies(gold), required(0)], []),
    'a leaf with another policy where its issuer requires one': () =>
      below([policies(gold), required(0)], [policies(silver)]),
    'a leaf with a policy below an authority without any where the root requires one': () => {
      const odd = makeRoot('Kinds Odd Root', { extensions: [required(2)] });
      const issuing = makeAuthority(odd);
      return { root: odd, issuing, leaf: makeLeaf(issuing, { extensions: [policies(gold)] }) };
    },
    'a leaf without policies where a requirement comes into force after two certificates': () =>
      below([policies(gold), required(2)], []),
    'a leaf without policies where a requirement comes into force after one certificate': () =>
      below([policies(gold), required(1)], []),
    'a leaf that requires a policy itself and has none': () => alone({ extensions: [required(0)] }),
    'a leaf with a policy below an authority for any policy': () =>
      below([policies(anyPolicy), required(0)], [policies(gold)]),
    'a leaf with a policy below an authority for any policy that may not say so': () =>
      belowTwo([policies(gold), required(0), anyIsOver], [policies(anyPolicy)], [policies(gold)]),
    'a leaf with the policy that another was mapped to': () =>
      belowTwo([policies(gold), required(0)], [policies(gold), mapped(gold, silver)], [policies(silver)]),
    'a leaf with the policy that was mapped away': () =>
      belowTwo([policies(gold), required(0)], [policies(gold), mapped(gold, silver)], [policies(gold)]),
    'a leaf with the policy that another was mapped to where mapping is inhibited': () =>
      belowTwo([policies(gold), mappingOver], [policies(gold), mapped(gold, silver)], [policies(silver)]),
    'a leaf below an authority that maps any policy': () =>
      below([policies(anyPolicy), mapped(anyPolicy, gold)], [policies(gold)]),
    'a leaf with a policy twice': () => alone({ extensions: [policies(gold, gold)] }),
    'a leaf with critical policies': () => alone({ extensions: [certificatePolicies(true, [gold])] }),
  } satisfies Record<string, () => Recipe>;
}
