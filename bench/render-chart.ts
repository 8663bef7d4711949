// The report as one SVG: for each metric the servers as bars beside nginx = 1. Drawn for light and for dark pages alike.

import type { Report, Row } from './report.ts';
import { type ServerName, serverNames, serverTitles } from './servers.ts';

const width = 760;
const labelWidth = 170;
const barWidthMax = 420;
const barHeight = 16;
const barStep = 21;
const groupHead = 44;
/** Relative numbers past this are cut, so that one slow server does not flatten the rest. */
const relativeMax = 2;

// Mid-tones with enough contrast on white and on near-black.
const ourColour = '#2f7ed8';
const peerColour = '#8a8f98';
const textColour = '#7a7f87';

/** A bar: how a server does beside nginx, 1 being equal and more being better for every metric. */
export interface Bar {
  readonly server: ServerName;
  readonly value: number;
  readonly relative: number;
}

/** The bars of a row, in the order of the table; empty without a number of nginx to stand beside. */
export function barsOf(row: Row): Bar[] {
  const { nginx, better } = row;
  if (nginx === null || nginx === 0) return [];
  return serverNames.flatMap((server) => {
    const value = row[server];
    if (value === null || value === 0) return [];
    return [{ server, value, relative: better === 'more' ? value / nginx : nginx / value }];
  });
}

/** The chart as SVG text, without scripts, fonts or anything from elsewhere. */
export function renderChart({ rows, machine, date, quick }: Report): string {
  let y = 58;
  const groups: string[] = [];
  for (const row of rows) {
    const bars = barsOf(row);
    if (bars.length === 0) continue;
    groups.push(renderGroup(row, bars, y));
    y += groupHead + bars.length * barStep;
  }
  const unit = barWidthMax / relativeMax;
  const lineX = labelWidth + unit;
  const height = y + 14;
  const caption = `${date.slice(0, 10)}, ${machine.cpu}, one CPU per server${quick ? ', quick run: not for quoting' : ''}`;
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="-8 0 ${width + 8} ${height}" width="${width + 8}" height="${height}" role="img" aria-labelledby="title" font-family="system-ui, sans-serif" font-size="13" fill="${textColour}">`,
    `<title id="title">Headgate and other proxies beside nginx</title>`,
    text({ x: 0, y: 18, size: 16, weight: 600 }, 'Beside nginx = 1; longer is better'),
    text({ x: 0, y: 38, size: 12 }, caption),
    `<line x1="${lineX}" y1="52" x2="${lineX}" y2="${y}" stroke="${textColour}" stroke-opacity="0.5" stroke-dasharray="3 3"/>`,
    ...groups,
    '</svg>\n',
  ].join('\n');
}

function renderGroup(row: Row, bars: readonly Bar[], top: number): string {
  const heading = text({ x: 0, y: top + 24, size: 14, weight: 600 }, `${row.title} (${row.unit})`);
  const lines = bars.map(({ server, value, relative }, index) => {
    const y = top + groupHead - 10 + index * barStep;
    const length = Math.max(1, (Math.min(relative, relativeMax) / relativeMax) * barWidthMax);
    const colour = server === 'headgate' ? ourColour : peerColour;
    const middle = y + barHeight - 4;
    return [
      text({ x: labelWidth - 8, y: middle, anchor: 'end' }, serverTitles[server]),
      `<rect x="${labelWidth}" y="${y}" width="${length.toFixed(1)}" height="${barHeight}" rx="2" fill="${colour}"/>`,
      text({ x: labelWidth + Math.round(length) + 8, y: middle }, `${relative.toFixed(2)} (${sayValue(value)})`),
    ].join('\n');
  });
  return [heading, ...lines].join('\n');
}

function sayValue(value: number): string {
  return value.toLocaleString('en-US', { maximumFractionDigits: value < 100 ? 1 : 0 });
}

interface TextPlace {
  readonly x: number;
  readonly y: number;
  readonly size?: number;
  readonly weight?: number;
  readonly anchor?: 'end';
}

function text({ x, y, size, weight, anchor }: TextPlace, words: string): string {
  const attributes = [
    `x="${x}" y="${y}"`,
    ...(size === undefined ? [] : [`font-size="${size}"`]),
    ...(weight === undefined ? [] : [`font-weight="${weight}"`]),
    ...(anchor === undefined ? [] : [`text-anchor="${anchor}"`]),
  ];
  return `<text ${attributes.join(' ')}>${escapeXml(words)}</text>`;
}

function escapeXml(words: string): string {
  return words.replace(/[&<>"]/g, (character) => `&#${character.charCodeAt(0)};`);
}
