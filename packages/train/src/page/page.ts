/** The frame of every page: no scripts, no external resources, readable in light and dark mode. */
import { escapeText, palette } from './markup.js';

/**
 * Renders a complete HTML document.
 *
 * @param sections parts of the body, as HTML; empty ones are skipped
 * @param styles CSS in addition to the common styles
 */
export function renderPage(
  title: string,
  sections: readonly string[],
  styles: readonly string[] = [],
): string {
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>${escapeText(title)}</title>
<style>${[...commonStyles(), ...styles].join('\n')}</style>
</head>
<body>
<h1>${escapeText(title)}</h1>
${sections.filter(Boolean).join('\n')}
</body>
</html>
`;
}

function commonStyles(): string[] {
  return [
    palette(':root'),
    ':root{color-scheme:light dark}',
    'body{font:15px/1.5 system-ui,sans-serif;color:var(--ink);background:var(--paper);max-width:1160px;margin:2rem auto;padding:0 1.25rem}',
    'h1{font-size:1.6rem}h2{font-size:1.15rem;margin:2.2rem 0 .6rem}p{max-width:48rem}.soft{color:var(--soft);fill:var(--soft)}',
    'table{border-collapse:collapse}th,td{padding:.25rem .9rem .25rem 0;text-align:left;border-bottom:1px solid var(--line);vertical-align:top}',
    'th{font-weight:600}td.n,th.n{text-align:right;font-variant-numeric:tabular-nums}tr.total td{font-weight:600}',
    'dl{display:grid;grid-template-columns:repeat(auto-fill,minmax(15rem,1fr));gap:.7rem 1.5rem;margin:0}',
    'dl .wide{grid-column:1/-1}dt{color:var(--soft);font-size:.85rem}dd{margin:0;overflow-wrap:anywhere}',
    '.bar{display:inline-block;width:9rem;height:.7rem;border-radius:2px;background:color-mix(in srgb,var(--activation) 18%,transparent)}.bar i{display:block;height:100%;border-radius:2px;background:var(--activation)}',
    '.charts{display:flex;flex-wrap:wrap;gap:1rem}.chart{max-width:100%;height:auto;font:12px system-ui,sans-serif}',
    '.chart text{fill:var(--ink)}.chart text.soft{fill:var(--soft)}.chart .title{font-size:14px;font-weight:600}.chart .grid{stroke:var(--line);stroke-width:.6}',
  ];
}

/** A bar for a table cell that shows a percentage. */
export function bar(percent: number): string {
  return `<span class="bar"><i style="width:${percent.toFixed(1)}%"></i></span>`;
}

/** Values at least this long get their own line. */
const WIDE = 48;

/** The key facts of a page as names and values. */
export function facts(entries: readonly (readonly [name: string, value: string])[]): string {
  const items = entries.map(
    ([name, value]) =>
      `<div${value.length > WIDE ? ' class="wide"' : ''}><dt>${escapeText(name)}</dt><dd>${escapeText(value)}</dd></div>`,
  );
  return `<dl>${items.join('\n')}</dl>`;
}
