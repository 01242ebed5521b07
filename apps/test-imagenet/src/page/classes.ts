/** Accuracy by class: a table if there are few, otherwise a histogram with both ends. */

import { bar, escapeText, px } from '@inplace-abn/train';
import { bin, max } from 'd3-array';
import { type ClassResult, percent, type TestResult } from '../evaluation/result.js';

/** Up to this many classes are listed individually. */
const LISTED = 60;
/** Otherwise, this many of the worst and of the best. */
const ENDS = 20;

export function classSection({ classes }: TestResult): string {
  const tested = classes
    .filter(({ images }) => images > 0)
    .sort((a, b) => top1(a) - top1(b) || a.label - b.label);
  if (tested.length <= LISTED) return `<h2>Classes, the worst first</h2>\n${table(tested)}`;
  return `<h2>Classes</h2>
${histogram(tested.map(top1))}
<div class="columns">
<div><h3>The ${ENDS} worst</h3>${table(tested.slice(0, ENDS))}</div>
<div><h3>The ${ENDS} best</h3>${table(tested.slice(-ENDS).reverse())}</div>
</div>`;
}

function top1({ correct1, images }: ClassResult): number {
  return percent(correct1, images) ?? 0;
}

function table(classes: readonly ClassResult[]): string {
  const rows = classes.map((each) => {
    const top5 = percent(each.correct5, each.images) ?? 0;
    const numbers = [`${top1(each).toFixed(1)} %`, `${top5.toFixed(1)} %`, String(each.images)];
    const cells = numbers.map((text) => `<td class="n">${text}</td>`).join('');
    return `<tr><td class="name">${escapeText(each.name)}</td><td>${bar(top1(each))}</td>${cells}</tr>`;
  });
  return `<table><tr><th>Class</th><th></th><th class="n">top-1</th><th class="n">top-5</th><th class="n">images</th></tr>
${rows.join('\n')}
</table>`;
}

/** Number of classes by accuracy. */
function histogram(values: readonly number[]): string {
  const [width, height, left, top, bottom] = [560, 200, 40, 30, 165];
  const bins = bin()
    .domain([0, 100])
    .thresholds(Array.from({ length: 19 }, (_, i) => 5 * (i + 1)))(values);
  const most = max(bins, (each) => each.length) ?? 1;
  const step = (width - left - 10) / bins.length;
  const bars = bins.map((each, i) => {
    const size = ((bottom - top) * each.length) / most;
    const text = `${each.length} classes from ${each.x0} to ${each.x1} %`;
    return `<rect x="${px(left + i * step)}" y="${px(bottom - size)}" width="${px(step - 1)}" height="${px(size)}" fill="var(--activation)"><title>${text}</title></rect>`;
  });
  const ticks = [0, 20, 40, 60, 80, 100].map(
    (tick) =>
      `<text class="soft" x="${px(left + (tick / 5) * step)}" y="${bottom + 16}" text-anchor="middle">${tick} %</text>`,
  );
  return `<svg class="chart" viewBox="0 0 ${width} ${height}" width="${width}" height="${height}" role="img" aria-label="Histogram of top-1 by class">
<text class="title" x="${left}" y="18">Classes by their top-1</text>
${bars.join('\n')}
<text class="soft" x="${left - 6}" y="${top + 8}" text-anchor="end">${most}</text>
${ticks.join('')}
</svg>`;
}
