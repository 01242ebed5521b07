/** The confusion matrix, cell by cell or as a heat map, and the most frequent pairs. */
import { escapeText, px } from '@inplace-abn/train';
import { percent, type TestResult } from '../evaluation/result.js';
import type { ConfusionCell } from '../evaluation/tally.js';
import { heatMap } from './heat-map.js';

/** Up to this many classes, every cell is drawn with names. */
const CELLS = 40;
const PAIRS = 16;

export function confusionSection(result: TestResult): string {
  const explanation =
    'Rows are the true classes, columns the predictions. ' +
    '<span class="key right"></span> right, <span class="key wrong"></span> wrong; darker cells hold a larger share of their row.';
  const matrix = result.classes.length <= CELLS ? matrixSvg(result) : heatMap(result);
  return `<h2>Confusion</h2>
<p class="soft">${explanation}</p>
<div class="columns">
<div>${matrix}</div>
<div>${pairTable(result)}</div>
</div>`;
}

function matrixSvg({ classes, confusion }: TestResult): string {
  const cell = Math.max(16, Math.min(44, Math.floor(780 / classes.length)));
  const longest = Math.max(...classes.map(({ name }) => shorten(name).length));
  const margin = Math.round(6.6 * longest + 14);
  const side = cell * classes.length;
  const [width, height] = [margin + side + Math.round(0.7 * margin), margin * 0.75 + side + 8];
  const top = Math.round(0.75 * margin);
  const counts = new Map(confusion.map(({ label, predicted, count }) => [`${label} ${predicted}`, count]));
  const cells = classes.flatMap((row) =>
    classes.map((column) => {
      const count = counts.get(`${row.label} ${column.label}`) ?? 0;
      return count > 0
        ? square(row, column, count, margin + column.label * cell, top + row.label * cell, cell)
        : '';
    }),
  );
  const names = classes.map(({ name, label }) => {
    const at = (label + 0.5) * cell;
    const text = escapeText(shorten(name));
    return `<text x="${margin - 8}" y="${px(top + at + 4)}" text-anchor="end">${text}</text><text x="0" y="0" transform="translate(${px(margin + at + 3)} ${top - 7}) rotate(-45)">${text}</text>`;
  });
  return `<svg class="confusion" viewBox="0 0 ${width} ${px(height)}" width="${width}" height="${px(height)}" role="img" aria-label="Confusion matrix">
<rect class="frame" x="${margin}" y="${top}" width="${side}" height="${side}"/>
${[...names, ...cells.filter(Boolean)].join('\n')}
</svg>`;
}

interface Named {
  readonly name: string;
  readonly label: number;
  readonly images: number;
}

function square(row: Named, column: Named, count: number, x: number, y: number, side: number): string {
  const share = count / row.images;
  const kind = row.label === column.label ? 'right' : 'wrong';
  const text = `${row.name} taken for ${column.name}: ${count} of ${row.images} (${(100 * share).toFixed(1)} %)`;
  // The square root keeps small fractions visible.
  const opacity = (0.08 + 0.72 * Math.sqrt(share)).toFixed(3);
  const number =
    side >= 24
      ? `<text class="n" x="${px(x + side / 2)}" y="${px(y + side / 2 + 4)}"${String(count).length * 7 > side - 4 ? ' font-size="9"' : ''}>${count}</text>`
      : '';
  return `<rect class="${kind}" x="${px(x + 0.5)}" y="${px(y + 0.5)}" width="${side - 1}" height="${side - 1}" fill-opacity="${opacity}"><title>${escapeText(text)}</title></rect>${number}`;
}

function shorten(name: string): string {
  return name.length > 24 ? `${name.slice(0, 23)}…` : name;
}

/** The most frequently confused pairs, with counts in both directions. */
function pairTable({ classes, confusion }: TestResult): string {
  const wrong = confusion.filter(({ label, predicted }) => label !== predicted);
  if (wrong.length === 0) return '<p>Every image was classified correctly.</p>';
  const back = new Map(wrong.map(({ label, predicted, count }) => [`${label} ${predicted}`, count]));
  const rows = [...wrong]
    .sort((a, b) => b.count - a.count || a.label - b.label || a.predicted - b.predicted)
    .slice(0, PAIRS)
    .map((cell) => pairRow(cell, classes, back.get(`${cell.predicted} ${cell.label}`) ?? 0));
  return `<h3>The most confused pairs</h3>
<table><tr><th>Class</th><th>taken for</th><th class="n">images</th><th class="n">of the class</th><th class="n">and back</th></tr>
${rows.join('\n')}
</table>`;
}

function pairRow(
  { label, predicted, count }: ConfusionCell,
  classes: TestResult['classes'],
  back: number,
): string {
  const share = percent(count, classes[label]?.images ?? 0) ?? 0;
  const [name, other] = [label, predicted].map((index) => escapeText(classes[index]?.name ?? ''));
  const numbers = [String(count), `${share.toFixed(1)} %`, String(back)];
  const cells = numbers.map((text) => `<td class="n">${text}</td>`).join('');
  return `<tr><td class="name">${name}</td><td class="name">${other}</td>${cells}</tr>`;
}
