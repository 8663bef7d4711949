// XML documents as plain values: elements in order, written on one line and without a declaration.
import { escapeAttribute, escapeText } from '@headgate/soap';

/** Content of an element: text, or children in order. */
export type DocumentNode = readonly [name: string, content: string | readonly DocumentNode[]];

/** Writes a document whose root carries a default namespace, or none. Names come from code or were checked before. */
export function writeDocument([name, content]: DocumentNode, namespace?: string): string {
  const attribute = namespace === undefined ? '' : ` xmlns="${escapeAttribute(namespace)}"`;
  return `<${name}${attribute}>${writeContent(content)}</${name}>`;
}

function writeContent(content: string | readonly DocumentNode[]): string {
  if (typeof content === 'string') return escapeText(content);
  return content.map((child) => writeDocument(child)).join('');
}

/** Nests values by their dotted names, in order: `a.b=1, a.c=2` is one `a` with two children. */
export function toNodes(values: Iterable<readonly [path: string, value: string]>): DocumentNode[] {
  const nodes: [string, string | DocumentNode[]][] = [];
  for (const [path, value] of values) {
    const [first = '', ...rest] = path.split('.');
    if (rest.length === 0) {
      nodes.push([first, value]);
      continue;
    }
    const last = nodes.at(-1);
    const children = last?.[0] === first && typeof last[1] !== 'string' ? last[1] : [];
    const grown = mergeInto(children, rest.join('.'), value);
    if (children.length > 0 && last !== undefined) last[1] = grown;
    else nodes.push([first, grown]);
  }
  return nodes;
}

function mergeInto(children: readonly DocumentNode[], path: string, value: string): DocumentNode[] {
  return [...children, ...toNodes([[path, value]])];
}

/** The MessageHeader of a document made at an instant (ms since 1970 UTC). */
export function messageHeader(nowMs: number): DocumentNode {
  return [
    'MessageHeader',
    [
      ['TimeDate', toInstantText(nowMs)],
      ['Source', 'HEADGATE'],
      ['Version', 'v20171001'],
    ],
  ];
}

/** An instant as the market writes it, `2026-07-20T07:00:00Z`. */
export function toInstantText(instantMs: number): string {
  return new Date(instantMs).toISOString().replace('.000Z', 'Z');
}
