import { formatBytes } from '@inplace-abn/tensor';
import { METRIC_NAMES, METRICS, type MetricName } from '../meters/metrics.js';
import { type Point, renderChartSvg, type Series } from '../page/chart.js';
import { escapeText } from '../page/markup.js';
import { bar, facts, renderPage } from '../page/page.js';
import { profileSection } from '../profile/format.js';
import type { MetricRecord } from '../run-folder/metrics-log.js';
import { renderMemoryMapSvg } from './memory-map.js';
import type { BytesByKind, ReportData } from './types.js';

/** Renders report.html: no scripts, no external resources, readable in light and dark mode. */
export function renderReport(data: ReportData): string {
  const sections = [
    facts(data.facts),
    data.metrics && data.metrics.length > 0 ? curves(data.metrics) : '',
    data.byClass ? classTable(data.byClass) : '',
    data.memory ? memoryTable(data.memory) : '',
    data.memoryMap ? memoryMap(data.memoryMap) : '',
    data.profile ? profileSection(data.profile) : '',
    data.skipped ? skippedImages(data.skipped) : '',
  ];
  return renderPage(data.title, sections);
}

function curves(metrics: readonly MetricRecord[]): string {
  const loss = renderChartSvg(
    [
      { name: 'train', color: 'activation', points: pointsOf(metrics, 'train', 'loss') },
      { name: 'validation', color: 'gradient', points: pointsOf(metrics, 'val', 'loss'), dots: true },
    ],
    { title: 'Loss', xLabel: 'step', format: String },
  );
  const accuracy = renderChartSvg(accuracySeries(metrics), {
    title: 'Accuracy',
    xLabel: 'step',
    format: (percent) => `${percent} %`,
  });
  return `<h2>Curves</h2>\n<div class="charts">${loss}\n${accuracy}</div>`;
}

/** The first metric that is known for training, for both phases, and the others for validation. */
function accuracySeries(metrics: readonly MetricRecord[]): Series[] {
  const has = (phase: MetricRecord['phase'], name: MetricName): boolean =>
    metrics.some((record) => record.phase === phase && record[name] !== undefined);
  const both = METRIC_NAMES.find((name) => has('train', name));
  const others = METRIC_NAMES.filter((name) => name !== both && has('val', name));
  const pair: Series[] = both
    ? [
        {
          name: `train ${METRICS[both].label}`,
          color: 'activation',
          points: pointsOf(metrics, 'train', both),
        },
        {
          name: `validation ${METRICS[both].label}`,
          color: 'gradient',
          points: pointsOf(metrics, 'val', both),
          dots: true,
        },
      ]
    : [];
  const rest = others.map((name): Series => {
    return { name: METRICS[name].label, color: 'input', points: pointsOf(metrics, 'val', name), dots: true };
  });
  return [...pair, ...rest];
}

function pointsOf(
  metrics: readonly MetricRecord[],
  phase: MetricRecord['phase'],
  key: 'loss' | MetricName,
): Point[] {
  return metrics
    .filter((record) => record.phase === phase)
    .map((record) => ({ x: record.step, y: record[key] ?? Number.NaN }));
}

function classTable({ measure, classes }: NonNullable<ReportData['byClass']>): string {
  const rows = classes.map(({ name, value }) => {
    const [drawn, text] = Number.isNaN(value) ? ['', '–'] : [bar(value), `${value.toFixed(2)} %`];
    return `<tr><td>${escapeText(name)}</td><td>${drawn}</td><td class="n">${text}</td></tr>`;
  });
  return `<h2>${measure} by class</h2>
<table>
<tr><th>Class</th><th></th><th class="n">last validation</th></tr>
${rows.join('\n')}
</table>`;
}

function memoryTable({ ours, ordinary, images }: NonNullable<ReportData['memory']>): string {
  const names: [keyof BytesByKind, string][] = [
    ['weights', 'Weights and statistics'],
    ['gradients', 'Gradients of weights'],
    ['optimizer', 'Optimizer state'],
    ['activations', 'Activations with their gradients'],
    ['workspace', 'Workspace'],
  ];
  const total = (bytes: BytesByKind) => names.reduce((sum, [key]) => sum + bytes[key], 0);
  const rows = names.map(([key, name]) => row(name, ours[key], ordinary[key]));
  return `<h2>Memory</h2>
<table>
<tr><th>Bytes at the peak of one training step, ${images} images</th><th class="n">this run</th><th class="n">ordinary batch norm</th><th class="n">share</th></tr>
${rows.join('\n')}
${row('Total', total(ours), total(ordinary), 'total')}
${row('Activations with their gradients, per image', ours.activations / images, ordinary.activations / images)}
</table>`;
}

function row(name: string, ours: number, ordinary: number, style = ''): string {
  const share = ordinary > 0 ? `${((100 * ours) / ordinary).toFixed(0)} %` : '';
  const cells = [formatBytes(Math.round(ours)), formatBytes(Math.round(ordinary)), share];
  const numbers = cells.map((cell) => `<td class="n">${cell}</td>`).join('');
  return `<tr${style ? ` class="${style}"` : ''}><td>${name}</td>${numbers}</tr>`;
}

function memoryMap(map: NonNullable<ReportData['memoryMap']>): string {
  return `<h2>Memory map</h2>
<p class="soft">Every buffer of one training step: time goes right, the place in the arena goes up. A rectangle begins where its buffer is first written and ends where it is last used. Hover over one for its name.</p>
${renderMemoryMapSvg(map, { width: 1120, height: 560 })}`;
}

function skippedImages(skipped: NonNullable<ReportData['skipped']>): string {
  const listed = skipped.slice(0, 100);
  const rows = listed.map(
    ({ path, reason }) => `<tr><td>${escapeText(path)}</td><td>${escapeText(reason)}</td></tr>`,
  );
  const more = skipped.length > listed.length ? `<p>and ${skipped.length - listed.length} more</p>` : '';
  const table =
    rows.length > 0 ? `<table><tr><th>File</th><th>Reason</th></tr>${rows.join('\n')}</table>` : '';
  const sentence =
    skipped.length === 0
      ? 'Every image could be read.'
      : `Unreadable images, each replaced by another: ${skipped.length}.`;
  return `<h2>Skipped images</h2>\n<p>${sentence}</p>\n${table}${more}`;
}
