// @ts-check

/** Colors of a standalone SVG, readable in light and dark mode; README and documents show them as images. */
const LIGHT =
  '--ink:#1f2328;--soft:#656d76;--line:#d0d7de;--paper:#fff;--kept:#2f6fc2;--inverted:#3f9a56;--recomputed:#d9782d';
const DARK =
  '--ink:#e6edf3;--soft:#9198a1;--line:#3d444d;--paper:#0d1117;--kept:#5b9bec;--inverted:#5cbf75;--recomputed:#eb9a52';
/** Names that `renderChartSvg` uses. */
const SERIES = [
  '--activation:#2f6fc2;--gradient:#d9782d;--constant:#8a5fb8;--input:#3f9a56;--mark:#c62828;--workspace:#9aa1a9',
  '--activation:#5b9bec;--gradient:#eb9a52;--constant:#b08ae0;--input:#5cbf75;--mark:#ff7b72;--workspace:#7d858e',
];

/**
 * A standalone picture with a background.
 * @param {{ width: number, height: number, title: string, styles?: string }} options
 * @param {readonly string[]} parts
 */
export function standaloneSvg({ width, height, title, styles = '' }, parts) {
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" width="${width}" height="${height}" role="img" aria-label="${escapeXml(title)}">
<title>${escapeXml(title)}</title>
<style>svg{${LIGHT};${SERIES[0]}}@media(prefers-color-scheme:dark){svg{${DARK};${SERIES[1]}}}text{font:13px system-ui,sans-serif;fill:var(--ink)}.soft{fill:var(--soft)}.grid{stroke:var(--line);stroke-width:.6}.title{font-weight:600}${styles}</style>
<rect width="${width}" height="${height}" fill="var(--paper)"/>
${parts.join('\n')}
</svg>
`;
}

/** @param {string} text */
export const escapeXml = (text) =>
  text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('"', '&quot;');
