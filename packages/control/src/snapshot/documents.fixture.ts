// Contents of snapshots for tests: an operator's folder with provisioning and trust, changed as a test says.
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { catalogueFileNames, type SnapshotContent } from '@headgate/contract';
import { createTestAuthority, type TestAuthority } from '@headgate/pki';
import { caisoCatalogue, exampleCatalogue } from '@headgate/testkit';

/** A content that can be changed text by text. */
export interface TestContent extends SnapshotContent {
  /** The content with `to` in place of `from` in one text; throws where that is not there. */
  with(name: string, from: string | RegExp, to: string): TestContent;
  /** The content with other texts and positions; null takes a text away. */
  but(changes: {
    readonly texts?: Readonly<Record<string, string | null>>;
    readonly positions?: Readonly<Record<string, string>>;
    readonly chainPositions?: Readonly<Record<string, string>>;
  }): TestContent;
}

/** What an operator publishes, callers judged by one bundle of `authority`. */
export async function contentOf(operator: 'caiso' | 'example', authority: TestAuthority): Promise<TestContent> {
  const folder = operator === 'caiso' ? caisoCatalogue : exampleCatalogue;
  const provisioning = operator === 'caiso' ? 'provisioning.example.yaml' : 'provisioning.yaml';
  const texts: Record<string, string> = {};
  for (const name of [...catalogueFileNames, 'policy.yaml']) texts[name] = await readFile(join(folder, name), 'utf8');
  const { anchorsPem, intermediatesPem } = authority.trustBundlePem('current', 'user');
  return testContent({
    texts: {
      ...texts,
      'provisioning.yaml': await readFile(join(folder, provisioning), 'utf8'),
      'users.pem': anchorsPem,
      'users-intermediates.pem': intermediatesPem,
      'trust-bundles.yaml': JSON.stringify({
        format: 1,
        bundles: [{ name: 'users', anchors: 'users.pem', intermediates: 'users-intermediates.pem' }],
      }),
    },
    positions: {},
    chainPositions: {},
  });
}

/** An authority for contents. */
export function testAuthority(): Promise<TestAuthority> {
  return createTestAuthority({ nowMs: Date.UTC(2024, 1, 21) });
}

function testContent(content: SnapshotContent): TestContent {
  const but: TestContent['but'] = ({ texts = {}, positions = {}, chainPositions = {} }) =>
    testContent({
      texts: Object.fromEntries(
        Object.entries({ ...content.texts, ...texts }).filter((entry): entry is [string, string] => entry[1] !== null),
      ),
      positions: { ...content.positions, ...positions },
      chainPositions: { ...content.chainPositions, ...chainPositions },
    });
  return {
    ...content,
    but,
    with(name, from, to) {
      const text = content.texts[name] ?? '';
      const changed = text.replace(from, to);
      if (changed === text) throw new TypeError(`${name} has no ${String(from)}`);
      return but({ texts: { [name]: changed } });
    },
  };
}
