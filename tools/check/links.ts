// Links that lead nowhere: relative links and anchors in Markdown, and paths named by the pages at the root.

import { posix } from 'node:path';
import { type Finding, lineAt, type Tree } from './finding.ts';

/** Finds relative links without a target, anchors without a heading, and paths in root pages that do not exist. */
export function checkLinks(tree: Tree): readonly Finding[] {
  const folders = new Set([...tree.keys()].flatMap(foldersAbove));
  const exists = (path: string) => tree.has(path) || folders.has(path);
  const pages = [...tree].filter(([file]) => file.endsWith('.md') && !file.includes('/testdata/'));
  return pages.flatMap(([file, text]) => [
    ...checkPage(tree, file, text, exists),
    ...(file.includes('/') || file === 'CHANGELOG.md' ? [] : checkNamedPaths(file, text, exists)),
  ]);
}

function foldersAbove(path: string): readonly string[] {
  const parts = path.split('/').slice(0, -1);
  return ['.', ...parts.map((_, index) => parts.slice(0, index + 1).join('/'))];
}

/** The text with code blanked out, so that offsets stay and examples are not taken for links. */
function withoutCode(text: string): string {
  const blank = (match: string) => match.replaceAll(/[^\n]/g, ' ');
  return text.replaceAll(/^( *)(```+|~~~+)[\s\S]*?^ *\2`* *$/gm, blank).replaceAll(/`[^`\n]+`/g, blank);
}

function checkPage(tree: Tree, file: string, text: string, exists: (path: string) => boolean): readonly Finding[] {
  const prose = withoutCode(text);
  const links = [
    ...prose.matchAll(/\]\(\s*<?([^)\s>]+)>?(?:\s+"[^"]*")?\s*\)/g),
    ...prose.matchAll(/^\[[^\]]+\]:\s+(\S+)/gm),
  ];
  return links.flatMap((match) => {
    const target = match[1] ?? '';
    if (/^[a-z][a-z0-9+.-]*:/i.test(target)) return [];
    const [pathPart = '', anchor] = target.split('#');
    const path =
      pathPart === ''
        ? file
        : posix.join(pathPart.startsWith('/') ? '' : posix.dirname(file), decodeURI(pathPart)).replace(/\/$/, '');
    const line = lineAt(text, match.index);
    if (!exists(path))
      return [
        { file, line, found: `a link to ${target}`, fix: `${path} does not exist: correct the link or write the page` },
      ];
    if (anchor === undefined || !path.endsWith('.md')) return [];
    const anchors = anchorsIn(tree.get(path) ?? '');
    return anchors.has(anchor)
      ? []
      : [{ file, line, found: `a link to ${target}`, fix: `${path} has no heading with the anchor #${anchor}` }];
  });
}

/** Anchors as GitHub makes them from headings, repeated ones numbered, and those set by hand. */
function anchorsIn(text: string): ReadonlySet<string> {
  const anchors = new Set([...text.matchAll(/<a (?:id|name)="([^"]+)"/g)].map((match) => match[1] ?? ''));
  const counts = new Map<string, number>();
  // Headings keep their inline code, so only fenced blocks, where # begins a comment, are left out.
  const prose = text.replaceAll(/^( *)(```+|~~~+)[\s\S]*?^ *\2`* *$/gm, '');
  for (const [, heading = ''] of prose.matchAll(/^#{1,6}\s+(.+?)\s*#*$/gm)) {
    const words = heading.replaceAll(/\[([^\]]*)\]\([^)]*\)/g, '$1').toLowerCase();
    const slug = words.replaceAll(/[^\p{L}\p{N}\p{M} _-]/gu, '').replaceAll(' ', '-');
    const count = counts.get(slug) ?? 0;
    counts.set(slug, count + 1);
    anchors.add(count === 0 ? slug : `${slug}-${count}`);
  }
  return anchors;
}

function checkNamedPaths(file: string, text: string, exists: (path: string) => boolean): readonly Finding[] {
  // A path with a placeholder or a pattern in it names a kind of file, not a file.
  const named = text.matchAll(/`((?:packages|docs|tests|tools|catalogues|bench|soak|examples|deploy)\/[^`\s]*)`/g);
  return [...named].flatMap((match) => {
    const path = (match[1] ?? '').replace(/[/.]+$/, '').replace(/:\d+$/, '');
    if (/[<>*{}…$]/.test(path) || exists(path)) return [];
    return [
      {
        file,
        line: lineAt(text, match.index),
        found: `names ${path}`,
        fix: 'no such file or folder: correct the page',
      },
    ];
  });
}
