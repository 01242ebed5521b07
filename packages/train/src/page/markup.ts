const entities: Record<string, string> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
};

/** Escapes text for elements and quoted attributes of HTML and SVG. */
export function escapeText(text: string): string {
  return text.replace(/[&<>"']/g, (character) => entities[character] ?? character);
}

/** A coordinate rounded to a tenth of a pixel, which keeps files with thousands of shapes small. */
export function px(value: number): string {
  return String(Math.round(value * 10) / 10);
}

/** Colors of series and of buffer kinds. */
export type Color = 'activation' | 'gradient' | 'constant' | 'workspace' | 'input' | 'mark';

/**
 * A legend as a single text element, so that any font fits.
 *
 * @param anchor which end of the text is at `x`
 */
export function legend(
  entries: readonly { readonly name: string; readonly color: Color }[],
  { x, y, anchor }: { readonly x: number; readonly y: number; readonly anchor: 'start' | 'end' },
): string {
  const parts = entries.map(
    ({ name, color }, i) =>
      `<tspan dx="${i === 0 ? 0 : 16}" style="fill:var(--${color})">■</tspan><tspan dx="5">${escapeText(name)}</tspan>`,
  );
  return `<text class="soft" x="${px(x)}" y="${px(y)}" text-anchor="${anchor}">${parts.join('')}</text>`;
}

/** CSS variables for colors that are readable in light and dark mode; `scope` is a selector. */
export function palette(scope: string): string {
  const light =
    '--ink:#1f2328;--soft:#656d76;--line:#d0d7de;--paper:#ffffff;--activation:#2f6fc2;--gradient:#d9782d;--constant:#8a5fb8;--workspace:#9aa1a9;--input:#3f9a56;--mark:#c62828';
  const dark =
    '--ink:#e6edf3;--soft:#9198a1;--line:#3d444d;--paper:#0d1117;--activation:#5b9bec;--gradient:#eb9a52;--constant:#b08ae0;--workspace:#7d858e;--input:#5cbf75;--mark:#ff7b72';
  return `${scope}{${light}}@media (prefers-color-scheme:dark){${scope}{${dark}}}`;
}
