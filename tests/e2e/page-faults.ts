// What a reader who cannot see, cannot use a mouse or uses a telephone would stumble over in a page, found in the browser that
// shows it: the checks of axe-core that can fail on a page without pictures, and those of reflow and size that it leaves out.
import type { ShownPage } from '@headgate/testkit';

const script = `(() => {
  const faults = [];
  const all = [...document.querySelectorAll('*')];
  const root = document.documentElement;
  if (!/^[a-z]{2}/.test(root.lang)) faults.push('html-has-lang: no language');
  if (document.title.trim() === '') faults.push('document-title: no title');
  if (document.querySelectorAll('main').length !== 1) faults.push('landmark-one-main');
  for (const node of document.body.childNodes)
    if (node.nodeName !== 'MAIN' && node.textContent.trim() !== '') faults.push('region: text outside main');
  const headings = [...document.querySelectorAll('h1,h2,h3,h4,h5,h6')];
  if (headings.filter(({ tagName }) => tagName === 'H1').length !== 1) faults.push('page-has-heading-one');
  headings.reduce((before, heading) => {
    const level = Number(heading.tagName[1]);
    if (level > before + 1) faults.push('heading-order: ' + heading.textContent);
    if (heading.textContent.trim() === '') faults.push('empty-heading');
    return level;
  }, 0);
  for (const list of document.querySelectorAll('ul,ol'))
    if ([...list.children].some(({ tagName }) => tagName !== 'LI')) faults.push('list');
  for (const terms of document.querySelectorAll('dl'))
    if ([...terms.children].map(({ tagName }) => tagName).join(' ').replaceAll('DT DD', '').trim() !== '') faults.push('definition-list');
  const ids = all.map(({ id }) => id).filter((id) => id !== '');
  if (new Set(ids).size !== ids.length) faults.push('duplicate-id');
  for (const each of document.querySelectorAll('a,button')) {
    if (each.textContent.trim() === '') faults.push('name: ' + each.outerHTML);
    if (each.tagName === 'A' && !each.hasAttribute('href')) faults.push('link without target');
    if (each.tagName === 'BUTTON' && each.getBoundingClientRect().height < 24) faults.push('target-size: ' + each.textContent);
    if (each.tabIndex !== 0) faults.push('not reached by the keyboard: ' + each.textContent);
  }
  for (const each of document.querySelectorAll('input:not([type=hidden]),select,textarea'))
    if (each.labels.length === 0) faults.push('label: ' + each.outerHTML);
  const viewport = document.querySelector('meta[name=viewport]')?.content ?? '';
  if (/user-scalable=no|maximum-scale=1/.test(viewport)) faults.push('meta-viewport');
  if (document.querySelector('meta[http-equiv=refresh]') !== null) faults.push('meta-refresh');
  if (root.scrollWidth > root.clientWidth) faults.push('reflow: wider than the window by ' + (root.scrollWidth - root.clientWidth));

  const channels = (colour) => (colour.match(/[\\d.]+/g) ?? []).map(Number);
  const luminance = (colour) => {
    const [red, green, blue] = channels(colour).map((value) => {
      const part = value / 255;
      return part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4;
    });
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue;
  };
  const isClear = (colour) => channels(colour)[3] === 0;
  const paperOf = (element) => {
    for (let each = element; each !== null; each = each.parentElement) {
      const paper = getComputedStyle(each).backgroundColor;
      if (!isClear(paper)) return paper;
    }
    return 'rgb(255, 255, 255)';
  };
  for (const element of document.body.querySelectorAll('*')) {
    if (![...element.childNodes].some((node) => node.nodeType === 3 && node.textContent.trim() !== '')) continue;
    const [ink, paper] = [getComputedStyle(element).color, paperOf(element)].map(luminance);
    const contrast = (Math.max(ink, paper) + 0.05) / (Math.min(ink, paper) + 0.05);
    if (contrast < 7) faults.push('color-contrast: ' + contrast.toFixed(1) + ' of ' + element.textContent.slice(0, 40));
  }
  return faults;
})()`;

/** Every fault, in light, in dark and on a narrow screen (320 CSS pixels, WCAG 2.2 §1.4.10), each named once. */
export async function pageFaults(shown: Pick<ShownPage, 'page' | 'evaluate'>): Promise<readonly string[]> {
  const faults = new Set<string>();
  for (const colorScheme of ['light', 'dark'] as const) {
    for (const width of [1_280, 320]) {
      await shown.page.emulateMedia({ colorScheme });
      await shown.page.setViewportSize({ width, height: 800 });
      for (const fault of await shown.evaluate<string[]>(script)) faults.add(fault);
    }
  }
  return [...faults];
}
