import assert from 'node:assert/strict';
import test from 'node:test';
import { treeOf } from './miniature.ts';
import { checkTidy } from './tidy.ts';

const product = 'packages/gateway/src/a.ts';
const suite = 'packages/gateway/src/a.test.ts';

const clean = {
  [product]: `// TODO(#12) cut this.
export interface Service { readonly connectTimeoutMs: number }
export class UpstreamPool {}
export function answer(): void { process.exitCode = 0; }
export const shared = 'TODO is a word in this string';`,
  [suite]: `test('a caller over its quota is told how long to wait', { skip: needs('chromium') }, (t) => { t.skip('no browser'); });
await new Promise((resolve, reject) => { server.once('listening', resolve); setTimeout(() => reject(new Error('late')), 5_000); });`,
};

const longFunction = `export function long(): void {\n${'  void 0;\n'.repeat(70)}}`;
const machinePath = ['', 'work', 'main', 'notes.md'].join('/');

const faults: readonly (readonly [title: string, file: string, text: string, found: RegExp])[] = [
  ['a type named Manager is found', product, 'export class PoolManager {}', /PoolManager: use .*a pool/],
  ['a type named Helper is found', product, 'export interface CallHelper {}', /CallHelper/],
  ['a type named Util is found', product, 'export type DateUtils = string;', /DateUtils/],
  [
    'a type named Service after something else is found',
    product,
    'export class PacingService {}',
    /PacingService: use what it does/,
  ],
  ['a type named Info is found', product, 'export interface CertificateInfo {}', /CertificateInfo/],
  ['a type named Data is found', product, 'export interface BidData {}', /BidData/],
  ['a function named process is found', product, 'export function process(): void {}', /function named process/],
  ['a method named handle is found', product, 'export class A { handle(): void {} }', /function named handle/],
  [
    'an arrow function named handle and its object is found',
    product,
    'const handleRequest = () => {};',
    /handleRequest/,
  ],
  ['a function named do and its verb is found', product, 'export function doCall(): void {}', /doCall/],
  ['a function named misc is found', product, 'export function misc(): void {}', /misc/],
  ['a folder named utils is found', 'packages/gateway/src/utils/a.ts', '', /a folder named utils/],
  ['a file named helpers is found', 'packages/gateway/src/test-helpers.ts', '', /a file named test-helpers\.ts/],
  [
    'unfinished business without an issue is found',
    product,
    'export function a(): void {\n  // TODO later\n}',
    /TODO without an issue/,
  ],
  ['unfinished business at the end of a file is found', product, 'export {};\n// FIXME\n', /FIXME without an issue/],
  [
    'a duration without its unit is found',
    product,
    'export interface A { readonly timeout: number }',
    /connectTimeoutMs/,
  ],
  ['a function just past one screen is found', product, longFunction, /a function of 72 lines/],
  ['a path of one machine is found in any text', 'docs/a.md', `see ${machinePath}`, /a path of one machine/],
  ['a title with should is found', suite, `test('it should work', () => {});`, /a title with should/],
  ['a test skipped by its call is found', suite, `test.skip('a', () => {});`, /test\.skip without a reason/],
  [
    'a test skipped without a reason is found',
    suite,
    `test('a', { skip: true }, () => {});`,
    /a skip without a reason/,
  ],
  [
    'a test that skips itself without a reason is found',
    suite,
    `test('a', (t) => { t.skip(); });`,
    /t\.skip\(\) without a reason/,
  ],
  ['a test that keeps the others from running is found', suite, `test.only('a', () => {});`, /take \.only out/],
  [
    'a test that sleeps is found',
    suite,
    'await new Promise((resolve) => setTimeout(resolve, 100));',
    /a test that sleeps/,
  ],
  [
    'a test that sleeps through a callback is found',
    suite,
    'await new Promise((done) => setTimeout(() => done(1), 100));',
    /a test that sleeps/,
  ],
  [
    'a test that imports a sleeping timer is found',
    suite,
    `import { setTimeout as rest } from 'node:timers/promises';`,
    /a promise of setTimeout/,
  ],
];

test('a tidy tree has no finding', () => {
  assert.deepEqual(checkTidy(treeOf(clean)), []);
});

for (const [title, file, text, found] of faults) {
  test(title, () => {
    const findings = checkTidy(treeOf({ ...clean, [file]: text }));
    assert.equal(findings.length, 1, JSON.stringify(findings));
    assert.equal(findings[0]?.file, file);
    assert.match(`${findings[0]?.found}: ${findings[0]?.fix}`, found);
  });
}

test('a function that is much longer than a screen was agreed on and is left alone', () => {
  assert.deepEqual(checkTidy(treeOf({ [product]: longFunction.replaceAll('void 0;', 'void 0;\n  void 1;') })), []);
});
