/** Simulated steps as a table. */
import { alignColumns } from '@inplace-abn/cli';
import type { ScalingChoices } from './choices.js';
import { formatSeconds } from './format.js';
import type { ScalingReport } from './report.js';

/** A simulated step of a configuration. */
export interface ScalingRow {
  /** Name of the configuration. */
  readonly name: string;
  /** The step as configured. */
  readonly report: ScalingReport;
  /** The step with other topologies, buckets and schedules. */
  readonly choices: ScalingChoices;
}

const HEADER = [
  'configuration',
  'devices',
  'images a step',
  'step',
  'exchanging',
  'waiting',
  'images/s',
  'efficiency',
  'ring',
  'tree',
  'hierarchical',
  'overlapped',
];

/**
 * One line per row. The last columns are the efficiency in each topology, and with gradient sums that end in
 * the next forward pass. `markdown`: as a Markdown table, else aligned text.
 */
export function formatScalingTable(rows: readonly ScalingRow[], { markdown = false } = {}): string {
  const [header = [], ...body] = alignColumns([HEADER, ...rows.map(cellsOf)], (column) => column > 0);
  if (!markdown) return [header, ...body].map((row) => row.join('  ')).join('\n');
  const rule = header.map(({ length }, i) => (i === 0 ? '-'.repeat(length) : `${'-'.repeat(length - 1)}:`));
  return [header, rule, ...body].map((row) => `| ${row.join(' | ')} |`).join('\n');
}

function cellsOf({ name, report, choices }: ScalingRow): string[] {
  const { processes, batch, timeline, throughput, local } = report;
  const { topologies, overlapped } = choices;
  const { seconds, exchanging, waiting } = timeline;
  const efficiencies = [seconds, topologies.ring, topologies.tree, topologies.hierarchical, overlapped];
  return [
    name,
    String(processes),
    String(processes * batch),
    ...[seconds, exchanging, waiting].map(formatSeconds),
    Number(throughput.toPrecision(3)).toLocaleString('en'),
    ...efficiencies.map((each) => `${((100 * local) / each).toFixed(1)} %`),
  ];
}
