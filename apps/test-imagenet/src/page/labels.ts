/** The page of a test on images with any number of labels: average precision by class. */
import { bar, escapeText, facts, renderPage } from '@inplace-abn/train';
import type { LabelTestResult } from '../evaluation/result.js';
import { commonFacts, unreadableSection } from './page.js';
import { pageStyles } from './styles.js';

/** Renders the page as HTML. */
export function renderLabelPage(result: LabelTestResult): string {
  const { arch, map, f1, images } = result;
  const own: [string, string][] = [
    ['mean average precision', `${map.toFixed(2)} %`],
    ['F1', `${f1.toFixed(2)} %`],
  ];
  const sections = [facts([...own, ...commonFacts(result)]), classTable(result), unreadableSection(result)];
  return renderPage(`${arch}: mAP ${map.toFixed(2)} % of ${images} images`, sections, pageStyles());
}

function classTable({ labels }: LabelTestResult): string {
  const tested = labels.filter(({ images }) => images > 0).sort((a, b) => a.ap - b.ap || a.label - b.label);
  const rows = tested.map(({ name, ap, images }) => {
    const numbers = [`${ap.toFixed(1)} %`, String(images)]
      .map((text) => `<td class="n">${text}</td>`)
      .join('');
    return `<tr><td class="name">${escapeText(name)}</td><td>${bar(ap)}</td>${numbers}</tr>`;
  });
  return `<h2>Classes, the worst first</h2>
<table><tr><th>Class</th><th></th><th class="n">average precision</th><th class="n">images</th></tr>
${rows.join('\n')}
</table>`;
}
